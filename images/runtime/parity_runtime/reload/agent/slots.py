"""The slots of this container, as `/run/parity` and `/proc` show them, and what can be done to them.

Nothing is kept in mind that could not be found out again. No clock is compared with one of another machine.
"""

import os
import socket

from parity_runtime import disk, layout
from parity_runtime.protocol.message import Message, Unreadable
from parity_runtime.protocol.worker import Config, Load, State
from parity_runtime.reload import deaths, routing
from parity_runtime.reload.agent import processes
from parity_runtime.reload.agent.ends import Ends


class Slots:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.names = config.slots
        self.ends = Ends()
        # Processes that have been told to end, and may take a moment for it.
        self.ending: set[int] = set()
        # Those that have been told to import the application, and may take a moment to say that they do.
        self.ordered: set[int] = set()
        self.orders = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # Nobody but the agent changes it, and there is one.
        self.served: tuple[str, int] | None = None

    # --- what is there ----------------------------------------------------------------------------------------------

    def active(self) -> tuple[str, int]:
        """The slot that requests go to, and its generation."""
        if self.served is None:
            slot, generation = routing.active()
            self.served = slot or self.names[0], generation
        return self.served

    def tidy(self) -> None:
        """Takes away what processes were answering when they ended."""
        for directory in (os.path.dirname(layout.modules(0)), os.path.dirname(layout.requests(0))):
            for name in os.listdir(directory) if os.path.isdir(directory) else ():
                pid = name.partition(".")[0]
                if pid.isdigit() and not self.alive(int(pid)):
                    disk.remove(directory + "/" + name)

    def alive(self, pid: int) -> bool:
        return processes.alive(pid)

    def running(self, slot: str) -> list[int]:
        return processes.running(slot)

    def processes(self, slot: str) -> dict[int, State]:
        """What each living process of a slot says of itself. What dead ones left behind is taken away."""
        found: dict[int, State] = {}
        alive: dict[int, bool] = {}
        loading = []
        directory = layout.slot(slot)
        try:
            names = os.listdir(directory)
        except OSError:
            return found
        for name in names:
            pid, _, kind = name.partition(".")
            if not pid.isdigit():
                continue
            path = directory + "/" + name
            if int(pid) not in alive:
                alive[int(pid)] = self.alive(int(pid))
            if not alive[int(pid)]:
                self.ordered.discard(int(pid))
                if kind == "loading":
                    self.bury(int(pid), path)
                # A mark of what was imported ahead of time is read by the process that comes next.
                if kind != "preloading":
                    disk.remove(path)
            elif not kind:
                try:
                    found[int(pid)] = State.from_text(disk.read(path).decode())
                except (OSError, Unreadable):
                    pass
            elif kind == "loading":
                loading.append(int(pid))
                self.ends.add(int(pid), path)
        for one in loading:
            process = found.setdefault(one, State(doing="standby", generation=0))
            if process.doing == "standby":
                process.doing = "loading"
        return found

    def bury(self, pid: int, mark: str) -> None:
        """A process has ended that was importing the application."""
        try:
            with open(mark) as file:
                text = file.read()
        except OSError:
            return
        deaths.bury(pid, text, self.ends.status(pid))

    def is_touched(self, pid: int, process: State) -> bool:
        """Does it stand by no more?"""
        return process.doing != "standby" or pid in self.ordered

    def touched(self, slot: str) -> list[int]:
        """Processes that stand by no more, and have not been told to end."""
        return [pid for pid, process in self.processes(slot).items() if self.is_touched(pid, process) and pid not in self.ending]

    def staying(self, slot: str) -> dict[int, State]:
        """Those that have not been told to end."""
        return {pid: process for pid, process in self.processes(slot).items() if pid not in self.ending}

    def standby(self, slot: str) -> dict[int, State]:
        """All processes that production would have, if none has touched the application; else none."""
        self.ending.difference_update([pid for pid in self.ending if not self.alive(pid)])
        found = self.staying(slot)
        ready = len(found) >= self.config.processes and not any(self.is_touched(pid, process) for pid, process in found.items())
        return found if ready else {}

    # --- what can be done -------------------------------------------------------------------------------------------

    def order(self, slot: str, pid: int, what: Message) -> bool:
        if isinstance(what, Load):
            # It may end at once.
            self.ends.add(pid, layout.loading(slot, pid))
        try:
            self.orders.sendto(what.to_text().encode(), layout.orders(slot, pid))
        except OSError:
            return False
        if isinstance(what, Load):
            self.ordered.add(pid)
        return True

    def send(self, pids: "list[int] | set[int]", number: int) -> None:
        self.ending.update(pids)
        processes.send(pids, number)

    def end(self, slot: str, number: int) -> list[int]:
        """Ends the processes of a slot; Apache starts new ones. Such an end is not counted against what they were importing."""
        pids = self.running(slot)
        for pid in pids:
            disk.remove(layout.preloading(slot, pid))
            disk.remove(layout.loading(slot, pid))
        self.send(pids, number)
        return pids

    def activate(self, slot: str, generation: int) -> None:
        disk.replace(layout.active(), "%s %d\n" % (slot, generation))
        self.served = slot, generation

    def ask_for_speed(self, wanted: bool) -> None:
        """Processes that are importing ahead of time stop at that while they are waited for."""
        if not wanted:
            disk.remove(layout.urgent())
        elif not os.path.exists(layout.urgent()):
            open(layout.urgent(), "w").close()


def preloaded(found: dict[int, State]) -> int:
    return min((process.preloaded for process in found.values()), default=0)
