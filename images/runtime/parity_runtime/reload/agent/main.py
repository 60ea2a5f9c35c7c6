"""The agent: `parity up` keeps it running, and writes a line for each order.

It writes a line for each thing that happens. With a word it does one thing and ends: `memory` says what the slots cost, `files` which of
the project's files the application has imported, opened and written; `restart` asks the session for another container of the same, and
fails where none listens.
"""

import os
import selectors
import socket
import sys

from parity_runtime import disk, layout
from parity_runtime.protocol import agent as protocol
from parity_runtime.reload import config
from parity_runtime.reload.agent import telling
from parity_runtime.reload.agent.output import say
from parity_runtime.reload.agent.session import Agent
from parity_runtime.reload.agent.slots import Slots
from parity_runtime.reload.nudge import NOTED, RESTART

# Looks at what has come, before the rest is seen to.
MOST_IN_TURN = 8


def main(arguments: list[str]) -> int:
    if arguments == ["restart"]:
        return ask_for_restart()
    slots = Slots(config.read())
    if arguments == ["memory"]:
        telling.memory(slots)
    elif arguments == ["files"]:
        telling.files(slots)
    else:
        run(slots)
    return 0


def ask_for_restart() -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(RESTART, layout.agent())
        except OSError as error:
            sys.stderr.write("no session listens: %s\n" % error)
            return 1
    return 0


def run(slots: Slots) -> None:
    nudges = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    nudges.setblocking(False)
    # One agent at a time: the one that a killed session left behind ends with the end of its input.
    disk.remove(layout.agent())
    nudges.bind(layout.agent())
    os.set_blocking(0, False)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(nudges, selectors.EVENT_READ)
    selector.register(slots.ends, selectors.EVENT_READ)
    agent = Agent(slots)
    rest = b""
    while True:
        heard = False
        events = selector.select(agent.patience())
        # What has come meanwhile goes before what can wait: requests wait for the order that comes just behind another one.
        for _ in range(MOST_IN_TURN):
            anew = False
            for key, _ in events:
                if key.fd == 0:
                    data = os.read(0, 1 << 20)
                    if not data:
                        return
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        agent.take(line)
                elif key.fileobj is slots.ends:
                    anew = True
                    slots.ends.look()
                else:
                    anew |= hear(nudges, agent)
            agent.go_on(anew)
            heard |= anew
            events = selector.select(0)
            if not events:
                break
        agent.see_to_the_rest(heard)


def hear(nudges: socket.socket, agent: Agent) -> bool:
    """Takes all nudges. Returns whether a process has begun to do something else."""
    heard = False
    try:
        while message := nudges.recv(64):
            if message == NOTED:
                agent.noted = True
            elif message == RESTART:
                say(protocol.RestartWanted())
            else:
                heard = True
    except OSError:
        pass
    return heard
