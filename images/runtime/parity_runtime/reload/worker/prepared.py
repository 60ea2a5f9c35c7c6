"""What was there when modules had been imported ahead of time, and what the project's code has done to it since.

What nobody can know before the project's code runs is looked at when it has run: modules imported ahead of time may be
others after what it has done.
"""

import os
import sys

from parity_runtime.reload.worker import context, imports
from parity_runtime.reload.worker.values import Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def origin_of(module: "Any") -> "str | None":
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None)
    return origin if isinstance(origin, str) else None


def names_in(directories: "list[str]") -> "set[str]":
    """The modules and packages that lie in directories."""
    names: "set[str]" = set()
    for directory in directories:
        try:
            names.update(name.partition(".")[0] for name in os.listdir(directory or "."))
        except OSError:
            pass
    return names


class Prepared:
    """What was found when modules had been imported ahead of time."""

    # At the top of `sys.modules`, and what was looked for in vain; `None`: nothing was imported.
    names: "set[str] | None" = None
    path: "list[str]" = []
    finders: "list[Any]" = []
    standard: "dict[str, Values]" = {}


def remember(project: "set[str]", sought: "set[str]") -> None:
    """All that may be imported ahead of time is there. `project`: what the project has modules of its own for."""
    Prepared.names = ({name.partition(".")[0] for name in sys.modules} | sought) - project
    Prepared.path = sys.path[:]
    Prepared.finders = sys.meta_path[:]
    Prepared.standard = standard()
    from parity_runtime.reload.worker import namespaces

    namespaces.finish()


# What is looked up each time that it is called is not kept: error trackers replace it. A module that takes it all the same is
# found by what it takes (`namespaces.py`).
LOOKED_UP = ("excepthook",)
# Modules whose functions and classes some replace, and others keep what they find there.
REPLACED = ("builtins", "_thread", "queue", "select", "signal", "socket", "ssl", "subprocess", "threading", "time")


def standard() -> "dict[str, Values]":
    """Functions and classes of Python that whatever is imported later may keep, by their module."""
    found: "dict[str, Values]" = {}
    for module in REPLACED:
        if module in sys.modules:
            namespace = vars(sys.modules[module])
            found[module] = Values(namespace, [name for name, value in namespace.items() if callable(value) and name not in LOOKED_UP])
    if "logging" in sys.modules:
        found["logging"] = Values(vars(sys.modules["logging"]), ["_loggerClass"])
    return found


def outdated_before() -> "dict[str, str]":
    """Modules imported ahead of time that the project has its own of by now: their names, and why."""
    return shadowed(sys.path) if Prepared.names else {}


def outdated() -> "dict[str, str]":
    """Modules imported ahead of time that would be others after what the project's code has done: their names, and why.
    `*`: nobody knows which."""
    if Prepared.names is None:
        return {}
    from parity_runtime.reload.worker import namespaces

    found = dict(imports.outdated)
    new = [entry for entry in sys.path if entry not in Prepared.path]
    found.update(shadowed(new))
    for module, values in Prepared.standard.items():
        for name, _ in values.replaced():
            found["*"] = "%s.%s was replaced" % (module, name)
    found.update(namespaces.outdated())
    expected = Prepared.finders + imports.finders_of_image
    if any(finder not in expected for finder in sys.meta_path):
        found["*"] = "the way in which modules are found was changed"
    return found


def blamed(error: "BaseException | None") -> "list[str]":
    """The packages imported ahead of time that an error came by; `*`: none, so nobody knows."""
    files: "set[str]" = set()
    while error is not None:
        traceback = error.__traceback__
        while traceback is not None:
            files.add(traceback.tb_frame.f_code.co_filename)
            traceback = traceback.tb_next
        error = error.__cause__ or error.__context__
    packages = {name.partition(".")[0] for name in imports.seen if getattr(sys.modules.get(name), "__file__", None) in files}
    return sorted(packages & (Prepared.names or set())) or ["*"]


def shadowed(path: "list[str]") -> "dict[str, str]":
    found: "dict[Any, Any]" = {}
    for at, entry in enumerate(path):
        if entry and not context.is_own(entry + "/"):
            continue
        for name in names_in([entry]) & (Prepared.names or set()):
            module = sys.modules.get(name)
            origin = origin_of(module) if module is not None else None
            # Python looks for it in this order, unless it has it built in.
            if origin is None or any(origin.startswith(later + "/") for later in path[at + 1 :] if later):
                found[name] = "the project has a module of this name"
    return found
