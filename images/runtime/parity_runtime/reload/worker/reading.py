"""What a module's code does with names while it is imported: at its top, in the body of a class, or in a function that may be
called from there.
"""

import re
import sys
from opcode import opmap
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Operations with a name, and how far its number is shifted in their arguments.
LOADS = {"LOAD_NAME": 0, "LOAD_GLOBAL": int(sys.version_info >= (3, 11)), "LOAD_ATTR": int(sys.version_info >= (3, 12))}
LOADS.update(LOAD_METHOD=0, LOAD_SUPER_ATTR=2, LOAD_FROM_DICT_OR_GLOBALS=0)
USED = {opmap[name]: shift for name, shift in LOADS.items() if opmap.get(name, 256) < 256}
IMPORT, FROM, STORE = (opmap[name] for name in ("IMPORT_NAME", "IMPORT_FROM", "STORE_ATTR"))
NAMED = {**USED, IMPORT: 0, FROM: 0, STORE: 0}
# Each is two bytes, the operation and its argument, of which more may come in the two before it. Goes to the next that has a name.
NUMBERS = b"".join(re.escape(bytes([number])) for number in NAMED)
NEXT = re.compile(b"(?:[^%s].)*(?:([%s])(.)|$)" % (NUMBERS, NUMBERS), re.DOTALL)
EXTENDED = opmap["EXTENDED_ARG"]
# What is of no interest between two others.
PADDING = {opmap[name] for name in ("CACHE", "COPY", "PUSH_NULL") if name in opmap}
# What takes two values, and what may put the second one there.
PAIRS = {opmap[name] for name in ("BINARY_SUBSCR", "BINARY_OP", "COMPARE_OP") if name in opmap}
SECOND = {
    number for name, number in opmap.items() if name.startswith(("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST"))
}
LOOKS = (
    "LOAD_ATTR", "LOAD_METHOD", "GET_ITER", "TO_BOOL", "POP_JUMP", "JUMP_IF", "CONTAINS_OP", "CALL", "PRECALL", "DICT_MERGE", "DICT_UPDATE",
    "LIST_EXTEND", "SET_UPDATE", "UNPACK", "UNARY", "FORMAT",
)  # fmt: skip
LOOKING = {number for name, number in opmap.items() if name.startswith(LOOKS)} | PAIRS
# A flag of functions' code.
OPTIMIZED = 1
# Methods that are called when a class is.
MAKING = ("__new__", "__init__", "__init_subclass__")


def names_of(code: CodeType) -> "frozenset[str]":
    """All names in a module's code."""
    found: "set[str]" = set()
    todo = [code]
    while todo:
        code = todo.pop()
        found.update(code.co_names)
        todo.extend(constant for constant in code.co_consts if type(constant) is CodeType)
    return frozenset(found)


class Import:
    """What an import does."""

    def __init__(self, code: CodeType) -> None:
        # Names that it uses, be they its own or attributes, that it imports from others, and that it gives to attributes.
        self.used: "set[str]" = set()
        self.taken: "set[str]" = set()
        self.stored: "set[str]" = set()
        # It takes all that another one has.
        self.star = False
        # Functions that have not been called as far as is known, by the names by which they could be.
        waiting: "dict[str, list[tuple[CodeType, str | None]]]" = {}
        todo: "list[tuple[CodeType, str | None]]" = [(code, None)]
        while todo:
            code, owner = todo.pop()
            self.note(code)
            for constant in code.co_consts:
                if type(constant) is not CodeType:
                    self.star |= constant == ("*",)
                elif not is_function(constant):
                    todo.append((constant, constant.co_name))
                elif owner is None or constant.co_name in MAKING:
                    waiting.setdefault(owner or constant.co_name, []).append((constant, None))
            for name in waiting.keys() & self.used:
                todo.extend(waiting.pop(name))

    def note(self, code: CodeType) -> None:
        operations = code.co_code
        for found in NEXT.finditer(operations):
            if found[1] is None:
                return
            operation, number, at = found[1][0], found[2][0], found.start(1)
            shift = 8
            while at >= 2 and operations[at - 2] == EXTENDED:
                at -= 2
                number |= operations[at + 1] << shift
                shift += 8
            name = code.co_names[number >> NAMED[operation]]
            if operation == IMPORT:
                self.taken.add(name)
                self.taken.update(name.split("."))
            else:
                (self.taken if operation == FROM else self.stored if operation == STORE else self.used).add(name)


def tops(code: CodeType) -> "list[CodeType]":
    """The code of a module without its functions."""
    found = [code]
    for code in found:
        found.extend(constant for constant in code.co_consts if type(constant) is CodeType and not is_function(constant))
    return found


def looks_into(code: CodeType, name: str) -> bool:
    """Does code look into what has this name, and not only pass it on?"""
    if name not in code.co_names:
        return False
    operations, index = code.co_code, code.co_names.index(name)
    for operation, shift in USED.items():
        for low in range(1 << shift):
            number = index << shift | low
            for at in places_of(operations, operation, number):
                if is_looked_into(operations, at + 2):
                    return True
    return False


def places_of(operations: bytes, operation: int, number: int) -> "Iterator[int]":
    at = -1
    while True:
        at = operations.find(bytes((operation, number & 255)), at + 1)
        if at < 0:
            return
        more = operations[at - 1] if at >= 2 and operations[at - 2] == EXTENDED else 0
        if at % 2 == 0 and more == number >> 8 & 255:
            yield at


def is_looked_into(operations: bytes, at: int) -> bool:
    """By what comes next? Or by the one after that, with a constant or another name as its key."""
    following = [operation for operation in operations[at : at + 32 : 2] if operation not in PADDING][:2]
    return bool(following) and (following[0] in LOOKING or following[0] in SECOND and following[-1] in PAIRS)


def is_function(code: CodeType) -> bool:
    """And not the body of a class, or what is run where it is, as comprehensions are."""
    return bool(code.co_flags & OPTIMIZED) and not (code.co_name.startswith("<") and code.co_name != "<lambda>")
