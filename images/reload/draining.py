"""Slots that have been told to end and still answer requests. A response that never ends must not keep one for ever.

What is under way in a process only it knows: it is asked. It is asked only where the answer matters: no other slot is or
soon will be standing by, saves come one after the other, or `graceful-timeout` is over, by which production would have
ended it.
"""

import json
import signal
import time

from slots import CONFIG, NAMES, RUN, active, alive, order, remove, say, send

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


class Slot:
    def __init__(self, pids, hasty):
        self.since = time.monotonic()
        self.pids = pids
        # Saves come one after the other.
        self.hasty = hasty
        # The number of the last question, and when it was asked.
        self.number = 0
        self.asked = 0
        # What is under way by the last answers, and when they were complete.
        self.requests = []
        self.answered = 0
        # When those that do not end by themselves are killed.
        self.killed = None

    def age(self):
        return time.monotonic() - self.since


class Draining:
    def __init__(self):
        self.slots = {}
        self.added = -HASTY

    def add(self, name, pids):
        now = time.monotonic()
        self.slots[name] = Slot([pid for pid in pids if alive(pid)], now - self.added < HASTY)
        self.added = now

    def look(self, loading):
        """Cuts what must not go on. `loading`: the slot of the reload under way."""
        for name, slot in list(self.slots.items()):
            for pid in [pid for pid in slot.pids if not alive(pid)]:
                slot.pids.remove(pid)
                remove(place_of(pid))
            if not slot.pids:
                del self.slots[name]
            elif slot.killed is not None and time.monotonic() >= slot.killed:
                send(slot.pids, signal.SIGKILL)
        # The oldest first; those that are being cut make room already.
        held = sorted((name for name in self.slots), key=lambda name: self.slots[name].since)
        others = [name for name in NAMES if name not in (active()[0], loading) or len(NAMES) == 1]
        lacking = bool(others) and all(name in held and self.slots[name].killed is None for name in others)
        for name in held:
            slot = self.slots[name]
            needed = lacking or slot.age() > CONFIG["graceful_timeout"]
            if slot.killed is None and (needed or slot.hasty):
                self.ask(name, slot)
                if self.cut(slot, is_stream if needed else is_of_events):
                    lacking = False

    def ask(self, name, slot):
        if time.monotonic() - slot.asked > ASK_AGAIN:
            slot.number += 1
            slot.asked = time.monotonic()
            for pid in slot.pids:
                order(name, pid, {"requests": slot.number})
        answers = [answer_of(pid, slot.number) for pid in slot.pids]
        if None not in answers:
            slot.requests = [request for answer in answers for request in answer]
            slot.answered = time.monotonic()

    def cut(self, slot, may_go):
        """Ends a slot that has nothing to do but what may be cut off."""
        if time.monotonic() - slot.answered > ASK_AGAIN or not slot.requests or not all(map(may_go, slot.requests)):
            return False
        say("cut", responses=[{"path": request["path"], "milliseconds": int(request["streaming"] * 1000)} for request in slot.requests])
        send(slot.pids, signal.SIGTERM)
        slot.killed = time.monotonic() + KILLED_AFTER
        return True

    def spares(self, name):
        """Are there requests in a slot that have a right to be finished?"""
        slot = self.slots.get(name)
        if slot is None or slot.age() > CONFIG["graceful_timeout"] or time.monotonic() - slot.answered > ANSWER_HOLDS:
            return False
        return not all(map(is_stream, slot.requests))

    def patience(self):
        """Seconds until something must be looked at."""
        return ASK_AGAIN if self.slots else None


def is_stream(request):
    """Has it begun to answer a while ago, without a word of when it will be done?"""
    return is_of_events(request) or (request["streaming"] or 0) > STREAMS_AFTER and not request["sized"]


def is_of_events(request):
    return request["events"] and (request["streaming"] or 0) > EVENTS_AFTER


def answer_of(pid, number):
    """What a process has said to this question; `None`: nothing yet."""
    try:
        with open(place_of(pid)) as file:
            answer = json.load(file)
    except (OSError, ValueError):
        return None
    return answer["requests"] if answer["asked"] == number else None


def place_of(pid):
    return "%s/requests/%d" % (RUN, pid)
