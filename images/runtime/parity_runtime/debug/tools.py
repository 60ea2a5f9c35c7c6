"""Debuggers that Python does not come with, in an image that has one: they have the terminal itself."""

import contextlib
import os
import sys

from parity_runtime import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Ipdb:
    def debugger(self) -> "Any":
        from ipdb.__main__ import _init_pdb

        with home_for_history():
            return _init_pdb(context=5)

    def post_mortem(self, traceback: "Any") -> None:
        debugger = self.debugger()
        debugger.reset()
        debugger.interaction(None, traceback)


@contextlib.contextmanager
def home_for_history() -> "Iterator[None]":
    """IPython makes `~/.pdbhistory` when it begins, and breaks where that cannot be."""
    home = os.environ.get("HOME")
    if home is None or os.access(home, os.W_OK):
        yield
        return
    os.environ["HOME"] = "/tmp"
    try:
        yield
    finally:
        os.environ["HOME"] = home


class Pudb:
    def debugger(self) -> "Any":
        import pudb.debugger

        return pudb.debugger.Debugger(stdin=sys.stdin, stdout=sys.stdout)

    def post_mortem(self, traceback: "Any") -> None:
        debugger = self.debugger()
        debugger.reset()
        kind, error = sys.exc_info()[:2]
        debugger.interaction(traceback.tb_frame, (kind, error, traceback))


def stop_in(debugger: "Any", frame: "Any") -> None:
    """Lets another debugger stop at the line that is about to run, and go on from there."""
    debugger.reset()
    outer = frame
    while outer is not None:
        outer.f_trace = debugger.trace_dispatch
        debugger.botframe = outer
        outer = outer.f_back
    debugger.set_step()
    sys.settrace(debugger.trace_dispatch)
    debugger.trace_dispatch(frame, "line", None)


def wanted() -> "Ipdb | Pudb | None":
    name = os.environ.get("PARITY_DEBUGGER")
    if not name:
        return None
    sys.path.append(layout.DEBUGGERS)
    # There is no home directory that lasts.
    os.environ.setdefault("IPYTHONDIR", "/tmp/ipython")
    os.environ.setdefault("XDG_CONFIG_HOME", "/tmp/config")
    return Ipdb() if name == "ipdb" else Pudb()
