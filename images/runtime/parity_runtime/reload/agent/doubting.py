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

from parity_runtime import disk, layout
from parity_runtime.protocol.worker import Config

PREPARED, FRESH, ALONE = "prepared", "fresh", "alone"

# What Python and its libraries say where another process holds what is wanted, a pattern a line. Rust reads the same file.
HELD = os.path.join(os.path.dirname(__file__), "held.txt")


def is_held(error: str | None) -> bool:
    """Does the last line of a traceback say that another process has something?"""
    lines = (error or "").strip().splitlines()
    return bool(lines) and bool(re.search("|".join(disk.text_of(HELD).splitlines()), lines[-1], re.IGNORECASE))


def mark_fresh(slot: str, generation: int) -> None:
    """Processes of the slot that start from now on import the application at once."""
    disk.replace(layout.fresh(slot), "%d\n" % generation)


def unmark_fresh(slot: str) -> None:
    disk.remove(layout.fresh(slot))


def avoid(config: Config, blamed: list[str], why: str) -> list[str]:
    """Sees to it that what was in doubt is so no more. Returns what is avoided: names of modules, or `preload`, or `standby`."""
    if not is_preloading(config):
        stay_in_place()
        return ["standby"]
    if "*" in blamed:
        disk.replace(layout.preload_ended(), "")
        return ["preload"]
    # Another process may have blamed some of them since this one began.
    new = sorted(set(blamed) - {line.partition(" ")[0] for line in disk.text_of(layout.preload_bad()).splitlines()})
    with open(layout.preload_bad(), "a") as file:
        file.write("".join("%s %s\n" % (name, " ".join(why.split())) for name in new))
    return sorted(blamed)


def stay_in_place() -> None:
    disk.replace(layout.in_place(), "")


def is_preloading(config: Config) -> bool:
    return config.preload and not os.path.exists(layout.preload_ended())


def is_in_place(config: Config) -> bool:
    """Do processes import saved code in the place of those that served the code before, and not beside them?"""
    return len(config.slots) == 1 or os.path.exists(layout.in_place())
