"""What goes on after a reload: slots that have served make way, and standby processes learn what to do ahead of time."""

import os
import signal
import time

from draining import Draining
from slots import NAMES, RUN, active, alive, end, order, preloaded, processes, remove, replace, running, send, standby, touched

# Seconds. The first requests to a slot have the processor to themselves.
REST = 0.05
# Seconds. A slot says by then which modules it has, or is ended without that.
TOLD_WITHIN = 0.5
# By then standby slots have started anew with the modules to import, or are left as they are.
RENEWED_WITHIN = 30

PRELOAD = RUN + "/preload.json"


class Renewal:
    def __init__(self):
        # Slots with processes that are to be ended: the latest moment for it, and those. Others may come before that, and serve.
        self.retiring = {}
        # The slot that is asked for its modules for the first time.
        self.asking = None
        # Standby slots that are to start anew with those.
        self.fresh = []
        self.fresh_until = 0
        # When to see to the slots that have served.
        self.due = None
        self.draining = Draining()

    def goes_on(self):
        return bool(self.retiring or self.asking or self.fresh or self.due)

    def after_reload(self):
        self.due = time.monotonic() + REST

    def renew_standby(self):
        """What is done ahead of time has changed: processes that have done it already start anew, one slot after the other."""
        self.fresh = [slot for slot in NAMES if slot != active()[0]]
        self.fresh_until = time.monotonic() + RENEWED_WITHIN

    def catch_up(self):
        """Before another reload begins: it may need what is to be renewed."""
        if self.due is not None:
            self.due = None
            current = active()[0]
            self.keep_modules(current)
            self.retire_all_but(current)

    def retire_all_but(self, current):
        """Also what an agent before this one did not get to."""
        for slot in NAMES:
            pids = touched(slot) if slot != current else []
            if pids:
                self.retire(slot, pids)

    def retire(self, slot, pids):
        """Lets processes finish their requests and end. What they had imported by now is what the next ones prepare for."""
        if slot not in self.retiring:
            # One that is still importing for a generation that is not served any more could say nothing.
            able = [pid for pid, process in processes(slot).items() if process["doing"] != "loading"]
            asked = any([order(slot, pid, {"modules": True}) for pid in pids if pid in able])
            self.retiring[slot] = time.monotonic() + (TOLD_WITHIN if asked else 0), pids

    def keep_modules(self, slot):
        """The first time: what can be done ahead of time is known once the application has loaded. Standby slots
        start anew with them, one after the other, so that there is always one for a save that comes early."""
        if len(NAMES) > 1 and not os.path.exists(PRELOAD) and self.asking is None:
            if any([order(slot, pid, {"modules": True}) for pid in processes(slot)]):
                self.asking = slot

    def look(self, reload):
        """Goes as far as can be gone now. While a reload is under way no standby slot is ended."""
        if self.due is not None and time.monotonic() >= self.due:
            self.catch_up()
        self.see_to_retiring()
        self.see_to_asking()
        self.draining.look(reload.slot if reload else None)
        if self.fresh and not reload:
            self.see_to_fresh()

    def see_to_retiring(self):
        for slot, (until, pids) in list(self.retiring.items()):
            if slot == active()[0]:
                del self.retiring[slot]
            elif time.monotonic() >= until or take_modules(slot):
                del self.retiring[slot]
                # New requests went elsewhere before; a request that was on its way all the same loads what is on disk then.
                send([pid for pid in pids if alive(pid)], signal.SIGUSR1)
                self.draining.add(slot, pids)

    def see_to_asking(self):
        if self.asking is not None and (self.asking != active()[0] or take_modules(self.asking)):
            self.asking = None
            self.renew_standby()
        if time.monotonic() > self.fresh_until:
            self.fresh.clear()

    def see_to_fresh(self):
        slot = self.fresh[0]
        others = [other for other in NAMES if other not in (slot, active()[0])]
        ready = standby(slot)
        if slot == active()[0] or preloaded(ready):
            self.fresh.pop(0)
        elif ready and all(standby(other) for other in others) and running(slot):
            # The next one's turn comes when this one is back.
            self.fresh.pop(0)
            end(slot, signal.SIGTERM)


def take_modules(slot):
    """Keeps what a process of the slot says of its modules, if one has said it."""
    for pid in processes(slot):
        path = "%s/modules/%d" % (RUN, pid)
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            continue
        remove(path)
        replace(PRELOAD, text)
        return True
    return False
