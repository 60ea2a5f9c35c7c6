"""What an application can see of the server that it runs in: the same code in every profile, so that what differs is measured.

    observe(environ)    {SECTION: {NAME: VALUE}}, all that JSON has

The tests' application calls it. `parity diff --live` has it run in the processes of a server, beside the application: by Apache, when a
process starts (WSGIImportScript), or by `debug/hook.py`. It comes as a file of its own, without the package around it. It waits there for
the request that has the token of the one who asks (`asking.py`), looks around in the thread that has the request, and leaves what it has
seen in a file. The application answers as always.

    /run/parity/fidelity/token         what the request has in X-Parity-Probe
    /run/parity/fidelity/ready/PID     the process waits for it
    /run/parity/fidelity/seen          what it has seen, as JSON
"""

import os
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PLACE = "/run/parity/fidelity"
HEADER = "HTTP_X_PARITY_PROBE"
# The script that imports the application.
HANDLER = "/etc/parity/handler.wsgi"
PROJECT = "/app"
# Seconds, within which the request comes, and between two looks whether somebody still waits for it.
PATIENCE = 30
STEP = 0.05
# Looks at the threads, and seconds before each.
LOOKS = 6
PAUSE = 0.05
# Files of a project that are looked at.
MOST_FILES = 5000
# Directories that nobody looks into.
CLOSED = (".git", ".hg", ".svn", "__pycache__", "node_modules", "site-packages")


def observe(environ: "dict[str, Any] | None" = None) -> "dict[str, Any]":
    """All there is to see. `environ`: of a request."""
    # Before anything is imported for this.
    there = [name for name in sys.modules if not readable(name).startswith(PLACE)]
    return {
        "environment": dict(os.environ),
        "request": of_request(environ or {}),
        **of_modules(there),
        "threads": of_threads(),
        "python": of_python(),
        "signals": of_signals(),
        "process": of_process(),
        "limits": of_limits(),
        "mounts": of_mounts(),
        "server": of_server(),
        "packages": of_packages(),
        "project": of_project(),
    }


def plain(value: "Any") -> "Any":
    """What JSON has of it, and its kind otherwise."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return kind_of(value)


def kind_of(value: "Any") -> str:
    kind = value if isinstance(value, type) else type(value)
    name = getattr(value, "__qualname__", kind.__qualname__)
    module = getattr(value, "__module__", None) or kind.__module__
    return "%s.%s" % (module, name)


def text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()
    except OSError as error:
        return "(%s)" % error.strerror


def of_request(environ: "dict[str, Any]") -> "dict[str, Any]":
    return {name: plain(value) for name, value in environ.items() if name != HEADER}


def of_modules(there: "list[str]") -> "dict[str, Any]":
    """Modules by what came first: they or the script that imports the application."""
    scripts = [name for name in there if getattr(sys.modules.get(name), "__file__", None) == HANDLER]
    at = there.index(scripts[0]) if scripts else len(there)
    named = [readable(name) for name in there]
    loaders = {}
    for name in there[at + 1 :]:
        module: "Any" = sys.modules.get(name)
        if getattr(module, "__file__", None) and getattr(module, "__loader__", None) is not None:
            loaders[readable(name)] = kind_of(type(module.__loader__))
    return {
        "imported before": dict.fromkeys(named[:at], True),
        "imported": dict.fromkeys(named[at + 1 :], True),
        "order": {"before": named[:at], "application": named[at + 1 :]},
        "loaders": loaders,
    }


def readable(name: str) -> str:
    """mod_wsgi calls scripts by a digest of their paths."""
    path = getattr(sys.modules.get(name), "__file__", None)
    return path if name.startswith("_mod_wsgi_") and path else name


def of_threads() -> "dict[str, Any]":
    """Those that `threading` knows, but for the server's own, and those that there are."""
    names = [thread.name.rstrip("0123456789") for thread in threading.enumerate()]
    found: "dict[str, Any]" = {name: names.count(name) for name in names if not name.startswith("Dummy-")}
    current = threading.current_thread()
    found["of the request"] = current.name.rstrip("0123456789")
    found["all"] = min(counted() for _ in range(LOOKS))
    return found


def counted() -> int:
    """All threads of the process. One that is about to end is gone at the next look."""
    time.sleep(PAUSE)
    return len(os.listdir("/proc/self/task/"))


def of_python() -> "dict[str, Any]":
    import builtins
    import gc
    import locale

    hooks = ("excepthook", "unraisablehook", "displayhook", "breakpointhook")
    found: "dict[str, Any]" = {name: kind_of(getattr(sys, name)) for name in hooks}
    found.update({name: plain(getattr(sys, name)) for name in ("version", "prefix", "executable", "argv", "path", "warnoptions")})
    found.update({name: plain(getattr(sys, name)) for name in ("dont_write_bytecode", "pycache_prefix")})
    found.update({"stream " + name: kind_of(type(getattr(sys, name))) for name in ("stdin", "stdout", "stderr")})
    found.update({"flag " + name: plain(getattr(sys.flags, name)) for name in dir(sys.flags) if name.islower() and name[0] != "_"})
    found.update(
        {
            "meta_path": [kind_of(finder) for finder in sys.meta_path],
            "path_hooks": [kind_of(hook) for hook in sys.path_hooks],
            "thread excepthook": kind_of(threading.excepthook),
            "import function": kind_of(builtins.__import__),
            "os.stat": kind_of(os.stat),
            "os.environ": kind_of(type(os.environ._data)),  # type: ignore[attr-defined]
            "audited": Spy.look(),
            "trace": plain(sys.gettrace()),
            "profile": plain(sys.getprofile()),
            "switch interval": sys.getswitchinterval(),
            "recursion limit": sys.getrecursionlimit(),
            "gc enabled": gc.isenabled(),
            "gc thresholds": list(gc.get_threshold()),
            "gc frozen": gc.get_freeze_count(),
            "gc callbacks": [kind_of(one) for one in gc.callbacks],
            "locale": locale.setlocale(locale.LC_ALL),
            "preferred encoding": locale.getpreferredencoding(False),
            "file system encoding": "%s %s" % (sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()),
            "stdout encoding": getattr(sys.stdout, "encoding", None),
            "time zone": list(time.tzname),
        }
    )
    return found


class Spy:
    """A path that knows whether somebody looked at it. Nothing but an audit hook does: nobody opens it."""

    looked = False

    def notice(self, *_: "Any") -> "Any":
        self.looked = True
        raise TypeError

    __hash__ = __eq__ = __str__ = __repr__ = __fspath__ = notice

    @classmethod
    def look(cls) -> bool:
        spy = cls()
        try:
            sys.audit("open", spy, "r", 0)
        except TypeError:
            pass
        return spy.looked


def of_signals() -> "dict[str, Any]":
    import signal

    def words(handler: "Any") -> "Any":
        return {0: "default", 1: "ignored"}.get(handler) if isinstance(handler, int) else plain(handler) or "not Python's"

    return {number.name: words(signal.getsignal(number)) for number in signal.Signals}


def of_process() -> "dict[str, Any]":
    import pwd

    status = dict(line.split(":", 1) for line in text_of("/proc/self/status").splitlines() if ":" in line)
    wanted = ("Umask", "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    found: "dict[str, Any]" = {name: " ".join(status.get(name, "").split()) for name in wanted}
    try:
        found["user"] = list(pwd.getpwuid(os.getuid()))
    except KeyError:
        found["user"] = None
    found["cwd"] = os.getcwd()
    found["home"] = os.path.expanduser("~")
    found["niceness"] = os.nice(0)
    found["first"] = words_of("/proc/1/cmdline")
    hosts = {name for line in text_of("/etc/hosts").splitlines() for name in line.split("#")[0].split()[1:]}
    found["hosts"] = sorted(hosts - {os.uname().nodename})
    return found


def words_of(path: str) -> "list[str]":
    """The words of a command line, without those by which the probe came."""
    words = text_of(path).rstrip("\0").split("\0")
    for at in [at for at, word in enumerate(words) if PLACE in word and words[at - 1] == "-c"][::-1]:
        del words[at - 1 : at + 1]
    return words


def of_limits() -> "dict[str, Any]":
    import resource

    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name: list(resource.getrlimit(getattr(resource, name))) for name in names}


def of_mounts() -> "dict[str, Any]":
    """Where something is mounted, what, and how."""
    found: "dict[str, Any]" = {}
    for line in text_of("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 5 and after:
            found[fields[4]] = "%s %s" % (after.split()[0], fields[5])
    places = ("/", PROJECT, "/etc/parity", "/run/parity", "/tmp")
    found.update({"can be written: " + path: os.access(path, os.W_OK) for path in places})
    return found


def of_server() -> "dict[str, Any]":
    """Directives, each with the sections that it is in."""
    found: "dict[str, Any]" = {"command line": words_of("/proc/%d/cmdline" % os.getppid())}
    directives: "list[str]" = []
    groups: "list[str]" = []
    read_configuration("/etc/parity/httpd.conf", directives, [])
    for directive in directives:
        if directive.startswith(DAEMON):
            groups.append(directive.split()[1])
            # Of several groups all have the same.
            found.update(("%s %s" % (DAEMON, option), value) for option, value in options_of(directive))
        else:
            found[directive] = found.get(directive, 0) + 1
    found[DAEMON] = groups
    return found


DAEMON = "WSGIDaemonProcess"


def options_of(directive: str) -> "Iterator[tuple[str, str]]":
    import shlex

    for word in shlex.split(directive)[2:]:
        option, _, value = word.partition("=")
        yield option, value


def read_configuration(path: str, directives: "list[str]", sections: "list[str]") -> None:
    import glob

    for line in text_of(path).replace("\\\n", " ").splitlines():
        words = " ".join(line.split())
        if not words or words.startswith("#"):
            continue
        if words.startswith("</"):
            del sections[-1:]
        elif words.startswith("<"):
            sections.append(words)
        else:
            directives.append(" ".join([*sections, words]))
        if words.startswith(("Include ", "IncludeOptional ")) and len(sections) < 20:
            for more in sorted(glob.glob(words.split(" ", 1)[1].strip('"'))):
                read_configuration(more, directives, sections[:])


def of_packages() -> "dict[str, Any]":
    import importlib.metadata

    return {one.metadata["Name"]: one.version for one in importlib.metadata.distributions() if one.metadata["Name"]}


def of_project() -> "dict[str, Any]":
    """Its files, and what tells of their times whether they are the image's."""
    found: "dict[str, Any]" = {}
    times: "set[int]" = set()
    for directory, names, files in os.walk(PROJECT):
        inside = os.path.relpath(directory, PROJECT) + "/"
        inside = "" if inside == "./" else inside
        found.update({inside + name + "/": True for name in names if name in CLOSED})
        names[:] = sorted(name for name in names if name not in CLOSED)
        for name in files:
            found[inside + name] = True
            try:
                times.add(int(os.lstat(os.path.join(directory, name)).st_mtime))
            except OSError:
                pass
        if len(found) > MOST_FILES:
            found = {"(too many files to compare)": True}
            break
    found["(times)"] = "one for all" if len(times) == 1 else "of each file"
    owner = os.stat(PROJECT)
    found["(owner)"] = "%d:%d" % (owner.st_uid, owner.st_gid)
    return found


# --- beside an application ------------------------------------------------------------------------------------------


class Wait:
    """For the request with the token."""

    def __init__(self) -> None:
        import mod_wsgi

        self.done = threading.Event()
        self.callbacks = mod_wsgi.event_callbacks
        mod_wsgi.subscribe_events(self.look_at)
        note("ready/%d" % os.getpid(), "")

    def look_at(self, name: str, request_environ: "dict[str, str] | None" = None, **_: "Any") -> None:
        if name != "request_started" or self.done.is_set() or request_environ is None or HEADER not in request_environ:
            return
        try:
            with open(PLACE + "/token") as token:
                is_ours = token.read() == request_environ[HEADER]
            if is_ours:
                import json

                note("seen", json.dumps(observe(request_environ)))
                self.done.set()
        except Exception as error:
            # The application is not to suffer from it.
            sys.stderr.write("parity: the probe failed: %s: %s\n" % (type(error).__name__, error))

    def end(self) -> None:
        """In a server that goes on afterwards."""
        end = time.monotonic() + PATIENCE
        # Another process may have had the request.
        while not self.done.wait(STEP) and os.path.exists(PLACE) and time.monotonic() < end:
            pass
        self.done.set()
        self.callbacks.remove(self.look_at)


def note(name: str, text: str) -> None:
    path = "%s/%s" % (PLACE, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    new = "%s.%d" % (path, os.getpid())
    with open(new, "w") as file:
        file.write(text)
    os.rename(new, path)


def look_once() -> None:
    """In a server that goes on afterwards."""
    Wait().end()


# By Apache, in a server that ends when it has been asked.
if __name__.startswith("_mod_wsgi_"):
    Wait()
