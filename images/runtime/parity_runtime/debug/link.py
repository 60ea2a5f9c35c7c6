"""The console, as the files that pdb reads and writes: a line of JSON for each message (`protocol/debug.py`)."""

import os
import queue
import threading

from parity_runtime.protocol import debug as protocol
from parity_runtime.protocol.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from parity_runtime.debug.prompt import Debugger


class Link:
    encoding = "utf-8"

    def __init__(self, connection: "socket.socket") -> None:
        self.connection = connection
        self.sending = threading.Lock()
        self.answers: "queue.Queue[Message]" = queue.Queue()
        self.pending = ""
        # Stop where an exception is raised?
        self.errors = True
        self.lost = False
        # Whoever has a prompt at the moment.
        self.current: "Debugger | None" = None
        # The terminal itself, for debuggers that want one.
        self.terminal = -1
        # As the console is told of them, and those that have no line at the moment.
        self.breakpoints: "list[dict[str, Any]]" = []
        self.homeless: "list[dict[str, Any]]" = []

    def take_terminal(self, terminal: int) -> None:
        """Instead of the one that it had, which is closed; -1: none."""
        before, self.terminal = self.terminal, terminal
        if before >= 0:
            os.close(before)

    def send(self, message: Message) -> None:
        try:
            with self.sending:
                self.connection.sendall(message.to_text().encode() + b"\n")
        except OSError:
            self.lost = True

    def write(self, text: str) -> int:
        self.pending += text
        # What pdb says before its prompt belongs to the stop, which is announced first.
        if "\n" in text and self.current is not None:
            # A command of the user's may take long and print on its way.
            self.flush()
        return len(text)

    def flush(self) -> None:
        done, newline, rest = self.pending.rpartition("\n")
        if newline:
            self.send(protocol.Output(text=done + newline))
            self.pending = rest

    def flush_all(self) -> None:
        self.flush()
        if self.pending:
            self.send(protocol.Output(text=self.pending))
            self.pending = ""

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        """The next line of the user's; none when the console is gone or the user is done."""
        self.flush()
        prompt, self.pending = self.pending, ""
        if self.current is not None:
            # What was to be interrupted is over.
            self.current.interrupting = False
        self.send(protocol.Prompt(text=prompt))
        while True:
            answer = protocol.EndOfInput() if self.lost else self.answers.get()
            if isinstance(answer, protocol.Complete):
                found = self.current.completions_of(answer.text, answer.before) if self.current else []
                self.send(protocol.Completions(found=found))
            elif isinstance(answer, protocol.Line):
                return answer.text + "\n"
            elif isinstance(answer, protocol.Cancel):
                raise KeyboardInterrupt
            elif isinstance(answer, protocol.EndOfInput):
                return ""
