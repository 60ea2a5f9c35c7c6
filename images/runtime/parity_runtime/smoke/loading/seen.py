"""What happens while the application is loaded, and what is left of it afterwards."""

import fcntl
import os
import socket
import stat
import sys
import time

from parity_runtime import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from typing import Any

MOST = 50


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
        if name.startswith(layout.PROJECT + "/"):
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


def shown(value: "Any") -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def described(raised: BaseException) -> "dict[str, Any]":
    """An exception, with the place in the project that it came from."""
    place = None
    trace = raised.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(layout.PROJECT + "/"):
            place = "%s:%d" % (name, trace.tb_lineno)
        trace = trace.tb_next
    return {"type": type(raised).__name__, "text": shown(str(raised)), "place": place}
