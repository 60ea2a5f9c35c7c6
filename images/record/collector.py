"""Takes what processes record, and passes it on to stdout, line by line. parity on the host reads that.

It ends with its stdin. Several may run: the last one that began gets what new processes send, and none of them anything twice.
"""

import os
import selectors
import socket
import sys

DIRECTORY = "/run/parity/record"
# No record is longer: two bodies of the largest `record-body-limit`, as base64, with room.
LONGEST = 96 << 20
PIECE = 256 * 1024


class Sender:
    """A process that sends."""

    def __init__(self, connection):
        self.connection = connection
        self.begun = bytearray()
        self.skips = False

    def feed(self, piece):
        """The lines that end in this piece. A line that is too long is left out, and one without an end as well."""
        at = piece.rfind(b"\n") + 1
        lines = b""
        if at:
            lines = bytes(self.begun) + piece[:at]
            self.begun.clear()
            if self.skips:
                lines, self.skips = lines[lines.find(b"\n") + 1 :], False
        self.begun += piece[at:]
        if len(self.begun) > LONGEST:
            self.begun.clear()
            self.skips = True
        return lines


def write(data):
    view = memoryview(data)
    while view:
        # It waits while nobody reads, and so do those who send: their queues have an end.
        view = view[os.write(1, view) :]


def main(directory=DIRECTORY):
    os.makedirs(directory, mode=0o700, exist_ok=True)
    address = directory + "/collector.sock"
    # Under another name first: at no moment is there none.
    own = "%s/%d.sock" % (directory, os.getpid())
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(own)
    listener.listen(64)
    os.rename(own, address)
    number = os.stat(address).st_ino
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, None)
    selector.register(0, selectors.EVENT_READ, None)
    write(b'{"collecting": true}\n')
    try:
        while True:
            for key, _ in selector.select():
                if key.fileobj == 0:
                    if not os.read(0, 4096):
                        return
                elif key.fileobj is listener:
                    connection, _ = listener.accept()
                    selector.register(connection, selectors.EVENT_READ, Sender(connection))
                else:
                    piece = receive(key.fileobj)
                    if not piece:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
                        continue
                    lines = key.data.feed(piece)
                    if lines:
                        write(lines)
    except BrokenPipeError:
        return
    finally:
        try:
            # Unless another one has it by now.
            if os.stat(address).st_ino == number:
                os.unlink(address)
        except OSError:
            pass


def receive(connection):
    try:
        return connection.recv(PIECE)
    except OSError:
        return b""


if __name__ == "__main__":
    main(*sys.argv[1:])
