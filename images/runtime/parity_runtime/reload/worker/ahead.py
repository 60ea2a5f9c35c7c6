"""What a process does while it stands by: it imports modules that are not the project's, and reads the bytecode of others.

Only modules are imported that are the same whenever they are imported (`imports.py`). What tries to do otherwise is refused,
and a process in which anything was refused, failed, warned or printed ends: what failed leaves something behind. Its
successor leaves out what was to blame. What nobody can know before the project's code runs is looked at when it has run
(`prepared.py`).

Files of /run/parity (`layout.py`):

    preload.json               what to do ahead of time: {"modules": [[name, origin, what it is like], ...], "known": [names that
                               those may import], "files": [those whose bytecode to read]}
    preload.bad                modules that must not be imported ahead of time, one a line, and why
    preload.ended              is there when none is imported ahead of time any more
    slots/SLOT/PID.preloading  the module that is being imported; what a crash leaves there is to blame
    urgent                     is there while a reload waits for a process to stand by
"""

import gc
import importlib
import os
import sys

from parity_runtime import disk, layout
from parity_runtime.protocol.message import Unreadable
from parity_runtime.protocol.worker import Plan
from parity_runtime.reload.worker import bytecode, context, imports, likeness, namespaces, planning, prepared, silence
from parity_runtime.reload.worker.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def stand_by() -> int:
    """Does ahead of time what can be done. Returns how many modules that has brought."""
    context.note_what_is_there()
    try:
        with open(layout.preload()) as file:
            plan = Plan.from_text(file.read())
    except (OSError, Unreadable):
        return 0
    wanted = context.CONFIG.preload and plan.modules and not os.path.exists(layout.preload_ended())
    imported = preload(plan) if wanted else 0
    bytecode.read_ahead(plan.files, is_urgent)
    return imported + len(bytecode.read)


def is_urgent() -> bool:
    """Somebody waits for this process: what is not done now is done with the application."""
    return os.path.exists(layout.urgent())


def blame_the_dead() -> None:
    """A module that a process of this slot did not survive is not imported ahead of time again."""
    here = layout.slot(context.SLOT)
    for name in os.listdir(here):
        pid, _, kind = name.partition(".")
        if kind == "preloading" and not os.path.exists("/proc/" + pid):
            planning.blame(dict.fromkeys(disk.words_of(here + "/" + name), "its import ended the process"))
            # Another process of the slot may have been faster.
            disk.remove(here + "/" + name)


def preload(plan: Plan) -> int:
    """Imports the modules of the plan, as far as there is time. Returns how many there are."""
    blame_the_dead()
    likeness.avoided = planning.blamed_names()
    known = set(plan.known) - likeness.avoided
    path = sys.path[:]
    own = [entry for entry in path if not entry or context.is_own(entry + "/")]
    guard = Guard(known, own)
    mark = layout.preloading(context.SLOT, context.PID)
    now = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    done = 0
    spoilt: "dict[str, str]" = {}
    namespaces.note_what_is_there()
    with silence.Silence() as silent:
        # Nothing of the project can be found: it would be older than what is saved next.
        sys.path[:] = [entry for entry in path if entry not in own]
        sys.meta_path.insert(0, guard)
        imports.begin(imports.REFUSE, context.is_own)
        silent.broken_by()
        try:
            for name, origin, _ in plan.modules:
                if is_urgent():
                    break
                if not planning.is_among(name, known):
                    continue
                os.pwrite(now, name.encode().ljust(200), 0)
                before = len(sys.modules)
                found = sys.path[:]
                why = failure(name, origin) or silent.broken_by()
                if sys.path != found:
                    why, sys.path[:] = why or "it changes sys.path", found
                if not why:
                    done += 1
                    continue
                spoilt[name] = why
                # Others are to meet none of it: they are not to blame.
                for left in list(sys.modules)[before:]:
                    del sys.modules[left]
        finally:
            imports.end()
            sys.meta_path.remove(guard)
            sys.path[:] = path
            os.close(now)
            # The agent takes it away where it ends the process.
            disk.remove(mark)
    for name, _, known_like in plan.modules:
        if name in sys.modules and planning.is_among(name, known) and likeness.known.get(name) != known_like:
            spoilt[name] = "it became another one"
    spoilt.update(namespaces.given())
    spoilt.update(imports.dependent)
    if spoilt:
        planning.blame(spoilt)
        # Where nobody new is to blame it would go on for ever.
        if planning.to_blame(spoilt) == ["*"]:
            disk.replace(layout.preload_ended(), "")
        os._exit(0)
    prepared.remember(guard.project, guard.sought)
    # What is there now stays: the collector need not look through it again with each import.
    gc.collect()
    gc.freeze()
    State.frozen = True
    return done


def failure(name: str, origin: "str | None") -> "str | None":
    """Imports a module. Returns why it must not be imported now, if so."""
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, error)
    if prepared.origin_of(module) != origin:
        return "another module was found: %s" % prepared.origin_of(module)
    return imports.dependent.get(name)


class Guard:
    """Comes before what finds modules, and lets none be found that has not been seen to be independent."""

    def __init__(self, known: "set[str]", own: "list[str]") -> None:
        self.known = known
        # What the project has at the top of its directories.
        self.project = prepared.names_in(own)
        # What was looked for and is not there.
        self.sought: "set[str]" = set()

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if planning.is_among(name, self.known):
            return None
        if name.partition(".")[0] in self.project:
            imports.depends("imports %s of the project" % name)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self and hasattr(finder, "find_spec") else None
            if spec is not None and spec.origin in ("built-in", "frozen"):
                return None
            if spec is not None:
                imports.depends("imports %s" % name)
                # Nobody imports it but the plan itself.
                raise imports.Refused(name)
        self.sought.add(name.partition(".")[0])
        return None

    def invalidate_caches(self) -> None:
        pass
