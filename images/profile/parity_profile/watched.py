"""What a process does that is read from beside: it writes down which thread answers which request, and says the rest when it is asked.

A request costs some stores in memory and two looks at its thread's clock. A thread of this process waits for questions, and needs the
GIL only for those.
"""

from __future__ import annotations

import _thread
import itertools
import json
import os
import socket
import sys
import time

from . import routes
from .limits import MOST_ENDED
from .table import BEGAN, BYTES, CPU, LABEL, MOST_ROWS, NUMBER, STATE, TID, WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

# Versions of Python that `offsets` knows.
VERSIONS = ((3, 13), (3, 14))
# Paths that are told apart, and as they were asked for.
MOST_PATHS = 5_000
MOST_ASKED = 20_000
# `PR_SET_PTRACER`: whose ptrace Yama lets pass, where it is there.
SET_PTRACER = 0x59616D61


class Refused(Exception):
    """The reader beside cannot read this process."""


class Watched:
    """`connection`: to the collector, which hands it to a reader. `own`: agents whose requests are nobody's. `is_recorded("record")`: are
    requests recorded?"""

    def __init__(self, connection: socket.socket, own: tuple[str, ...], is_recorded: Callable[[str], bool]) -> None:
        self.connection = connection
        self.lines = connection.makefile("rb")
        self.own = own
        self.is_recorded = is_recorded
        memory = bytearray((MOST_ROWS + 2) * BYTES)
        self.words = memoryview(memory).cast("Q")
        self.adding = _thread.allocate_lock()
        self.sending = _thread.allocate_lock()
        # Where a thread's row begins.
        self.local = _thread._local()
        # By where their rows begin, for whoever looks for routes: what is known of threads by their ends.
        self.idents: dict[int, int] = {}
        self.tids: dict[int, int] = {}
        self.asked: dict[tuple[str, str], int] = {}
        self.numbers: dict[str, int] = {}
        self.paths: list[list[Any]] = []
        self.routes: dict[int, str] = {}
        self.found: list[list[Any]] = []
        self.recorded = itertools.count(1)
        # By where the rows of their threads begin, what the server calls recorded requests.
        self.names: dict[int, str] = {}
        self.ended: list[list[Any]] = []
        # The reader sleeps, and is to be woken.
        self.idle = False
        import ctypes

        self.ctypes = ctypes
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        # It keeps the GIL, and so its own state.
        self.get_state = ctypes.pythonapi.PyThreadState_Get
        self.get_state.restype = ctypes.c_void_p

    # --- in the threads of requests ---------------------------------------------------------------------------------

    def listener(self) -> Callable[..., None]:
        """What hears mod_wsgi's events: all that each request pays for."""
        # The first word of a row is the generation.
        words, local, asked, own, clock, is_recorded = self.words, self.local, self.asked, self.own, time.thread_time_ns, self.is_recorded

        def look_at(name: str, **event: Any) -> None:
            if name == "request_started":
                environ = event["request_environ"]
                if environ.get("HTTP_USER_AGENT") in own:
                    return
                try:
                    row = local.row
                except AttributeError:
                    row = self.add()
                label = asked.get((environ.get("SCRIPT_NAME"), environ.get("PATH_INFO")))
                words[row + LABEL] = self.label(environ) if label is None else label
                words[row + NUMBER] = self.begin_recorded(row, environ, event.get("request_id")) if is_recorded("record") else 0
                words[row + BEGAN] = clock()
                words[row] |= 1
                if self.idle:
                    self.wake()
            elif name == "request_finished":
                row = getattr(local, "row", 0)
                if row and words[row] & 1:
                    used = clock() - words[row + BEGAN]
                    words[row] += 1
                    words[row + CPU] += used
                    if words[row + NUMBER]:
                        self.end_recorded(row)

        return look_at

    def add(self) -> int:
        """A row for this thread. Where there are too many, they share one that nobody reads."""
        tid = _thread.get_native_id()
        with self.adding:
            # It had another state of Python's, which has ended, or another one has left its number to this one.
            row = self.tids.get(tid)
            if row is None:
                row = WORDS * min(self.words[0] + 1, MOST_ROWS + 1)
                if row <= WORDS * MOST_ROWS:
                    self.tids[tid] = row
            self.words[row] += self.words[row] & 1
            self.words[row + STATE] = self.get_state()
            self.words[row + TID] = tid
            self.idents[row] = _thread.get_ident()
            self.words[0] = max(self.words[0], min(row // WORDS, MOST_ROWS))
        self.local.row = row
        return row

    def label(self, environ: Any) -> int:
        """The number of a path, which is new as it was asked for."""
        path = routes.path_of(environ)
        with self.adding:
            number = self.numbers.get(path)
            if number is None:
                number = len(self.numbers) + 1 if len(self.numbers) < MOST_PATHS else 0
                if number:
                    self.numbers[path] = number
                    self.paths.append([number, path])
            if len(self.asked) < MOST_ASKED:
                self.asked[environ.get("SCRIPT_NAME"), environ.get("PATH_INFO")] = number
        return number

    def begin_recorded(self, row: int, environ: Any, name: Any) -> int:
        if name is None or routes.REPLAY in environ:
            return 0
        self.names[row] = name
        return next(self.recorded)

    def end_recorded(self, row: int) -> None:
        name = self.names.pop(row, None)
        if name is not None and len(self.ended) < MOST_ENDED:
            self.ended.append([self.words[row + NUMBER], name])

    def wake(self) -> None:
        self.idle = False
        try:
            # Not before it has been told that it may sleep.
            with self.sending:
                self.connection.sendall(b'{"wakes":true}\n')
        except OSError:
            # It is no more.
            pass

    # --- in the thread that waits for questions -----------------------------------------------------------------------

    def introduce(self, rate: float) -> None:
        """Lets a reader in, that looks at this process so many times a second.

        # Errors
        It cannot read this process: `Refused`.
        """
        file = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.exchange(file, rate)
        finally:
            os.close(file)

    def exchange(self, file: int, rate: float) -> None:
        ctypes = self.ctypes
        runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
        hello = {
            "pid": os.getpid(),
            "python": "%d.%d.%d" % sys.version_info[:3],
            "switch": sys.getswitchinterval(),
            "rate": rate,
            "runtime": runtime,
            "table": self.address,
            "code_type": id(type(sys._getframe().f_code)),
            "state": self.get_state(),
            "tid": _thread.get_native_id(),
            "stack": self.callers(),
        }
        socket.send_fds(self.connection, [line(hello)], [file])
        said = json.loads(self.lines.readline() or b"{}")
        if "reader" in said:
            self.let_in(said["reader"])
            self.connection.sendall(b'{"enter":true}\n')
            said = json.loads(self.lines.readline() or b"{}")
        if "reads" not in said:
            raise Refused(said.get("fails", "it has ended"))

    @staticmethod
    def callers() -> list[list[Any]]:
        """Who calls the one that asks for it: that much of this thread's stack stays as it is until the answer comes."""
        callers: list[list[Any]] = []
        frame: Any = sys._getframe(2)
        while frame is not None:
            code = frame.f_code
            callers.append([code.co_filename[:1000], code.co_qualname[:300], code.co_firstlineno, frame.f_lineno])
            frame = frame.f_back
        return callers

    def let_in(self, pid: int) -> None:
        """It may read what the kernel says of threads, where Yama would keep it from that."""
        try:
            self.ctypes.CDLL(None).prctl(SET_PTRACER, self.ctypes.c_ulong(pid), 0, 0, 0)
        except (OSError, AttributeError):
            pass

    def answer(self) -> None:
        """Answers questions until the reader has ended. Requests are listened to by now."""
        self.connection.sendall(b'{"listens":true}\n')
        for asked in self.lines:
            question = json.loads(asked)
            if "look" in question:
                self.look()
            if "news" in question:
                with self.sending:
                    self.connection.sendall(line(self.news("sleeps" in question)))

    def news(self, sleeps: bool) -> dict[str, Any]:
        """What the reader cannot see."""
        # First: then what has ended is in what was seen.
        ended, self.ended = self.ended, []
        paths, self.paths = self.paths, []
        found, self.found = self.found, []
        said = {"news": True, "paths": paths, "routes": found, "ended": ended}
        if sleeps:
            self.idle = True
            if any(self.words[row] & 1 for row in self.rows()):
                self.idle = False
            said["sleeps"] = self.idle
        return said

    def rows(self) -> range:
        return range(WORDS, WORDS * (self.words[0] + 1), WORDS)

    def look(self) -> None:
        """Finds routes of requests that are under way, in the frames of their threads."""
        frames = sys._current_frames()
        for row in self.rows():
            label = self.words[row + LABEL]
            frame: FrameType | None = frames.get(self.idents[row])
            if not label or label in self.routes or not self.words[row] & 1:
                continue
            while frame is not None:
                if routes.is_way(frame.f_code):
                    route = routes.route_of(routes.witness(frame))
                    if route is not None:
                        self.routes[label] = route
                        self.found.append([label, route])
                    break
                frame = frame.f_back


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii", "replace") + b"\n"
