"""The queue of records, and the thread that sends them to the collector. Whoever puts something in never waits."""

import _thread
import json
import os
import socket
import time
from _queue import SimpleQueue

from .wrapper import complain

# What waits to be sent. The collector is there within moments; beyond this nobody takes what is recorded.
MOST_RECORDS = 2000
MOST_BYTES = 32 << 20
# Seconds between attempts to reach the collector.
PAUSE = 0.1
# A collector that takes nothing for so long is no more.
PATIENCE = 30

# Made once: of itself `json.dumps` makes one for each request.
ENCODE = json.JSONEncoder(check_circular=False, default=str).encode


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

    def put(self, record):
        """Takes a record in, or counts it as lost."""
        weight = record.weight()
        with self.lock:
            if self.waiting >= MOST_RECORDS or self.weight + weight > MOST_BYTES:
                self.lost += 1
                return
            self.waiting += 1
            self.weight += weight
            starts, self.started = not self.started, True
        self.queue.put((record, weight))
        if starts:
            # No thread of `threading`: the application counts those.
            _thread.start_new_thread(self.run, ())

    def run(self):
        while True:
            record, weight = self.queue.get()
            self.send(line_of(record))
            with self.lock:
                self.waiting -= 1
                self.weight -= weight
                lost, self.lost = self.lost, 0
            if lost:
                self.send(json.dumps({"lost": lost, "pid": os.getpid()}).encode() + b"\n")
            del record

    def send(self, line):
        """Returns when the collector has it. While there is none, it waits."""
        if line is None:
            return
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
                # A line that was sent in part is one without an end, which the collector drops.
                self.connection.sendall(line)
                return
            except OSError:
                if self.connection is not None:
                    self.connection.close()
                    self.connection = None
                time.sleep(PAUSE)

    def drain(self, seconds):
        """Waits until all is sent, at most so long: the process is about to end."""
        until = time.monotonic() + seconds
        while self.waiting and time.monotonic() < until:
            time.sleep(0.01)


def line_of(record):
    try:
        return ENCODE(record.message()).encode("ascii") + b"\n"
    except Exception as error:
        complain(error)
        return None
