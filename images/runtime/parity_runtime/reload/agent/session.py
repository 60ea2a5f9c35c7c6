"""The agent of a session: takes its orders, and says what happens.

It keeps nothing in mind that it could not find out again, but which reload is under way: when it dies, another one goes on.
"""

from parity_runtime.protocol import agent as protocol
from parity_runtime.protocol.message import Message
from parity_runtime.protocol.worker import State
from parity_runtime.reload.agent.files import is_older
from parity_runtime.reload.agent.generation import Learned, Reload
from parity_runtime.reload.agent.notes import Notes
from parity_runtime.reload.agent.output import say
from parity_runtime.reload.agent.recycling import Recycling
from parity_runtime.reload.agent.slots import Slots

# Seconds between two looks at what says nothing when it changes.
LOOK = 0.05


class Agent:
    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.recycling = Recycling(slots)
        self.reload: Reload | None = None
        self.learned = Learned()
        self.notes = Notes(slots)
        # Processes may have noted more than they have said.
        self.noted = False
        # Those that serve had not imported the application yet when this was asked for.
        self.importing = False
        # Was it said that what is served fails?
        self.failing = False

    def take(self, line: bytes) -> None:
        """An order. What goes wrong with one is said, and is the end of that one alone."""
        try:
            self.obey(protocol.ORDERS.read(line))
        except Exception as error:
            say(protocol.Refused(why="%s: %s" % (type(error).__name__, error)))

    def obey(self, order: Message) -> None:
        match order:
            case protocol.Hello():
                self.hello()
            case protocol.Prepare():
                self.prepare(order)
            case protocol.Commit() if self.reload is not None and self.reload.generation == order.generation:
                self.reload.commit()
            case protocol.Discard() if self.reload is not None and self.reload.generation == order.generation:
                self.reload.discard()
            case protocol.Put():
                self.notes.files.put(order.path, order.data, order.mode)
            case protocol.Delete():
                self.notes.files.delete(order.path)

    def prepare(self, order: protocol.Prepare) -> None:
        if order.unless_own and self.are_own(order.files):
            say(protocol.Own(generation=order.generation, files=sorted(order.files)))
            return
        before = self.reload
        if before is not None and not before.finished:
            before.discard()
        self.recycling.catch_up()
        self.reload = Reload(self.slots, order.generation, order.files, self.recycling, self.notes, self.learned, before)

    def are_own(self, files: dict[str, str | None]) -> bool:
        self.noted |= self.notes.read()
        paths = [self.notes.files.path(path) for path in files]
        # Most saves are of sources, and wait for this.
        if not paths or not all(map(self.notes.may_be_own, paths)):
            return False
        pids = list(self.slots.processes(self.slots.active()[0]))
        return all(self.notes.is_own(path, pids) for path in paths)

    def hello(self) -> None:
        slot, generation = self.slots.active()
        found = self.slots.processes(slot)
        self.notes.tidy()
        say(protocol.Touched(**self.notes.everything()))
        read, stale = self.read_by(found)
        done = [process for process in found.values() if is_done(process)]
        self.importing = len(done) < self.slots.config.processes
        failed = next((process for process in found.values() if process.error), None)
        greeting = protocol.Greeting(
            slot=slot,
            generation=generation,
            read=sorted(read),
            stale=sorted(stale),
            error=failed.error if failed else None,
            kind=failed.kind if failed else None,
            pids=sorted(found),
        )
        say(greeting)
        if found and not failed:
            self.recycling.keep_modules(slot)
        self.recycling.retire_all_but(slot)
        self.failing = failed is not None

    def read_by(self, found: dict[int, State]) -> tuple[set[str], set[str]]:
        """What processes have imported, and what has changed since they imported or opened it."""
        inside = self.notes.files.inside
        read: set[str] = set()
        stale = {inside(path) for path in self.notes.stale(found)}
        for process in found.values():
            for path, noted in (process.read or {}).items():
                read.add(inside(path))
                if is_older(path, noted):
                    stale.add(inside(path))
        return read, stale

    def reloads(self) -> bool:
        return self.reload is not None and not self.reload.finished

    def look(self, heard: bool) -> None:
        """Does what can be done now. `heard`: a process has said something."""
        self.go_on(heard)
        self.see_to_the_rest(heard)

    def go_on(self, heard: bool) -> None:
        """With the reload that is under way: requests may be waiting for it."""
        if self.reload is not None:
            was_under_way = self.reloads()
            self.reload.look(heard)
            if was_under_way and self.reload.finished:
                self.failing = self.reload.failed

    def see_to_the_rest(self, heard: bool) -> None:
        if heard and self.failing and not self.reloads():
            self.look_for_recovery()
        self.recycling.look(self.reloads(), self.reload.slot if self.reload and self.reloads() else None)
        if heard or self.noted:
            self.tell_notes(heard)

    def tell_notes(self, heard: bool) -> None:
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
        found = self.slots.processes(self.slots.active()[0])
        read: set[str] = set()
        if self.importing and sum(map(is_done, found.values())) >= self.slots.config.processes:
            # What was saved while the server started, before anybody knew that the application reads it.
            self.importing = False
            read, stale = self.read_by(found)
        else:
            stale = set(news["opened"]) & {self.notes.files.inside(path) for path in self.notes.stale(found)} if news else set()
        if news or read or stale:
            opened, written = (news["opened"], news["written"]) if news else ([], [])
            say(protocol.Touched(opened=opened, written=written, read=sorted(read), stale=sorted(stale)))

    def look_for_recovery(self) -> None:
        """An import that failed is tried again with each request, and may succeed without another save."""
        slot, generation = self.slots.active()
        found = self.slots.processes(slot)
        if found and all(process.doing == "loaded" and not process.error for process in found.values()):
            self.failing = False
            read = {self.notes.files.inside(path) for process in found.values() for path in process.read or {}}
            say(protocol.Recovered(generation=generation, read=sorted(read)))

    def patience(self) -> float | None:
        """Seconds until something must be looked at, unless something is heard before."""
        if self.reload is not None and self.reloads() and self.reload.slot is None:
            return LOOK / 10
        return LOOK if self.reloads() or self.recycling.goes_on() or self.noted else self.recycling.draining.patience()


def is_done(process: State) -> bool:
    return process.doing in ("loaded", "failed")
