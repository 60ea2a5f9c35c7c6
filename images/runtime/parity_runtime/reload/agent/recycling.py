"""What goes on beside reloads: slots that have served are ended and come back to stand by, and learn what to do ahead of time."""

import os
import signal
import time

from parity_runtime import disk, layout
from parity_runtime.protocol.worker import TellModules
from parity_runtime.reload.agent.draining import Draining
from parity_runtime.reload.agent.slots import Slots, preloaded

# Seconds. The first requests to a slot have the processor to themselves.
REST = 0.05
# Seconds. A slot says by then which modules it has, or is ended without that.
TOLD_WITHIN = 0.5
# By then standby slots have started anew with the modules to import, or are left as they are.
RENEWED_WITHIN = 30


class Recycling:
    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        # Slots with processes that are to be ended: the latest moment for it, and those. Others may come before that, and serve.
        self.retiring: dict[str, tuple[float, list[int]]] = {}
        # The slot that is asked for its modules for the first time.
        self.asking: str | None = None
        # Standby slots that are to start anew with those.
        self.fresh: list[str] = []
        self.fresh_until = 0.0
        # When to see to the slots that have served.
        self.due: float | None = None
        self.draining = Draining(slots)

    def goes_on(self) -> bool:
        return bool(self.retiring or self.asking or self.fresh or self.due)

    def after_reload(self) -> None:
        self.due = time.monotonic() + REST

    def renew_standby(self) -> None:
        """What is done ahead of time has changed: processes that have done it already start anew, one slot after the other."""
        self.fresh = [slot for slot in self.slots.names if slot != self.slots.active()[0]]
        self.fresh_until = time.monotonic() + RENEWED_WITHIN

    def catch_up(self) -> None:
        """Before another reload begins: it may need what is to be renewed."""
        if self.due is not None:
            self.due = None
            current = self.slots.active()[0]
            self.keep_modules(current)
            self.retire_all_but(current)

    def retire_all_but(self, current: str) -> None:
        """Also what an agent before this one did not get to."""
        for slot in self.slots.names:
            pids = self.slots.touched(slot) if slot != current else []
            if pids:
                self.retire(slot, pids)

    def retire(self, slot: str, pids: list[int]) -> None:
        """Lets processes finish their requests and end. What they had imported by now is what the next ones prepare for."""
        if slot not in self.retiring:
            # One that is still importing for a generation that is not served any more could say nothing.
            able = [pid for pid, process in self.slots.processes(slot).items() if process.doing != "loading"]
            asked = any([self.slots.order(slot, pid, TellModules()) for pid in pids if pid in able])
            self.retiring[slot] = time.monotonic() + (TOLD_WITHIN if asked else 0), pids

    def keep_modules(self, slot: str) -> None:
        """The first time: what can be done ahead of time is known once the application has loaded. Standby slots
        start anew with them, one after the other, so that there is always one for a save that comes early."""
        if len(self.slots.names) > 1 and not os.path.exists(layout.preload()) and self.asking is None:
            if any([self.slots.order(slot, pid, TellModules()) for pid in self.slots.processes(slot)]):
                self.asking = slot

    def look(self, loading: bool, slot: str | None) -> None:
        """Does what can be done now. `loading`: a reload is under way, into `slot`; no standby slot is ended meanwhile."""
        if self.due is not None and time.monotonic() >= self.due:
            self.catch_up()
        self.see_to_retiring()
        self.see_to_asking()
        self.draining.look(slot)
        if self.fresh and not loading:
            self.see_to_fresh()

    def see_to_retiring(self) -> None:
        for slot, (until, pids) in list(self.retiring.items()):
            if slot == self.slots.active()[0]:
                del self.retiring[slot]
            elif time.monotonic() >= until or self.take_modules(slot):
                del self.retiring[slot]
                # New requests went elsewhere before; a request that was on its way all the same loads what is on disk then.
                self.slots.send([pid for pid in pids if self.slots.alive(pid)], signal.SIGUSR1)
                self.draining.add(slot, pids)

    def see_to_asking(self) -> None:
        if self.asking is not None and (self.asking != self.slots.active()[0] or self.take_modules(self.asking)):
            self.asking = None
            self.renew_standby()
        if time.monotonic() > self.fresh_until:
            self.fresh.clear()

    def see_to_fresh(self) -> None:
        slot = self.fresh[0]
        others = [other for other in self.slots.names if other not in (slot, self.slots.active()[0])]
        ready = self.slots.standby(slot)
        if slot == self.slots.active()[0] or preloaded(ready):
            self.fresh.pop(0)
        elif ready and all(self.slots.standby(other) for other in others) and self.slots.running(slot):
            # The next one's turn comes when this one is back.
            self.fresh.pop(0)
            self.slots.end(slot, signal.SIGTERM)

    def take_modules(self, slot: str) -> bool:
        """Keeps what a process of the slot says of its modules, if one has said it."""
        for pid in self.slots.processes(slot):
            try:
                with open(layout.modules(pid)) as file:
                    text = file.read()
            except OSError:
                continue
            disk.remove(layout.modules(pid))
            disk.replace(layout.preload(), text)
            return True
        return False
