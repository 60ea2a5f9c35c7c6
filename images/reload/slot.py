"""One process of a slot: it stands by, imports the application when it is told to, and serves it.

Apache runs this when a daemon process starts (WSGIImportScript), before the first request. A process of the active
slot imports the application at once, as production does. Any other one stands by: it does ahead of time what can be done
(`ahead.py`), and waits on a socket of its own for the order to import the application.

An import that fails in a process that stood by may have failed because of that. The process says so (`doubt`); the agent
has the application imported by a process that did not, and requests that wait here are passed on to it.

Files, all in memory (`/run/parity`):

    active                     the slot that requests go to, and its generation: "g1 7"
    slots/SLOT/PID             what the process is doing, as JSON (`describe` below)
    slots/SLOT/PID.loading     it has begun to import the application, and has not said yet how that went; if it died, what of (`deaths.py`)
    slots/SLOT/PID.sock        where it takes orders, one JSON text each: {"load": 7}, {"modules": true} or {"requests": 3}
    slots/SLOT.fresh           processes of the slot that start now import the application at once, for this generation
    died                       what is not imported again (`deaths.py`)
    modules/PID                the answer to {"modules": true}
    touched/PID                which of the project's files the process has opened or written (`touched.py`)
    requests/PID               the answer to {"requests": 3}: {"asked": 3, "requests": [what is under way]}
    agent.sock                 where the agent is told that something has changed
    bytecode/                  compiled project modules, by the content of their source
"""

import _thread
import contextlib
import gc
import importlib.machinery
import importlib.util
import marshal
import os
import signal
import socket
import sys
import threading
import time
import traceback

# An application may replace the names in `json`.
from json import dumps, loads

import mod_wsgi

try:
    from _sha2 import sha256
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

ETC = "/etc/parity"
RUN = "/run/parity"
BYTECODE = RUN + "/bytecode"

SLOT = mod_wsgi.process_group
PID = os.getpid()
HERE = "%s/slots/%s" % (RUN, SLOT)
LOADING = "%s/%d.loading" % (HERE, PID)

with open(ETC + "/reload.json") as config:
    CONFIG = loads(config.read())

PROJECT = CONFIG["project"]
INSIDE = PROJECT + "/"

sys.modules["parity_slot"] = sys.modules[__name__]


def part(name):
    """A module of parity's own, which lies beside this script."""
    spec = importlib.util.spec_from_file_location("parity_" + name, "%s/%s.py" % (ETC, name))
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    # Compiled here: nothing is written beside the configuration.
    exec(compile(spec.loader.get_data(spec.origin), spec.origin, "exec", dont_inherit=True), module.__dict__)
    return module


audit = part("audit")
part("touched")
imports = part("imports")
startup = part("startup")
deaths = part("deaths")
underway = part("underway")


def write(path, text):
    """Replaces a file at once, so that nobody reads half of it."""
    new = "%s.%d" % (path, PID)
    with open(new, "w") as file:
        file.write(text)
    os.rename(new, path)


def active():
    """The slot that requests go to, and its generation."""
    try:
        with open(RUN + "/active") as file:
            slot, generation = file.read().split()
        return slot, int(generation)
    except (OSError, ValueError):
        return None, 0


# --- the project's modules ------------------------------------------------------------------------------------------

# What was read of each of the project's files: path -> [digest, time of change in nanoseconds, size].
read = {}


def remember(path, source):
    """Notes a source before it is used: a change in between then looks stale, never fresh."""
    stat = os.stat(path)
    read[path] = [sha256(source).hexdigest(), stat.st_mtime_ns, stat.st_size]


# What has been compiled and is not in `bytecode/` yet: where it goes, the digest of its source, and the code.
compiled = []


def keep_compiled():
    """Writes it. No request waits for this that waits for the application."""
    while True:
        try:
            kept, digest, code = compiled.pop()
        except IndexError:
            return
        try:
            with open("%s.%d" % (kept, PID), "wb") as file:
                file.write(digest)
                marshal.dump(code, file)
            os.rename(file.name, kept)
        except (OSError, ValueError):
            pass


class Loader(imports.OfProject, importlib.machinery.SourceFileLoader):
    """Imports from sources only. Python trusts a .pyc whose source had the same second and size; two saves within a
    second can leave the old code in force for ever. Bytecode is kept here by the content of its source instead."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        stat, source = self.read_source(path)
        digest = sha256(source)
        if stat is not None:
            read[path] = [digest.hexdigest(), stat.st_mtime_ns, stat.st_size]
        kept = "%s/%s" % (BYTECODE, sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:32])
        digest = digest.digest()
        try:
            with open(kept, "rb") as file:
                if file.read(32) == digest:
                    return marshal.load(file)
        except (OSError, EOFError, ValueError, TypeError):
            pass
        code = self.source_to_code(source, path)
        compiled.append((kept, digest, code))
        if State.doing != "loading":
            keep_compiled()
        return code

    def read_source(self, path):
        """What is known of a file, and then its content. One that was emptied a moment ago is being written."""
        for _ in range(WRITTEN_WITHIN):
            try:
                stat = os.stat(path)
            except OSError:
                return None, self.get_data(path)
            source = self.get_data(path)
            if source or not 0 <= time.time_ns() - stat.st_mtime_ns < WRITTEN_WITHIN * 1_000_000:
                break
            time.sleep(0.001)
        return stat, source


# Milliseconds. An editor that writes a file in its place empties it first.
WRITTEN_WITHIN = 50

finder = importlib.machinery.FileFinder.path_hook(
    (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
    (Loader, importlib.machinery.SOURCE_SUFFIXES),
    (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
)


def project_finder(path):
    if not is_own(path + "/"):
        raise ImportError("not a directory of the project")
    return finder(path)


def is_own(path):
    """Is it of the project, and not of a virtual environment in it?"""
    return path.startswith(INSIDE) and "/site-packages/" not in path


def lines_of(path):
    try:
        with open(path) as file:
            return file.read().split()
    except OSError:
        return []


ahead = part("ahead")
planning = part("planning")
prepared = ahead.prepared
sys.path_hooks[:0] = [project_finder, ahead.bytecode.finder]
sys.path_importer_cache.clear()


def bury_the_dead():
    """What this slot's processes were to serve that did not survive its import is not imported again."""
    for pid, said in startup.left_behind(HERE, ".loading"):
        ordered, dump = deaths.bury(pid, said) or (True, "")
        if not ordered:
            startup.tell(pid, dump)
    startup.tell_of_memory()


# --- the application ------------------------------------------------------------------------------------------------


# The script that mod_wsgi has the application from, and its name for that: the MD5 of the path.
HANDLER = ETC + "/handler.wsgi"
SCRIPT = "_mod_wsgi_982e2cba3259bb47459cab3590ec1386"


class State:
    lock = threading.RLock()
    doing = "standby"
    generation = 0
    application = None
    # The text of the traceback that keeps it from being served, or that its URLs raised.
    error = None
    kind = None
    # It stood by before it imported the application.
    stood_by = False
    preloaded = 0
    # Why what it has imported may not be what another process would: nobody is answered by it then.
    doubt = None
    # Modules imported ahead of time that may be to blame; "*": nobody knows which.
    blamed = []
    # Does the doubt come from what was imported ahead of time, whether or not the import failed?
    outdated = False
    # What was imported ahead of time is out of the collector's sight.
    frozen = False
    # What has been told already: by the log, or by who ordered the import. Each request tries again.
    logged = None
    # The module that mod_wsgi asks for the application, and whether requests may come.
    script = type(sys)(SCRIPT)
    script.__file__ = HANDLER
    attached = False


telling = threading.Lock()


def describe():
    """Tells what this process is doing. `read` is there once the application has been loaded or has failed to."""
    with telling:
        doing = {
            "doing": State.doing,
            "generation": State.generation,
            "error": State.error,
            "kind": State.kind,
            "preloaded": State.preloaded,
            "doubt": State.doubt,
            "blamed": State.blamed,
            "outdated": State.outdated,
        }
        if State.doing in ("loaded", "failed"):
            doing["read"] = dict(read)
        write("%s/%d" % (HERE, PID), dumps(doing))
        if State.doing != "loading" and os.path.exists(LOADING):
            os.unlink(LOADING)
    nudge_agent()


def nudge_agent():
    nudge = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        nudge.sendto(b"%d" % PID, RUN + "/agent.sock")
    except OSError:
        # Nobody listens, or somebody who has been told enough already.
        pass
    finally:
        nudge.close()


def load(ordered=None):
    """Imports the application if that has not been done. `ordered` is the generation that the agent wants it for."""
    with State.lock:
        if State.application is not None or State.doubt:
            return State.application
        first = State.doing != "failed"
        if first:
            State.doing = "loading"
            # Told before `active` is read: the agent looks for this after it has changed `active`, so one of the two sees the other.
            startup.begin(LOADING)
        slot, generation = active() if ordered is None else (SLOT, ordered)
        State.generation = generation
        before = State.error
        died = deaths.error_of(generation)
        try:
            if died is not None:
                State.doing, State.kind, State.error = "failed", "died", died
            else:
                if slot == SLOT:
                    # Else it may be told to end at any time.
                    startup.note(deaths.about(generation, ordered is not None))
                load_now(log=ordered is None)
        finally:
            startup.done()
        application = State.application
        news = first or application is not None or State.error != before
    # Requests that waited for the application have it, and wait for none of this.
    if news:
        describe()
    keep_compiled()
    if slot != SLOT:
        # A request that was sent here just before requests went elsewhere. What is loaded now is no standby any more.
        os.kill(PID, signal.SIGUSR1)
    return application


def load_now(log):
    forget_directories()
    State.error = State.kind = None
    outdated = prepared.outdated_before()
    application = error = None
    if not outdated:
        if WATCHES and imports.mode is None:
            imports.begin(imports.WATCH, is_own)
        try:
            with garbage_waiting():
                application = import_application()
                State.kind = "urls"
                import_urls()
                State.kind = None
        except (Exception, SystemExit) as raised:
            error = raised
            State.kind = State.kind or "import"
        if State.stood_by:
            # The first process goes on: what it imports with its first requests can be imported ahead of time, too.
            imports.end()
        outdated = prepared.outdated()
    if error is not None:
        State.error = text_of(error)
    if State.stood_by and (outdated or error is not None and not is_certain(error)):
        State.doing = "failed"
        State.doubt = "; ".join("%s: %s" % known for known in list(outdated.items())[:3]) or "the import failed"
        State.blamed = sorted(outdated) or prepared.blamed(error)
        State.outdated = bool(outdated)
        return
    if application is None:
        State.doing = "failed"
        told, State.logged = State.logged, State.error
        if log and State.error != told:
            # mod_wsgi's words for it, by which the log's readers know what the traceback means.
            sys.stderr.write("mod_wsgi (pid=%d): Failed to exec Python script file '%s/handler.wsgi'.\n" % (PID, ETC))
            sys.stderr.write(State.error)
        return
    State.doing, State.application = "loaded", application
    if State.attached and State.error is None:
        # mod_wsgi asks for the name with each request: from the next one on nothing of this is in between but a note of it.
        serve(application)


# Is it looked at what the imports of modules depend on?
WATCHES = CONFIG["preload"] and len(CONFIG["slots"]) > 1


def is_certain(error):
    """Would any process fail with this? It comes from a file of the project, of which nothing was imported ahead of time."""
    if isinstance(error, SyntaxError):
        return is_own(error.filename or "")
    if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        return is_own(error.path or "")
    if not isinstance(error, (NameError, ModuleNotFoundError)):
        return False
    last = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if not is_machinery(frame.f_code.co_filename):
            last = frame.f_code.co_filename
    return last is not None and is_own(last)


# Objects that are made before the collector looks for garbage among them, while the application is imported.
PLENTY = 200_000


@contextlib.contextmanager
def garbage_waiting():
    """Of what is imported hardly anything is garbage: the collector's looking for it takes a tenth of the time. What is there in
    the end is old to it, as if it had looked, also what was imported ahead of time. What the application sets itself stays
    as it is."""
    if State.frozen:
        # As in production, before the application looks. From here on it is old to the collector, which costs nothing.
        gc.unfreeze()
        State.frozen = False
    usual, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.set_threshold(PLENTY, *usual[1:])
    try:
        yield
    finally:
        if gc.get_threshold() == (PLENTY, *usual[1:]):
            gc.set_threshold(*usual)
        if gc.get_freeze_count() == frozen:
            gc.freeze()
            gc.unfreeze()


def forget_directories():
    """What `importlib.invalidate_caches` does, without the 15 ms that it takes to import `importlib.metadata` for it. What is
    not the project's does not change; if it does, Python sees that by the directory's time."""
    for path, finder in list(sys.path_importer_cache.items()):
        if finder is None:
            sys.path_importer_cache.pop(path, None)
        elif hasattr(finder, "invalidate_caches") and is_own(path + "/"):
            finder.invalidate_caches()
    for finder in sys.meta_path:
        if finder is not importlib.machinery.PathFinder and hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()
    metadata = sys.modules.get("importlib.metadata")
    if metadata is not None:
        metadata.MetadataPathFinder.invalidate_caches()


# Compiled ahead of time, as the first time takes 2 ms, whatever it is that is compiled.
with open(HANDLER, "rb") as file:
    HANDLER_CODE = compile(file.read(), HANDLER, "exec", dont_inherit=True)


def import_application():
    # As where mod_wsgi executes it: there from the beginning.
    sys.modules.setdefault(SCRIPT, State.script)
    script = CONFIG["script"]
    if script:
        with open(script, "rb") as file:
            remember(script, file.read())
    handler = {"__name__": SCRIPT, "__file__": HANDLER, "__builtins__": __builtins__}
    exec(HANDLER_CODE, handler)
    # Behind a document-root mod_wsgi calls it by another name.
    return handler.get("handle_request", handler["application"])


def import_urls():
    """Django imports its URLs with the first request. Done at once, a mistake in them is told when it is made."""
    urls = sys.modules.get("django.urls")
    conf = sys.modules.get("django.conf")
    if urls is not None and conf is not None and conf.settings.configured:
        urls.get_resolver().url_patterns


def text_of(error):
    """A traceback without the frames of parity and of Python's import system."""
    summary = traceback.TracebackException(type(error), error, error.__traceback__)
    seen = set()
    todo = [summary]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        kept = [frame for frame in one.stack if not is_machinery(frame.filename)]
        one.stack[:] = kept
        todo.extend((one.__cause__, one.__context__))
    return "".join(summary.format())


def is_machinery(path):
    return path.startswith((ETC + "/", "<frozen importlib")) or path.endswith("/importlib/__init__.py")


def application(environ, start_response):
    """Until the application is loaded: loads it, or says why that cannot be done."""
    loaded = load()
    if State.doubt:
        return part("passing").answer(environ, start_response)
    # Django without its URLs takes seconds to fail with each request, and has nothing else to say about it.
    if loaded is None or State.error is not None:
        return error_page(environ, start_response)
    return loaded(environ, start_response)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 60rem; padding: 0 1rem; color: #222; background: #fff }}
h1 {{ font-size: 1.3rem; color: #b00020 }} pre {{ background: #f4f4f4; padding: 1rem; overflow: auto; font-size: 14px }}
p {{ color: #555 }} @media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #181818 }} pre {{ background: #262626 }} p {{ color: #aaa }} }}
</style></head><body><h1>{title}</h1><pre>{text}</pre>
<p>Save a file that fixes it, and this page is gone. Production answers with a bare “Internal Server Error” here; this text is
shown by <code>parity up --reload-on-changes</code> only.</p></body></html>
"""


def error_page(environ, start_response):
    text = (State.error or "").replace(INSIDE, CONFIG["root"].rstrip("/") + "/")
    title = text.strip().rsplit("\n", 1)[-1]
    if "html" in environ.get("HTTP_ACCEPT", "html") or environ.get("HTTP_ACCEPT") == "*/*":
        import html

        kind, body = "text/html", PAGE.format(title=html.escape(title), text=html.escape(text))
    else:
        kind, body = "text/plain", text
    body = body.encode("utf-8", "replace")
    headers = [
        ("Content-Type", kind + "; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response("500 Internal Server Error", headers)
    return [body]


def attach():
    """Puts a module where mod_wsgi looks for the one of production's script, which it would execute otherwise. Its application is the
    real one once that is loaded."""
    State.attached = True
    serve(application if State.application is None or State.error else State.application)
    sys.modules.setdefault(SCRIPT, State.script)


def serve(application):
    application = underway.watch(application)
    hook = sys.modules.get("parity_hook")
    if hook is not None:
        hook.note(application)
    State.script.application = State.script.handle_request = application


# --- orders ---------------------------------------------------------------------------------------------------------


def take_orders(orders):
    generation = None
    while True:
        try:
            order = loads(orders.recv(65536))
        except (OSError, ValueError):
            continue
        # The agent repeats itself to a process that says nothing for a while.
        if "load" in order and order["load"] != generation:
            generation = order["load"]
            load(generation)
        elif "modules" in order:
            os.makedirs(RUN + "/modules", mode=0o700, exist_ok=True)
            write("%s/modules/%d" % (RUN, PID), dumps(planning.plan()))
        elif "requests" in order:
            os.makedirs(RUN + "/requests", mode=0o700, exist_ok=True)
            write("%s/requests/%d" % (RUN, PID), dumps({"asked": order["requests"], "requests": underway.requests()}))
            nudge_agent()


def is_to_load():
    """Is this process to import the application when it starts, as production's do? Also where no other process is to have
    been prepared for it."""
    return active()[0] == SLOT or os.path.exists("%s.fresh" % HERE)


def begin():
    os.makedirs(HERE, mode=0o700, exist_ok=True)
    os.makedirs(BYTECODE, mode=0o700, exist_ok=True)
    place = "%s/%d.sock" % (HERE, PID)
    if os.path.exists(place):
        os.unlink(place)
    bury_the_dead()
    orders = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    orders.bind(place)
    audit.listen(imports.hear, *imports.EVENTS)
    if is_to_load():
        fresh = lines_of("%s.fresh" % HERE)
        load(int(fresh[0]) if fresh else None)
    else:
        State.stood_by = True
        State.preloaded = ahead.stand_by()
        describe()
    # Imports in other threads than the main one wait for the end of this script: mod_wsgi holds no lock of Python's here.
    # No thread of `threading`: the application counts those.
    _thread.start_new_thread(take_orders, (orders,))


begin()
