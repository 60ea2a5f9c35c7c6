"""One reload: from an order to requests that are answered by the code on disk."""

import signal
import time

from files import PROJECT, digest, inside, is_older
from slots import CONFIG, NAMES, activate, active, alive, end, ending, hurry, order, preloaded, processes, say, standby

# Seconds. A mount of an engine in a virtual machine may show a saved file late.
SEEN_WITHIN = 10
# A standby that is not there by then is said to be waited for.
TELL_AFTER = 0.15
# By then what still works off requests of the slot before the last is ended.
DRAINED_WITHIN = 3
# A process that still stands by so long after the order has never got it.
SUCCEEDED_AFTER = 0.05


class Reload:
    """One reload, step by step: the saved files are seen here, a standby is there, it has loaded, requests go to it."""

    # Were files ever seen here later than they were saved?
    late = False

    def __init__(self, generation, files, renewal, notes):
        self.generation = generation
        self.files = files
        self.renewal = renewal
        self.notes = notes
        self.begun = time.monotonic()
        self.slot = None
        # Requests are to go there as soon as there is a slot; they do.
        self.wanted = False
        self.committed = False
        self.finished = False
        self.told = False
        # The files were not seen when the application was ordered.
        self.missed = False
        self.reported = False
        # Without standby processes: those that are to make way.
        self.outgoing = None
        self.ordered = None

    def look(self, heard):
        """Goes as far as can be gone now. `heard`: a process has said something."""
        if self.finished:
            return
        before = (self.slot, self.committed)
        if self.slot is None and not self.begin():
            return
        if self.wanted and not self.committed:
            self.committed = True
            activate(self.slot, self.generation)
        if len(NAMES) == 1 and not self.restarted():
            return
        if heard or self.reported or before == (self.slot, self.committed):
            self.answered()
        # Else the application is being imported. Who does that says when it is done, and needs the processor until then.

    def begin(self):
        """Has the application imported. Where files are not known to be late this is not waited for, but made sure of; a slot is lost
        by that once."""
        if Reload.late or self.missed or len(NAMES) == 1:
            if not self.seen():
                return False
            # What was missed has come, and has not just been saved again.
            Reload.late |= self.missed
            return self.found()
        if not self.found():
            return False
        if self.seen():
            return True
        self.missed = True
        end(self.slot, signal.SIGTERM)
        self.slot = None
        return False

    def seen(self):
        """Are the files as they were saved? A mount may be late, and somebody may have saved again meanwhile."""
        late = [path for path, wanted in self.files.items() if digest("%s/%s" % (PROJECT, path)) != wanted]
        if not late or time.monotonic() - self.begun > SEEN_WITHIN:
            if late:
                say("unseen", generation=self.generation, files=late)
            self.files = {}
            return True
        return False

    def found(self):
        """Is there a slot to load into?"""
        current = active()[0]
        if len(NAMES) == 1:
            self.slot = current
            return True
        free = [slot for slot in NAMES if slot != current]
        waited = time.monotonic() - self.begun
        best = {}
        for slot in free:
            found = standby(slot)
            if found and (not best or preloaded(found)):
                self.slot, best = slot, found
            if preloaded(best):
                # It is faster than one that has not imported third-party modules yet, and no search is faster than that.
                break
        if best:
            self.ordered = time.monotonic()
            for pid in best:
                order(self.slot, pid, {"load": self.generation})
            hurry(False)
            return True
        hurry(True)
        if waited > TELL_AFTER and not self.told:
            self.told = True
            say("waiting", generation=self.generation)
        if waited > DRAINED_WITHIN:
            # Still busy with requests of a generation before the last, or dead in a way that nobody has noticed.
            self.begun = time.monotonic()
            end(free[0] if all(processes(slot) for slot in free) else next(slot for slot in free if not processes(slot)), signal.SIGKILL)
        return False

    def restarted(self):
        """Without standby processes: those that run are told to end, and their successors load at once."""
        if not self.committed:
            return False
        if self.outgoing is None:
            self.outgoing = set(end(self.slot, signal.SIGINT))
            self.ordered = time.monotonic()
        return not any(alive(pid) for pid in self.outgoing)

    def answered(self):
        found = {pid: process for pid, process in processes(self.slot).items() if pid not in ending}
        done = [process for process in found.values() if process["doing"] in ("loaded", "failed")]
        expected = CONFIG["processes"]
        if len(done) < expected:
            self.hurry(found)
            return
        failed = next((process for process in done if process["error"]), None)
        read = {}
        for process in done:
            read.update(process.get("read") or {})
        stale = sorted(path for process in done for path, noted in (process.get("read") or {}).items() if is_older(path, noted))
        self.notes.read()
        stale.extend(self.notes.stale(found))
        if any(process["generation"] != self.generation for process in done):
            stale.append("")
        if not self.committed:
            if not self.reported:
                self.reported = True
                self.tell("loaded", found, failed, read, stale)
            return
        self.finished = True
        self.tell("serving", found, failed, read, stale)
        self.renewal.after_reload()

    def tell(self, did, found, failed, read, stale):
        say(
            did,
            generation=self.generation,
            slot=self.slot,
            pids=sorted(found),
            error=failed and failed["error"],
            kind=failed and failed["kind"],
            read=sorted(inside(path) for path in read),
            stale=sorted({inside(path) for path in stale}),
            preloaded=max((process["preloaded"] for process in found.values()), default=0),
        )

    def hurry(self, found):
        """Sees to processes that died, or that never finish."""
        waited = time.monotonic() - self.ordered
        for pid, process in found.items():
            # Apache started it after the order: it is the successor of one that died.
            if process["doing"] == "standby" and waited > SUCCEEDED_AFTER:
                order(self.slot, pid, {"load": self.generation})
        if waited > CONFIG["startup_timeout"]:
            self.ordered = time.monotonic()
            say("overdue", generation=self.generation, seconds=CONFIG["startup_timeout"])
            end(self.slot, signal.SIGKILL)

    def commit(self):
        self.wanted = True

    def discard(self):
        hurry(False)
        if not self.committed and not self.finished:
            self.finished = True
            if self.slot is not None and len(NAMES) > 1:
                end(self.slot, signal.SIGTERM)
