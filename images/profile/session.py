"""Has the processes of a server profiled, or measured by coverage.py, and passes on to stdout what they say, line by line. parity on the
host reads that.

    session.py WORD SETTINGS SECONDS      what they are called by and told, and how long their last lines are waited for

A process that sends the file of its own memory with its first words is read by one of this program's own (`parity_profile/reader.py`).

It comes to them by the debugger's way in, a named pipe for each, also to those that start later. It ends with its stdin: then
the processes are told to end, and their last lines are waited for.
"""

import glob
import os
import selectors
import signal
import socket
import sys
import time

DIRECTORY = os.path.dirname(os.path.abspath(__file__))
ADDRESS = DIRECTORY + "/collector.sock"
PIPES = "/run/parity/debug/*.pipe"
# Bytes of a line, and of what is read at once.
LONGEST = 16 << 20
PIECE = 256 * 1024
# Seconds between two looks for new processes.
STEP = 0.25


class Sender:
    """A process that has come."""

    def __init__(self, connection):
        self.connection = connection
        self.begun = bytearray()

    def feed(self, piece):
        """The lines that end in this piece. `None`: it says too much without an end."""
        at = piece.rfind(b"\n") + 1
        lines = b""
        if at:
            lines = bytes(self.begun) + piece[:at]
            self.begun.clear()
        self.begun += piece[at:]
        return lines if len(self.begun) <= LONGEST else None


def write(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


class Session:
    def __init__(self, word, settings, ending):
        self.word = word.encode() + b"\n"
        self.settings = settings.encode() + b"\n"
        self.ending = ending
        self.called = set()
        self.senders = {}
        self.selector = selectors.DefaultSelector()
        address = ADDRESS
        own = "%s/%d.sock" % (DIRECTORY, os.getpid())
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(own)
        self.listener.listen(64)
        os.rename(own, address)
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(0, selectors.EVENT_READ)

    def call(self):
        """Calls the processes that do not know of it yet."""
        for pipe in glob.glob(PIPES):
            pid = os.path.basename(pipe).partition(".")[0]
            if pid in self.called or not os.path.exists("/proc/" + pid):
                continue
            try:
                words = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                # It does not wait there at the moment.
                continue
            os.write(words, self.word)
            os.close(words)
            self.called.add(pid)
            write(b'{"called":%d}\n' % int(pid))

    def step(self, seconds):
        """Waits for something. Returns whether it is to go on."""
        for key, _ in self.selector.select(seconds):
            if key.fileobj == 0:
                if not os.read(0, 4096):
                    self.selector.unregister(0)
                    return False
            elif key.fileobj is self.listener:
                connection, _ = self.listener.accept()
                try:
                    connection.sendall(self.settings)
                except OSError:
                    connection.close()
                    continue
                self.senders[connection] = Sender(connection)
                self.selector.register(connection, selectors.EVENT_READ)
            else:
                self.receive(key.fileobj)
        return True

    def receive(self, connection):
        files = []
        try:
            piece, files, _, _ = socket.recv_fds(connection, PIECE, 1)
        except OSError:
            piece = b""
        if files:
            self.read_beside(connection, piece, files[0])
            return
        lines = self.senders[connection].feed(piece) if piece else None
        if lines is None:
            self.selector.unregister(connection)
            connection.close()
            del self.senders[connection]
        elif lines:
            write(lines)

    def read_beside(self, connection, piece, file):
        """Has a process of its own read that one's memory, and takes its lines instead."""
        ours, readers = socket.socketpair()
        self.selector.unregister(connection)
        del self.senders[connection]
        if os.fork() == 0:
            try:
                # Nothing of this one's is held open, so that each hears when another has ended.
                nothing = os.open("/dev/null", os.O_RDWR)
                os.dup2(nothing, 0)
                os.dup2(nothing, 1)
                for other in (ours, self.listener, *self.senders):
                    other.close()
                self.selector.close()
                sys.path.insert(0, DIRECTORY)
                from parity_profile import reader

                reader.main(connection, piece, file, readers)
            except BaseException as error:
                os.write(2, b"the reader failed: %s: %s\n" % (type(error).__name__.encode(), ascii(error).encode()))
            finally:
                os._exit(0)
        for used in (connection, readers):
            used.close()
        os.close(file)
        self.senders[ours] = Sender(ours)
        self.selector.register(ours, selectors.EVENT_READ)

    def end(self):
        self.selector.unregister(self.listener)
        for connection in self.senders:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                # It has ended already.
                pass
        until = time.monotonic() + self.ending
        while self.senders and time.monotonic() < until:
            self.step(0.05)


def is_busy():
    """Does another one do the same with this server?"""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(ADDRESS)
        return True
    except OSError:
        return False


def main(word, settings, seconds):
    if is_busy():
        write(b'{"collecting":false}\n')
        return
    # Readers are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    session = Session(word, settings, float(seconds))
    write(b'{"collecting":true}\n')
    called = 0.0
    try:
        while True:
            now = time.monotonic()
            if now - called > STEP:
                called = now
                session.call()
            if not session.step(STEP):
                break
        session.end()
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main(*sys.argv[1:])
