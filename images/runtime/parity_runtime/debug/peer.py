"""A process that serves the application, as the console sees it."""

import os
import socket

from parity_runtime import disk, layout
from parity_runtime.protocol import debug as protocol
from parity_runtime.protocol.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Peer:
    def __init__(self, path: str) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.rest = b""
        self.messages: list[Message] = []
        self.armed = False
        self.generation = 0

    def arm(self, message: protocol.Arm, terminal: int) -> None:
        """The first words to it, and the terminal for a debugger that wants one."""
        socket.send_fds(self.socket, [message.to_text().encode() + b"\n"], [terminal])

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, message: Message) -> None:
        self.socket.sendall(message.to_text().encode() + b"\n")

    def receive(self) -> None:
        """Takes what has come; raises OSError when the process is gone."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise OSError("gone")
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.messages.extend(protocol.TO_CONSOLE.read(line) for line in lines)


class Peers:
    """All of them, also those that come later."""

    def __init__(self) -> None:
        self.known: dict[str, Peer] = {}
        # Ids of those that do not listen yet.
        self.rung: set[str] = set()

    def __iter__(self) -> "Iterator[Peer]":
        return iter(list(self.known.values()))

    def lose(self, peer: Peer) -> None:
        self.known.pop(peer.path, None)
        peer.socket.close()

    def find(self, arm: protocol.Arm) -> None:
        """Connects to those that are new, and rings where nobody listens yet."""
        try:
            names = os.listdir(layout.debug())
        except OSError:
            return
        self.rung.clear()
        for name in names:
            path = layout.debug() + "/" + name
            pid, _, kind = name.partition(".")
            try:
                if kind == "sock" and path not in self.known:
                    peer = Peer(path)
                    peer.arm(arm, 0)
                    self.known[path] = peer
                elif kind == "pipe" and pid + ".sock" not in names:
                    self.rung.add(pid)
                    ring(path)
            except OSError:
                if not os.path.exists("/proc/" + pid):
                    self.rung.discard(pid)
                    disk.remove(path)


def ring(path: str) -> None:
    """Tells a process that somebody comes: it listens then. That fails while it does not wait at its pipe."""
    pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(pipe, protocol.DEBUG.encode() + b"\n")
    finally:
        os.close(pipe)
