"""Two servers that listen at one port, in one network namespace: which of them new connections go to.

    takeover keep          to the one that listens, also when another joins it
    takeover take          to the one that has joined it
    takeover ask ADDRESS   passes what it reads on to a server, as soon as that listens there, and back what it answers

Linux gives the connections to sockets of one user with SO_REUSEPORT in turn, unless a filter says which: their order is
the one in which they began to listen. The filter is set through a socket that joins them for a moment.
"""

import ctypes
import os
import socket
import struct
import time

from parity_runtime.layout import PORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The kernel's number, which Python has no name for, and the filter's only instruction.
SO_ATTACH_REUSEPORT_CBPF = 51
RETURN = 0x06
LISTENING = "0A"

# Seconds for the old server to accept what arrived before; it takes a few milliseconds unless all of it is busy.
DRAIN = 1.0
SHORTEST_DRAIN = 0.05
# Seconds that a server gets to close its port when another has taken over; Apache does it at once.
CLOSING = 5.0
# Seconds that a handshake within one machine never takes, and connections that may wait for that long.
HANDSHAKE = 0.01
BACKLOG = 128
# Between two attempts to reach a server that does not listen yet.
PAUSE = 0.01


def listening() -> "Iterator[tuple[socket.AddressFamily, str, int]]":
    """The sockets that listen at the port: their family, address in the kernel's notation, and how many connections nobody
    has accepted yet."""
    for family, name in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        try:
            with open("/proc/net/" + name) as file:
                lines = file.readlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state, queues = line.split()[:5]
            address, port = local.split(":")
            if state == LISTENING and int(port, 16) == PORT:
                yield family, address, int(queues.split(":")[1], 16)


def listeners() -> list[tuple[socket.AddressFamily, int]]:
    """Those that listen at every address."""
    return [(family, waiting) for family, address, waiting in listening() if not address.strip("0")]


def program(value: int) -> "tuple[ctypes.Array[ctypes.c_char], bytes]":
    """A filter that always says the same."""
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", RETURN, 0, 0, value))
    return instruction, struct.pack("HP", 1, ctypes.addressof(instruction))


def prefer(place: int) -> None:
    """New connections go to the socket that was the first (0), the second (1) to listen.

    Those that come while this one listens are given to another when it is closed, but for one whose handshake ends in that
    very moment: so it stays until no handshake that began with it can be under way.
    """
    family = listeners()[0][0]
    with socket.socket(family) as joined:
        joined.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        joined.bind(("", PORT))
        joined.listen(BACKLOG)
        _filter, choose = program(place)
        joined.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, choose)
        time.sleep(HANDSHAKE)


def keep() -> None:
    # A server before it may not have closed its port yet: the place of the next one changes when it does.
    begun = time.monotonic()
    while len(listeners()) > 1 and time.monotonic() < begun + CLOSING:
        time.sleep(PAUSE)
    # Where nobody listens there is nobody to keep.
    if listeners():
        prefer(0)


def take() -> None:
    prefer(1)
    begun = time.monotonic()
    time.sleep(SHORTEST_DRAIN)
    while any(waiting for _, waiting in listeners()) and time.monotonic() < begun + DRAIN:
        time.sleep(PAUSE)


def ask(address: str) -> None:
    question = b""
    while not question.endswith(b"\r\n\r\n"):
        data = os.read(0, 1 << 16)
        if not data:
            return
        question += data
    # Until it listens there, the connection would be the one's that listens at every address.
    wanted = "%08X" % struct.unpack("=I", socket.inet_aton(address))[0]
    while not any(found == wanted for _, found, _ in listening()):
        time.sleep(PAUSE)
    connection = socket.create_connection((address, PORT))
    connection.sendall(question)
    while data := connection.recv(1 << 16):
        os.write(1, data)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["keep"]:
            keep()
        case ["take"]:
            take()
        case ["ask", address]:
            ask(address)
        case _:
            return 2
    return 0
