"""Where things are in a container, each path once. `src/units/layout.rs` has those that Rust needs.

Functions, not constants: tests have all of it in a directory of their own.
"""

import os

# Generated configuration, and this package.
ETC = "/etc/parity"
# What is written while the server runs, all of it in memory.
RUN = "/run/parity"
# The project.
PROJECT = "/app"
# The Python that the application runs in.
PYTHON = "/opt/venv/bin/python"
# Debuggers that Python does not come with, in an image that has one.
DEBUGGERS = "/opt/debugger"
# What Apache listens on.
PORT = 8000


def handler() -> str:
    """The script that mod_wsgi imports the application with."""
    return ETC + "/handler.wsgi"


# --- the reload -----------------------------------------------------------------------------------------------------


def reload_config() -> str:
    return ETC + "/reload.json"


def active() -> str:
    """The slot that requests go to, and its generation: "g1 7"."""
    return RUN + "/active"


def slots() -> str:
    return RUN + "/slots"


def slot(name: str) -> str:
    return "%s/slots/%s" % (RUN, name)


def process(name: str, pid: int) -> str:
    """What a process of a slot is doing, as JSON."""
    return "%s/slots/%s/%d" % (RUN, name, pid)


def loading(name: str, pid: int) -> str:
    """It has begun to import the application, and has not said yet how that went; if it died, what of."""
    return process(name, pid) + ".loading"


def preloading(name: str, pid: int) -> str:
    """The module that is being imported ahead of time; what a crash leaves there is to blame."""
    return process(name, pid) + ".preloading"


def orders(name: str, pid: int) -> str:
    """The socket where it takes orders."""
    return process(name, pid) + ".sock"


def fresh(name: str) -> str:
    """Processes of the slot that start while this is there import the application at once, for the generation in it."""
    return "%s/slots/%s.fresh" % (RUN, name)


def died() -> str:
    """What is not imported again."""
    return RUN + "/died"


def modules(pid: int) -> str:
    """What other processes can do ahead of time, as one tells it that has loaded the application."""
    return "%s/modules/%d" % (RUN, pid)


def requests(pid: int) -> str:
    """What is under way in a process."""
    return "%s/requests/%d" % (RUN, pid)


def touched(name: "int | str" = "") -> str:
    """Which of the project's files a process has opened or written."""
    return "%s/touched/%s" % (RUN, name) if name else RUN + "/touched"


def agent() -> str:
    """The socket where the agent is told that something has changed."""
    return RUN + "/agent.sock"


def bytecode() -> str:
    """Compiled project modules, by the content of their source."""
    return RUN + "/bytecode"


def preload() -> str:
    """What to do ahead of time."""
    return RUN + "/preload.json"


def preload_bad() -> str:
    """Modules that must not be imported ahead of time, one a line, and why."""
    return RUN + "/preload.bad"


def preload_ended() -> str:
    """Is there when none is imported ahead of time any more."""
    return RUN + "/preload.ended"


def in_place() -> str:
    """Is there when no slot stands by any more."""
    return RUN + "/in-place"


def urgent() -> str:
    """Is there while a reload waits for a process to stand by."""
    return RUN + "/urgent"


def uploaded() -> str:
    """Which files of the project came by upload."""
    return RUN + "/uploaded"


# --- the recorder ---------------------------------------------------------------------------------------------------


def recorder() -> str:
    """The directory that has its package: with the other files of a server that was started to record, else it was brought later."""
    for place in (ETC, RUN + "/smoke"):
        if os.path.isdir(place + "/parity_record"):
            return place
    return RUN + "/record"


def record_wanted() -> str:
    """Says "on" or "off" once somebody has turned it on or off."""
    return RUN + "/record/wanted"


# --- the debugger and the probe -------------------------------------------------------------------------------------


def debug() -> str:
    return RUN + "/debug"


def debug_pipe(pid: int) -> str:
    """Whoever wants to debug a process writes a word to it."""
    return "%s/debug/%d.pipe" % (RUN, pid)


def debug_socket(pid: int) -> str:
    """Where a process listens to consoles."""
    return "%s/debug/%d.sock" % (RUN, pid)


def console() -> str:
    """Holds the id of the process that has the terminal, while somebody debugs."""
    return RUN + "/debug/console"


def probe() -> str:
    return RUN + "/fidelity/probe.py"


def visitor(word: str) -> str:
    """The profiler or coverage.py, and the socket of whoever takes what it says."""
    return "%s/%s" % (RUN, word)
