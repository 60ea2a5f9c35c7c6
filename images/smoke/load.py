"""Loads the application in two fresh processes, as mod_wsgi does and as a development server does, and says what each met.

`parity smoke` runs this in the container and reads one line of JSON from its stdout:

    {"server": REPORT, "development": REPORT or null}

where the arguments say how: one JSON object with `handler`, `working_directory`, `python_path`, `framework` (`django`, `flask`
or null), `manage_py`, `app` (module or module:callable, null for a script), `seconds`.
"""

import json
import os
import subprocess
import sys
import threading
import time

PROJECT = "/app/"
# Places that a server may write to without anybody minding.
IGNORED = ("/dev/", "/proc/", "/sys/")
SLOWEST = 5
MOST = 50


def parent(settings):
    reports = {}
    for way in ("server", "development"):
        reports[way] = None
        if way == "development" and not (settings["framework"] and (settings["manage_py"] or settings["app"])):
            continue
        read, write = os.pipe()
        arguments = [sys.executable, os.path.abspath(__file__), way, json.dumps(settings), str(write)]
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=2, pass_fds=(write,), cwd=settings["working_directory"])
        os.close(write)
        ended = threading.Timer(settings["seconds"], child.kill)
        ended.start()
        with os.fdopen(read) as pipe:
            said = pipe.read()
        child.wait()
        ended.cancel()
        try:
            reports[way] = json.loads(said)
        except ValueError:
            how = "took more than %d seconds" % settings["seconds"] if child.returncode == -9 else "ended with %d" % child.returncode
            reports[way] = {"error": {"type": "Ended", "text": "the process that loads it " + how, "place": None}}
        if way == "server" and settings["framework"] == "django":
            # Which settings are used is one difference; what follows from it is not told as many.
            settings["django_settings"] = reports[way].get("settings_module")
    print(json.dumps(reports))


class Seen:
    """What happens while the application is loaded."""

    def __init__(self):
        self.on = False
        self.threads = []
        self.files = []
        self.sockets = []
        self.programs = []
        self.variables = {}
        self.set_here = {}
        self.times = []
        self.stack = []
        self.setting_default = False

    def add(self, kind, what):
        """Who did it: the project, where nothing but Python itself is between it and what was done."""
        place, own = responsible()
        entry = {"what": what, "place": place, "own": own}
        found = getattr(self, kind)
        if len(found) < MOST and entry not in found:
            found.append(entry)


def responsible():
    """The nearest frame that is not Python's own: where it is, and whether that is the project."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PROJECT):
            return "%s:%d" % (name, frame.f_lineno), True
        if "/site-packages/" in name:
            return "%s:%d" % (name, frame.f_lineno), False
        frame = frame.f_back
    return None, False


def watch(seen):
    def audit(event, arguments):
        if not seen.on:
            return
        if event == "open":
            path, mode, flags = arguments[:3]
            if not isinstance(path, (str, bytes)):
                return
            path = os.fsdecode(path)
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) if isinstance(flags, int) else "w" in (mode or "")
            if writes and not path.startswith(IGNORED) and "__pycache__" not in path:
                seen.add("files", path)
        elif event in ("socket.connect", "socket.bind"):
            seen.add("sockets", "%s %s" % (event.partition(".")[2], shown(arguments[1])))
        elif event in ("subprocess.Popen", "os.system", "os.posix_spawn"):
            seen.add("programs", shown(arguments[0]))

    sys.addaudithook(audit)

    start = threading.Thread.start

    def start_and_tell(thread):
        if seen.on:
            seen.add("threads", thread.name)
        return start(thread)

    threading.Thread.start = start_and_tell

    kind = type(os.environ)

    class Environment(kind):
        def __getitem__(self, name):
            here = name in self
            if seen.on and isinstance(name, str) and not seen.setting_default and name not in seen.variables:
                place, own = responsible()
                if own:
                    seen.variables[name] = {"name": name, "present": here, "place": place}
            return kind.__getitem__(self, name)

        def __contains__(self, name):
            try:
                kind.__getitem__(self, name)
            except KeyError:
                return False
            return True

        def __setitem__(self, name, value):
            if seen.on:
                seen.set_here[name] = responsible()[0]
            kind.__setitem__(self, name, value)

        def setdefault(self, name, value):
            seen.setting_default = True
            try:
                if name not in self:
                    self[name] = value
                return kind.__getitem__(self, name)
            finally:
                seen.setting_default = False

    os.environ.__class__ = Environment

    from importlib.machinery import SourceFileLoader

    execute = SourceFileLoader.exec_module

    def execute_and_time(self, module):
        began = time.monotonic()
        seen.stack.append(0.0)
        try:
            return execute(self, module)
        finally:
            took = time.monotonic() - began
            inside = seen.stack.pop()
            if seen.stack:
                seen.stack[-1] += took
            seen.times.append((took - inside, module.__name__))

    SourceFileLoader.exec_module = execute_and_time


def shown(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def child(way, settings, write):
    # Whatever the code prints is not the report.
    out = os.fdopen(write, "w")
    sys.path[:] = [path for path in sys.path if path not in ("", os.path.dirname(os.path.abspath(__file__)))]
    # mod_wsgi puts the directories of python-path before all others.
    sys.path[:0] = [path for path in settings["python_path"] if path not in sys.path]
    before = set(sys.modules)
    environment = dict(os.environ)
    seen = Seen()
    watch(seen)
    began = time.monotonic()
    seen.on = True
    error = None
    try:
        load = {"server": as_server, "development": as_development}[way]
        load(settings)
    except BaseException as raised:
        error = described(raised)
    took = time.monotonic() - began
    seen.on = False
    modules = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        # What is run as a program is no module of the application.
        if name not in before and not name.startswith("__") and isinstance(path, str) and path.startswith(PROJECT):
            modules[name] = path
    seen.times.sort(reverse=True)
    report = {
        "error": error,
        "seconds": round(took, 3),
        "modules": modules,
        "slowest": [{"module": name, "seconds": round(spent, 3)} for spent, name in seen.times[:SLOWEST]],
        "threads": seen.threads,
        "files": seen.files,
        "sockets": seen.sockets,
        "programs": seen.programs,
        "variables": sorted(seen.variables.values(), key=lambda variable: variable["name"]),
        "set": sorted(name for name in os.environ if name not in environment),
        "settings_module": os.environ.get("DJANGO_SETTINGS_MODULE"),
    }
    out.write(json.dumps(report))
    out.flush()
    # Threads that were started, and what is registered for the end, are the server's business.
    os._exit(0)


def described(raised):
    """An exception, with the place in the project that it came from."""
    place = None
    trace = raised.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(PROJECT):
            place = "%s:%d" % (name, trace.tb_lineno)
        trace = trace.tb_next
    return {"type": type(raised).__name__, "text": shown(str(raised)), "place": place}


def as_server(settings):
    """The handler's own code, in a module as mod_wsgi makes it."""
    sys.argv = ["mod_wsgi"]
    module = type(sys)("_mod_wsgi_parity")
    module.__file__ = settings["handler"]
    sys.modules[module.__name__] = module
    with open(module.__file__, "rb") as handler:
        exec(compile(handler.read(), module.__file__, "exec", dont_inherit=True), module.__dict__)
    load_urls()


def load_urls():
    """Django reads its URLs with the first request."""
    if "django.urls" in sys.modules or "django.core.wsgi" in sys.modules:
        from django.urls import get_resolver

        get_resolver().url_patterns


def as_development(settings):
    if settings["framework"] == "django":
        as_manage(settings)
    else:
        as_flask(settings)


def as_manage(settings):
    """`python manage.py check`, and what runserver has of the application."""
    import runpy

    path = settings["manage_py"]
    os.chdir(os.path.dirname(path))
    sys.path.insert(0, os.path.dirname(path))
    sys.argv = [path, "check"]
    if settings.get("django_settings"):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings["django_settings"])
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise RuntimeError("manage.py check ended with %r" % (end.code,)) from None
    from django.core.servers.basehttp import get_internal_wsgi_application

    get_internal_wsgi_application()
    load_urls()


def as_flask(settings):
    """`flask run`: what it finds, with the directory it is run in on the path."""
    from flask.cli import ScriptInfo, load_dotenv

    load_dotenv()
    sys.path.insert(0, os.getcwd())
    sys.argv = ["flask", "run"]
    ScriptInfo(app_import_path=settings["app"]).load_app()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        parent(json.loads(sys.argv[1]))
    else:
        child(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
