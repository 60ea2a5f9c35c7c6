"""Which of the project's files the application opens for reading, and which it writes, as this process does it.

Each is noted once, in a line of JSON that is appended to `/run/parity/touched/PID` before the file is opened: whoever sees
that a file was written finds that it was written by the application.

    ["opened", "/app/conf/site.conf", 1764201600000000000, 120]    the time of its last change in nanoseconds, and its size
    ["opened", "/app/conf/local.conf", null, null]                 there was none
    ["written", "/app/var/cache/page.py"]                          also: renamed, linked or removed

Not noted: what parity itself reads, as modules of the project are by the reload, bytecode, and what is opened in C.
"""

import os
import stat
import sys
import time

# An application may replace the names in `json`.
from json import dumps

from parity_runtime import layout
from parity_runtime.reload.nudge import NOTED, nudge
from parity_runtime.reload.worker import audit, context
from parity_runtime.reload.worker.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parity_runtime.reload.worker.audit import Listener

# Paths of each kind that are noted by a process at most. What is not noted is judged by its name.
MOST = 10_000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Seconds between two nudges. The agent looks again by itself a moment after it has found something.
PAUSE = 0.02

opened: "set[Any]" = set()
written: "set[Any]" = set()
nudged = 0.0


def on_open(event: str, arguments: "tuple[Any, ...]") -> None:
    path, _, flags = arguments
    if type(path) is str and path[:1] == "/" and not path.startswith(context.INSIDE):
        return
    if flags & WRITING:
        note(path, written)
    elif not flags & os.O_DIRECTORY:
        note(path, opened)


def on_change(event: str, arguments: "tuple[Any, ...]") -> None:
    """Of something with a name and the descriptor of the directory that the name is relative to."""
    note(arguments[0], written, arguments[-1])


def on_rename(event: str, arguments: "tuple[Any, ...]") -> None:
    source, target, source_directory, target_directory = arguments
    if event == "os.rename":
        note(source, written, source_directory)
    note(target, written, target_directory)


def on_symlink(event: str, arguments: "tuple[Any, ...]") -> None:
    note(arguments[1], written, arguments[2])


def on_truncate(event: str, arguments: "tuple[Any, ...]") -> None:
    note(arguments[0], written)


def on_sqlite(event: str, arguments: "tuple[Any, ...]") -> None:
    """SQLite opens its files itself."""
    path = os.fsdecode(arguments[0])
    if path.startswith("file:"):
        path = path[5:].split("?", 1)[0].split("#", 1)[0]
        if path.startswith("//"):
            path = "/" + path[2:].partition("/")[2]
    if path and path != ":memory:":
        for ending in ("", "-journal", "-wal", "-shm"):
            note(path + ending, written)


def note(path: "Any", noted: "set[Any]", directory: "int | None" = -1) -> None:
    if path in noted or len(noted) >= MOST or isinstance(path, int):
        return
    full = os.fsdecode(path)
    if full[:1] != "/":
        full = "%s/%s" % (os.getcwd() if directory in (-1, None) else os.readlink("/proc/self/fd/%d" % directory), full)
    if not full.startswith(context.INSIDE) or "/__pycache__/" in full:
        return
    full = os.path.normpath(full)
    if full in noted or is_ours():
        return
    keep(full, noted)


def look_for(paths: "set[str]") -> None:
    """Files that are needed: that they come, or change, is of interest as if they had been opened."""
    for path in sorted(paths):
        if len(opened) < MOST and "/__pycache__/" not in path:
            keep(os.path.normpath(path), opened)


def keep(full: str, noted: "set[Any]") -> None:
    # Of a link to another file of the project a change of either matters.
    names = [name for name in {full, os.path.realpath(full)} if context.is_own(name) and name not in noted]
    lines = "".join([line_of(name, noted) for name in names])
    noted.update(names)
    if lines:
        append(lines)
        tell()


def line_of(path: str, noted: "set[Any]") -> str:
    # The watcher passes over names that are not UTF-8 as well.
    path.encode()
    if noted is written:
        return dumps(["written", path]) + "\n"
    try:
        found = os.stat(path)
    except OSError:
        return dumps(["opened", path, None, None]) + "\n"
    if not stat.S_ISREG(found.st_mode):
        # A directory, which cannot be opened so, or a pipe.
        return ""
    return dumps(["opened", path, found.st_mtime_ns, found.st_size]) + "\n"


def is_ours() -> bool:
    """Is it parity that opens it, or Python's import system for parity?"""
    frame: "Any" = sys._getframe(3)
    while frame is not None and frame.f_code.co_filename == audit.__file__:
        frame = frame.f_back
    if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(layout.ETC + "/")


def append(lines: str) -> None:
    # Opened each time: a child process may have closed what it does not know, and opened something else by the same number.
    file = os.open(layout.touched(context.PID), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, lines.encode())
    finally:
        os.close(file)


def tell() -> None:
    """Tells the agent, unless the application is being imported: at the end of that everything is told."""
    global nudged
    now = time.monotonic()
    if State.doing in ("loaded", "failed") and now - nudged >= PAUSE:
        nudged = now
        nudge(NOTED)


LISTENERS: "tuple[tuple[Listener, tuple[str, ...]], ...]" = (
    (on_open, ("open",)),
    (on_rename, ("os.rename", "os.link")),
    (on_change, ("os.remove", "os.rmdir")),
    (on_symlink, ("os.symlink",)),
    (on_truncate, ("os.truncate",)),
    (on_sqlite, ("sqlite3.connect",)),
)


def begin() -> None:
    os.makedirs(layout.touched(), mode=0o700, exist_ok=True)
    with open(layout.touched(context.PID), "w"):
        # What a process of this number left behind.
        pass
    for listener, events in LISTENERS:
        audit.listen(listener, *events)
