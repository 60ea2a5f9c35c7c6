"""The memory of a process, by the file that it has opened of its own, /proc/self/mem. An address that is none is an error, no crash."""

from __future__ import annotations

import os
from struct import Struct

WORD = Struct("<Q")
PAGE = 4096


class Unreadable(Exception):
    pass


class Memory:
    def __init__(self, file: int) -> None:
        self.file = file

    def read(self, address: int, size: int) -> bytes:
        try:
            data = os.pread(self.file, size, address)
        except (OSError, OverflowError) as error:
            raise Unreadable("0x%x" % address) from error
        if len(data) != size:
            raise Unreadable("0x%x" % address)
        return data

    def word(self, address: int) -> int:
        value: int = WORD.unpack(self.read(address, 8))[0]
        return value


def fields(places: dict[int, str]) -> Struct:
    """Reads these formats at these offsets, in their order, and nothing between."""
    text, at = "<", 0
    for offset, kind in sorted(places.items()):
        if offset < at:
            raise ValueError("fields overlap")
        text += "%dx%s" % (offset - at, kind)
        at = offset + Struct("<" + kind).size
    return Struct(text)
