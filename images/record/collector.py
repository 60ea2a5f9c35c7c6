"""Takes what processes record, and passes it on to stdout, frame by frame. parity on the host reads that.

A frame is four bytes with the number of those that follow, and a message in the form of `marshal`, which is not looked into here. It ends with its stdin. Several may run: the last one that began gets what new processes send, and none of them anything twice.
"""

import marshal
import os
import selectors
import socket
import sys
import time

DIRECTORY = "/run/parity/record"
# No message is longer: two bodies of the largest `record-body-limit`, with room.
LONGEST = 72 << 20
PIECE = 1 << 20
# Seconds in which frames are collected after the first one: an engine's work for each piece of output is that of several requests.
MOMENT = 0.05
# It gives way to the processes that serve. They have room for what it takes later.
NICENESS = 10


class Sender:
    """A process that sends."""

    def __init__(self, connection):
        self.connection = connection
        self.begun = bytearray()

    def feed(self, piece):
        """The complete frames so far. Raises `ValueError` if a frame is too long."""
        self.begun += piece
        at = 0
        while (end := at + 4) <= len(self.begun):
            length = int.from_bytes(self.begun[at:end], "little")
            if length > LONGEST:
                raise ValueError(length)
            if end + length > len(self.begun):
                break
            at = end + length
        frames = bytes(self.begun[:at])
        del self.begun[:at]
        return frames


def write(data):
    view = memoryview(data)
    while view:
        # It waits while nobody reads, and so do those who send: their queues have an end.
        view = view[os.write(1, view) :]


def main(directory=DIRECTORY):
    os.nice(NICENESS)
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
    hello = marshal.dumps({"collecting": True}, 2)
    write(len(hello).to_bytes(4, "little") + hello)
    try:
        ended = False
        while not ended:
            frames = []
            for key, _ in selector.select():
                if key.fileobj == 0:
                    ended = not os.read(0, 4096)
                elif key.fileobj is listener:
                    connection, _ = listener.accept()
                    selector.register(connection, selectors.EVENT_READ, Sender(connection))
                elif not (piece := receive(key.fileobj)) or (found := frames_of(key.data, piece)) is None:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                else:
                    frames.append(found)
            if frames:
                write(b"".join(frames))
                if not ended:
                    time.sleep(MOMENT)
    except BrokenPipeError:
        pass
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


def frames_of(sender, piece):
    try:
        return sender.feed(piece)
    except ValueError:
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])
