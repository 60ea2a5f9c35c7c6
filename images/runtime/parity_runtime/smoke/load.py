"""Loads the application in two fresh processes, as mod_wsgi does and as a development server does, and says what each met.

`parity smoke` runs this in the container and reads one line of JSON from its stdout:

    {"server": REPORT, "development": REPORT or null}

where the arguments say how: one JSON object with `handler`, `working_directory`, `python_path`, `framework` (`django`, `flask`
or null), `manage_py`, `app` (module or module:callable, null for a script), `seconds`.
"""

import fcntl
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROJECT = "/app/"
LIBRARY = os.path.dirname(os.__file__) + "/"
# By which others start programs.
CARRIERS = tuple(
    LIBRARY + name for name in ("subprocess.py", "os.py", "threading.py", "asyncio/", "concurrent/", "multiprocessing/")
) + ("<frozen os>",)  # fmt: skip
# By which others read variables.
READERS = (LIBRARY + "os.py", LIBRARY + "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>", __file__)
# Places that a server may write to without anybody minding.
IGNORED = ("/dev/", "/proc/", "/sys/")
SLOWEST = 5
MOST = 50


def parent(settings: "dict[str, Any]") -> None:
    reports: "dict[str, Any]" = {}
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
    """What happens while the application is loaded, and what is left of it afterwards."""

    def __init__(self) -> None:
        self.on = False
        self.began = time.time()
        self.threads: "list[tuple[threading.Thread, dict[str, Any]]]" = []
        # By path. One of `private` is a name that no other process takes.
        self.files: "dict[str, dict[str, Any]]" = {}
        self.private: "set[str]" = set()
        self.connections: "list[dict[str, Any]]" = []
        self.bound: "list[tuple[int | None, Any, dict[str, Any]]]" = []
        self.programs: "list[tuple[Any, dict[str, Any]]]" = []
        self.variables: "dict[str, dict[str, Any]]" = {}
        self.set_here: "dict[str, str | None]" = {}
        self.times: "list[tuple[float, str]]" = []
        self.stack: "list[float]" = []
        self.setting_default = False

    def left(self) -> "dict[str, Any]":
        """What is left, by kind. What is gone after the import was for the import alone, and is nobody's concern."""
        threads = [entry for thread, entry in self.threads if thread.is_alive()]
        programs = [dict(entry, ended=poll is not None and poll() is not None) for poll, entry in self.programs]
        bound = (told for told in self.bound if not self.is_private(told[1]))
        listeners = [entry for number, address, entry in bound if is_taken(number, address)]
        everything = {
            "threads": threads,
            "files": self.files_left(),
            "connections": self.connections,
            "listeners": listeners,
            "programs": programs,
        }
        return {kind: unlike(entries)[:MOST] for kind, entries in everything.items()}

    def files_left(self) -> "list[dict[str, Any]]":
        """Those that were written, under the names that they have now. A library's that it has closed again is its cache."""
        opened = open_files()
        left = []
        for path, entry in self.files.items():
            try:
                state = os.stat(path)
            except OSError:
                continue
            is_open = path in opened
            # The kernel's clock ticks in hundredths of a second.
            written = is_open or state.st_ctime >= self.began - 0.1
            bytecode = "__pycache__" in path or path.endswith(".pyc")
            if stat.S_ISREG(state.st_mode) and written and (entry["own"] or is_open) and not bytecode and not self.is_private(path):
                left.append(entry)
        return left

    def is_private(self, path: "Any") -> bool:
        return isinstance(path, str) and any(path == own or path.startswith(own + "/") for own in self.private)


def done(what: "Any") -> "dict[str, Any]":
    """Who did it: the project, where nothing but Python itself is between it and what was done."""
    place, own = responsible()
    return {"what": what, "place": place, "own": own}


def unlike(entries: "list[Any]") -> "list[Any]":
    return [entry for at, entry in enumerate(entries) if entry not in entries[:at]]


def responsible() -> "tuple[str | None, bool]":
    """The nearest frame that is not Python's own: where it is, and whether that is the project."""
    frame: "Any" = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PROJECT):
            return "%s:%d" % (name, frame.f_lineno), True
        if "/site-packages/" in name:
            return "%s:%d" % (name, frame.f_lineno), False
        frame = frame.f_back
    return None, False


def open_files() -> "set[str]":
    """What this process has open for writing."""
    found: "set[str]" = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            if fcntl.fcntl(int(number), fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
                found.add(os.readlink("/proc/self/fd/" + number))
        except OSError:
            # The listing itself.
            pass
    return found


def inode(descriptor: int) -> "int | None":
    try:
        return os.fstat(descriptor).st_ino
    except OSError:
        return None


def is_taken(number: "int | None", address: "Any") -> bool:
    """Is a socket that was bound still there, at an address that no other process can have, or with somebody to answer?"""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if inode(descriptor) != number:
            continue
        with socket.socket(fileno=os.dup(descriptor)) as found:
            if not isinstance(address, tuple):
                return True
            if address[1] == 0:
                return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
            # Not one that was only tried.
            return bool(found.getsockname()[1] == address[1])
    return False


def is_stream(connection: socket.socket) -> bool:
    """Of a datagram nobody at the other end learns, and there may be nobody."""
    return connection.family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX) and connection.type == socket.SOCK_STREAM


def started() -> "tuple[Any, bool]":
    """Asks whether the program that is being started has ended, and whether a module of Python's needs it, as `platform` does."""
    frame: "Any" = sys._getframe(3)
    poll = None
    while frame is not None and frame.f_code.co_filename.startswith(CARRIERS):
        if frame.f_code.co_name == "_execute_child":
            poll = getattr(frame.f_locals.get("self"), "poll", None)
        frame = frame.f_back
    name = frame.f_code.co_filename if frame is not None else ""
    return poll, name.startswith(LIBRARY) and "/site-packages/" not in name


def watch(seen: Seen) -> None:
    def opened(path: "Any", mode: "str | None", flags: "Any") -> None:
        if not isinstance(path, (str, bytes)):
            return
        path = os.path.realpath(os.fsdecode(path))
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) if isinstance(flags, int) else "w" in (mode or "")
        if writes and not path.startswith(IGNORED) and path not in seen.files:
            seen.files[path] = done(path)

    def renamed(source: "Any", target: "Any") -> None:
        """A file that is written under another name first, so that nobody sees half of it."""
        if isinstance(source, (str, bytes)) and isinstance(target, (str, bytes)):
            source, target = os.path.realpath(os.fsdecode(source)), os.path.realpath(os.fsdecode(target))
            for path in [path for path in seen.files if path == source or path.startswith(source + "/")]:
                now = target + path[len(source) :]
                seen.files[now] = dict(seen.files.pop(path), what=now)

    def bound(listener: socket.socket, address: "Any") -> None:
        if listener.family not in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
            return
        seen.bound.append((inode(listener.fileno()), address, done(where(address))))

    def look(event: str, arguments: "tuple[Any, ...]") -> None:
        if event == "open":
            opened(*arguments[:3])
        elif event == "os.rename":
            renamed(*arguments[:2])
        elif event in ("tempfile.mkstemp", "tempfile.mkdtemp"):
            seen.private.add(os.path.realpath(os.fsdecode(arguments[0])))
        elif event == "socket.connect" and is_stream(arguments[0]):
            seen.connections.append(done(where(arguments[1])))
        elif event == "socket.bind":
            bound(*arguments[:2])
        elif event in ("subprocess.Popen", "os.system", "os.posix_spawn"):
            poll, of_python = started()
            if not of_python:
                argv = arguments[1] if event == "subprocess.Popen" else arguments[0]
                seen.programs.append((int if event == "os.system" else poll, done(command(argv))))

    def audit(event: str, arguments: "tuple[Any, ...]") -> None:
        if seen.on:
            try:
                look(event, arguments)
            except Exception:
                # Raised here, it would be raised where the application did it.
                pass

    sys.addaudithook(audit)

    start = threading.Thread.start

    def start_and_tell(thread: threading.Thread) -> None:
        if seen.on:
            seen.threads.append((thread, done(thread.name)))
        return start(thread)

    threading.Thread.start = start_and_tell  # type: ignore[method-assign, assignment]

    kind: "Any" = type(os.environ)

    class Environment(kind):  # type: ignore[misc]
        def __getitem__(self, name: "Any") -> "Any":
            here = name in self
            if seen.on and isinstance(name, str) and not seen.setting_default and name not in seen.variables:
                asking: "Any" = sys._getframe(1)
                while asking is not None and asking.f_code.co_filename.startswith(READERS):
                    asking = asking.f_back
                # Not where a module of Python's does on its own account, as `tempfile` with $TMPDIR.
                if asking is not None and asking.f_code.co_filename.startswith(PROJECT):
                    place = "%s:%d" % (asking.f_code.co_filename, asking.f_lineno)
                    seen.variables[name] = {"name": name, "present": here, "place": place}
            return kind.__getitem__(self, name)

        def __contains__(self, name: "Any") -> bool:
            try:
                kind.__getitem__(self, name)
            except KeyError:
                return False
            return True

        def __setitem__(self, name: str, value: str) -> None:
            if seen.on:
                seen.set_here[name] = responsible()[0]
            kind.__setitem__(self, name, value)

        def setdefault(self, name: str, value: str) -> "Any":
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

    def execute_and_time(self: "Any", module: "Any") -> None:
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

    SourceFileLoader.exec_module = execute_and_time  # type: ignore[method-assign]


def shown(value: "Any") -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def where(address: "Any") -> str:
    """`127.0.0.1:6379`, or the path of a Unix socket."""
    return "%s:%s" % address[:2] if isinstance(address, tuple) else shown(address)


def command(argv: "Any") -> str:
    if isinstance(argv, (list, tuple)):
        return shown(" ".join(os.fsdecode(word) if isinstance(word, bytes) else str(word) for word in argv))
    return shown(os.fsdecode(argv) if isinstance(argv, bytes) else argv)


def child(way: str, settings: "dict[str, Any]", write: int) -> None:
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
    if way == "server" and error is None:
        load_what_checks_do()
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
        **seen.left(),
        "variables": sorted(seen.variables.values(), key=lambda variable: variable["name"]),
        "set": sorted(name for name in os.environ if name not in environment),
        "settings_module": os.environ.get("DJANGO_SETTINGS_MODULE"),
    }
    out.write(json.dumps(report))
    out.flush()
    # Threads that were started, and what is registered for the end, are the server's business.
    os._exit(0)


def described(raised: BaseException) -> "dict[str, Any]":
    """An exception, with the place in the project that it came from."""
    place = None
    trace = raised.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(PROJECT):
            place = "%s:%d" % (name, trace.tb_lineno)
        trace = trace.tb_next
    return {"type": type(raised).__name__, "text": shown(str(raised)), "place": place}


def as_server(settings: "dict[str, Any]") -> None:
    """The handler's own code, in a module as mod_wsgi makes it."""
    sys.argv = ["mod_wsgi"]
    module = type(sys)("_mod_wsgi_parity")
    module.__file__ = settings["handler"]
    sys.modules[module.__name__] = module
    with open(module.__file__, "rb") as handler:
        exec(compile(handler.read(), module.__file__, "exec", dont_inherit=True), module.__dict__)
    load_urls()


def load_urls() -> None:
    """Django reads its URLs with the first request."""
    if "django.urls" in sys.modules or "django.core.wsgi" in sys.modules:
        from django.urls import get_resolver

        get_resolver().url_patterns  # noqa: B018


def load_what_checks_do() -> None:
    """`manage.py check` looks at what a server loads when it is first needed: template tags, database routers, storages, backends.
    That a server has not needed them yet is no difference."""
    if "django.core.wsgi" in sys.modules:
        try:
            from django.core.checks import run_checks

            run_checks()
        except BaseException:
            # What is wrong there is told of the other way, which runs them as a user does.
            pass


def as_development(settings: "dict[str, Any]") -> None:
    if settings["framework"] == "django":
        as_manage(settings)
    else:
        as_flask(settings)


def as_manage(settings: "dict[str, Any]") -> None:
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


def as_flask(settings: "dict[str, Any]") -> None:
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
