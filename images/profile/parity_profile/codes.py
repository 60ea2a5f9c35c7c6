"""Code objects of another process, by their addresses: file, name and lines, read once.

One can end, and leave its address to another: whoever keeps them has them checked from time to time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from struct import unpack_from

from . import routes
from .memory import Memory, Unreadable

MOST_FILE = 1_000
MOST_NAME = 300
MOST_TABLE = 1 << 20
# Of a text's state, as `unicodeobject.h` has it: how many bytes a character has, and where they are.
KIND, COMPACT, ASCII = 2, 1 << 5, 1 << 6
ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}


class Code:
    __slots__ = ("begin", "end", "file", "first_line", "is_way", "lines", "name", "number", "stamp", "starts", "table")

    def __init__(self, stamp: bytes, begin: int, end: int, file: str, name: str, first_line: int, table: bytes) -> None:
        self.stamp = stamp
        # Of its bytecode.
        self.begin = begin
        self.end = end
        self.file = file
        self.name = name
        self.first_line = first_line
        self.table = table
        self.is_way = routes.is_way_of(name, file)
        # As whoever counts has it.
        self.number: int | None = None
        self.starts: list[int] = []
        self.lines: list[int] = []

    def line_at(self, instruction: int) -> int:
        """The line of an instruction, by its address."""
        if not self.starts:
            for start, _, line in lines_of(self.table, self.first_line):
                self.starts.append(start)
                self.lines.append(line or self.first_line)
        at = bisect_right(self.starts, instruction - self.begin) - 1
        return self.lines[at] if at >= 0 else self.first_line


class Codes:
    def __init__(self, memory: Memory, offsets: dict[str, int], code_type: int) -> None:
        self.memory = memory
        self.offsets = offsets
        self.code_type = code_type
        self.known: dict[int, Code] = {}
        # All that says which one it is, from its beginning to its bytecode, without what changes as it runs.
        self.size = offsets["code.bytes"]

    def get(self, address: int) -> Code | None:
        """What is at this address, if it is a code object."""
        code = self.known.get(address)
        if code is None:
            try:
                code = self.read(address)
            except (Unreadable, ValueError):
                return None
            self.known[address] = code
        return code

    def read(self, address: int) -> Code:
        offsets = self.offsets
        head = self.memory.read(address, self.size)
        if word(head, offsets["object.type"]) != self.code_type:
            raise ValueError("no code object")
        begin = address + self.size
        # An object of variable size: how many units of two bytes its bytecode has.
        units = word(head, offsets["object.size"])
        if not 0 < units < 1 << 24:
            raise ValueError("no bytecode")
        file = self.text(word(head, offsets["code.file"]), MOST_FILE)
        name = self.text(word(head, offsets["code.qualname"]), MOST_NAME)
        first_line = unpack_from("<i", head, offsets["code.first_line"])[0]
        table = self.bytes_at(word(head, offsets["code.lines"]))
        return Code(self.stamp(head), begin, begin + 2 * units, file, name, max(0, first_line), table)

    def stamp(self, head: bytes) -> bytes:
        parts = [head[at : at + 8] for at in map(self.offsets.__getitem__, ("object.type", "object.size", "code.file", "code.qualname"))]
        lines, first = self.offsets["code.lines"], self.offsets["code.first_line"]
        return b"".join([*parts, head[lines : lines + 8], head[first : first + 4]])

    def check(self) -> bool:
        """Forgets those that are no more what they were. Returns whether there were any."""
        gone = [address for address, code in self.known.items() if not self.is_still(address, code)]
        for address in gone:
            del self.known[address]
        return bool(gone)

    def is_still(self, address: int, code: Code) -> bool:
        try:
            return self.stamp(self.memory.read(address, self.size)) == code.stamp
        except Unreadable:
            return False

    def text(self, address: int, most: int) -> str:
        offsets = self.offsets
        head = self.memory.read(address, offsets["text.data"])
        length = min(word(head, offsets["text.length"]), most)
        state = unpack_from("<I", head, offsets["text.state"])[0]
        kind = state >> KIND & 7
        if not state & COMPACT or kind not in ENCODINGS:
            raise ValueError("no text")
        # One with other than ASCII has the length and the address of its UTF-8 before its characters.
        at = address + offsets["text.data"] + (0 if state & ASCII else 16)
        return self.memory.read(at, length * kind).decode(ENCODINGS[kind], "replace")

    def bytes_at(self, address: int) -> bytes:
        length = self.memory.word(address + self.offsets["bytes.length"])
        if length > MOST_TABLE:
            raise ValueError("no bytes")
        return self.memory.read(address + self.offsets["bytes.data"], length)


def word(data: bytes, at: int) -> int:
    value: int = unpack_from("<Q", data, at)[0]
    return value


def lines_of(table: bytes, line: int) -> Iterator[tuple[int, int, int | None]]:
    """Begin, end, in bytes of bytecode, and line: Python's own table, as `InternalDocs/code_objects.md` of CPython describes it."""
    at, begin = 0, 0
    while at < len(table):
        kind, length = table[at] >> 3 & 15, 2 * ((table[at] & 7) + 1)
        at += 1
        if kind in (13, 14):
            value, at = varint(table, at)
            line += -(value >> 1) if value & 1 else value >> 1
        elif 10 <= kind <= 12:
            line += kind - 10
        # Columns, which are of no interest.
        while at < len(table) and not table[at] & 128:
            at += 1
        yield begin, begin + length, None if kind == 15 else line
        begin += length


def varint(table: bytes, at: int) -> tuple[int, int]:
    """A number in pieces of six bits, and where it ends."""
    value = shift = 0
    while at < len(table):
        piece = table[at]
        at += 1
        value |= (piece & 63) << shift
        shift += 6
        if not piece & 64:
            break
    return value, at
