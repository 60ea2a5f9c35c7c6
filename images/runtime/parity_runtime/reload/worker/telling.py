"""Tells what this process is doing: a file for whoever asks, and a word to the agent."""

import threading

from parity_runtime import disk, layout
from parity_runtime.protocol import worker as protocol
from parity_runtime.reload.nudge import nudge
from parity_runtime.reload.worker import context, modules
from parity_runtime.reload.worker.state import State

telling = threading.Lock()


def describe() -> None:
    """`read` is there once the application has been loaded or has failed to."""
    with telling:
        state = protocol.State(
            doing=State.doing,
            generation=State.generation,
            error=State.error,
            kind=State.kind,
            preloaded=State.preloaded,
            doubt=State.doubt,
            blamed=State.blamed,
            outdated=State.outdated,
            read=dict(modules.read) if State.doing in ("loaded", "failed") else None,
        )
        disk.replace(layout.process(context.SLOT, context.PID), state.to_text())
        if State.doing != "loading":
            disk.remove(layout.loading(context.SLOT, context.PID))
    nudge()
