"""Which processes are ended after a reload, with the times and the processes that a busy machine may have."""

import json
import os
import signal
import sys

os.makedirs("/etc/parity", exist_ok=True)
with open("/etc/parity/reload.json", "w") as config:
    json.dump({"slots": ["g0", "g1", "g2"], "processes": 1, "project": "/app"}, config)
sys.path.insert(0, "/given")

import renewing
import slots

there = {}
now = [100.0]
active = ["g0"]
sent = []


def process(doing):
    return {"doing": doing, "generation": 1, "error": None, "kind": None, "preloaded": 0}


def send(pids, number):
    slots.ending.update(pids)
    sent.extend((pid, number) for pid in pids)


slots.processes = renewing.processes = lambda slot: there.get(slot, {})
renewing.alive = lambda pid: any(pid in found for found in there.values())
renewing.active = lambda: (active[0], 1)
renewing.order = lambda slot, pid, what: True
renewing.send = send
renewing.time.monotonic = lambda: now[0]

# One that has served is ended, once it has had the time to say what it had imported.
renewal = renewing.Renewal()
there.update(g0={1: process("loaded")}, g1={2: process("loaded")}, g2={3: process("standby")})
renewal.retire_all_but("g0")
renewal.see_to_retiring()
assert sent == [], sent
now[0] += 1
renewal.see_to_retiring()
assert sent == [(2, signal.SIGUSR1)] and not renewal.goes_on(), sent

# While it ends it is not asked again.
renewal.retire_all_but("g0")
assert not renewal.goes_on()

# One that ended by itself has a successor, which is loading by the time: that one is left alone.
sent.clear()
there["g2"] = {3: process("loaded")}
renewal.retire_all_but("g0")
there["g2"] = {4: process("loading")}
now[0] += 1
renewal.see_to_retiring()
assert sent == [], sent

# It serves, and is not ended for that its slot was to make way before; the one before it is.
renewal.retire_all_but("g0")
active[0] = "g2"
now[0] += 1
renewal.see_to_retiring()
assert sent == [], sent
renewal.retire_all_but("g2")
now[0] += 1
renewal.see_to_retiring()
assert sent == [(1, signal.SIGUSR1)], sent
print("done")
