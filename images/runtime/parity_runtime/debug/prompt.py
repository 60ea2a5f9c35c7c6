"""pdb for one request: its prompt is the console's, and all of the request is traced, so that it can be stopped at any moment."""

import contextlib
import os
import sys
import threading

import mod_wsgi
from parity_runtime import layout
from parity_runtime.debug import breakpoints, tools
from parity_runtime.instruments import AT_PROMPT
from parity_runtime.protocol import debug as protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from parity_runtime.debug.link import Link
    from parity_runtime.debug.session import Session


@contextlib.contextmanager
def without_readline() -> "Iterator[None]":
    """The console has the terminal. Here readline would only take its time to read what kind of terminal that is."""
    known = "readline" in sys.modules
    if not known:
        sys.modules["readline"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if not known:
            del sys.modules["readline"]


with without_readline():
    import bdb
    import pdb as pdb


class Debugger(pdb.Pdb):
    """pdb for one request."""

    def __init__(self, session: "Session", link: "Link", what: str) -> None:
        with without_readline():
            pdb.Pdb.__init__(self, completekey=None, stdin=link, stdout=link, nosigint=True, readrc=False)  # type: ignore[arg-type]
        self.use_rawinput = False
        self.session = session
        self.link = link
        self.what = what
        self.interrupting = False
        self.detached = False
        self.handed_over = False
        # The thread that executes a command of the user's, and whether it has been interrupted.
        self.executing: "int | None" = None
        self.raised = False
        self.edge = threading.Lock()

    # A prompt. pdb calls it for each stop, whatever was the reason.
    def interaction(self, frame: "Any", traceback_or_exception: "Any") -> None:
        with self.session.turn:
            if self.link.lost or self.link is not self.session.console:
                self.let_go()
                return
            if self.session.tool is not None:
                self.hand_over(self.session.tool, frame, traceback_or_exception)
            else:
                self.hold(frame, traceback_or_exception)

    def hold(self, frame: "Any", traceback_or_exception: "Any") -> None:
        """pdb's own prompt, until the user lets the request go on."""
        self.link.current = self
        self.link.send(protocol.Stopped(what=self.what))
        note_prompt(True)
        try:
            pdb.Pdb.interaction(self, frame, traceback_or_exception)
        finally:
            note_prompt(False)
            self.link.current = None
            self.link.flush_all()
            self.link.breakpoints = breakpoints.known() + self.link.homeless
            self.link.send(protocol.Resumed(breakpoints=self.link.breakpoints))
        if self.link.lost:
            self.let_go()

    def hand_over(self, tool: "tools.Ipdb | tools.Pudb", frame: "Any", raised: "Any") -> None:
        """Gives the terminal to the debugger that was asked for, until the request is done."""
        self.link.flush()
        self.link.send(protocol.Stopped(what=self.what, terminal=True))
        self.handed_over = True
        for name in ("stdin", "stdout", "stderr"):
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(os.dup(self.link.terminal), mode, encoding="utf-8", buffering=1 if mode == "w" else -1))
        tracing = sys.gettrace()
        sys.settrace(None)
        # Such a debugger has the request until that is done.
        note_prompt(True)
        try:
            if raised is None:
                tools.stop_in(tool.debugger(), frame)
                return
            tool.post_mortem(getattr(raised, "__traceback__", raised))
        except BaseException as error:
            # Or the console would wait for it for ever.
            self.take_back()
            if isinstance(error, bdb.BdbQuit) or not isinstance(error, Exception):
                raise
            failed = error
        else:
            self.take_back()
            return
        sys.settrace(tracing)
        wanted = os.environ.get("PARITY_DEBUGGER")
        self.link.write("%s does not work here (%s: %s), so this is pdb\n" % (wanted, type(failed).__name__, failed))
        self.hold(frame, raised)

    def take_back(self) -> None:
        if self.handed_over:
            self.handed_over = False
            sys.stdin, sys.stdout, sys.stderr = self.session.streams
            self.link.send(protocol.Resumed(breakpoints=breakpoints.known()))

    def let_go(self) -> None:
        """The console is gone: whatever was to be debugged goes on."""
        self.detached = True
        self.quitting = False
        self.set_continue()
        sys.settrace(None)

    # A command of the user's may never end by itself. Ctrl-C raises KeyboardInterrupt in it, which pdb tells at the next prompt.
    def onecmd(self, line: str) -> bool:
        self.executing = threading.get_ident()
        try:
            return bool(pdb.Pdb.onecmd(self, line))
        finally:
            with self.edge:
                self.executing = None
                raised, self.raised = self.raised, False
            if raised:
                absorb_interrupt()

    def interrupt_command(self) -> None:
        with self.edge:
            if self.executing is not None:
                # If it is one that lets the request go on, that is stopped at its next line.
                self.interrupting = True
                self.raised = True
                raise_in(self.executing, KeyboardInterrupt)

    def do_EOF(self, argument: str) -> "bool | None":
        # The end of input is the end of this stop. Where the console went, the request is none of its business.
        if self.link.lost:
            self.set_continue()
            return True
        self.message("")
        return self.do_quit(argument)

    def emptyline(self) -> bool:
        return pdb.Pdb.emptyline(self)

    def do_interact(self, argument: str) -> None:
        import code

        assert self.curframe is not None
        namespace = {**self.curframe.f_globals, **self.curframe.f_locals}
        interpreter = code.InteractiveConsole(namespace)
        interpreter.raw_input = self.ask  # type: ignore[method-assign]
        interpreter.write = self.link.write  # type: ignore[assignment, method-assign]
        before, sys.stdout = sys.stdout, self.link
        try:
            interpreter.interact("*interactive*, Ctrl-D ends it", "")
        finally:
            sys.stdout = before

    def ask(self, prompt: str = "") -> str:
        self.link.write(prompt)
        line = self.link.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def completions_of(self, text: str, before: str) -> "list[str]":
        """What a text could become."""
        words = before.lstrip()
        begin = len(words) - len(text)
        try:
            if begin > 0:
                command = self.parseline(words)[0]
                finder = getattr(self, "complete_%s" % command, None) if command else None
                found = (finder or self.completedefault)(text, words, begin, len(words))
            else:
                found = self.completenames(text, words, begin, len(words)) + self.completedefault(text, words, begin, len(words))
        except Exception:
            return []
        return sorted(set(found or []))

    # What is traced. All of a request is, so that it can be stopped at any moment.
    def trace_dispatch(self, frame: "Any", event: str, argument: "Any") -> "Any":
        if self.detached:
            return None
        if self.interrupting and event in ("line", "call") and not is_machinery(frame):
            self.interrupting = False
            self.set_step()
        traced = pdb.Pdb.trace_dispatch(self, frame, event, argument)
        # What another debugger has set must stay.
        return frame.f_trace if self.handed_over else traced

    def set_continue(self) -> None:
        # pdb stops tracing where there are no breakpoints; an interrupt must still find its way.
        self._set_stopinfo(self.botframe, None, -1)  # type: ignore[attr-defined]

    def begin(self, frame: "Any") -> None:
        """Traces what this thread does from here on, without stopping."""
        self.reset()
        self.botframe = frame
        self.set_continue()
        if self.session.unblock is not None:
            self.session.unblock()
        sys.settrace(self.trace_dispatch)

    def stop_soon(self, thread: int) -> None:
        """Another thread's wish: stops at the next line, also in a loop that calls nothing."""
        self.interrupting = True
        frame: "Any" = sys._current_frames().get(thread)
        while frame is not None and frame is not self.botframe:
            if not is_machinery(frame):
                frame.f_trace = self.trace_dispatch
            frame = frame.f_back


def raise_in(thread: int, kind: "type[BaseException]") -> None:
    """Raises an exception in another thread at its next step."""
    # Imported when it is needed, since somebody waits for the first prompt.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))


def absorb_interrupt() -> None:
    """Has an exception that was to be raised in this thread, and has not been, raised here. Taking it back would have Python 3.11
    look for it for ever, as soon as a function is called that is traced."""
    try:
        for _ in range(10):
            pass
    except KeyboardInterrupt:
        pass


def note_prompt(is_open: bool) -> None:
    """A request that stops at a prompt is not cut off, however many saves wait for its process (`reload/worker/underway.py`)."""
    # Where nothing runs there may be a prompt all the same.
    with contextlib.suppress(Exception):
        mod_wsgi.request_data()[AT_PROMPT] = is_open


def is_machinery(frame: "Any") -> bool:
    path: str = frame.f_code.co_filename
    return path.startswith((layout.ETC, "<frozen importlib")) or path == threading.__file__
