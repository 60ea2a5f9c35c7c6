"""Imports the application in a fresh process, and says what each module costs, as JSON on the last line of stdout.

    startup.py SETTINGS     {"handler": "/etc/parity/handler.wsgi", "working_directory": "/app", "python_path": ["/app"]}

    {"seconds": 0.48, "error": null, "modules": [[name, parent, own, total, file, place], …]}

`parent` is the number of the module whose import led to this one, or -1; `own` and `total` are microseconds; `place` is the nearest
line of the project that asked for it, where that is the one that imports. The hook's frames bear the name of importlib's own file, so
that Python leaves them out of tracebacks.
"""

import json
import os
import site
import sys
import time

PROJECT = "/app/"
MOST = 20_000

HOOK = """
def hooked(find, begin, end):
    def _find_and_load_unlocked(name, import_):
        begin(name)
        try:
            return find(name, import_)
        finally:
            end(name)
    return _find_and_load_unlocked
"""


class Imports:
    def __init__(self):
        self.modules = []
        self.open = []
        self.now = time.perf_counter

    def begin(self, name):
        parent = self.open[-1][0] if self.open else -1
        self.open.append([len(self.modules), self.now(), 0.0])
        self.modules.append([name, parent, 0, 0, None, place()])

    def end(self, name):
        number, began, inside = self.open.pop()
        took = self.now() - began
        if self.open:
            self.open[-1][2] += took
        module = self.modules[number]
        module[2] = round((took - inside) * 1e6)
        module[3] = round(took * 1e6)
        module[4] = getattr(sys.modules.get(name), "__file__", None)


def place():
    """The line that imports, where it is the project's."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith("<frozen importlib"):
            return "%s:%d" % (name, frame.f_lineno) if name.startswith(PROJECT) and "/site-packages/" not in name else None
        frame = frame.f_back
    return None


def main(settings):
    os.chdir(settings["working_directory"])
    # As mod_wsgi does it.
    sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]
    known = len(sys.path)
    for directory in settings["python_path"]:
        site.addsitedir(directory)
    sys.path[:] = sys.path[known:] + sys.path[:known]
    imports = Imports()
    bootstrap = sys.modules["_frozen_importlib"]
    namespace = {}
    exec(compile(HOOK, "<frozen importlib._bootstrap>", "exec"), namespace)
    with open(settings["handler"], "rb") as file:
        code = compile(file.read(), settings["handler"], "exec", dont_inherit=True)
    find = bootstrap._find_and_load_unlocked
    error = None
    began = time.perf_counter()
    bootstrap._find_and_load_unlocked = namespace["hooked"](find, imports.begin, imports.end)
    try:
        exec(code, {"__name__": "_mod_wsgi_startup", "__file__": settings["handler"]})
    except BaseException as raised:
        error = "%s: %s" % (type(raised).__name__, raised)
    seconds = time.perf_counter() - began
    bootstrap._find_and_load_unlocked = find
    sys.stdout.flush()
    report = {"seconds": seconds, "error": error, "modules": imports.modules[:MOST]}
    os.write(1, b"\n" + json.dumps(report).encode("ascii", "replace") + b"\n")
    # Threads that the application has begun are not waited for.
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
