"""Which processes are ended after a reload, with the times and the processes that a busy machine may have."""

import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "/etc/parity")

from parity_runtime.protocol.worker import Config, State
from parity_runtime.reload.agent import recycling
from parity_runtime.reload.agent.slots import Slots

there = {}
now = [100.0]
active = ["g0"]
sent = []


def process(doing):
    return State(doing=doing, generation=1)


class Fake(Slots):
    def processes(self, slot):
        return there.get(slot, {})

    def alive(self, pid):
        return any(pid in found for found in there.values())

    def active(self):
        return active[0], 1

    def order(self, slot, pid, what):
        return True

    def send(self, pids, number):
        self.ending.update(pids)
        sent.extend((pid, number) for pid in pids)


config = Config(
    slots=["g0", "g1", "g2"],
    processes=1,
    preload=True,
    graceful_timeout=15,
    project="/app",
    root="/app",
    script=None,
    package=None,
    port=8000,
)
recycling.time.monotonic = lambda: now[0]

# One that has served is ended, once it has had the time to say what it had imported.
renewal = recycling.Recycling(Fake(config))
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
