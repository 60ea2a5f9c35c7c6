"""Tells the agent that it is to look, or to do something: a datagram, which nobody waits for."""

import os
import socket

from parity_runtime import layout

# What a process says when it has noted a file that it opened or wrote, and not that it does something else.
NOTED = b"touched"
# What another command says to the agent.
RESTART = b"restart"


def nudge(message: "bytes | None" = None) -> None:
    """Without a message: this process does something else than before."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            sender.sendto(message or b"%d" % os.getpid(), layout.agent())
    except OSError:
        # Nobody listens, or somebody who has been told enough already; or the application has all descriptors of this process.
        pass
