"""Where CPython has what: it says so itself, from 3.13 on, at the beginning of `_PyRuntime` (`_Py_DebugOffsets` in `pycore_runtime.h`)."""

from __future__ import annotations

from struct import unpack_from

from .memory import Memory, Unreadable

COOKIE = b"xdebugpy"
# The words that follow the version, in their order. Another version has others.
BEGIN = """
    free_threaded runtime.size runtime.finalizing runtime.interpreters
    interpreter.size interpreter.id interpreter.next interpreter.threads"""
GIL = """
    interpreter.gc interpreter.modules interpreter.sysdict interpreter.builtins interpreter.gil interpreter.own_gil
    interpreter.gil_enabled interpreter.gil_locked interpreter.gil_holder"""
FRAME = """
    thread.size thread.prev thread.next thread.interpreter thread.frame thread.ident thread.tid thread.chunk thread.status
    frame.size frame.previous frame.executable frame.instruction frame.locals frame.owner"""
CODE = """
    code.size code.file code.name code.qualname code.lines code.first_line code.arguments code.local_names code.local_kinds code.bytes"""
LIST = """
    object.size object.type type.size type.name type.repr type.flags tuple.size tuple.items tuple.length list.size list.items list.length"""
END = """
    dict.size dict.keys dict.values float.size float.value long.size long.tag long.digits bytes.size bytes.length bytes.data
    text.size text.state text.length text.data"""
# By the first two bytes of the version.
ORDERS = {
    0x030D: BEGIN + GIL + FRAME + CODE + LIST + END,
    0x030E: f"{BEGIN} interpreter.main_thread {GIL} interpreter.codes interpreter.thread_codes {FRAME} frame.stack frame.thread_code {CODE}"
    f" code.thread_codes {LIST} set.size set.used set.table set.mask {END}",
}
# What is so large is none of these structures' offsets.
MOST = 1 << 24


class Unknown(Exception):
    """This is not a CPython that anything is known of."""


def read(memory: Memory, runtime: int) -> dict[str, int]:
    """The offsets by their names, `frame.previous`."""
    try:
        head = memory.read(runtime, 16)
        version = unpack_from("<Q", head, 8)[0]
        names = ORDERS.get(version >> 16, "").split()
        if head[:8] != COOKIE or not names:
            raise Unknown("no offsets are known of Python %x" % version)
        words = unpack_from("<%dQ" % len(names), memory.read(runtime + 16, 8 * len(names)))
    except Unreadable as error:
        raise Unknown("_PyRuntime is not readable") from error
    found = dict(zip(names, words, strict=True))
    if found["free_threaded"] or max(words) > MOST:
        raise Unknown("these offsets are none")
    return found
