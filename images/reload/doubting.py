"""What a reload does about processes that have imported the application and are not sure that it is as it would be in
production: those that stood by, and in which the import failed, or what was imported ahead of time turned out to be outdated.

    prepared   a slot that stood by has imported it, as nearly always
    fresh      processes import it as soon as they start; nothing was done ahead of time
    alone      the same, and no other process has imported it: something in it can be held by one process only

Whatever fails in the last of these that is tried is shown. What works is served, and the cause is avoided from then on:
modules that may be to blame are not imported ahead of time any more, then none is, then no process stands by.
"""

import os
import re

from slots import CONFIG, RUN, SLOTS, remove, replace

# The modules that are not imported ahead of time, and why.
BAD = RUN + "/preload.bad"
# Is there when none is, any more.
ENDED = RUN + "/preload.ended"
# Is there when no slot stands by any more.
IN_PLACE = RUN + "/in-place"

PREPARED, FRESH, ALONE = "prepared", "fresh", "alone"

# What Python and its libraries say where another process holds what is wanted, a pattern a line.
with open(os.path.join(os.path.dirname(__file__), "held.txt")) as file:
    HELD = re.compile("|".join(file.read().splitlines()), re.IGNORECASE)


def is_held(error):
    """Does the last line of a traceback say that another process has something?"""
    lines = (error or "").strip().splitlines()
    return bool(lines) and bool(HELD.search(lines[-1]))


def mark_fresh(slot, generation):
    """Processes of the slot that start from now on import the application at once."""
    replace("%s/%s.fresh" % (SLOTS, slot), "%d\n" % generation)


def unmark_fresh(slot):
    remove("%s/%s.fresh" % (SLOTS, slot))


def avoid(blamed, why):
    """Sees to it that what was in doubt is so no more. Returns what is avoided: names of modules, or `preload`, or `standby`."""
    if not is_preloading():
        stay_in_place()
        return ["standby"]
    new = sorted(set(blamed) - {line.partition(" ")[0] for line in text_of(BAD).splitlines()})
    if "*" in blamed or not new:
        replace(ENDED, "")
        return ["preload"]
    with open(BAD, "a") as file:
        file.write("".join("%s %s\n" % (name, " ".join(why.split())) for name in new))
    return new


def text_of(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def stay_in_place():
    replace(IN_PLACE, "")


def is_preloading():
    return CONFIG["preload"] and not os.path.exists(ENDED)


def is_in_place():
    """Do processes import saved code in the place of those that served the code before, and not beside them?"""
    return len(CONFIG["slots"]) == 1 or os.path.exists(IN_PLACE)
