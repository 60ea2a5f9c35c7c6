"""Uploads, in a directory for each month that is made when it is needed."""

import os
import tempfile
import time

from served import serve

MEDIA = os.path.join(os.path.dirname(__file__), "media")


def add(text):
    directory = os.path.join(MEDIA, time.strftime("%Y/%m"))
    os.makedirs(directory, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=directory, suffix=".part", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.rename(file.name, os.path.join(directory, "%020d.txt" % time.time_ns()))


def read():
    paths = [os.path.join(where, name) for where, _, names in os.walk(MEDIA) for name in names if name.endswith(".txt")]
    return [open(path).read() for path in sorted(paths)]


application = serve(add, read)
