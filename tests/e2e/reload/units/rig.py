"""parity's modules as a process of a slot has them, and packages to import."""

import importlib
import importlib.machinery
import os
import shutil
import sys
import tempfile
import types
import unittest

ETC = "/etc/parity"
# What the project is in, and packages that are not the project's.
PROJECT = tempfile.mkdtemp() + "/app"
SITE = tempfile.mkdtemp() + "/site-packages"
RUN = tempfile.mkdtemp()

sys.dont_write_bytecode = True


class State:
    doing = "standby"


def slot():
    """What the modules know of the process that they are in."""
    module = sys.modules["parity_slot"] = types.ModuleType("parity_slot")
    module.__dict__.update(
        ETC=ETC,
        RUN=RUN,
        PID=os.getpid(),
        SLOT="g1",
        HERE=RUN + "/slots/g1",
        CONFIG={"preload": True, "package": "wsgi", "port": 0},
        PROJECT=PROJECT,
        INSIDE=PROJECT + "/",
        State=State,
        part=part,
        is_own=lambda path: path.startswith(PROJECT + "/") and "/site-packages/" not in path,
        write=write_whole,
    )
    module.audit = part("audit")
    os.makedirs(module.HERE, exist_ok=True)
    return module


def part(name):
    """A module of parity's, as `slot.py` makes it one."""
    module = sys.modules["parity_" + name] = types.ModuleType("parity_" + name)
    module.__file__ = "%s/%s.py" % (ETC, name)
    with open(module.__file__) as file:
        exec(compile(file.read(), module.__file__, "exec", dont_inherit=True), module.__dict__)
    return module


def write_whole(path, text):
    write(path, text)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


class Packages(unittest.TestCase):
    """With an empty project, and empty directories for packages."""

    def setUp(self):
        for directory in (PROJECT, SITE):
            shutil.rmtree(directory, ignore_errors=True)
            os.makedirs(directory)
        before, path, there = os.getcwd(), sys.path[:], set(sys.modules)
        os.chdir(PROJECT)
        sys.path[:] = [PROJECT, *path, SITE]

        def back():
            os.chdir(before)
            sys.path[:] = path
            for name in sys.modules.keys() - there:
                del sys.modules[name]
            importlib.invalidate_caches()

        self.addCleanup(back)

    def package(self, name, text):
        write("%s/%s" % (SITE, name), text)
        importlib.invalidate_caches()

    def own(self, name, text):
        write("%s/%s" % (PROJECT, name), text)
        importlib.invalidate_caches()
