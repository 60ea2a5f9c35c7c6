"""Processes of slots as Apache would start them, without Apache: each has the real instrument in a fork of this process.

This process plays Apache (it starts a process where one has ended) and the agent (it orders, asks for modules, and tries a
fresh process where one is in doubt), with the agent's own `doubting.py`.
"""

import json
import os
import select
import signal
import socket
import sys
import time
import types

# What runs here replaces the names in `json`.
from json import dumps

ETC = "/etc/parity"
RUN = "/run/parity"
# What the container has at `/app`; the name of the other decides what is the project's.
PROJECT = "/tmp/tree/app"
SITE = "/tmp/tree/lib/site-packages"
PRINTED = "/tmp/tree/printed"
SLOTS = ["g0", "g1", "g2"]
# Seconds. Far more than any process takes here, even where others use the processor.
PATIENCE = 60

HANDLER = '__import__("wsgi")\napplication = sys.modules["wsgi"].application\n'


def prepare():
    """The configuration, as `parity up` renders it."""
    settings = {
        "v": 1,
        "slots": SLOTS,
        "processes": 1,
        "preload": True,
        "graceful-timeout": 15,
        "project": PROJECT,
        "root": PROJECT,
        "script": None,
        "package": "wsgi",
        "port": 8000,
    }
    os.makedirs(ETC, exist_ok=True)
    with open(ETC + "/reload.json", "w") as file:
        json.dump(settings, file)
    with open(ETC + "/handler.wsgi", "w") as file:
        file.write("import sys\n" + HANDLER)
    with open(ETC + "/instruments.txt", "w") as file:
        file.write("reload\n")


# Python's own directories, as a process of mod_wsgi has them.
LIBRARY = [entry for entry in sys.path if entry.startswith(sys.base_prefix) and "-packages" not in entry]
MINE = dict(os.environ)


class Died(Exception):
    """A process ended that was to answer."""


class Child:
    """A fork of this process that answers questions."""

    def __init__(self, work):
        asked, self.asks = os.pipe()
        self.answers, answer = os.pipe()
        # A child collects garbage among what it has made itself.
        gc.freeze()
        self.pid = os.fork()
        if self.pid:
            os.close(asked)
            os.close(answer)
            return
        # The parent's ends, or a child's end would not be seen.
        for descriptor in [self.asks, self.answers]:
            os.close(descriptor)
        code = 70
        try:
            be_like_mod_wsgi()
            work(Questions(asked, answer))
            code = 0
        except BaseException:
            import traceback

            with open(PRINTED, "a") as file:
                traceback.print_exc(file=file)
        finally:
            os._exit(code)

    def ask(self, question):
        os.write(self.asks, question.encode() + b"\n")
        return self.hear()

    def hear(self):
        text = b""
        while not text.endswith(b"\n"):
            ready, _, _ = select.select([self.answers], [], [], PATIENCE)
            if not ready:
                raise Died("process %d says nothing" % self.pid)
            piece = os.read(self.answers, 1 << 16)
            if not piece:
                raise Died("process %d has ended" % self.pid)
            text += piece
        return json.loads(text)

    def end(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except OSError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.asks)
        os.close(self.answers)


class Questions:
    """The child's side."""

    def __init__(self, asked, answer):
        self.asked, self.answer = asked, answer

    def __iter__(self):
        rest = b""
        while True:
            piece = os.read(self.asked, 1024)
            if not piece:
                return
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line.decode() for line in lines)

    def tell(self, what):
        os.write(self.answer, dumps(what).encode() + b"\n")


def be_like_mod_wsgi():
    sys.path[:] = [PROJECT, *LIBRARY, SITE]
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = True
    os.chdir(PROJECT)
    printed = os.open(PRINTED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.close(printed)
    # mod_wsgi's are Python's own objects, that nothing else has a hand in.
    sys.stdout, sys.stderr = open(1, "w", buffering=1, closefd=False), open(2, "w", buffering=1, closefd=False)
    for name in list(sys.modules):
        if name in ("cases", "ring", "trees") or name.startswith("parity_runtime"):
            del sys.modules[name]


# --- a fresh interpreter --------------------------------------------------------------------------------------------


def fresh():
    """What a Python process answers that has nothing of parity's, and the modules that it has."""

    def work(questions):
        handler = {"__name__": "handler", "sys": sys}
        questions.tell(outcome(lambda: exec(HANDLER, handler) or handler["application"]))

    child = Child(work)
    try:
        return child.hear()
    finally:
        child.end()


def outcome(application):
    """An answer, or the last line of what went wrong."""
    try:
        return {"answer": b"".join(application()({}, lambda *_: None)).decode()}
    except (Exception, SystemExit) as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


# --- a process of a slot --------------------------------------------------------------------------------------------

# What the instrument imports at once is there before it forks, or most of the time would go into that.
import contextlib, gc, hashlib, importlib.machinery, importlib.util, marshal, threading, traceback  # noqa

COMPILED = {}


def compile_once(source, path, *more, **named):
    if path not in COMPILED:
        COMPILED[path] = compile(source, path, *more, **named)
    return COMPILED[path]


for directory, _, names in os.walk(ETC):
    for name in names:
        if name.endswith(".py"):
            with open("%s/%s" % (directory, name), "rb") as file:
                compile_once(file.read(), file.name, "exec", dont_inherit=True)
with open(ETC + "/instruments.py") as file:
    INSTRUMENTS = compile(file.read(), ETC + "/instruments.py", "exec", dont_inherit=True)


class Slot(Child):
    def __init__(self, name):
        self.name = name
        super().__init__(self.work)

    def work(self, questions):
        mod_wsgi = sys.modules["mod_wsgi"] = types.ModuleType("mod_wsgi")
        mod_wsgi.process_group, mod_wsgi.active_requests, data = self.name, {}, {}
        mod_wsgi.request_data = lambda: data
        name = "_mod_wsgi_instruments"
        instruments = sys.modules[name] = types.ModuleType(name)
        instruments.__file__, instruments.compile = ETC + "/instruments.py", compile_once
        exec(INSTRUMENTS, instruments.__dict__)
        state = sys.modules["parity_runtime.reload.worker.state"].State
        script = sys.modules[sys.modules["parity_runtime.reload.worker.importing"].SCRIPT]
        for question in questions:
            if question == "names":
                modules = [(name, getattr(module, "__file__", None) or "") for name, module in list(sys.modules.items())]
                questions.tell([name for name, path in modules if path.startswith(SITE)])
            else:
                found = state.error
                if found is None:
                    questions.tell(outcome(lambda: script.application))
                else:
                    questions.tell({"error": found.strip().rsplit("\n", 1)[-1]})

    def state(self):
        """What it says of itself."""
        try:
            with open("%s/slots/%s/%d" % (RUN, self.name, self.pid)) as file:
                return {"error": None, "doubt": None, "blamed": [], "outdated": False, **json.load(file)}
        except OSError:
            return {"doing": None}

    def becomes(self, nudges, *doing):
        """Waits until it does something. Returns what it says then; `None` where it has ended."""
        until = time.monotonic() + PATIENCE
        while True:
            state = self.state()
            if state["doing"] in doing:
                return state
            ready, _, _ = select.select([nudges, self.answers], [], [], max(0, until - time.monotonic()))
            if nudges in ready:
                nudges.recv(64)
            elif self.answers in ready:
                # It has closed its end; whatever it said before is there.
                state = self.state()
                return state if state["doing"] in doing else None
            else:
                raise Died("process %d of %s is %s, and not %s" % (self.pid, self.name, state["doing"], " or ".join(doing)))


class Ring:
    """What serves, and what stands by for the next save."""

    def __init__(self):
        clear(RUN)
        self.generation = 1
        self.nudges = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.nudges.bind(RUN + "/agent.sock")
        self.orders = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.standby = []
        # What happened, for whoever reads of a failure.
        self.story = []
        self.activate("g0")
        self.serving = self.start_loading("g0")
        self.keep_modules()

    def close(self):
        for child in [self.serving, *self.standby]:
            child.end()
        self.nudges.close()
        self.orders.close()

    def activate(self, name):
        with open(RUN + "/active.new", "w") as file:
            file.write("%s %d\n" % (name, self.generation))
        os.rename(file.name, RUN + "/active")

    def start_loading(self, name):
        child = Slot(name)
        if child.becomes(self.nudges, "loaded", "failed") is None:
            raise Died("process %d of %s ended while it imported the application" % (child.pid, name))
        return child

    def keep_modules(self):
        """What standing-by processes do next is what the serving one knows."""
        self.order({"v": 1, "do": "modules"})
        path = "%s/modules/%d" % (RUN, self.serving.pid)
        until = time.monotonic() + PATIENCE
        while not os.path.exists(path):
            if time.monotonic() > until:
                raise Died("process %d does not tell its modules" % self.serving.pid)
            time.sleep(0.0005)
        os.rename(path, RUN + "/preload.json")

    def order(self, what, child=None):
        child = child or self.serving
        place = "%s/slots/%s" % (RUN, child.name)
        try:
            self.orders.sendto(json.dumps(what).encode(), "%s/%d.sock" % (place, child.pid))
        except OSError as error:
            raise Died("process %d cannot be ordered: %s; there are %s" % (child.pid, error, os.listdir(place))) from None

    def fill(self):
        """Starts processes that stand by, as many as there are slots for them. One that ends is started again."""
        for name in SLOTS:
            if name == self.serving.name or any(child.name == name for child in self.standby):
                continue
            for _ in range(100):
                child = Slot(name)
                if child.becomes(self.nudges, "standby") is not None:
                    break
                child.end()
            else:
                raise Died("no process stands by in %s" % name)
            self.standby.append(child)

    def reload(self):
        """One save, after which the requests are answered by another process."""
        from parity_runtime.reload import config
        from parity_runtime.reload.agent import doubting

        self.generation += 1
        former, child = self.serving, self.standby.pop(0)
        self.activate(child.name)
        self.order({"v": 1, "do": "load", "generation": self.generation}, child)
        state = child.becomes(self.nudges, "loaded", "failed")
        if state is None or state["doubt"]:
            self.story.append("generation %d: doubt: %s" % (self.generation, state and state["doubt"]))
            child.end()
            other = self.standby.pop(0)
            other.end()
            doubting.mark_fresh(other.name, self.generation)
            fresh = self.start_loading(other.name)
            doubting.unmark_fresh(other.name)
            self.activate(other.name)
            if state is not None and (not fresh.state()["error"] or state["outdated"]):
                self.story.append("avoided: %s" % doubting.avoid(config.read(), state["blamed"], state["doubt"]))
            child = fresh
        # The one that has served says what it had imported by then, and ends.
        self.keep_modules()
        former.end()
        self.serving = child


def clear(directory):
    for root, directories, names in os.walk(directory, topdown=False):
        for name in names:
            os.unlink("%s/%s" % (root, name))
        for name in directories:
            path = "%s/%s" % (root, name)
            os.unlink(path) if os.path.islink(path) else os.rmdir(path)
    os.makedirs(directory, exist_ok=True)
    if directory == RUN:
        os.makedirs(RUN + "/slots")
