"""The terminal's half of the debugger: prompts, history, completion and keys; `session.py` has the other half.

It runs with the user's terminal, connects to every process that serves the application, also to those that come later,
and arms them. One process at a time has the prompt. Ctrl-C stops what runs, Ctrl-D where nothing is stopped ends it. So does
Ctrl-C twice, which parity itself sees to.
"""

import os
import readline
import select
import sys
import termios
import threading
import time

from parity_runtime import layout
from parity_runtime.debug.keys import Keys
from parity_runtime.debug.peer import Peer, Peers
from parity_runtime.protocol import debug as protocol
from parity_runtime.protocol.message import Message, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Between two looks for new processes, in seconds; for the first one, somebody waits.
LOOK = 0.1
EAGER_LOOK = 0.005
# Characters of an answer's body.
SHOWN = 600
# Ctrl-D.
END_OF_INPUT = b"\x04"
READY = "waiting for an exception or a breakpoint: Ctrl-C stops what runs; Ctrl-D, or Ctrl-C twice, %s\n"


class End(Exception):
    """The console ends, with this exit code."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class Console:
    def __init__(self, settings: protocol.Settings) -> None:
        self.settings = settings
        self.wanted = settings.breakpoints
        self.request = settings.request
        # Of the terminal, before anybody changes them.
        self.modes = termios.tcgetattr(0)
        self.keys = Keys()
        self.peers = Peers()
        # Somebody looks for new ones.
        self.finding = threading.Lock()
        # A process is stopped, and its prompt takes all attention.
        self.attending = threading.Event()
        # What has been said and is not said again.
        self.told: set[str] = set()
        # Answers to the request that was asked for, to be shown when no prompt is in the way.
        self.answers: list[str] = []
        # Processes that were asked whether they run something to stop, and have not answered.
        self.questions: set[Peer] = set()

    # --- processes --------------------------------------------------------------------------------------------------

    def find(self) -> None:
        with self.finding:
            self.peers.find(protocol.Arm(breakpoints=self.wanted, errors=self.settings.errors))

    def find_meanwhile(self) -> None:
        """Processes that come wait until they are found. What is saved while another one is stopped would wait with them."""
        while self.attending.wait():
            self.find()
            time.sleep(LOOK)

    def lose(self, peer: Peer) -> None:
        self.peers.lose(peer)
        self.questions.discard(peer)

    def tell_when_ready(self) -> None:
        """Once, when whatever comes next can be stopped."""
        if self.peers.known and not self.peers.rung and all(peer.armed for peer in self.peers) and READY not in self.told:
            self.told.add(READY)
            say(READY % ("leaves the server to itself" if self.settings.attach else "ends"))

    # --- what they say ----------------------------------------------------------------------------------------------

    def note(self, peer: Peer, message: Message) -> None:
        """What a process says while it is not stopped."""
        match message:
            case protocol.Armed():
                self.note_armed(peer, message)
            case protocol.Interrupted(running=True):
                self.questions.clear()
            case protocol.Interrupted() if peer in self.questions:
                self.questions.discard(peer)
                peer.generation = message.generation
                if not self.questions:
                    self.prompt_where_nothing_runs()
            case protocol.Ended():
                raise End
            case protocol.Busy():
                raise End(protocol.BUSY)

    def note_armed(self, peer: Peer, message: protocol.Armed) -> None:
        if not any(one.armed for one in self.peers):
            mark()
        peer.armed = True
        request, self.request = self.request, None
        if request:
            threading.Thread(target=self.ask, args=(request,), daemon=True).start()
        for why in message.refused:
            if why not in self.told:
                self.told.add(why)
                say("no breakpoint at %s\n" % why)
        # With the texts of their lines, by which they are found again in changed code.
        if message.breakpoints and not message.refused:
            self.wanted = message.breakpoints
        self.tell_when_ready()

    def ask(self, request: "dict[str, Any]") -> None:
        """Makes the request that was asked for, as a browser on this machine would, or one that was recorded, as it was."""
        import base64
        import http.client

        method, path, data, headers = request["method"], request["path"], request["data"], request.get("headers")
        if headers is not None:
            # What was recorded may have secrets behind its path.
            shown_path = path.partition("?")[0]
            body = base64.b64decode(data or "")
        else:
            shown_path = path
            body = (data or "").encode()
            kind = "application/json" if body[:1] in (b"{", b"[") else "application/x-www-form-urlencoded"
            headers = [] if data is None else [("Content-Type", kind)]
        try:
            connection = http.client.HTTPConnection("127.0.0.1", layout.PORT)
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in [("Host", "localhost"), *headers]:
                connection.putheader(name, value.encode("utf-8"))
            if data is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            shown = text if len(text) <= SHOWN else text[:SHOWN] + "\n... %d characters more" % (len(text) - SHOWN)
            self.answers.append("# %s %s -> %d %s\n%s\n" % (method, shown_path, answer.status, answer.reason, shown.rstrip()))
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.answers.append("# %s %s -> no answer: %s\n" % (method, shown_path, error))

    # --- prompts ----------------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Ctrl-C where nothing is stopped."""
        say("\n")
        self.questions.clear()
        self.questions.update(self.peers)
        for peer in list(self.questions):
            try:
                peer.send(protocol.Interrupt())
            except OSError:
                self.lose(peer)

    def prompt_where_nothing_runs(self) -> None:
        """In the process that serves what was saved last."""
        newest = max(self.peers, key=lambda peer: peer.generation)
        try:
            newest.send(protocol.Idle())
        except OSError:
            self.lose(newest)

    def ask_user(self, prompt: str) -> Message:
        """A line of the user's, or another end of the prompt."""
        try:
            return protocol.Line(text=self.keys.ask(prompt))
        except EOFError:
            return protocol.EndOfInput()
        except KeyboardInterrupt:
            say("\n")
            return protocol.Cancel()

    def next(self, peer: Peer) -> Message:
        """The next thing that a stopped process says. Ctrl-C meanwhile is for what it does."""
        while not peer.messages:
            if self.keys.was_pressed():
                say("\n")
                peer.send(protocol.Interrupt())
            if select.select([peer], [], [], LOOK)[0]:
                peer.receive()
        return peer.messages.pop(0)

    def completions(self, peer: Peer, text: str) -> list[str]:
        self.keys.prompting = False
        try:
            peer.send(protocol.Complete(text=text, before=readline.get_line_buffer()[: readline.get_endidx()]))
            answer = self.next(peer)
            while not isinstance(answer, protocol.Completions):
                answer = self.next(peer)
            return answer.found
        finally:
            self.keys.prompting = True

    def stopped(self, peer: Peer, what: str) -> None:
        """One stop, from its prompt until the process goes on."""
        say("\n# stopped: %s\n" % what if what else "\n")
        found: list[str] = []

        def completer(text: str, state: int) -> str | None:
            if state == 0:
                found[:] = self.completions(peer, text)
            return found[state] if state < len(found) else None

        readline.set_completer(completer)
        try:
            while True:
                message = self.next(peer)
                match message:
                    case protocol.Output():
                        say(message.text)
                    case protocol.Prompt():
                        peer.send(self.ask_user(message.text))
                    case protocol.Resumed():
                        return self.pass_on(peer, message.breakpoints)
                    case _:
                        self.note(peer, message)
        finally:
            readline.set_completer(None)

    def pass_on(self, peer: Peer, breakpoints: "list[dict[str, Any]]") -> None:
        """Breakpoints that were set at a prompt hold in every process."""
        if breakpoints != self.wanted:
            self.wanted = breakpoints
            for other in self.peers:
                if other is not peer:
                    try:
                        other.send(protocol.Arm(breakpoints=self.wanted, errors=self.settings.errors))
                    except OSError:
                        # It has ended, which is not to be taken for the end of this one.
                        self.lose(other)

    def lend(self, peer: Peer, what: str) -> None:
        """Stays away from the terminal while a debugger of its own has it."""
        say("# stopped: %s\n" % what)
        self.keys.ignore()
        try:
            while not isinstance(self.next(peer), protocol.Resumed):
                pass
        finally:
            self.keys.listen_again()
            # It may have left it in a mode of its own.
            os.set_blocking(0, True)
            termios.tcsetattr(0, termios.TCSADRAIN, self.modes)

    def attend(self, peer: Peer, message: protocol.Stopped) -> None:
        self.attending.set()
        try:
            (self.lend if message.terminal else self.stopped)(peer, message.what)
        finally:
            self.attending.clear()

    # --- the loop ---------------------------------------------------------------------------------------------------

    def look(self) -> None:
        self.find()
        self.tell_when_ready()
        if self.keys.was_pressed():
            self.interrupt()
        while self.answers:
            say(self.answers.pop(0))
        patience = LOOK if self.peers.known and not self.peers.rung else EAGER_LOOK
        ready, _, _ = select.select([0, *self.peers], [], [], patience)
        for one in ready:
            if isinstance(one, Peer):
                self.hear(one)
            elif is_at_end():
                raise End

    def hear(self, peer: Peer) -> None:
        try:
            peer.receive()
            while peer.messages:
                message = peer.messages.pop(0)
                if isinstance(message, protocol.Stopped):
                    self.attend(peer, message)
                else:
                    self.note(peer, message)
        except OSError:
            self.lose(peer)
        except Unreadable as error:
            say("# process %s cannot be understood: %s\n" % (os.path.basename(peer.path).partition(".")[0], error))
            self.lose(peer)

    def run(self) -> int:
        readline.parse_and_bind("tab: complete")
        readline.set_completer_delims(" \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?")
        self.keys.listen()
        threading.Thread(target=self.find_meanwhile, daemon=True).start()
        try:
            while True:
                self.look()
        except End as end:
            return end.code


def is_at_end() -> bool:
    """Has the user ended the input, where nothing is stopped? Ctrl-D is a character like any other if it came while readline still had
    the terminal."""
    try:
        typed = os.read(0, 4096)
        return not typed or END_OF_INPUT in typed
    except OSError:
        return True


def mark() -> None:
    """Processes that come from now on wait until they are found."""
    new = "%s.%d" % (layout.console(), os.getpid())
    with open(new, "w") as file:
        file.write("%d" % os.getpid())
    os.rename(new, layout.console())


def main(arguments: list[str]) -> int:
    return Console(protocol.Settings.from_text(arguments[0])).run()
