"""What is asked of a server without a session: what its slots cost, and what its application has done with files."""

from parity_runtime.protocol import agent as protocol
from parity_runtime.reload.agent import processes
from parity_runtime.reload.agent.notes import Notes
from parity_runtime.reload.agent.output import say
from parity_runtime.reload.agent.slots import Slots


def memory(slots: Slots) -> None:
    """Kilobytes of each slot."""
    found = {}
    for name in slots.names:
        running = slots.running(name)
        found[name] = {
            "kilobytes": sum(map(processes.proportional, running)),
            "processes": len(running),
            "active": name == slots.active()[0],
            "failing": any(process.error for process in slots.processes(name).values()),
        }
    say(protocol.Memory(slots=found))


def files(slots: Slots) -> None:
    """What the living processes have imported, and what has been opened and written."""
    notes = Notes(slots)
    notes.read()
    read = {notes.files.inside(path) for name in slots.names for process in slots.processes(name).values() for path in process.read or {}}
    say(protocol.Files(read=sorted(read), **notes.everything()))
