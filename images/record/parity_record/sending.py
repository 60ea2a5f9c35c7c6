"""The queue of records, and the thread that sends them to the collector. Whoever puts something in never waits."""

import _thread
import os
import socket
import time
from _queue import Empty, SimpleQueue

from .wrapper import complain, framed

# What waits to be sent. The collector is there within moments; beyond this nobody takes what is recorded.
MOST_RECORDS = 2000
MOST_BYTES = 32 << 20
# Seconds that records are collected, to be sent at once: each time that this thread runs, those of requests wait for Python's lock.
MOMENT = 0.05
# Bytes that are sent at once.
AT_ONCE = 1 << 20
# Seconds between attempts to reach the collector.
PAUSE = 0.1
# A collector that takes nothing for so long is no more.
PATIENCE = 30


class Sender:
    def __init__(self, address):
        self.address = address
        self.queue = SimpleQueue()
        self.lock = _thread.allocate_lock()
        self.waiting = 0
        self.weight = 0
        self.lost = 0
        self.started = False
        self.connection = None
        self.ending = False

    def put(self, record):
        """Takes a record in, or counts it as lost."""
        # Made here, in the request's thread, so that the thread that sends has nothing to do but wait.
        frame = frame_of(record)
        if frame is None:
            return
        with self.lock:
            if self.waiting >= MOST_RECORDS or self.weight + len(frame) > MOST_BYTES:
                self.lost += 1
                return
            self.waiting += 1
            self.weight += len(frame)
            starts, self.started = not self.started, True
        self.queue.put(frame)
        if starts:
            # No thread of `threading`: the application counts those.
            _thread.start_new_thread(self.run, ())

    def run(self):
        while True:
            frames = [self.queue.get()]
            if not self.ending:
                time.sleep(MOMENT)
            weight = len(frames[0])
            try:
                while weight < AT_ONCE:
                    frame = self.queue.get_nowait()
                    frames.append(frame)
                    weight += len(frame)
            except Empty:
                pass
            unsent = self.try_to_send(frames)
            with self.lock:
                self.waiting -= len(frames)
                self.weight -= weight
                self.lost += unsent
                lost = self.lost
            # Those that came to grief are told with the next that do not.
            if lost and not unsent and not self.try_to_send([framed({"lost": lost, "pid": os.getpid()})]):
                with self.lock:
                    self.lost -= lost

    def try_to_send(self, frames):
        """Returns how many of them are lost: all, where something is wrong with this process, as when it is out of memory."""
        try:
            self.send(frames)
            return 0
        except Exception as error:
            complain(error)
            self.disconnect()
            return len(frames)

    def send(self, frames):
        """Returns when the collector has them. While there is none, it waits."""
        data, at = memoryview(b"".join(frames)), 0
        while True:
            try:
                if self.connection is None:
                    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    connection.settimeout(PATIENCE)
                    try:
                        connection.connect(self.address)
                    except BaseException:
                        connection.close()
                        raise
                    self.connection = connection
                while at < len(data):
                    at += self.connection.send(data[at:])
                return
            except OSError:
                self.disconnect()
                # The collector drops a frame that has no end, and gets it again.
                at = beginning(frames, at)
                time.sleep(PAUSE)

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def drain(self, seconds):
        """Waits until all is sent, at most so long: the process is about to end."""
        self.ending = True
        until = time.monotonic() + seconds
        sent = self.waiting > 0
        while self.waiting and time.monotonic() < until:
            time.sleep(0.01)
        if sent:
            # The collector may not have passed it on, and ends with the container.
            time.sleep(MOMENT)


def frame_of(record):
    try:
        return record.frame()
    except Exception as error:
        complain(error)
        return None


def beginning(frames, at):
    """Where the frame begins that this byte is in."""
    begins = 0
    for frame in frames:
        if begins + len(frame) > at:
            break
        begins += len(frame)
    return begins
