"""Slots that have been told to end and still answer requests. A response that never ends must not keep one for ever.

What is under way in a process only it knows: it is asked. It is asked only where the answer matters: no other slot is or
soon will be standing by, saves come one after the other, or `graceful-timeout` is over, by which production would have
ended it.
"""

import signal
import time
from collections.abc import Callable

from parity_runtime import disk, layout
from parity_runtime.protocol.agent import Cut
from parity_runtime.protocol.message import Unreadable
from parity_runtime.protocol.worker import Requests, TellRequests
from parity_runtime.reload.agent.output import say
from parity_runtime.reload.agent.slots import Slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Seconds. A response without a length that goes on for so long is a stream. Who reads it may not see that it was cut off.
STREAMS_AFTER = 2
# The same of server-sent events, whose readers connect again by themselves. By then they have got the first of it.
EVENTS_AFTER = 0.5
# Seconds. A slot that makes way so soon after another will have to be back soon.
HASTY = 5
# Seconds between two questions to a slot.
ASK_AGAIN = 0.25
# An answer that is older is none.
ANSWER_HOLDS = 1
# Seconds that a process has for its own shutdown functions.
KILLED_AFTER = 0.2


class Leaving:
    """A slot that has been told to end."""

    def __init__(self, pids: list[int], hasty: bool) -> None:
        self.since = time.monotonic()
        self.pids = pids
        # Saves come one after the other.
        self.hasty = hasty
        # The number of the last question, and when it was asked.
        self.number = 0
        self.asked = 0.0
        # What is under way by the last answers, and when they were complete.
        self.requests: "list[dict[str, Any]]" = []
        self.answered = 0.0
        # When those that do not end by themselves are killed.
        self.killed: float | None = None

    def age(self) -> float:
        return time.monotonic() - self.since


class Draining:
    def __init__(self, slots: Slots) -> None:
        self.all = slots
        self.slots: dict[str, Leaving] = {}
        self.added = -float(HASTY)

    def add(self, name: str, pids: list[int]) -> None:
        now = time.monotonic()
        self.slots[name] = Leaving([pid for pid in pids if self.all.alive(pid)], now - self.added < HASTY)
        self.added = now

    def look(self, loading: str | None) -> None:
        """Cuts what must not go on. `loading`: the slot of the reload under way."""
        for name, slot in list(self.slots.items()):
            for pid in [pid for pid in slot.pids if not self.all.alive(pid)]:
                slot.pids.remove(pid)
                disk.remove(layout.requests(pid))
            if not slot.pids:
                del self.slots[name]
            elif slot.killed is not None and time.monotonic() >= slot.killed:
                self.all.send(slot.pids, signal.SIGKILL)
        # The oldest first; those that are being cut make room already.
        held = sorted((name for name in self.slots), key=lambda name: self.slots[name].since)
        others = [name for name in self.all.names if name not in (self.all.active()[0], loading) or len(self.all.names) == 1]
        lacking = bool(others) and all(name in held and self.slots[name].killed is None for name in others)
        for name in held:
            slot = self.slots[name]
            needed = lacking or slot.age() > self.all.config.graceful_timeout
            if slot.killed is None and (needed or slot.hasty):
                self.ask(name, slot)
                if self.cut(slot, is_stream if needed else is_of_events):
                    lacking = False

    def ask(self, name: str, slot: Leaving) -> None:
        if time.monotonic() - slot.asked > ASK_AGAIN:
            slot.number += 1
            slot.asked = time.monotonic()
            for pid in slot.pids:
                self.all.order(name, pid, TellRequests(number=slot.number))
        answers = [answer_of(pid, slot.number) for pid in slot.pids]
        if None not in answers:
            slot.requests = [request for answer in answers for request in answer or ()]
            slot.answered = time.monotonic()

    def cut(self, slot: Leaving, may_go: "Callable[[dict[str, Any]], bool]") -> bool:
        """Ends a slot that has nothing to do but what may be cut off."""
        if time.monotonic() - slot.answered > ASK_AGAIN or not slot.requests or not all(map(may_go, slot.requests)):
            return False
        responses = [{"path": request["path"], "milliseconds": int(request["streaming"] * 1000)} for request in slot.requests]
        say(Cut(responses=responses))
        self.all.send(slot.pids, signal.SIGTERM)
        slot.killed = time.monotonic() + KILLED_AFTER
        return True

    def spares(self, name: str) -> bool:
        """Are there requests in a slot that have a right to be finished?"""
        slot = self.slots.get(name)
        if slot is None or slot.age() > self.all.config.graceful_timeout or time.monotonic() - slot.answered > ANSWER_HOLDS:
            return False
        return not all(map(is_stream, slot.requests))

    def patience(self) -> float | None:
        """Seconds until something must be looked at."""
        return ASK_AGAIN if self.slots else None


def is_stream(request: "dict[str, Any]") -> bool:
    """Has it begun to answer a while ago, without a word of when it will be done?"""
    return is_of_events(request) or bool((request["streaming"] or 0) > STREAMS_AFTER and not request["sized"])


def is_of_events(request: "dict[str, Any]") -> bool:
    return bool(request["events"] and (request["streaming"] or 0) > EVENTS_AFTER)


def answer_of(pid: int, number: int) -> "list[dict[str, Any]] | None":
    """What a process has said to this question; `None`: nothing yet."""
    try:
        with open(layout.requests(pid)) as file:
            answer = Requests.from_text(file.read())
    except (OSError, Unreadable):
        return None
    return answer.requests if answer.asked == number else None
