"""Carries out reloads in the container. `parity up` keeps it running and writes a line of JSON for each order.

    {"do": "hello"}
    {"do": "prepare", "generation": 7, "files": {"app.py": "<sha256>", "old.py": null}}
        with "unless-own": true, nothing is done where the application has written all of them itself
    {"do": "commit", "generation": 7}
    {"do": "discard", "generation": 7}
    {"do": "put", "path": "app.py", "data": "<base64>", "mode": 420}, {"do": "delete", "path": "app.py"}

It writes a line for each thing that happens, `{"did": ...}`. It keeps nothing in mind that it could not find out again,
but which reload is under way: when it dies, another one goes on. `agent.py memory` says what the slots cost, and ends;
`agent.py files` says which of the project's files the application has imported, opened and written; `agent.py restart`
asks the session for another container of the same, and fails where none listens.
"""

import json
import os
import selectors
import socket
import sys

# Python is started without the directories of its own.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# Nothing is written beside the configuration.
sys.dont_write_bytecode = True

from deaths import watch
from files import PROJECT, delete, inside, is_older, put
from notes import Notes
from reloading import Reload
from renewing import Renewal
from slots import CONFIG, NAMES, RUN, active, memory, processes, remove, say

# Seconds between two looks at what says nothing when it changes.
LOOK = 0.05
# What a process says when it has noted a file that it opened or wrote, and not that it does something else.
NOTED = b"touched"

# What another command says to the agent; all else is a nudge.
RESTART = b"restart"

nudges = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
nudges.setblocking(False)


class Agent:
    def __init__(self):
        self.renewal = Renewal()
        self.reload = None
        self.notes = Notes()
        # Processes may have noted more than they have said.
        self.noted = False
        # Those that serve had not imported the application yet when this was asked for.
        self.importing = False
        # Was it said that what is served fails?
        self.failing = False

    def obey(self, wanted):
        do = wanted["do"]
        if do == "hello":
            self.hello()
        elif do == "prepare":
            files = wanted.get("files") or {}
            if wanted.get("unless-own") and self.are_own(files):
                say("own", generation=wanted["generation"], files=sorted(files))
                return
            before = self.reload
            if self.reloads():
                before.discard()
            self.renewal.catch_up()
            self.reload = Reload(wanted["generation"], files, self.renewal, self.notes, before)
        elif do in ("commit", "discard"):
            if self.reload is not None and self.reload.generation == wanted["generation"]:
                getattr(self.reload, do)()
        elif do == "put":
            put(wanted["path"], wanted["data"], wanted["mode"])
        elif do == "delete":
            delete(wanted["path"])

    def are_own(self, files):
        self.noted |= self.notes.read()
        pids = list(processes(active()[0]))
        return bool(files) and all(self.notes.is_own("%s/%s" % (PROJECT, path), pids) for path in files)

    def hello(self):
        slot, generation = active()
        found = processes(slot)
        self.notes.tidy()
        say("touched", **self.notes.everything())
        read, stale = self.read_by(found)
        done = [process for process in found.values() if process["doing"] in ("loaded", "failed")]
        self.importing = len(done) < CONFIG["processes"]
        failed = next((process for process in found.values() if process["error"]), None)
        error, kind = (failed["error"], failed["kind"]) if failed else (None, None)
        say("hello", slot=slot, generation=generation, read=sorted(read), stale=sorted(stale), error=error, kind=kind, pids=sorted(found))
        if found and not failed:
            self.renewal.keep_modules(slot)
        self.renewal.retire_all_but(slot)
        self.failing = failed is not None

    def read_by(self, found):
        """What processes have imported, and what has changed since they imported or opened it."""
        read = set()
        stale = {inside(path) for path in self.notes.stale(found)}
        for process in found.values():
            for path, noted in (process.get("read") or {}).items():
                read.add(inside(path))
                if is_older(path, noted):
                    stale.add(inside(path))
        return read, stale

    def reloads(self):
        return self.reload is not None and not self.reload.finished

    def look(self, heard):
        """Goes as far as can be gone now. `heard`: a process has said something."""
        if self.reload is not None:
            was_under_way = self.reloads()
            self.reload.look(heard)
            if was_under_way and self.reload.finished:
                self.failing = self.reload.failed
        if heard and self.failing and not self.reloads():
            self.look_for_recovery()
        self.renewal.look(self.reload if self.reloads() else None)
        if heard or self.noted:
            self.tell_notes(heard)

    def tell_notes(self, heard):
        """Says what was imported, opened and written. While a reload is under way that has time."""
        if self.reloads():
            self.noted = True
            return
        # A process that has just said so may not say it again for what comes at once.
        self.noted = self.notes.read()
        if heard:
            self.notes.tidy()
        news = self.notes.take_news()
        if not news and not self.importing:
            return
        found = processes(active()[0])
        read = ()
        if self.importing and sum(process["doing"] in ("loaded", "failed") for process in found.values()) >= CONFIG["processes"]:
            # What was saved while the server started, before anybody knew that the application reads it.
            self.importing = False
            read, stale = self.read_by(found)
        else:
            stale = set(news["opened"]) & {inside(path) for path in self.notes.stale(found)} if news else ()
        if news or read or stale:
            say("touched", **{"opened": [], "written": [], **(news or {})}, read=sorted(read), stale=sorted(stale))

    def look_for_recovery(self):
        """An import that failed is tried again with each request, and may succeed without another save."""
        slot, generation = active()
        found = processes(slot)
        if found and all(process["doing"] == "loaded" and not process["error"] for process in found.values()):
            self.failing = False
            say("recovered", generation=generation, read=sorted({inside(path) for process in found.values() for path in process["read"]}))

    def patience(self):
        """Seconds until something must be looked at, unless something is heard before."""
        if self.reloads() and self.reload.slot is None:
            return LOOK / 10
        return LOOK if self.reloads() or self.renewal.goes_on() or self.noted else self.renewal.draining.patience()


def main():
    # One agent at a time: the one that a killed session left behind ends with the end of its input.
    remove(RUN + "/agent.sock")
    nudges.bind(RUN + "/agent.sock")
    os.set_blocking(0, False)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(nudges, selectors.EVENT_READ)
    selector.register(watch, selectors.EVENT_READ)
    agent = Agent()
    rest = b""
    while True:
        heard = False
        for key, _ in selector.select(agent.patience()):
            if key.fd == 0:
                data = os.read(0, 1 << 20)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    try:
                        agent.obey(json.loads(line))
                    except Exception as error:
                        say("refused", why="%s: %s" % (type(error).__name__, error))
            elif key.fileobj is watch:
                heard = True
                watch.look()
            else:
                try:
                    while message := nudges.recv(64):
                        if message == NOTED:
                            agent.noted = True
                        elif message == RESTART:
                            say("restart-wanted")
                        else:
                            heard = True
                except OSError:
                    pass
        agent.look(heard)


def files():
    """What the living processes have imported, and what has been opened and written."""
    notes = Notes()
    notes.read()
    read = {inside(path) for name in NAMES for process in processes(name).values() for path in process.get("read") or {}}
    say("files", read=sorted(read), **notes.everything())


if sys.argv[1:] == ["memory"]:
    memory()
elif sys.argv[1:] == ["files"]:
    files()
elif sys.argv[1:] == ["restart"]:
    nudges.sendto(RESTART, RUN + "/agent.sock")
else:
    main()
