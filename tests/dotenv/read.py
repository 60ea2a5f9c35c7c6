import json
import logging
import sys
import tempfile

from dotenv.main import DotEnv

warnings = []
logging.getLogger("dotenv.main").addHandler(type("Keep", (logging.Handler,), {"emit": lambda self, record: warnings.append(record)})())


def read(path, override):
    del warnings[:]
    values = DotEnv(path, encoding="utf-8", override=override).dict()
    # A name that no environment takes is refused as well.
    return None if warnings or any("=" in name for name in values) else values


read_all = []
with tempfile.NamedTemporaryFile() as file:
    for text in json.load(sys.stdin):
        file.seek(0)
        file.truncate()
        file.write(text.encode())
        file.flush()
        read_all.append([read(file.name, True), read(file.name, False)])
json.dump(read_all, sys.stdout)
