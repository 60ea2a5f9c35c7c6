"""Values that modules have in each other: one that is imported may take a value from another module, or put one there.

The project's code may give a module another value, `package.where = elsewhere` or `package.options["x"] = 1`, before another
module is imported that takes it from there. If that one was imported ahead of time, it has taken what was there before. And a
module that gives another one a value while it is imported does so for everybody, also where the project does not import it
any more.

That a value was replaced is found by comparison. Which modules take it, or replace it, is told by their code (`reading.py`).
Nothing is seen of what is deeper: the attributes of classes, and what is inside of objects that are in objects.
"""

import sys
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType

from parity_runtime.reload.worker import reading
from parity_runtime.reload.worker.values import Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# By the name of a module that was imported ahead of time, while that is under way: the code of those that are of packages, and
# the namespace of each with a copy of it as it was right after the import.
codes: "dict[str, CodeType]" = {}
imported: "dict[str, tuple[dict[str, Any], dict[str, Any]]]" = {}

# The names in the code of each.
mentioned: "dict[str, frozenset[str]]" = {}
# When that is done: the namespace of each module, and of those that others mention something of, what that was.
known: "dict[str, dict[str, Any]]" = {}
taken: "dict[str, Values]" = {}
# What others look into at their top: the thing itself, a copy of it, where it is, and who they are.
things: "list[tuple[Any, Any, str, set[str]]]" = []

MISSING = object()
# Of a larger thing nobody makes a copy.
MOST = 1000


def note_code(name: str, code: CodeType) -> None:
    """A module of a package is about to be imported ahead of time."""
    codes[name] = code
    mentioned[name] = reading.names_of(code)


def note_import(name: str, module: ModuleType) -> None:
    """A module has been imported, whether of a package or not."""
    imported[name] = vars(module), dict(vars(module))


def note_what_is_there() -> None:
    """Modules that had been imported before anything was noted."""
    for name, module in list(sys.modules.items()):
        if type(module) is ModuleType and not name.startswith(("parity_", "_mod_wsgi_")) and name != "__main__":
            imported.setdefault(name, (vars(module), dict(vars(module))))


def finish() -> None:
    """All that was to be imported is there. From now on it matters what is replaced."""
    for failed in mentioned.keys() - imported.keys():
        del mentioned[failed]
    by_name: "dict[str, list[str]]" = {}
    for other, mentions in mentioned.items():
        for name in mentions:
            by_name.setdefault(name, []).append(other)
    nobody: "list[str]" = []
    places: "dict[int, tuple[Any, list[tuple[str, str]]]]" = {}
    tops: "dict[str, list[CodeType]]" = {}
    for module, (namespace, _) in imported.items():
        if getattr(sys.modules.get(module), "__dict__", None) is not namespace:
            # It has put something else in its place.
            continue
        # Of Python's own modules only functions and classes are replaced by anybody.
        all_kinds = module in codes
        names = [
            name
            for name, value in namespace.items()
            # What a name begins with an underscore for is nobody else's.
            if by_name.get(name, nobody) not in (nobody, [module]) and str(name)[:1] != "_" and (all_kinds or is_callable(type(value)))
        ]
        known[module] = namespace
        if names:
            taken[module] = Values(namespace, names)
        for name, value in namespace.items() if all_kinds else ():
            thing = contents(value)
            if thing is not None and str(name)[:1] != "_":
                places.setdefault(id(thing), (thing, []))[1].append((module, name))
    for thing, found in places.values():
        users = set(users_of(found, by_name, tops))
        if users:
            things.append((thing, thing.copy(), "%s.%s" % found[0], users))
    codes.clear()
    imported.clear()


def is_callable(kind: type) -> bool:
    return issubclass(kind, (type, FunctionType, BuiltinFunctionType))


def contents(value: "Any") -> "Any":
    """What can be changed of a value in its place, and be told from a copy of that: a list or the like, or an object's attributes."""
    kind = type(value)
    if kind in (dict, list, set):
        return value if len(value) <= MOST else None
    if is_callable(kind) or issubclass(kind, ModuleType):
        return None
    try:
        if kind.__module__ not in codes:
            return None
        # An object that stands for another one is asked nothing.
        attributes = object.__getattribute__(value, "__dict__")
    except Exception:
        return None
    return attributes if type(attributes) is dict else None


# --- what was replaced ----------------------------------------------------------------------------------------------


def given() -> "dict[str, str]":
    """Modules that have given a value to one of another package while they were imported: their names, and why that matters."""
    found: "dict[str, str]" = {}
    for module, (namespace, copy) in imported.items():
        if is_same(namespace, copy):
            continue
        for name, value in list(namespace.items()):
            # A package has its modules as well, once they have been imported.
            if value is not copy.get(name, MISSING) and not is_submodule(value, module, name):
                found.update((giver, "it replaces %s.%s" % (module, name)) for giver in givers_of(module, name))
    return found


def outdated() -> "dict[str, str]":
    """Modules imported ahead of time that have taken what is another value by now: their names, and why that matters."""
    found: "dict[str, str]" = {}
    for module, namespace in known.items():
        if getattr(sys.modules.get(module, MISSING), "__dict__", namespace) is not namespace:
            found.update(dict.fromkeys(takers_of(module, None), "%s was replaced, which it imports" % module))
    for module, values in taken.items():
        for name, value in values.replaced():
            if not is_submodule(value, module, name):
                found.update(dict.fromkeys(takers_of(module, name), "%s.%s was replaced, which it takes" % (module, name)))
    for thing, copy, where, users in things:
        if not is_same(thing, copy):
            found.update(dict.fromkeys(users, "%s was changed, which it uses" % where))
    return found


def is_same(one: "Any", other: "Any") -> bool:
    try:
        return bool(one == other)
    except Exception:
        # It does not like to be compared.
        return False


def is_submodule(value: "Any", module: str, name: str) -> bool:
    return isinstance(value, ModuleType) and value.__name__ == "%s.%s" % (module, name)


# --- who has to do with it ------------------------------------------------------------------------------------------


def takers_of(module: str, name: "str | None") -> "Iterator[str]":
    """Modules that take a value of another one while they are imported; `None`: that one itself."""
    for other in mentioning(module, name):
        done = import_of(other)
        if name is None or name in done.used or name in done.taken or done.star:
            yield other


def users_of(places: "list[tuple[str, str]]", by_name: "dict[str, list[str]]", tops: "dict[str, list[CodeType]]") -> "Iterator[str]":
    """Modules that look into a thing at their top, and do not only have it as well. The first that has it has made it."""

    def looks_into(user: str, name: str) -> bool:
        if user not in tops:
            tops[user] = reading.tops(codes[user])
        return any(reading.looks_into(code, name) for code in tops[user])

    for at, (module, name) in enumerate(places):
        if at and looks_into(module, name):
            yield module
        last = module.rpartition(".")[2]
        for other in by_name.get(name, ()):
            # By way of the module that has it.
            names = mentioned[other]
            if other != module and name not in imported[other][0] and (last in names or module in names) and looks_into(other, name):
                yield other


def givers_of(module: str, name: str) -> "Iterator[str]":
    for other in mentioning(module, name):
        if other.partition(".")[0] != module.partition(".")[0] and name in reading.Import(codes[other]).stored:
            yield other


def mentioning(module: str, name: "str | None") -> "Iterator[str]":
    last = module.rpartition(".")[2]
    for other, names in mentioned.items():
        if other != module and (name is None or name in names) and (last in names or module in names):
            yield other


def import_of(name: str) -> reading.Import:
    """What the import of a module does. It takes a moment, and nobody needs it until a value has been replaced."""
    try:
        return reading.Import(sys.modules[name].__loader__.get_code(name))  # type: ignore[union-attr]
    except Exception:
        # Then it may do whatever its names allow.
        return reading.Import(compile("from x import *", name, "exec"))
