"""Carries out reloads in the container. `parity up` keeps it running and writes a line of JSON for each order.

    {"do": "hello"}
    {"do": "prepare", "generation": 7, "files": {"app.py": "<sha256>", "old.py": null}}
    {"do": "commit", "generation": 7}
    {"do": "discard", "generation": 7}
    {"do": "put", "path": "app.py", "data": "<base64>", "mode": 420}, {"do": "delete", "path": "app.py"}

It writes a line for each thing that happens, `{"did": ...}`. It keeps nothing in mind that it could not find out again,
but which reload is under way: when it dies, another one goes on. `agent.py memory` says what the slots cost, and ends;
`agent.py restart` asks the session for another container of the same, and fails where none listens.
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

from files import delete, inside, is_older, put
from reloading import Reload
from renewing import Renewal
from slots import RUN, active, memory, processes, remove, say

# Seconds between two looks at what says nothing when it changes.
LOOK = 0.05

# What another command says to the agent; all else is a nudge.
RESTART = b"restart"

nudges = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
nudges.setblocking(False)


class Agent:
    def __init__(self):
        self.renewal = Renewal()
        self.reload = None

    def obey(self, wanted):
        do = wanted["do"]
        if do == "hello":
            self.hello()
        elif do == "prepare":
            if self.reloads():
                self.reload.discard()
            self.renewal.catch_up()
            self.reload = Reload(wanted["generation"], wanted.get("files") or {}, self.renewal)
        elif do in ("commit", "discard"):
            if self.reload is not None and self.reload.generation == wanted["generation"]:
                getattr(self.reload, do)()
        elif do == "put":
            put(wanted["path"], wanted["data"], wanted["mode"])
        elif do == "delete":
            delete(wanted["path"])

    def hello(self):
        slot, generation = active()
        found = processes(slot)
        read = {}
        stale = set()
        for process in found.values():
            for path, noted in (process.get("read") or {}).items():
                read[inside(path)] = noted
                if is_older(path, noted):
                    stale.add(inside(path))
        failed = next((process for process in found.values() if process["error"]), None)
        error, kind = (failed["error"], failed["kind"]) if failed else (None, None)
        say("hello", slot=slot, generation=generation, read=sorted(read), stale=sorted(stale), error=error, kind=kind, pids=sorted(found))
        if found and not failed:
            self.renewal.keep_modules(slot)
        self.renewal.retire_all_but(slot)

    def reloads(self):
        return self.reload is not None and not self.reload.finished

    def look(self, heard):
        """Goes as far as can be gone now. `heard`: a process has said something."""
        if self.reload is not None:
            self.reload.look(heard)
        self.renewal.look(self.reloads())

    def patience(self):
        """Seconds until something must be looked at, unless something is heard before."""
        if self.reloads() and self.reload.slot is None:
            return LOOK / 10
        return LOOK if self.reloads() or self.renewal.goes_on() else None


def main():
    # One agent at a time: the one that a killed session left behind ends with the end of its input.
    remove(RUN + "/agent.sock")
    nudges.bind(RUN + "/agent.sock")
    os.set_blocking(0, False)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(nudges, selectors.EVENT_READ)
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
            else:
                heard = True
                try:
                    while message := nudges.recv(64):
                        if message == RESTART:
                            say("restart-wanted")
                except OSError:
                    pass
        agent.look(heard)


if sys.argv[1:] == ["memory"]:
    memory()
elif sys.argv[1:] == ["restart"]:
    nudges.sendto(RESTART, RUN + "/agent.sock")
else:
    main()
