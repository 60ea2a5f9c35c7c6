"""What processes that stand by can do ahead of time, as a process knows it that has loaded the application."""

import sys

from parity_runtime import disk, layout
from parity_runtime.protocol.worker import Plan
from parity_runtime.reload.worker import context, imports, likeness, prepared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from parity_runtime.reload.worker.values import Values

# Functions and classes of Python as they were before anything of the application's, by their module.
first: "dict[str, Values]" = {}


def begin() -> None:
    context.note_what_is_there()
    first.update(prepared.standard())


def plan() -> Plan:
    """What processes that stand by can do."""
    blame(imports.dependent)
    found = {} if is_patched() else imports.independent()
    found = {name: module for name, module in found.items() if is_as_named(name, module) and not is_projects(name, module)}
    names = [name for name in found if is_among(name, found)]
    modules = [[name, prepared.origin_of(found[name]), likeness.known.get(name)] for name in names]
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    files = [
        spec.origin for spec in specs if spec is not None and spec.cached and spec.origin and not spec.origin.startswith(context.INSIDE)
    ]
    known = [*names, *sorted(imports.absent - found.keys())]
    return Plan(modules=modules, known=known, files=files)


def is_among(name: str, known: "set[str] | dict[str, Any]") -> bool:
    """Is it known, with all the packages that it is in? What parity itself needs is there in each process."""
    return (name in known or name in context.there) and ("." not in name or is_among(name.rpartition(".")[0], known))


def blamed_names() -> "set[str]":
    return {line.partition(" ")[0] for line in disk.text_of(layout.preload_bad()).splitlines()}


def blame(reasons: "dict[str, str]") -> None:
    """Modules that are not imported ahead of time again, and why."""
    new = reasons.keys() - blamed_names()
    if new:
        with open(layout.preload_bad(), "a") as file:
            file.write("".join("%s %s\n" % (name, " ".join(reasons[name].split())) for name in sorted(new)))


def to_blame(names: "Iterable[str]") -> "list[str]":
    """Those of the names whose leaving out can help; `*` where this process has left out all of them already. Not what has been
    blamed since: processes of a slot begin together, and meet the same."""
    return sorted(set(names) - likeness.avoided) or ["*"]


def is_as_named(name: str, module: "Any") -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.name == name


def is_projects(name: str, module: "Any") -> bool:
    """Is it the project's, in part at least, or what the project names as its application?"""
    paths = [path for path in list(getattr(module, "__path__", None) or []) if isinstance(path, str)]
    own = [getattr(module, "__file__", None), *(path + "/" for path in paths)]
    return any(isinstance(path, str) and context.is_own(path) for path in own) or name.partition(".")[0] == context.CONFIG.package


def is_patched() -> bool:
    """Has the project, or something at its order, replaced parts of Python? Then what is imported before that is different."""
    return any(True for values in first.values() for _ in values.replaced())
