"""Processes of the slots that did not survive the import of the application, or were too late with it.

    died    the last of them: the generation it was to serve, and what is to be said of it

No process imports that generation again: it would end as well, and again, for as long as nothing is saved.
"""

import os
import select
import signal
import sys

# An application may replace the names in `json`.
from json import dumps, loads

RUN = "/run/parity"
DIED = RUN + "/died"

# In a process of a slot, and in the agent.
startup = sys.modules.get("parity_startup") or __import__("startup")


def about(generation, ordered):
    """What a process says of its import: for the file that is left if it dies."""
    return dumps({"generation": generation, "ordered": ordered}) + "\n"


def last():
    try:
        with open(DIED) as file:
            return loads(file.read())
    except (OSError, ValueError):
        return {"generation": 0, "error": None}


def error_of(generation):
    """Why a generation is not imported again, if that is so."""
    died = last()
    return died["error"] if died["generation"] == generation else None


def keep(generation, error):
    if generation < last()["generation"]:
        return
    new = "%s.%d" % (DIED, os.getpid())
    with open(new, "w") as file:
        file.write(dumps({"generation": generation, "error": error}))
    os.rename(new, DIED)


def bury(pid, said, status=None):
    """Keeps what became of a process, from what its file says. Returns whether its import was ordered, and where it
    hung; `None` where it had not begun."""
    head, _, dump = said.partition("\n")
    try:
        began = loads(head)
    except ValueError:
        return None
    if dump.strip():
        error = "".join(startup.stacks(dump))
    else:
        error = "process %d ended while it imported the application%s\n" % (pid, how(status))
    keep(began["generation"], error)
    return began["ordered"], dump


def is_death(error):
    """Did a process end, and not only take too long?"""
    return error.startswith("process ")


def how(status):
    if status is None:
        return ""
    if os.WIFSIGNALED(status):
        return ": " + name_of(os.WTERMSIG(status))
    return ": exit code %d" % os.WEXITSTATUS(status)


def name_of(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number


# --- for the agent --------------------------------------------------------------------------------------------------


class Watch:
    """Notices the end of processes while how they ended can still be seen: until Apache asks, which takes up to a second."""

    def __init__(self):
        self.epoll = select.epoll()
        self.watched = {}
        self.statuses = {}

    def fileno(self):
        return self.epoll.fileno()

    def add(self, pid, mark):
        """`mark` is the file that says that the process imports the application."""
        if (pid, mark) in self.watched.values():
            return
        try:
            descriptor = os.pidfd_open(pid)
        except (OSError, AttributeError):
            # Who looks from time to time sees most of it as well.
            return
        self.watched[descriptor] = pid, mark
        self.epoll.register(descriptor, select.EPOLLIN)

    def look(self):
        for descriptor, _ in self.epoll.poll(0):
            pid, mark = self.watched.pop(descriptor)
            if os.path.exists(mark):
                self.statuses[pid] = status_of(pid)
            os.close(descriptor)

    def status(self, pid):
        """How a process ended, as `os.waitpid` would tell it; `None` where that is not known."""
        self.look()
        status = self.statuses.pop(pid, None)
        return status_of(pid) if status is None else status


def status_of(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[49]) if fields[0] in "ZX" else None
    except (OSError, IndexError, ValueError):
        return None


watch = Watch()
