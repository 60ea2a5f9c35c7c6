"""Processes of the slots that did not survive the import of the application, or were too late with it.

    died    the last of them: the generation it was to serve, and what is to be said of it

No process imports that generation again: it would end as well, and again, for as long as nothing is saved.
"""

import os
import signal
import sys

from parity_runtime import disk, layout
from parity_runtime.protocol.message import Unreadable
from parity_runtime.protocol.worker import Began, Died

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def startup() -> "Any":
    """Production's `startup.py`, which every process of a slot has, and the agent, too."""
    module = sys.modules.get("parity_startup")
    if module is None:
        module = sys.modules["parity_startup"] = type(sys)("parity_startup")
        module.__file__ = layout.ETC + "/startup.py"
        with open(module.__file__, "rb") as file:
            exec(compile(file.read(), module.__file__, "exec", dont_inherit=True), module.__dict__)
    return module


def about(generation: int, ordered: bool) -> str:
    """What a process says of its import: for the file that is left if it dies."""
    return Began(generation=generation, ordered=ordered).to_text() + "\n"


def last() -> Died:
    try:
        with open(layout.died()) as file:
            return Died.from_text(file.read())
    except (OSError, Unreadable):
        return Died(generation=0, error=None)


def error_of(generation: int) -> "str | None":
    """Why a generation is not imported again, if that is so."""
    died = last()
    return died.error if died.generation == generation else None


def keep(generation: int, error: "str | None") -> None:
    if generation >= last().generation:
        disk.replace(layout.died(), Died(generation=generation, error=error).to_text())


def bury(pid: int, mark: str, status: "int | None" = None) -> "tuple[bool, str] | None":
    """Keeps what became of a process, from what its file says. Returns whether its import was ordered, and where it
    hung; `None` where it had not begun."""
    head, _, dump = mark.partition("\n")
    try:
        began = Began.from_text(head)
    except Unreadable:
        return None
    if dump.strip():
        error = "".join(startup().stacks(dump))
    else:
        error = "process %d ended while it imported the application%s\n" % (pid, how(status))
    keep(began.generation, error)
    return began.ordered, dump


def is_death(error: str) -> bool:
    """Did a process end, and not only take too long?"""
    return error.startswith("process ")


def how(status: "int | None") -> str:
    if status is None:
        return ""
    if os.WIFSIGNALED(status):
        return ": " + name_of(os.WTERMSIG(status))
    return ": exit code %d" % os.WEXITSTATUS(status)


def name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number
