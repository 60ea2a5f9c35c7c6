"""One reload: from an order to requests that are answered by the code on disk."""

import signal
import time

import deaths
import doubting
from doubting import ALONE, FRESH, PREPARED, is_in_place
from files import PROJECT, digest, inside, is_older
from slots import CONFIG, NAMES, activate, active, alive, end, ending, hurry, order, preloaded, processes, running, say, send, standby

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


class Reload:
    """One reload, step by step: the saved files are seen here, a standby is there, it has loaded, requests go to it."""

    # Were files ever seen here later than they were saved?
    late = False
    # What was read of the project's files the last time, by their digests.
    known = {}

    def __init__(self, generation, files, renewal, notes, before):
        self.generation = generation
        self.files = files
        self.renewal = renewal
        self.notes = notes
        self.begun = time.monotonic()
        self.slot = None
        # One that took the place of another which had found no slot yet waits since then.
        waits = before is not None and before.slot is None
        self.waits_since = before.waits_since if waits else self.begun
        self.told = waits and before.told
        # It took the place of one that requests were sent to already.
        self.overtakes = before is not None and before.committed and not before.finished
        # Requests are to go there as soon as there is a slot; they do.
        self.wanted = False
        self.committed = False
        self.finished = False
        # The files were not seen when the application was ordered.
        self.missed = False
        # Files that were saved again before they were read.
        self.unsure = []
        self.reported = False
        # Processes that are to make way for those that import the application as soon as they start.
        self.outgoing = None
        # Those that must be gone before that, as they may hold what the import needs.
        self.clearing = None
        self.ordered = None
        # How it is tried, and what made that necessary.
        self.attempt = PREPARED
        self.doubt = None
        # The slot that served before.
        self.former = active()[0]
        # The slot with the requests that wait for an outcome.
        self.holding = None
        self.failed = False

    def look(self, heard):
        """Goes as far as can be gone now. `heard`: a process has said something."""
        if self.finished:
            return
        before = (self.slot, self.committed)
        if self.slot is None and not self.begin():
            return
        # Where something was in doubt already, requests wait for the outcome.
        if self.wanted and not self.committed and self.attempt is PREPARED:
            self.committed = True
            activate(self.slot, self.generation)
            if self.overtakes:
                # Those that went before will not be needed any more, and another save may come before this is done.
                self.renewal.retire_all_but(self.slot)
        if self.attempt is PREPARED and is_in_place() and not self.restarted():
            return
        if self.attempt is not PREPARED and not self.made_way():
            return
        if heard or self.reported or before == (self.slot, self.committed):
            self.answered()
        # Else the application is being imported. Who does that says when it is done, and needs the processor until then.

    def begin(self):
        """Has the application imported. Where files are not known to be late this is not waited for, but made sure of; a slot is lost
        by that once."""
        if Reload.late or self.missed or is_in_place():
            if not self.seen():
                return False
            # What was missed has come, and has not just been saved again.
            Reload.late |= self.missed
            return self.found() and self.tell_begun()
        if not self.found():
            return False
        if self.seen() or self.changed_again():
            return self.tell_begun()
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

    def changed_again(self):
        """Are they newer than what was announced? Who saved them says so as well: another reload follows this one."""
        digests = {path: digest("%s/%s" % (PROJECT, path)) for path in self.files}
        late = [path for path, wanted in self.files.items() if digests[path] != wanted]
        if any(path not in Reload.known or digests[path] == Reload.known[path] for path in late):
            return False
        self.unsure = late
        return True

    def tell_begun(self):
        say("begun", generation=self.generation)
        return True

    def found(self):
        """Is there a slot to load into?"""
        current = active()[0]
        if is_in_place():
            self.slot = current
            return True
        free = [slot for slot in NAMES if slot != current]
        waited = time.monotonic() - self.waits_since
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
            free = [slot for slot in free if not self.renewal.draining.spares(slot)]
            if free:
                self.waits_since = time.monotonic()
                end(next((slot for slot in free if not processes(slot)), free[0]), signal.SIGKILL)
        return False

    def restarted(self):
        """Without standby processes: those that run are told to end, and their successors load at once."""
        if not self.committed:
            return False
        if self.outgoing is None:
            self.outgoing = set(end(self.slot, signal.SIGINT))
            self.renewal.draining.add(self.slot, self.outgoing)
            self.ordered = time.monotonic()
        return not any(alive(pid) for pid in self.outgoing)

    def answered(self):
        found = {pid: process for pid, process in processes(self.slot).items() if pid not in ending}
        doubtful = next((process for process in found.values() if process["doubt"]), None)
        if doubtful and self.attempt is PREPARED:
            return self.try_fresh(doubtful)
        done = [process for process in found.values() if process["doing"] in ("loaded", "failed")]
        expected = CONFIG["processes"]
        died = deaths.error_of(self.generation)
        if died is None and len(done) < expected:
            self.hurry(found)
            return
        failed = next((process for process in done if process["error"]), None)
        if died is not None and self.attempt is PREPARED and not is_in_place() and deaths.is_death(died):
            return self.try_again(died, found)
        if died is not None:
            failed = {"error": died, "kind": "died"}
        if failed and self.attempt is FRESH and doubting.is_held(failed["error"]) and running(self.former):
            return self.try_alone()
        read = {}
        for process in done:
            read.update(process.get("read") or {})
        stale = sorted(path for process in done for path, noted in (process.get("read") or {}).items() if is_older(path, noted))
        self.notes.read()
        stale.extend(self.notes.stale(found))
        if any(process["generation"] != self.generation for process in done):
            stale.append("")
        stale.extend(self.unsure)
        Reload.known.update((inside(path), noted[0]) for path, noted in read.items())
        if self.attempt is not PREPARED:
            self.came_out(failed)
        if not self.committed:
            if not self.reported:
                self.reported = True
                self.tell("loaded", found, failed, read, stale)
            return
        self.finished = True
        self.failed = failed is not None
        self.tell("serving", found, failed, read, stale)
        self.renewal.after_reload()

    # --- where it is in doubt (`doubting.py`) -----------------------------------------------------------------------

    def try_fresh(self, doubtful):
        self.attempt, self.doubt = FRESH, doubtful
        if self.committed:
            self.holding, self.committed = self.slot, False
            self.slot = next(slot for slot in NAMES if slot not in (self.slot, self.former))
        doubting.mark_fresh(self.slot, self.generation)
        self.make_way(signal.SIGTERM)

    def try_again(self, died, found):
        """A process that stood by died. Its successor imports the application at once, as one does that never stood by."""
        self.attempt = FRESH
        self.doubt = {"error": died, "doubt": "", "blamed": ["*"], "outdated": False}
        deaths.keep(self.generation, None)
        doubting.mark_fresh(self.slot, self.generation)
        self.outgoing = {pid for pid, process in found.items() if process["kind"] == "died"}
        send(self.outgoing, signal.SIGTERM)
        self.ordered = time.monotonic()

    def try_alone(self):
        """Requests go back to the slot that served before. When nobody else can hold anything, its processes make way, too."""
        self.attempt = ALONE
        doubting.unmark_fresh(self.slot)
        self.clearing = set(running(self.slot))
        end(self.slot, signal.SIGTERM)
        activate(self.former, self.generation)
        if self.holding is not None:
            self.clearing.update(running(self.holding))
            send(running(self.holding), signal.SIGUSR1)
            self.holding = None
        self.slot, self.reported = self.former, False
        self.ordered = time.monotonic()

    def make_way(self, number):
        self.outgoing = set(running(self.slot))
        end(self.slot, number)
        self.ordered = time.monotonic()

    def made_way(self):
        if self.clearing is not None:
            left = [pid for pid in self.clearing if alive(pid)]
            if left:
                if time.monotonic() - self.ordered > DRAINED_WITHIN:
                    send(left, signal.SIGKILL)
                return False
            self.clearing = None
            self.make_way(signal.SIGINT)
        return not any(alive(pid) for pid in self.outgoing)

    def came_out(self, failed):
        """The outcome of a try that was made because of a doubt is known."""
        doubting.unmark_fresh(self.slot)
        if self.wanted and not self.committed:
            self.committed = True
            activate(self.slot, self.generation)
        doubt, self.doubt = self.doubt, None
        if doubt is None:
            return
        if self.attempt is ALONE:
            if not failed:
                doubting.stay_in_place()
                say("avoided", generation=self.generation, avoided=["held"], why=last_line(doubt["error"]), millis=self.waited())
        elif not failed or doubt["outdated"]:
            why = doubt["doubt"] if doubt["outdated"] else last_line(doubt["error"])
            avoided = doubting.avoid(doubt["blamed"], why)
            say("avoided", generation=self.generation, avoided=avoided, why=why, millis=self.waited())
            self.renewal.renew_standby()

    def waited(self):
        return int((time.monotonic() - self.ordered) * 1000)

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
            divided=are_divided(found.values()),
            preloaded=max((process["preloaded"] for process in found.values()), default=0),
        )

    def hurry(self, found):
        """Sees to processes that never got the order, or never finish."""
        waited = time.monotonic() - self.ordered
        for pid, process in found.items():
            # Apache started it after the order: it is the successor of one that died before it began.
            if self.attempt is PREPARED and process["doing"] == "standby" and waited > SUCCEEDED_AFTER:
                order(self.slot, pid, {"load": self.generation})
        if deaths.startup.SECONDS and waited > deaths.startup.SECONDS + LEFT_WITHIN:
            # It is stopped, or its timer was taken from it.
            deaths.keep(self.generation, deaths.startup.LATE % deaths.startup.SECONDS + "\n")
            end(self.slot, signal.SIGKILL)

    def commit(self):
        self.wanted = True

    def discard(self):
        hurry(False)
        if not self.committed and not self.finished:
            self.finished = True
            if self.slot is not None and self.slot != active()[0]:
                doubting.unmark_fresh(self.slot)
                end(self.slot, signal.SIGTERM)


def last_line(error):
    lines = (error or "").strip().splitlines()
    return lines[-1] if lines else ""


def are_divided(processes):
    """Have processes of a slot read different things of the same file?"""
    digests = {}
    for process in processes:
        for path, noted in (process.get("read") or {}).items():
            if digests.setdefault(path, noted[0]) != noted[0]:
                return True
    return False
