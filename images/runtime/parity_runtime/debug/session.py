"""The debugger's half in a process that serves the application. The other half, `console.py`, has the terminal.

`hook.py` imports this when a console comes, and puts it before the application, request by request, as long as it is there. The console
*arms* the process: exceptions and breakpoints then stop the thread that meets them, and the prompt of pdb is asked for over the socket.
When the console goes, everything goes on as before.
"""

import _thread
import os
import socket
import sys
import threading
from time import sleep

from parity_runtime import layout
from parity_runtime.debug import breakpoints, tools
from parity_runtime.debug.hook import application
from parity_runtime.debug.link import Link
from parity_runtime.debug.prompt import Debugger, pdb
from parity_runtime.debug.requests import Request, post_mortem
from parity_runtime.protocol import debug as protocol
from parity_runtime.protocol.message import Message, Unreadable
from parity_runtime.traced import unblocking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from parity_runtime.debug.hook import Hook


# Seconds between two times that traced threads are let go on, where they have to be.
UNBLOCKING = 0.005


class Session:
    """What is debugged in this process, and by whom."""

    def __init__(self, hook: "Hook") -> None:
        self.hook = hook
        # One thread at a time talks to the console; whoever stops meanwhile waits.
        self.turn = threading.RLock()
        self.console: "Link | None" = None
        # Requests under way, by their threads.
        self.requests: "dict[int, Debugger]" = {}
        # Lets traced threads go on, where they need that.
        self.unblock: "Callable[[], None] | None" = unblocking() if sys.version_info < (3, 12) else None
        self.tool = tools.wanted()
        self.streams = sys.stdin, sys.stdout, sys.stderr
        # What is called where code says `breakpoint()`, before anybody debugs.
        self.usual = sys.breakpointhook, pdb.set_trace
        # Frameworks whose signal nobody listens to: they come with the application, which may be imported after the console came.
        self.unheard = ["django.core.signals", "flask.signals"]

    # --- requests ---------------------------------------------------------------------------------------------------

    def wrap(self, application: "Any") -> "Any":
        """The application, with a look at whether somebody debugs."""

        def debugged(environ: "dict[str, Any]", start_response: "Any") -> "Any":
            if self.console is None:
                return application(environ, start_response)
            return Request(self, self.console, environ).run(application, start_response)

        return debugged

    def debugger_here(self) -> "Debugger | None":
        """That of the request which this thread has."""
        return self.requests.get(threading.get_ident())

    def from_framework(self, *_: "Any", **more: "Any") -> None:
        """Django's and Flask's signal: an exception that they are about to turn into a 500."""
        error = more.get("exception") or sys.exc_info()[1]
        debugger = self.debugger_here()
        if debugger is not None and error is not None:
            post_mortem(debugger, error)

    def listen_to_frameworks(self) -> None:
        for name in self.unheard[:]:
            signal = getattr(sys.modules.get(name), "got_request_exception", None)
            if signal is not None:
                signal.connect(self.from_framework, weak=False)
                self.unheard.remove(name)

    def breakpoint_in_code(self, *arguments: "Any", **named: "Any") -> "Any":
        """`breakpoint()` and `pdb.set_trace()`: of a request, a stop; of anything else, what they have always been."""
        debugger = self.debugger_here()
        if self.console is None or debugger is None:
            if self.console is None:
                return self.usual[0](*arguments, **named)
            debugger = Debugger(self, self.console, "outside of a request")
            debugger.reset()
        # What is done here and in pdb must not be traced itself.
        sys.settrace(None)
        frame = sys._getframe(1)
        frame.f_trace = debugger.trace_dispatch
        if debugger.botframe is None:
            debugger.botframe = frame
        debugger.set_step()
        sys.settrace(debugger.trace_dispatch)

    # --- the console ------------------------------------------------------------------------------------------------

    def arm(self, link: Link, wanted: protocol.Arm) -> None:
        link.errors = wanted.errors
        # With the texts that their lines have now.
        refused = breakpoints.set_all(link, wanted.breakpoints)
        self.console = link
        sys.breakpointhook = self.breakpoint_in_code
        pdb.set_trace = self.breakpoint_in_code
        self.hook.arm()
        if self.unblock is not None:
            _thread.start_new_thread(self.keep_unblocked, (link, self.unblock))
        link.send(protocol.Armed(breakpoints=link.breakpoints, refused=refused))

    def keep_unblocked(self, link: Link, unblock: "Callable[[], None]") -> None:
        """The server withdraws interruptions with the end of each request, while others are traced."""
        while self.console is link:
            sleep(UNBLOCKING)
            if self.requests:
                unblock()

    def disarm(self, link: Link) -> None:
        link.lost = True
        link.answers.put(protocol.EndOfInput())
        if self.console is link:
            self.console = None
            self.hook.disarm()
            sys.breakpointhook, pdb.set_trace = self.usual
            breakpoints.clear()

    def set_again(self) -> None:
        """Sets breakpoints where their lines are now. A process may have been told of them long before it imports the code."""
        link = self.console
        if link is not None and link.breakpoints:
            refused = breakpoints.set_all(link, link.breakpoints)
            link.send(protocol.Armed(breakpoints=link.breakpoints, refused=refused))

    def interrupt(self, link: Link) -> None:
        current = link.current
        if current is not None:
            current.interrupt_command()
            link.send(protocol.Interrupted(running=True))
            return
        running = [(thread, debugger) for thread, debugger in list(self.requests.items()) if debugger.link is link]
        for thread, debugger in running[:1]:
            debugger.stop_soon(thread)
        link.send(protocol.Interrupted(running=bool(running), generation=self.hook.runtime.generation()))

    def idle(self, link: Link) -> None:
        """A prompt where nothing runs, in the application's module."""
        debugger = Debugger(self, link, "nothing runs")
        debugger.reset()
        scope = {"__name__": "__parity__", "application": application()}
        exec(compile("def here(show):\n    show()\n", layout.ETC + "/idle", "exec"), scope)

        def show() -> None:
            debugger.interaction(sys._getframe(1), None)

        scope["here"](show)
        if debugger.quitting and not link.lost:
            link.send(protocol.Ended())

    def stop_at_startup(self) -> None:
        """A prompt before the application is imported, for breakpoints that are to be there from the beginning."""
        link = self.console
        if link is None:
            return
        debugger = Debugger(self, link, "before the application is imported")
        debugger.reset()

        def startup() -> None:
            debugger.interaction(sys._getframe(), None)

        startup()
        if debugger.quitting and not link.lost:
            link.send(protocol.Ended())

    def serve(self, connection: socket.socket) -> None:
        """One console, as long as it is there."""
        link = Link(connection)
        rest = b""
        try:
            while True:
                # The console sends its terminal along with its first words.
                data, terminals, _, _ = socket.recv_fds(connection, 1 << 16, 1)
                for terminal in terminals:
                    # Programs that the application starts are to have none of it.
                    os.set_inheritable(terminal, False)
                    link.take_terminal(terminal)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self.obey(link, protocol.TO_PROCESS.read(line))
        except Unreadable as error:
            sys.stderr.write("parity: the debugger's console cannot be understood: %s\n" % error)
        except OSError:
            pass
        finally:
            self.disarm(link)
            link.take_terminal(-1)
            connection.close()

    def obey(self, link: Link, message: Message) -> None:
        if isinstance(message, protocol.Arm):
            if self.console not in (None, link):
                link.send(protocol.Busy())
            else:
                self.arm(link, message)
        elif isinstance(message, protocol.Interrupt):
            self.interrupt(link)
        elif isinstance(message, protocol.Idle):
            threading.Thread(target=self.idle, args=(link,), name="parity-debug-idle", daemon=True).start()
        else:
            link.answers.put(message)
