"""Profiles a process from another one beside it, which reads its memory: it needs no GIL, so it sees what runs as well as what waits.

The collector begins it for a process that has sent the file of its own memory. What only that process can say, and so needs its GIL, is
asked for once a second: paths and routes of requests, and which of the recorded ones have ended.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from struct import unpack
from typing import Any

from . import offsets, table
from .calls import Calls
from .codes import Codes
from .kernel import RUNS, WAITS, WANTS_GIL, Kernel
from .ledger import INDEX, Cell, Key, Ledger
from .limits import JITTER
from .memory import Memory, Unreadable, fields
from .priority import ask_for_short_slices
from .stacks import Last, Stacks

# Nanoseconds: between two messages, without a request until it sleeps, between two looks for a route.
FLUSH, GRACE, LEARN = 10**9, 10**9, 5 * 10**7
# How often a route is looked for that a path takes.
MOST_TRIES = 60
# Seconds that the last answer is waited for.
PATIENCE = 1.0
# A request may end and another begin while one is looked at.
TRIES = 4
# Looks at one that runs without the GIL. Each takes some microseconds, as its falling asleep does.
WAKES = 10


class Row:
    """A thread that answers requests."""

    def __init__(self, tid: int) -> None:
        self.tid = tid
        self.last = Last()
        # Where it waited for the GIL at the last sample.
        self.waited_at: tuple[int, int] | None = None
        # What is counted already; where the kernel does not say what it does, at the last sample.
        self.cpu = 0
        self.queued = 0
        self.used = 0


class Line:
    """A connection by which lines of JSON come."""

    def __init__(self, connection: socket.socket, begun: bytes = b"") -> None:
        self.connection = connection
        self.begun = bytearray(begun)

    def take(self) -> list[dict[str, Any]] | None:
        """What has come. `None`: it is at its end."""
        piece = self.connection.recv(1 << 18)
        if not piece:
            return None
        self.begun += piece
        return self.lines()

    def next(self) -> dict[str, Any] | None:
        """The message that comes next, of one side that waits for an answer to each."""
        said: list[dict[str, Any]] | None = self.lines()
        while said is not None and not said:
            said = self.take()
        return said[0] if said else None

    def lines(self) -> list[dict[str, Any]]:
        *lines, rest = bytes(self.begun).split(b"\n")
        self.begun = bytearray(rest)
        return [json.loads(line) for line in lines]

    def send(self, message: dict[str, Any]) -> None:
        self.connection.sendall(json.dumps(message, separators=(",", ":")).encode("ascii", "replace") + b"\n")


class Reader:
    """`hello`: what the process says of itself, see `watched.py`."""

    def __init__(self, hello: dict[str, Any], file: int) -> None:
        self.pid: int = hello["pid"]
        self.interval: float = 1e9 / hello["rate"]
        self.table: int = hello["table"]
        self.memory = Memory(file)
        self.offsets = offsets.read(self.memory, hello["runtime"])
        self.codes = Codes(self.memory, self.offsets, hello["code_type"])
        self.stacks = Stacks(self.memory, self.offsets, self.codes)
        self.check(hello)
        interpreter = self.memory.word(hello["state"] + self.offsets["thread.interpreter"])
        self.kernel = Kernel(self.pid, self.memory.word(interpreter + self.offsets["interpreter.gil"]))
        holder, locked, begin = (self.offsets["interpreter." + name] for name in ("gil_holder", "gil_locked", "own_gil"))
        self.gil = fields({0: "Q", locked - holder: "i"})
        self.gil_begin = holder - begin
        self.calls = Calls()
        self.ledger = Ledger()
        # As they were read the last time.
        self.seen: list[tuple[int, ...]] = []
        self.count = 0
        self.rows: dict[int, Row] = {}
        self.cells: dict[Key, Cell] = {}
        self.tries: dict[int, int] = {}
        self.ticks = self.active = self.told = self.requests = 0
        # A label whose route can be found out now.
        self.learnable: int | None = None
        self.number = 12345

    def check(self, hello: dict[str, Any]) -> None:
        """Is the stack of a thread that waits for this what it says that it is?"""
        stack = self.stacks.read(hello["state"], hello["tid"], Last())
        if stack is None:
            raise offsets.Unknown("its stack is not readable")
        seen = [[code.file, code.name, code.first_line, code.line_at(instruction)] for code, instruction in stack]
        if len(seen) <= len(hello["stack"]) or seen[-len(hello["stack"]) :] != hello["stack"]:
            raise offsets.Unknown("its stack is read as %s" % seen[:3])

    def pause(self) -> int:
        """Until the next sample, in nanoseconds: what happens at the same rate is not to be seen always or never."""
        self.number = (self.number * 1103515245 + 12345) % (1 << 31)
        return int(self.interval * (1 + JITTER * (2 * self.number / (1 << 31) - 1)))

    def all_rows(self) -> list[tuple[int, ...]]:
        words: tuple[int, ...] = ()
        while len(words) <= self.count * table.WORDS:
            size = (self.count + 1) * table.BYTES
            words = unpack("<%dQ" % (size // 8), self.memory.read(self.table, size))
            if words[0] <= self.count:
                break
            self.count = min(words[0], table.MOST_ROWS)
        return [words[at : at + table.WORDS] for at in range(table.WORDS, len(words), table.WORDS)]

    def tick(self, elapsed: int) -> bool:
        """Takes a sample of all threads that answer a request. Returns whether there were any."""
        any_active = False
        self.learnable = None
        self.seen = self.all_rows()
        for at, words in enumerate(self.seen, 1):
            if words[table.GENERATION] & 1:
                any_active |= self.sample(at, words, elapsed)
        if any_active:
            self.ticks += 1
            self.active += elapsed
        return any_active

    def sample(self, at: int, words: tuple[int, ...], elapsed: int) -> bool:
        row = self.row(at, words[table.TID])
        for _ in range(TRIES):
            stack = self.stacks.read(words[table.STATE], row.tid, row.last)
            state = self.state(row, words[table.STATE])
            if state != RUNS:
                # It is where it was.
                break
            address = self.table + at * table.BYTES
            if self.memory.word(address + 8 * table.GENERATION) == words[table.GENERATION]:
                break
            words = unpack("<%dQ" % table.WORDS, self.memory.read(address, table.BYTES))
            if not words[table.GENERATION] & 1:
                # Another sample would have found it idle as well.
                return False
        if stack is None:
            return True
        row.waited_at = row.last.place() if state == WANTS_GIL else None
        node, tells = self.calls.leaf(stack)
        label = words[table.LABEL]
        if tells and label not in self.ledger.routes and self.tries.get(label, 0) < MOST_TRIES:
            self.learnable = label
        if state is None:
            state = self.guess(row, words, elapsed)
        key = (at, words[table.GENERATION], label, words[table.NUMBER], node)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = [0, 0, 0, 0]
        cell[0] += 1
        cell[INDEX[state]] += elapsed
        return True

    def state(self, row: Row, thread: int) -> int | None:
        """Whether it runs. One that waits for the GIL wakes every few milliseconds to ask for it, and sleeps again at once, or when there
        is a CPU for it. One that runs without it does not go on to do that at the same place."""
        state = self.kernel.state(row.tid)
        for _ in range(WAKES):
            if state != RUNS or self.has_gil(thread):
                return state
            if row.waited_at == row.last.place():
                return WANTS_GIL
            state = self.kernel.state(row.tid)
        return state

    def has_gil(self, thread: int) -> bool:
        holder, locked = self.gil.unpack(self.memory.read(self.kernel.gil + self.gil_begin, self.gil.size))
        return bool(locked) and holder == thread

    def row(self, at: int, tid: int) -> Row:
        row = self.rows.get(at)
        if row is None or row.tid != tid:
            if row is not None:
                self.kernel.forget(row.tid)
            row = self.rows[at] = Row(tid)
            times = self.kernel.times(tid)
            row.queued = times[1] if times else 0
        return row

    def guess(self, row: Row, words: tuple[int, ...], elapsed: int) -> int:
        """Its state where the kernel does not say it: one that runs has the GIL, or uses CPU time."""
        before, row.used = row.used, self.cpu_of(row, words)
        return RUNS if self.has_gil(words[table.STATE]) or row.used - before > elapsed // 4 else WAITS

    def cpu_of(self, row: Row, words: tuple[int, ...]) -> int:
        """CPU time of the requests of a thread until now."""
        times = self.kernel.times(row.tid)
        begun = max(0, times[0] - words[table.BEGAN]) if times and words[table.GENERATION] & 1 else 0
        return words[table.CPU] + begun

    def settle(self, is_last: bool) -> None:
        """Adds up what was seen since the last time."""
        self.ledger.window()
        self.requests = cpu = queued = 0
        under_way = set()
        try:
            self.seen = self.all_rows()
        except Unreadable:
            # The process is no more. What it was seen in counts.
            pass
        for at, words in enumerate(self.seen, 1):
            self.requests += words[table.GENERATION] >> 1
            if words[table.GENERATION] & 1 and not is_last:
                under_way.add((at, words[table.GENERATION]))
            row = self.row(at, words[table.TID])
            total = self.cpu_of(row, words)
            cpu += max(0, total - row.cpu)
            row.cpu = max(total, row.cpu)
            times = self.kernel.times(row.tid)
            if times:
                queued += max(0, times[1] - row.queued)
                row.queued = times[1]
        cells, self.cells = self.cells, {}
        self.ledger.settle(cells, cpu, queued, under_way)
        if is_last:
            self.ledger.window()

    def learn(self, said: dict[str, Any]) -> None:
        """Takes in what the process says of its requests."""
        self.ledger.paths.update((number, str(path)) for number, path in said.get("paths", ()))
        self.ledger.routes.update((number, str(route)) for number, route in said.get("routes", ()))

    def message(self, ended: list[list[Any]], is_last: bool = False) -> dict[str, Any]:
        """What has come since the last message, in which `ended` is what the process has said of recorded requests before."""
        self.settle(is_last)
        if self.codes.check():
            self.calls.forget()
        codes, nodes = self.calls.news()
        routes, counts = self.ledger.news()
        message = {
            "pid": self.pid,
            "codes": codes,
            "nodes": nodes,
            "routes": routes,
            "counts": counts,
            "ended": ended,
            "ticks": self.ticks,
            "active": self.active // 1000,
            "requests": self.requests - self.told,
            "cut": self.calls.cut,
        }
        self.told = self.requests
        self.ticks = self.active = self.calls.cut = 0
        return message


class Beside:
    """A reader with its two lines: to the process that it reads, and to the collector."""

    def __init__(self, reader: Reader, process: Line, collector: socket.socket) -> None:
        self.reader = reader
        self.process = process
        self.collector = Line(collector)
        # Has the process been asked, and is it to wake this up?
        self.asked = False
        self.sleeps = False
        self.ended: list[list[Any]] = []

    def run(self) -> None:
        """Until the collector wants no more, or the process has ended."""
        now = time.perf_counter_ns
        try:
            last = used = flushed = learned = now()
            due = last + self.reader.pause()
            while self.wait(None if self.sleeps else max(0.0, (due - now()) / 1e9)):
                moment = now()
                if self.sleeps:
                    last = used = flushed = due = moment
                    continue
                if moment < due:
                    continue
                if self.reader.tick(moment - last):
                    used = moment
                last = moment
                due = moment + self.reader.pause()
                if self.reader.learnable is not None and moment - learned > LEARN:
                    learned = moment
                    self.look_for(self.reader.learnable)
                if not self.asked and (moment - flushed > FLUSH or moment - used > GRACE):
                    flushed = moment
                    self.ask({"sleeps": True} if moment - used > GRACE else {})
        except (Unreadable, OSError):
            # The process is no more.
            pass
        self.end()

    def look_for(self, label: int) -> None:
        tries = self.reader.tries
        tries[label] = tries.get(label, 0) + 1
        self.process.send({"look": True})

    def ask(self, more: dict[str, Any]) -> None:
        self.asked = True
        self.process.send({"news": True, **more})

    def wait(self, seconds: float | None) -> bool:
        """For the next sample, or something that comes. Returns whether it is to go on."""
        readable, _, _ = select.select([self.process.connection, self.collector.connection], [], [], seconds)
        if self.collector.connection in readable:
            # It says nothing; its end is all that comes.
            return False
        return self.process.connection not in readable or self.hear()

    def hear(self) -> bool:
        said = self.process.take()
        if said is None:
            return False
        for message in said:
            self.reader.learn(message)
            self.ended += message.get("ended", ())
            if "wakes" in message:
                self.sleeps = False
            if "news" in message:
                self.asked = False
                self.sleeps = message.get("sleeps", False)
                self.tell()
        return True

    def tell(self, is_last: bool = False) -> None:
        ended, self.ended = self.ended, []
        self.collector.send(self.reader.message(ended, is_last))

    def end(self) -> None:
        try:
            until = time.monotonic() + PATIENCE
            if not self.asked:
                self.ask({})
            while self.asked and time.monotonic() < until:
                readable, _, _ = select.select([self.process.connection], [], [], 0.05)
                if readable and not self.hear():
                    break
        except OSError:
            # It has ended.
            pass
        try:
            self.tell(is_last=True)
        except OSError:
            # The collector has as well.
            pass


def main(connection: socket.socket, begun: bytes, file: int, collector: socket.socket) -> None:
    """Reads the process that has said `begun`, and sent the file of its memory."""
    process = Line(connection, begun)
    hello = process.next()
    # It may have to let this one in.
    process.send({"reader": os.getpid()})
    if hello is None or process.next() is None:
        return
    try:
        reader = Reader(hello, file)
    except (offsets.Unknown, Unreadable, ValueError, KeyError) as error:
        process.send({"fails": "%s" % error})
        return
    process.send({"reads": True})
    if process.next() is None:
        return
    ask_for_short_slices()
    states = reader.kernel.state(hello["tid"]) is not None
    line = Line(collector)
    line.send({"pid": hello["pid"], "begun": time.time(), "python": hello["python"], "switch": hello["switch"], "states": states})
    Beside(reader, process, collector).run()
