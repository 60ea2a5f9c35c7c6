"""Looks at what is done while the application is loaded: by Python's audit events, and by functions in the place of Python's own."""

import os
import socket
import sys
import threading
import time
from importlib.machinery import SourceFileLoader

from parity_runtime import layout
from parity_runtime.smoke.loading.seen import Seen, done, inode, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIBRARY = os.path.dirname(os.__file__) + "/"
# By which others start programs.
CARRIERS = tuple(
    LIBRARY + name for name in ("subprocess.py", "os.py", "threading.py", "asyncio/", "concurrent/", "multiprocessing/")
) + ("<frozen os>",)  # fmt: skip
# By which others read variables.
READERS = (LIBRARY + "os.py", LIBRARY + "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>", __file__)
# Places that a server may write to without anybody minding.
IGNORED = ("/dev/", "/proc/", "/sys/")


def watch(seen: Seen) -> None:
    watch_events(seen)
    watch_threads(seen)
    watch_environment(seen)
    watch_modules(seen)


# --- events ---------------------------------------------------------------------------------------------------------


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


def where(address: "Any") -> str:
    """`127.0.0.1:6379`, or the path of a Unix socket."""
    return "%s:%s" % address[:2] if isinstance(address, tuple) else shown(address)


def command(argv: "Any") -> str:
    if isinstance(argv, (list, tuple)):
        return shown(" ".join(os.fsdecode(word) if isinstance(word, bytes) else str(word) for word in argv))
    return shown(os.fsdecode(argv) if isinstance(argv, bytes) else argv)


def watch_events(seen: Seen) -> None:
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


# --- threads, variables and modules ---------------------------------------------------------------------------------


def watch_threads(seen: Seen) -> None:
    start = threading.Thread.start

    def start_and_tell(thread: threading.Thread) -> None:
        if seen.on:
            seen.threads.append((thread, done(thread.name)))
        return start(thread)

    threading.Thread.start = start_and_tell  # type: ignore[method-assign, assignment]


def watch_environment(seen: Seen) -> None:
    kind: "Any" = type(os.environ)

    class Environment(kind):  # type: ignore[misc]
        def __getitem__(self, name: "Any") -> "Any":
            here = name in self
            if seen.on and isinstance(name, str) and not seen.setting_default and name not in seen.variables:
                asking: "Any" = sys._getframe(1)
                while asking is not None and asking.f_code.co_filename.startswith(READERS):
                    asking = asking.f_back
                # Not where a module of Python's does on its own account, as `tempfile` with $TMPDIR.
                if asking is not None and asking.f_code.co_filename.startswith(layout.PROJECT + "/"):
                    place = "%s:%d" % (asking.f_code.co_filename, asking.f_lineno)
                    seen.variables[name] = {"name": name, "present": here, "place": place}
            return kind.__getitem__(self, name)

        def __contains__(self, name: "Any") -> bool:
            try:
                kind.__getitem__(self, name)
            except KeyError:
                return False
            return True

        def setdefault(self, name: str, value: str) -> "Any":
            seen.setting_default = True
            try:
                if name not in self:
                    self[name] = value
                return kind.__getitem__(self, name)
            finally:
                seen.setting_default = False

    os.environ.__class__ = Environment


def watch_modules(seen: Seen) -> None:
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
