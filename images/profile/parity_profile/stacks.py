"""The stacks of threads of another process, while they run: nothing is stopped, and nobody waits for the GIL.

Frames of a thread lie one after the other in memory, so most of a stack is read at once. What was read while it changed is noticed: each
frame has a code object and an instruction within it, and the last one is that by which C called Python first.
"""

from __future__ import annotations

from .codes import Code, Codes
from .memory import PAGE, Memory, Unreadable, fields

# Of a frame's owners, from this on, it is one by which C calls Python.
OF_C = 3
# Of what a frame has its code by, bits that are none of its address.
TAG = 7
# Bytes of frames that are read at once, and what a thread's memory for them may have at most.
BLOCK = 16 << 10
MOST_CHUNK = 1 << 26
MOST_FRAMES = 20_000
# How often one is read again that changed meanwhile.
TRIES = 12

# Calls from C that are remembered of a thread.
MOST_BRIDGES = 500

# Code and instruction, the innermost first.
Stack = list[tuple[Code, int]]
# A call of Python by C, whose own frame is on the C stack, a look of its own: the frame that it has called and its code, and the frame
# that had called C and its code.
Bridge = tuple[int, int, int, int]


class Torn(Exception):
    """It changed while it was read."""


class Last:
    """What a thread was seen in the last time."""

    __slots__ = ("block", "bridges", "frame", "stack")

    def __init__(self) -> None:
        self.bridges: dict[int, Bridge] = {}
        self.frame = 0
        self.block = b""
        self.stack: Stack = []

    def place(self) -> tuple[int, int]:
        """Its innermost frame, and the instruction that it is at."""
        return self.frame, self.stack[0][1] if self.stack else 0


class Stacks:
    def __init__(self, memory: Memory, offsets: dict[str, int], codes: Codes) -> None:
        self.memory = memory
        self.codes = codes
        places = [offsets[name] for name in ("thread.frame", "thread.tid", "thread.chunk")]
        if places != sorted(places):
            raise ValueError("another order of a thread's fields")
        self.thread_begin = places[0]
        # Behind the chunk of frames is where the next one goes.
        self.thread = fields({**{place - places[0]: "Q" for place in places}, places[2] + 8 - places[0]: "Q"})
        places = [offsets[name] for name in ("frame.executable", "frame.previous", "frame.instruction", "frame.owner")]
        if places != sorted(places):
            raise ValueError("another order of a frame's fields")
        self.frame = fields({**dict.fromkeys(places[:3], "Q"), places[3]: "B"})
        # Samples that were given up.
        self.torn = 0

    def read(self, state: int, tid: int, last: Last) -> Stack | None:
        """The stack of the thread with this state, `None`: it could not be read."""
        for _ in range(TRIES):
            try:
                return self.read_once(state, tid, last)
            except (Torn, Unreadable):
                pass
        self.torn += 1
        return None

    def read_once(self, state: int, tid: int, last: Last) -> Stack:
        frame, known, chunk, top = self.thread.unpack(self.memory.read(state + self.thread_begin, self.thread.size))
        if known != tid:
            raise Torn
        if not frame:
            return []
        block, low = b"", 0
        if 0 < top - chunk <= MOST_CHUNK:
            low = max(chunk, top - BLOCK)
            block = self.memory.read(low, top - low)
            if frame == last.frame and low <= frame < top and block == last.block:
                return last.stack
        last.stack = self.walk(frame, low, block, last.bridges)
        last.frame, last.block = frame, block
        return last.stack

    def walk(self, frame: int, low: int, block: bytes, bridges: dict[int, Bridge]) -> Stack:
        unpack, size, known = self.frame.unpack_from, self.frame.size, self.codes.known
        other, other_low = b"", 0
        stack: Stack = []
        add = stack.append
        inner = code_of_inner = owner = 0
        end = len(block) - size
        for _ in range(MOST_FRAMES):
            at = frame - low
            if 0 <= at <= end:
                executable, previous, instruction, owner = unpack(block, at)
            else:
                bridge = bridges.get(frame)
                if bridge is not None and bridge[:2] == (inner, code_of_inner) and self.leads_to(bridge, low, block):
                    owner = OF_C
                    if not bridge[2]:
                        break
                    frame = bridge[2]
                    continue
                # On the C stack, of a generator, or further out.
                at = frame - other_low
                if not 0 <= at <= len(other) - size:
                    other_low = frame & -PAGE
                    other = self.memory.read(other_low, frame + size - other_low)
                    at = frame - other_low
                executable, previous, instruction, owner = unpack(other, at)
                if owner >= OF_C:
                    self.add_bridge(bridges, frame, (inner, code_of_inner, previous, self.code_in(previous, low, block)))
            if owner < OF_C:
                inner, code_of_inner = frame, executable
                executable &= ~TAG
                code = known.get(executable) or self.codes.get(executable)
                if code is None or not code.begin <= instruction < code.end:
                    raise Torn
                add((code, instruction))
            if not previous:
                break
            frame = previous
        if owner < OF_C:
            raise Torn
        return stack

    def code_in(self, frame: int, low: int, block: bytes) -> int:
        """What a frame has its code by, where that is in these bytes."""
        at = frame - low
        code: int = self.frame.unpack_from(block, at)[0] if 0 <= at <= len(block) - self.frame.size else 0
        return code

    def leads_to(self, bridge: Bridge, low: int, block: bytes) -> bool:
        """Is what is further out still where it was? It cannot have moved then: frames lie one after the other."""
        return bridge[3] == self.code_in(bridge[2], low, block) and (not bridge[2] or bridge[3] != 0)

    @staticmethod
    def add_bridge(bridges: dict[int, Bridge], frame: int, bridge: Bridge) -> None:
        if len(bridges) >= MOST_BRIDGES:
            bridges.clear()
        if not bridge[2] or bridge[3]:
            bridges[frame] = bridge
