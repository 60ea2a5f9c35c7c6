"""One reload: from an order to requests that are answered by the code on disk."""

import signal
import time
from collections.abc import Iterable

from parity_runtime.protocol import agent as protocol
from parity_runtime.protocol.worker import Load, State
from parity_runtime.reload import deaths
from parity_runtime.reload.agent import doubting
from parity_runtime.reload.agent.doubting import ALONE, FRESH, PREPARED
from parity_runtime.reload.agent.files import digest, is_older
from parity_runtime.reload.agent.notes import Notes
from parity_runtime.reload.agent.output import say
from parity_runtime.reload.agent.recycling import Recycling
from parity_runtime.reload.agent.slots import Slots, preloaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Seconds. A mount of an engine in a virtual machine may show a saved file late.
SEEN_WITHIN = 10
# A standby that is not there by then is said to be waited for.
TELL_AFTER = 0.15
# By then what still works off requests of the slot before the last is ended.
DRAINED_WITHIN = 3
# Seconds beyond the time for an import: a process ends itself by then, and leaves where it hung.
LEFT_WITHIN = 2
# A process that still stands by so long after the order has never got it.
SUCCEEDED_AFTER = 0.05


class Learned:
    """What the reloads of an agent have shown."""

    def __init__(self) -> None:
        # Were files ever seen here later than they were saved?
        self.late = False
        # What was read of the project's files the last time, by their digests.
        self.known: dict[str, str] = {}


class Reload:
    """One reload, step by step: the saved files are seen here, a standby is there, it has loaded, requests go to it."""

    def __init__(
        self,
        slots: Slots,
        generation: int,
        files: dict[str, str | None],
        recycling: Recycling,
        notes: Notes,
        learned: Learned,
        before: "Reload | None",
    ) -> None:
        self.slots = slots
        self.learned = learned
        self.generation = generation
        self.files = files
        self.recycling = recycling
        self.notes = notes
        self.begun = time.monotonic()
        self.slot: str | None = None
        self.waits_since: float = self.begun
        # It was said that this waits for a slot.
        self.told: bool = False
        if before is not None and before.slot is None:
            # The one that it took the place of had found no slot yet.
            self.waits_since, self.told = before.waits_since, before.told
        # Requests are to go there as soon as there is a slot; they do.
        self.wanted = False
        self.committed: bool = False
        self.finished: bool = False
        # It took the place of one that requests were sent to already.
        self.overtakes = before is not None and before.committed and not before.finished
        # The files were not seen when the application was ordered.
        self.missed = False
        # Files that were saved again before they were read.
        self.unsure: list[str] = []
        self.reported = False
        # Processes that are to make way for those that import the application as soon as they start.
        self.outgoing: set[int] | None = None
        # Those that must be gone before that, as they may hold what the import needs.
        self.clearing: set[int] | None = None
        self.ordered = self.begun
        # How it is tried, and what made that necessary.
        self.attempt = PREPARED
        self.doubt: State | None = None
        # The slot that served before.
        self.former = slots.active()[0]
        # The slot with the requests that wait for an outcome.
        self.holding: str | None = None
        self.failed = False

    def look(self, heard: bool) -> None:
        """Does what can be done now. `heard`: a process has said something."""
        if self.finished:
            return
        before = (self.slot, self.committed)
        if self.slot is None and not self.begin():
            return
        # Where something was in doubt already, requests wait for the outcome.
        if self.wanted and not self.committed and self.attempt is PREPARED:
            self.committed = True
            self.slots.activate(self.loading_slot(), self.generation)
            if self.overtakes:
                # Those that went before will not be needed any more, and another save may come before this is done.
                self.recycling.retire_all_but(self.loading_slot())
        if self.attempt is PREPARED and doubting.is_in_place(self.slots.config) and not self.restarted():
            return
        if self.attempt is not PREPARED and not self.made_way():
            return
        if heard or self.reported or before == (self.slot, self.committed):
            self.answered()
        # Else the application is being imported. Who does that says when it is done, and needs the processor until then.

    def begin(self) -> bool:
        """Has the application imported. Where files are not known to be late this is not waited for, but made sure of; a slot is lost
        by that once."""
        if self.learned.late or self.missed or doubting.is_in_place(self.slots.config):
            if not self.seen():
                return False
            # What was missed has come, and has not just been saved again.
            self.learned.late |= self.missed
            return self.found() and self.tell_begun()
        if not self.found():
            return False
        if self.seen() or self.changed_again():
            return self.tell_begun()
        self.missed = True
        self.slots.end(self.loading_slot(), signal.SIGTERM)
        self.slot = None
        return False

    def seen(self) -> bool:
        """Are the files as they were saved? A mount may be late, and somebody may have saved again meanwhile."""
        late = [path for path, wanted in self.files.items() if digest(self.notes.files.path(path)) != wanted]
        if not late or time.monotonic() - self.begun > SEEN_WITHIN:
            if late:
                say(protocol.Unseen(generation=self.generation, files=late))
            self.files = {}
            return True
        return False

    def changed_again(self) -> bool:
        """Are they newer than what was announced? Who saved them says so as well: another reload follows this one."""
        digests = {path: digest(self.notes.files.path(path)) for path in self.files}
        late = [path for path, wanted in self.files.items() if digests[path] != wanted]
        known = self.learned.known
        if any(path not in known or digests[path] == known[path] for path in late):
            return False
        self.unsure = late
        return True

    def tell_begun(self) -> bool:
        say(protocol.Begun(generation=self.generation))
        return True

    def found(self) -> bool:
        """Is there a slot to load into?"""
        current = self.slots.active()[0]
        if doubting.is_in_place(self.slots.config):
            self.slot = current
            return True
        free = [slot for slot in self.slots.names if slot != current]
        waited = time.monotonic() - self.waits_since
        best: dict[int, State] = {}
        for slot in free:
            found = self.slots.standby(slot)
            if found and (not best or preloaded(found)):
                self.slot, best = slot, found
            if preloaded(best):
                # It is faster than one that has not imported third-party modules yet, and no search is faster than that.
                break
        if best:
            self.ordered = time.monotonic()
            for pid in best:
                self.slots.order(self.loading_slot(), pid, Load(generation=self.generation))
            self.slots.ask_for_speed(False)
            return True
        self.slots.ask_for_speed(True)
        if waited > TELL_AFTER and not self.told:
            self.told = True
            say(protocol.Waiting(generation=self.generation))
        if waited > DRAINED_WITHIN:
            # Still busy with requests of a generation before the last, or dead in a way that nobody has noticed.
            free = [slot for slot in free if not self.recycling.draining.spares(slot)]
            if free:
                self.waits_since = time.monotonic()
                self.slots.end(next((slot for slot in free if not self.slots.processes(slot)), free[0]), signal.SIGKILL)
        return False

    def restarted(self) -> bool:
        """Without standby processes: those that run are told to end, and their successors load at once."""
        if not self.committed:
            return False
        if self.outgoing is None:
            self.outgoing = set(self.slots.end(self.loading_slot(), signal.SIGINT))
            self.recycling.draining.add(self.loading_slot(), list(self.outgoing))
            self.ordered = time.monotonic()
        return not any(self.slots.alive(pid) for pid in self.outgoing)

    def loading_slot(self) -> str:
        assert self.slot is not None
        return self.slot

    def answered(self) -> None:
        found = self.slots.staying(self.loading_slot())
        doubtful = next((process for process in found.values() if process.doubt), None)
        if doubtful and self.attempt is PREPARED:
            return self.try_fresh(doubtful)
        done = [process for process in found.values() if process.doing in ("loaded", "failed")]
        expected = self.slots.config.processes
        died = deaths.error_of(self.generation)
        if died is None and len(done) < expected:
            self.repeat_order(found)
            return
        failed = next((process for process in done if process.error), None)
        if died is not None and self.attempt is PREPARED and not doubting.is_in_place(self.slots.config) and deaths.is_death(died):
            return self.try_again(died, found)
        if died is not None:
            failed = State(doing="failed", generation=self.generation, error=died, kind="died")
        if failed and self.attempt is FRESH and doubting.is_held(failed.error) and self.slots.running(self.former):
            return self.try_alone()
        read: "dict[str, Any]" = {}
        for process in done:
            read.update(process.read or {})
        stale = sorted(path for process in done for path, noted in (process.read or {}).items() if is_older(path, noted))
        self.notes.read()
        stale.extend(self.notes.stale(found))
        if any(process.generation != self.generation for process in done):
            stale.append("")
        stale.extend(self.unsure)
        self.learned.known.update((self.notes.files.inside(path), noted[0]) for path, noted in read.items())
        if self.attempt is not PREPARED:
            self.came_out(failed)
        if not self.committed:
            if not self.reported:
                self.reported = True
                self.tell(protocol.Loaded, found, failed, read, stale)
            return
        self.finished = True
        self.failed = failed is not None
        self.tell(protocol.Serving, found, failed, read, stale)
        self.recycling.after_reload()

    # --- where it is in doubt (`doubting.py`) -----------------------------------------------------------------------

    def try_fresh(self, doubtful: State) -> None:
        self.attempt, self.doubt = FRESH, doubtful
        if self.committed:
            self.holding, self.committed = self.slot, False
            self.slot = next(slot for slot in self.slots.names if slot not in (self.slot, self.former))
        doubting.mark_fresh(self.loading_slot(), self.generation)
        self.make_way(signal.SIGTERM)

    def try_again(self, died: str, found: dict[int, State]) -> None:
        """A process that stood by died. Its successor imports the application at once, as one does that never stood by."""
        self.attempt = FRESH
        self.doubt = State(doing="failed", generation=self.generation, error=died, doubt="", blamed=["*"])
        deaths.keep(self.generation, None)
        doubting.mark_fresh(self.loading_slot(), self.generation)
        self.outgoing = {pid for pid, process in found.items() if process.kind == "died"}
        self.slots.send(self.outgoing, signal.SIGTERM)
        self.ordered = time.monotonic()

    def try_alone(self) -> None:
        """Requests go back to the slot that served before. When nobody else can hold anything, its processes make way, too."""
        self.attempt = ALONE
        doubting.unmark_fresh(self.loading_slot())
        self.clearing = set(self.slots.running(self.loading_slot()))
        self.slots.end(self.loading_slot(), signal.SIGTERM)
        self.slots.activate(self.former, self.generation)
        if self.holding is not None:
            self.clearing.update(self.slots.running(self.holding))
            self.slots.send(self.slots.running(self.holding), signal.SIGUSR1)
            self.holding = None
        self.slot, self.reported = self.former, False
        self.ordered = time.monotonic()

    def make_way(self, number: int) -> None:
        self.outgoing = set(self.slots.running(self.loading_slot()))
        self.slots.end(self.loading_slot(), number)
        self.ordered = time.monotonic()

    def made_way(self) -> bool:
        if self.clearing is not None:
            left = [pid for pid in self.clearing if self.slots.alive(pid)]
            if left:
                if time.monotonic() - self.ordered > DRAINED_WITHIN:
                    self.slots.send(left, signal.SIGKILL)
                return False
            self.clearing = None
            self.make_way(signal.SIGINT)
        return not any(self.slots.alive(pid) for pid in self.outgoing or ())

    def came_out(self, failed: State | None) -> None:
        """The outcome of a try that was made because of a doubt is known."""
        doubting.unmark_fresh(self.loading_slot())
        if self.wanted and not self.committed:
            self.committed = True
            self.slots.activate(self.loading_slot(), self.generation)
        doubt, self.doubt = self.doubt, None
        if doubt is None:
            return
        if self.attempt is ALONE:
            if not failed:
                doubting.stay_in_place()
                self.tell_avoided(["held"], last_line(doubt.error))
        elif not failed or doubt.outdated:
            why = doubt.doubt or "" if doubt.outdated else last_line(doubt.error)
            self.tell_avoided(doubting.avoid(self.slots.config, doubt.blamed, why), why)
            self.recycling.renew_standby()

    def tell_avoided(self, avoided: list[str], why: str) -> None:
        millis = int((time.monotonic() - self.ordered) * 1000)
        say(protocol.Avoided(generation=self.generation, avoided=avoided, why=why, millis=millis))

    def tell(
        self,
        event: "type[protocol.Loaded] | type[protocol.Serving]",
        found: dict[int, State],
        failed: State | None,
        read: Iterable[str],
        stale: Iterable[str],
    ) -> None:
        message = event(
            generation=self.generation,
            slot=self.slot,
            pids=sorted(found),
            error=failed.error if failed else None,
            kind=failed.kind if failed else None,
            read=sorted(self.notes.files.inside(path) for path in read),
            stale=sorted({self.notes.files.inside(path) for path in stale}),
            divided=are_divided(found.values()),
            preloaded=max((process.preloaded for process in found.values()), default=0),
        )
        say(message)

    def repeat_order(self, found: dict[int, State]) -> None:
        """Sees to processes that never got the order, or never finish."""
        waited = time.monotonic() - self.ordered
        for pid, process in found.items():
            # Apache started it after the order: it is the successor of one that died before it began.
            if self.attempt is PREPARED and process.doing == "standby" and waited > SUCCEEDED_AFTER:
                self.slots.order(self.loading_slot(), pid, Load(generation=self.generation))
        startup = deaths.startup()
        if startup.SECONDS and waited > startup.SECONDS + LEFT_WITHIN:
            # It is stopped, or its timer was taken from it.
            deaths.keep(self.generation, startup.LATE % startup.SECONDS + "\n")
            self.slots.end(self.loading_slot(), signal.SIGKILL)

    def commit(self) -> None:
        self.wanted = True

    def discard(self) -> None:
        self.slots.ask_for_speed(False)
        if not self.committed and not self.finished:
            self.finished = True
            if self.slot is not None and self.slot != self.slots.active()[0]:
                doubting.unmark_fresh(self.loading_slot())
                self.slots.end(self.slot, signal.SIGTERM)


def last_line(error: str | None) -> str:
    lines = (error or "").strip().splitlines()
    return lines[-1] if lines else ""


def are_divided(processes: Iterable[State]) -> bool:
    """Have processes of a slot read different things of the same file?"""
    digests: dict[str, str] = {}
    for process in processes:
        for path, noted in (process.read or {}).items():
            if digests.setdefault(path, noted[0]) != noted[0]:
                return True
    return False
