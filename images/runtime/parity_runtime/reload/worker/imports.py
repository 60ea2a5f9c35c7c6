"""Which modules would be the same if they were imported before the project's code: those whose import depends on nothing that
a save can change.

The import of a module that is not the project's depends on the project if, while it is under way, something is done that
is listed here (`ALWAYS`, `WITH_PATHS`): a file of the project is opened, listed or asked about, a thread, a child process or a
connection is begun, a lock is taken; or if it imports a module of the project, reads a variable of the environment that has
been changed since the process began, changes one, or fails. Whatever imports such a module while it is imported itself
depends on the project too.

While the application is imported (`WATCH`) that is noted. While modules are imported ahead of time (`REFUSE`) it is refused
before it happens, and the process that tried is good for nothing any more.

What a C library does on its own (`fopen`, `getenv`) is not seen.
"""

import os
import posix
import sys
from _thread import _count as count_threads
from _thread import get_ident

from parity_runtime.reload.worker import audit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

WATCH, REFUSE = "watch", "refuse"


class Refused(BaseException):
    """A module that was to be imported ahead of time does what makes it depend on the project."""


# What is done now about imports that depend on the project; `None`: nothing.
mode: "str | None" = None
# Modules that are not the project's and were imported under these eyes, in the order in which that was done.
seen: "dict[str, None]" = {}
# Those whose import depends on the project, and why.
dependent: "dict[str, str]" = {}
# Modules whose import failed for want of something else.
absent: "set[str]" = set()
# By thread: the modules whose import is under way there, the outermost first.
under_way: "dict[int, list[str]]" = {}
# Variables of the environment that have been changed in this process, as bytes.
changed: "set[Any]" = set()
# Variables that were read while modules were imported ahead of time, and by which of those. `None`: all variables.
read_early: "dict[Any, set[str]]" = {}
# What finds modules and came with the import of a module that is not the project's, as six's does: a plan follows the order of
# the application's own import, so what stood before it there stands before it here.
finders_of_image: "list[Any]" = []
# All those whose origin is known.
finders_known: "list[Any]" = []
# Modules imported ahead of time that would be different by now: the name, and why.
outdated: "dict[str, str]" = {}


def is_own(path: str) -> bool:
    """Is it of the project? Whoever begins this knows."""
    return False


def begin(new_mode: str, of_project: "Callable[[str], bool]") -> None:
    global mode, is_own
    mode, is_own = new_mode, of_project  # type: ignore[assignment]
    environment: "Any" = os.environ
    binary: "Any" = os.environb
    environment._data = binary._data = Variables(environment._data)
    vars(os).update(asking)


def end() -> None:
    """From here on nothing is noted but changes of variables that have been read ahead of time."""
    global mode
    mode = None
    environment: "Any" = os.environ
    binary: "Any" = os.environb
    environment._data = binary._data = dict(dict.items(environment._data))
    vars(os).update(answering)


def is_importing() -> "Any":
    """Is a module that is not the project's being imported in this thread?"""
    return mode is not None and under_way.get(get_ident())


def depends(why: str) -> None:
    """What is being imported in this thread depends on the project."""
    if not is_importing():
        return
    for name in under_way[get_ident()]:
        dependent.setdefault(name, why)
    if mode is REFUSE:
        raise Refused(why)


# --- modules --------------------------------------------------------------------------------------------------------


class OfImage:
    """Of a loader of modules that are not the project's."""

    def exec_module(self, module: "Any") -> None:
        if mode is None:
            super().exec_module(module)  # type: ignore[misc]
            return
        name = module.__name__
        stack = under_way.setdefault(get_ident(), [])
        stack.append(name)
        threads, finders = count_threads(), sys.meta_path[:]
        try:
            super().exec_module(module)  # type: ignore[misc]
            if sys.version_info < (3, 12) and count_threads() > threads:
                # No audit event tells of it there.
                depends("starts a thread")
            seen[name] = None
        except ImportError:
            # It lacks something that is not installed, most often. If it can be imported later, it was something else.
            absent.add(name)
            raise
        except BaseException as error:
            dependent.setdefault(name, "its import failed: %s" % type(error).__name__)
            raise
        finally:
            stack.pop()
            if sys.meta_path != finders:
                finders_of_image.extend(new_finders(finders))


class OfProject:
    """Of the loader of the project's modules."""

    def exec_module(self, module: "Any") -> None:
        depends("imports %s of the project" % module.__name__)
        finders = sys.meta_path[:]
        # What the project's code does is not done by whoever imports it.
        stack = under_way.pop(get_ident(), None)
        try:
            super().exec_module(module)  # type: ignore[misc]
        finally:
            if stack is not None:
                under_way[get_ident()] = stack
            if sys.meta_path != finders:
                new_finders(finders)


def new_finders(before: "list[Any]") -> "list[Any]":
    """Those that have come since, and not with an import inside this one: that has ended before, and was told of its own."""
    new = [finder for finder in sys.meta_path if finder not in before and finder not in finders_known]
    finders_known.extend(new)
    return new


def pass_for_machinery(function: "Any") -> None:
    """Frames with this file name are left out of tracebacks, and are never the place that a warning names."""
    function.__code__ = function.__code__.replace(co_filename="<frozen importlib._bootstrap_external>")


pass_for_machinery(OfImage.exec_module)
pass_for_machinery(OfProject.exec_module)


def independent() -> "dict[str, Any]":
    """The modules that are there and were seen not to depend on the project, by name, in the order of their import."""
    for name in absent & seen.keys():
        dependent.setdefault(name, "its import failed at first")
    return {name: module for name, module in list(sys.modules.items()) if name not in dependent and (name in seen or is_namespace(module))}


def is_namespace(module: "Any") -> bool:
    """Is it a package of several directories, without code of its own?"""
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.origin is None and spec.submodule_search_locations is not None


# --- what is done meanwhile -----------------------------------------------------------------------------------------

ALWAYS = {
    "subprocess.Popen": "starts a program",
    "os.system": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.exec": "becomes another program",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.kill": "sends a signal",
    "_thread.start_new_thread": "starts a thread",
    "_thread.start_joinable_thread": "starts a thread",
    "socket.connect": "connects to something",
    "socket.sendto": "sends something",
    "socket.sendmsg": "sends something",
    "socket.getaddrinfo": "looks up a host's name",
    "socket.gethostbyname": "looks up a host's name",
    "socket.gethostbyaddr": "looks up a host's name",
    "fcntl.flock": "locks a file",
    "fcntl.lockf": "locks a file",
    "os.lockf": "locks a file",
    "os.chdir": "changes the working directory",
    "sys.settrace": "traces calls",
    "sys.setprofile": "traces calls",
}

# Events whose arguments begin with paths, and with how many.
WITH_PATHS = dict.fromkeys(
    (
        "open",
        "os.listdir",
        "os.scandir",
        "os.chmod",
        "os.chown",
        "os.getxattr",
        "os.listxattr",
        "os.mkdir",
        "os.remove",
        "os.removexattr",
        "os.rmdir",
        "os.setxattr",
        "os.truncate",
        "os.utime",
    ),
    1,
)
WITH_PATHS.update({"os.link": 2, "os.rename": 2, "os.symlink": 2})

EVENTS = (*ALWAYS, *WITH_PATHS, "socket.bind", "sqlite3.connect", "os.putenv", "os.unsetenv")


def hear(event: str, arguments: "tuple[Any, ...]") -> None:
    if event in ("os.putenv", "os.unsetenv"):
        change(*arguments)
    elif not is_importing():
        return
    elif event in ALWAYS:
        depends(ALWAYS[event])
    elif event == "socket.bind":
        address = arguments[1]
        # Whoever takes any port asks only whether the machine knows the protocol.
        if not (isinstance(address, tuple) and address[1] == 0):
            depends("listens on a socket")
    elif event == "sqlite3.connect":
        if os.fsdecode(arguments[0]) not in (":memory:", ""):
            depends("opens a database")
    elif event in ("os.listdir", "os.scandir"):
        touch("." if arguments[0] is None else arguments[0], opens=False)
    else:
        for path in arguments[: WITH_PATHS[event]]:
            touch(path)


def touch(path: "Any", opens: bool = True) -> None:
    own = own_path(path)
    if own is None:
        return
    asks = who_asks()
    if asks == "import" or asks == "metadata" and not opens and not holds_metadata(own):
        return
    depends("%s %s" % ("opens" if opens else "looks at", own))


def own_path(path: "Any") -> "str | None":
    """Where in the project a path leads to; `None`: elsewhere."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        return None
    path = os.fsdecode(path)
    if not path.startswith("/"):
        path = os.getcwd() + "/" + path
    if "/." in path or "//" in path:
        # Two slashes at the beginning stay.
        path = "/" + os.path.normpath(path).lstrip("/")
    return path if is_own(path + "/") else None


OURS = (__file__, audit.__file__)


def who_asks() -> "str | None":
    """Python's own search along `sys.path` is no interest in the project: for modules, and for the metadata of packages."""
    frame: "Any" = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename in OURS:
        frame = frame.f_back
    if frame is None:
        return None
    if frame.f_code.co_filename.startswith(("<frozen importlib", "<frozen zipimport")):
        return "import"
    name = frame.f_globals.get("__name__") or ""
    # The metadata's search asks through `pathlib` and `zipfile` in some versions.
    return "metadata" if name.startswith("importlib.metadata") or name == "pkg_resources" else None


# Directories of the project, and whether a package's metadata is in there.
with_metadata: "dict[str, bool]" = {}


def holds_metadata(path: str) -> bool:
    if path not in with_metadata:
        # Looking is heard as well.
        with_metadata[path] = False
        try:
            with_metadata[path] = any(name.endswith((".dist-info", ".egg-info", ".egg", ".egg-link")) for name in posix.listdir(path))
        except OSError:
            pass
    return with_metadata[path]


# No audit event tells of these.
UNHEARD = ("stat", "lstat", "access", "readlink", "statvfs", "pathconf", "mkfifo", "mknod")
answering = {name: getattr(os, name) for name in UNHEARD}


def listened(function: "Any") -> "Any":
    def ask(path: "Any", *arguments: "Any", **named: "Any") -> "Any":
        if is_importing():
            touch(path, opens=False)
        return function(path, *arguments, **named)

    for capable in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if function in capable:
            capable.add(ask)
    return ask


asking = {name: listened(function) for name, function in answering.items()}


# --- the environment ------------------------------------------------------------------------------------------------


class Variables(dict):  # type: ignore[type-arg]
    """What `os.environ` keeps the variables in, while it matters who reads them."""

    def __getitem__(self, key: "Any") -> "Any":
        note_read(key)
        return dict.__getitem__(self, key)

    def __contains__(self, key: "Any") -> bool:
        note_read(key)
        return dict.__contains__(self, key)


def reading_all(name: str) -> "Any":
    method = getattr(dict, name)

    def read(self: "Any", *arguments: "Any") -> "Any":
        note_read(None)
        return method(self, *arguments)

    return read


for name in ("__iter__", "__len__", "keys", "values", "items", "copy"):
    setattr(Variables, name, reading_all(name))


def note_read(key: "Any") -> None:
    if not is_importing():
        return
    if mode is REFUSE:
        read_early.setdefault(key, set()).update(under_way[get_ident()])
    elif key in changed or key is None and changed:
        depends("reads variables that have been changed")


def change(key: "Any", value: "Any" = None) -> None:
    """A variable is about to be changed."""
    environment: "Any" = os.environ
    if dict.get(environment._data, key) == value:
        return
    changed.add(key)
    depends("changes the environment")
    for read in (key, None):
        for name in read_early.get(read, ()):
            outdated.setdefault(name, "it has read %s, which was changed afterwards" % os.fsdecode(key))
