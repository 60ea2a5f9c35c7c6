"""What a process does while it stands by: it imports modules that are not the project's, and reads the bytecode of others.

Only modules are imported that are the same whenever they are imported (`imports.py`). What tries to do otherwise is refused,
and a process in which anything was refused, failed, warned or printed ends: what failed leaves something behind. Its
successor leaves out what was to blame. What nobody can know before the project's code runs is looked at when it has run
(`outdated`).

Files, beside those of `slot.py`:

    preload.json               what to do ahead of time: {"modules": [[name, origin, what it is like], ...], "known": [names that
                               those may import], "files": [those whose bytecode to read]}
    preload.bad                modules that must not be imported ahead of time, one a line, and why
    preload.ended              is there when none is imported ahead of time any more
    slots/SLOT/PID.preloading  the module that is being imported; what a crash leaves there is to blame
    hurry                      is there while a reload waits for a process to stand by
"""

import gc
import importlib
import importlib.machinery
import importlib.util
import json
import marshal
import os
import sys
import traceback
import warnings

import parity_slot as slot

imports = sys.modules["parity_imports"]
likeness = slot.part("likeness")

PLAN = slot.RUN + "/preload.json"
BAD = slot.RUN + "/preload.bad"
ENDED = slot.RUN + "/preload.ended"

# Modules that were there before anything of the application's.
THERE = frozenset(sys.modules)
# Bytecode that was read ahead of time, by the path of its source.
bytecode = {}


def stand_by():
    """Does ahead of time what can be done. Returns how many modules that has brought."""
    try:
        with open(PLAN) as file:
            plan = json.load(file)
    except (OSError, ValueError):
        return 0
    wanted = slot.CONFIG["preload"] and plan["modules"] and not os.path.exists(ENDED)
    imported = preload(plan) if wanted else 0
    read_ahead(plan["files"])
    return imported + len(bytecode)


def is_hurried():
    """Somebody waits for this process: what is not done now is done with the application."""
    return os.path.exists(slot.RUN + "/hurry")


# --- modules --------------------------------------------------------------------------------------------------------


def blamed_names():
    try:
        with open(BAD) as file:
            return {line.partition(" ")[0].rstrip() for line in file}
    except OSError:
        return set()


def blame(reasons):
    """Modules that are not imported ahead of time again, and why. Returns how many of them are new."""
    new = reasons.keys() - blamed_names()
    if new:
        with open(BAD, "a") as file:
            file.write("".join("%s %s\n" % (name, " ".join(reasons[name].split())) for name in sorted(new)))
    return len(new)


def blame_the_dead():
    """A module that a process of this slot did not survive is not imported ahead of time again."""
    for name in os.listdir(slot.HERE):
        pid, _, kind = name.partition(".")
        if kind == "preloading" and not os.path.exists("/proc/" + pid):
            blame(dict.fromkeys(slot.lines_of(slot.HERE + "/" + name), "its import ended the process"))
            os.unlink(slot.HERE + "/" + name)


def preload(plan):
    """Imports the modules of the plan, as far as there is time. Returns how many there are."""
    blame_the_dead()
    known = set(plan["known"]) - blamed_names()
    path = sys.path[:]
    own = [entry for entry in path if not entry or slot.is_own(entry + "/")]
    guard = Guard(known, own)
    mark = "%s/%d.preloading" % (slot.HERE, slot.PID)
    now = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    done, spoilt = 0, {}
    with Silence() as silence:
        # Nothing of the project can be found: it would be older than what is saved next.
        sys.path[:] = [entry for entry in path if entry not in own]
        sys.meta_path.insert(0, guard)
        imports.begin(imports.REFUSE, slot.is_own)
        silence.broken_by()
        try:
            for name, origin, _ in plan["modules"]:
                if is_hurried():
                    break
                if not is_among(name, known):
                    continue
                os.pwrite(now, name.encode().ljust(200), 0)
                before = len(sys.modules)
                why = failure(name, origin) or silence.broken_by()
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
            os.unlink(mark)
    for name, _, known_like in plan["modules"]:
        if name in sys.modules and is_among(name, known) and like(sys.modules[name]) != known_like:
            spoilt[name] = "it became another one"
    spoilt.update(imports.dependent)
    if spoilt:
        # Where nobody new is to blame it would go on for ever.
        if not blame(spoilt):
            slot.write(ENDED, "")
        os._exit(0)
    Prepared.remember(guard, own)
    # What is there now stays: the collector need not look through it again with each import.
    gc.collect()
    gc.freeze()
    slot.State.frozen = True
    return done


def is_among(name, known):
    """Is it known, with all the packages that it is in? What parity itself needs is there in each process."""
    return (name in known or name in THERE) and ("." not in name or is_among(name.rpartition(".")[0], known))


def failure(name, origin):
    """Imports a module. Returns why it must not be imported now, if so."""
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, error)
    if origin_of(module) != origin:
        return "another module was found: %s" % origin_of(module)
    return imports.dependent.get(name)


def origin_of(module):
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None)
    return origin if isinstance(origin, str) else None


class Guard:
    """Comes before what finds modules, and lets none be found that has not been seen to be independent."""

    def __init__(self, known, own):
        self.known = known
        # What the project has at the top of its directories.
        self.project = names_in(own)
        # What was looked for and is not there.
        self.sought = set()

    def find_spec(self, name, path=None, target=None):
        if is_among(name, self.known):
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

    def invalidate_caches(self):
        pass


def names_in(directories):
    """The modules and packages that lie in directories."""
    names = set()
    for directory in directories:
        try:
            names.update(name.partition(".")[0] for name in os.listdir(directory or "."))
        except OSError:
            pass
    return names


class Silence:
    """Nothing is printed, and whatever would be is noticed, but for warnings; also an exception that Python can only ignore."""

    encoding, errors, closed = "utf-8", "replace", False

    def __enter__(self):
        self.broken = None
        self.before = sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning
        sys.stdout = sys.stderr = self
        sys.unraisablehook = self.ignored
        # The same is warned of where the application is imported for the first time.
        warnings.showwarning = self.nothing
        self.holders = None
        return self

    def __exit__(self, *_):
        sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning = self.before

    def ignored(self, unraisable):
        self.broken = "it raised what Python ignored: %s" % unraisable.exc_type.__name__

    def nothing(self, *_, **__):
        pass

    def write(self, text):
        self.broken = "it printed something"
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False

    def broken_by(self):
        """What was not silent since this was last asked; also what keeps this, which is not there to stay."""
        holders, before = sys.getrefcount(self), self.holders
        broken, self.broken, self.holders = self.broken, None, holders
        if broken is None and before is not None and holders > before and self.is_kept():
            broken = "it keeps sys.stderr"
        return broken

    def is_kept(self):
        """Does anything hold it that lasts? What is being raised or called holds it for a moment."""
        return any(holder is not vars(sys) and type(holder) is dict for holder in gc.get_referrers(self))


# --- what the project does to it ------------------------------------------------------------------------------------


class Prepared:
    """What was found when modules had been imported ahead of time."""

    names = None
    path = []
    finders = []
    standard = {}

    @classmethod
    def remember(cls, guard, own):
        # What the project must not have a module of the same name for.
        cls.names = {name.partition(".")[0] for name in sys.modules} | guard.sought
        cls.names -= guard.project
        cls.path = sys.path[:]
        cls.finders = sys.meta_path[:]
        cls.standard = standard()


# Modules whose functions and classes some replace, and others keep what they find there.
REPLACED = ("builtins", "_thread", "queue", "select", "signal", "socket", "ssl", "subprocess", "threading", "time")


def standard():
    """Functions and classes of Python that whatever is imported later may keep."""
    found = {}
    for module in REPLACED:
        if module in sys.modules:
            found.update(((module, name), value) for name, value in vars(sys.modules[module]).items() if callable(value))
    if "logging" in sys.modules:
        found["logging", "_loggerClass"] = sys.modules["logging"]._loggerClass
    return found


def outdated_before():
    """Modules imported ahead of time that the project has its own of by now: their names, and why."""
    return shadowed(sys.path) if Prepared.names else {}


def outdated():
    """Modules imported ahead of time that would be others after what the project's code has done: their names, and why.
    `*`: nobody knows which."""
    if Prepared.names is None:
        return {}
    found = dict(imports.outdated)
    new = [entry for entry in sys.path if entry not in Prepared.path]
    found.update(shadowed(new))
    now = standard()
    for (module, name), value in Prepared.standard.items():
        if now.get((module, name)) is not value:
            found["*"] = "%s.%s was replaced" % (module, name)
            break
    if any(finder not in Prepared.finders for finder in sys.meta_path):
        found["*"] = "the way in which modules are found was changed"
    return found


def blamed(error):
    """The packages imported ahead of time that an error came by; `*`: none, so nobody knows."""
    files = set()
    while error is not None:
        files.update(frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))
        error = error.__cause__ or error.__context__
    packages = {name.partition(".")[0] for name in imports.seen if getattr(sys.modules.get(name), "__file__", None) in files}
    return sorted(packages & (Prepared.names or set())) or ["*"]


def shadowed(path):
    found = {}
    for at, entry in enumerate(path):
        if entry and not slot.is_own(entry + "/"):
            continue
        for name in names_in([entry]) & Prepared.names:
            module = sys.modules.get(name)
            origin = origin_of(module) if module is not None else None
            # Python looks for it in this order, unless it has it built in.
            if origin is None or any(origin.startswith(later + "/") for later in path[at + 1 :] if later):
                found[name] = "the project has a module of this name"
    return found


# --- bytecode -------------------------------------------------------------------------------------------------------


def read_ahead(paths):
    """Reads the bytecode of modules that the application has been seen to import, and runs none of it. As Python does it,
    but for the moment."""
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    for path in paths:
        if is_hurried():
            return
        if path in imported:
            continue
        try:
            stat = os.stat(path)
            with open(importlib.util.cache_from_source(path), "rb") as file:
                data = file.read()
            known = [int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12)]
            # A source of this time and size, and not one that is compared by its content.
            if data[:4] == importlib.util.MAGIC_NUMBER and known == [0, int(stat.st_mtime) & 0xFFFFFFFF, stat.st_size & 0xFFFFFFFF]:
                bytecode[path] = marshal.loads(memoryview(data)[16:])
        except (OSError, ValueError, EOFError, TypeError, NotImplementedError):
            pass


class Loader(imports.OfImage, importlib.machinery.SourceFileLoader):
    """Imports from files of the image, which do not change while a container runs: what was read of them stays right."""

    def get_code(self, fullname):
        code = bytecode.pop(self.path, None)
        return super().get_code(fullname) if code is None else code


class ExtensionLoader(imports.OfImage, importlib.machinery.ExtensionFileLoader):
    pass


finder = importlib.machinery.FileFinder.path_hook(
    (ExtensionLoader, importlib.machinery.EXTENSION_SUFFIXES),
    (Loader, importlib.machinery.SOURCE_SUFFIXES),
    (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
)


# --- what to do ahead of time, as a process knows it that has loaded the application ---------------------------------


def plan():
    """What processes that stand by can do."""
    blame(imports.dependent)
    found = {} if is_patched() else imports.independent()
    found = {name: module for name, module in found.items() if is_as_named(name, module) and not is_projects(name, module)}
    modules = [(name, origin_of(module), like(module)) for name, module in found.items() if is_among(name, found)]
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    files = [
        spec.origin for spec in specs if spec is not None and spec.cached and spec.origin and not spec.origin.startswith(slot.INSIDE)
    ]
    return {"modules": modules, "known": [*(name for name, _, _ in modules), *sorted(imports.absent - found.keys())], "files": files}


def is_as_named(name, module):
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.name == name


def like(module):
    """Python's own modules take nothing from others, and some are different with each process, as a set's order is."""
    if "-packages/" not in (origin_of(module) or ""):
        return None
    try:
        return likeness.of(module)
    except Exception:
        # Like no other: its parts are none that can be looked at.
        return "in process %d" % slot.PID


def is_projects(name, module):
    """Is it the project's, in part at least, or what the project names as its application?"""
    paths = [path for path in list(getattr(module, "__path__", None) or []) if isinstance(path, str)]
    own = [getattr(module, "__file__", None), *(path + "/" for path in paths)]
    return any(isinstance(path, str) and slot.is_own(path) for path in own) or name.partition(".")[0] == slot.CONFIG["package"]


def is_patched():
    """Has the project, or something at its order, replaced parts of Python? Then what is imported before that is different."""
    return any(FIRST.get(key) is not value for key, value in standard().items() if key in FIRST)


FIRST = standard()
