"""What this process is: one of a slot, for a project. Set once, before anything else of the worker's is used."""

import os
import sys

from parity_runtime import layout
from parity_runtime.reload import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parity_runtime.protocol.worker import Config

SLOT = ""
PID = 0
CONFIG: "Config"
# What the project's paths begin with.
INSIDE = "/"
# Modules that were there before anything of the application's.
there: "frozenset[str]" = frozenset()


def begin(slot: str) -> None:
    global SLOT, PID, CONFIG, INSIDE
    SLOT, PID, CONFIG = slot, os.getpid(), config.read()
    INSIDE = CONFIG.project + "/"


def note_what_is_there() -> None:
    """Nothing of the application has been imported yet, and all that parity needs for now."""
    global there
    there = frozenset(sys.modules)


def is_own(path: str) -> bool:
    """Is it of the project, and not of a virtual environment in it?"""
    return path.startswith(INSIDE) and "/site-packages/" not in path


def is_preloading() -> bool:
    """Is it looked at what the imports of modules depend on?"""
    return CONFIG.preload and len(CONFIG.slots) > 1


def is_machinery(path: str) -> bool:
    """Is it code of parity's, or of Python's import system?"""
    return path.startswith((layout.ETC + "/", "<frozen importlib")) or path.endswith("/importlib/__init__.py")
