"""What these tests have in common: the package, a fake of mod_wsgi, and a container's directories somewhere else."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUNTIME = ROOT + "/images/runtime"
sys.path[:0] = [RUNTIME, HERE]

import mod_wsgi  # noqa: F401
from parity_runtime import layout
from parity_runtime.protocol.worker import Config


def startup(seconds=15):
    """Production's `startup.py`, rendered."""
    with open(ROOT + "/templates/startup.py") as file:
        return file.read().replace("{{ seconds }}", str(seconds))


def config(**more):
    values = {
        "slots": ["g0", "g1", "g2"],
        "processes": 1,
        "preload": True,
        "graceful_timeout": 15,
        "project": layout.PROJECT,
        "root": "/home/ada/shop",
        "script": None,
        "package": None,
        "port": 8000,
    }
    return Config(**{**values, **more})


class Case(unittest.TestCase):
    """With the directories of a container of its own."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        # As the system knows it.
        self.directory = os.path.realpath(made.name)
        before = layout.ETC, layout.RUN, layout.PROJECT
        self.addCleanup(self.restore, *before)
        layout.ETC, layout.RUN, layout.PROJECT = (self.directory + "/" + name for name in ("etc", "run", "app"))
        for path in (layout.ETC, layout.RUN, layout.PROJECT, layout.slots(), layout.touched()):
            os.makedirs(path)

    def restore(self, *before):
        layout.ETC, layout.RUN, layout.PROJECT = before

    def write(self, path, text=""):
        full = path if path.startswith("/") else "%s/%s" % (layout.PROJECT, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write(text)
        return full

    def read(self, path):
        with open(path) as file:
            return file.read()

    def replace(self, owner, name, value):
        """Until the end of the test."""
        before = getattr(owner, name)
        self.addCleanup(setattr, owner, name, before)
        setattr(owner, name, value)


def has(text, *parts):
    missing = [part for part in parts if part not in text]
    if missing:
        raise AssertionError("%r is not in %r" % (missing, text))
