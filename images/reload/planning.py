"""What processes that stand by can do ahead of time, as a process knows it that has loaded the application."""

import sys

import parity_slot as slot

imports = sys.modules["parity_imports"]
ahead = sys.modules["parity_ahead"]
likeness = sys.modules["parity_likeness"]
prepared = sys.modules["parity_prepared"]


def plan():
    """What processes that stand by can do."""
    ahead.blame(imports.dependent)
    found = {} if is_patched() else imports.independent()
    found = {name: module for name, module in found.items() if is_as_named(name, module) and not is_projects(name, module)}
    modules = [(name, prepared.origin_of(module), likeness.known.get(name)) for name, module in found.items() if ahead.is_among(name, found)]
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    files = [
        spec.origin for spec in specs if spec is not None and spec.cached and spec.origin and not spec.origin.startswith(slot.INSIDE)
    ]
    return {"modules": modules, "known": [*(name for name, _, _ in modules), *sorted(imports.absent - found.keys())], "files": files}


def is_as_named(name, module):
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.name == name


def is_projects(name, module):
    """Is it the project's, in part at least, or what the project names as its application?"""
    paths = [path for path in list(getattr(module, "__path__", None) or []) if isinstance(path, str)]
    own = [getattr(module, "__file__", None), *(path + "/" for path in paths)]
    return any(isinstance(path, str) and slot.is_own(path) for path in own) or name.partition(".")[0] == slot.CONFIG["package"]


def is_patched():
    """Has the project, or something at its order, replaced parts of Python? Then what is imported before that is different."""
    return any(FIRST.get(key) is not value for key, value in prepared.standard().items() if key in FIRST)


FIRST = prepared.standard()
