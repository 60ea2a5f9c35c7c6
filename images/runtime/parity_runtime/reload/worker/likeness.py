"""What an import has made of a module, in a few bytes, so that two processes can compare it.

A module may take what it needs from objects that the project's code has changed before, of which nobody tells. What it makes
of that shows most often in its names: in constants, in which class or function has a name, in the attributes of its classes.
Where those differ, the module was not the same. They are looked at when the import has ended: what is done with a module later,
as with one that keeps what it has found in a cache, says nothing about its import.
"""

import os

# `hashlib` would load OpenSSL.
from _blake2 import blake2b
from types import FunctionType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Kinds are told by `type`: `isinstance` asks an object that stands for another one, as Django's settings do, for its class.
CONSTANTS = (str, bytes, int, float, complex, bool, type(None), type(...))
SEVERAL = (tuple, list, set, frozenset)
# Of larger ones only how large they are, of what is deeper only what it is.
MOST = 100
DEEPEST = 5


# What the imports of packages' modules have made of them, by name.
known: "dict[str, str]" = {}
# Nobody asks for those that are not imported ahead of time anyway.
avoided: "frozenset[str] | set[str]" = frozenset()


def note(name: str, module: "Any") -> None:
    """A module has been imported. Python's own modules take nothing from others, and some are different with each process, as
    a set's order is."""
    if "-packages/" not in (getattr(module, "__file__", None) or "") or name in avoided:
        return
    try:
        known[name] = of(module)
    except Exception:
        # Like no other: its parts are none that can be looked at.
        known[name] = "in process %d" % os.getpid()


def of(module: "Any") -> str:
    parts: "list[str]" = []
    for name, value in sorted(vars(module).items()):
        if not name.startswith("__") and not issubclass(type(value), ModuleType):
            parts.append("%s=%s" % (name, shape(value)))
            if issubclass(type(value), type) and value.__module__ == module.__name__:
                parts.extend(
                    "%s.%s=%s" % (name, key, shape(inner)) for key, inner in sorted(vars(value).items()) if not key.startswith("__")
                )
    return blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def shape(value: "Any", depth: int = 0) -> str:
    kind = type(value)
    if kind in CONSTANTS:
        return repr(value)
    if kind in SEVERAL or kind is dict:
        if len(value) > MOST or depth == DEEPEST:
            return "%s %d" % (kind.__name__, len(value))
        items = value.items() if kind is dict else value
        shapes = [shape(item, depth + 1) for item in list(items)]
        return kind.__name__ + repr(sorted(shapes) if kind in (set, frozenset) else shapes)
    if issubclass(kind, (type, FunctionType)):
        return "%s.%s" % (value.__module__, value.__qualname__)
    return "a " + kind.__qualname__
