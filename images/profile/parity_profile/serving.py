"""The way into mod_wsgi, and to the collector, whose end is the profiler's.

Where Python says how to read its memory, a process beside does that, and this one writes down which thread answers which request
(`watched`). Elsewhere a thread of this process samples the others, whenever it gets the GIL (`sampler`).
"""

import _thread
import json
import os
import socket
import sys
import time

from . import routes, sampler, states, watched

# No thread waits longer for the collector.
PATIENCE = 10
# Bytes of its only message.
MOST = 4096


class Connected:
    """To the collector, which says what is wanted."""

    def __init__(self, address):
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.settimeout(PATIENCE)
        self.connection.connect(address)
        settings = json.loads(self.connection.makefile("rb").readline(MOST))
        self.rate = settings["rate"]
        self.own = tuple(settings["own"])
        # Whether the collector has somebody who reads processes.
        self.reads = settings.get("reads", False)


def recording(runtime):
    """`listens("record")`: are requests recorded? What is sampled of those is told apart then."""
    # A server that an older parity has started does not say.
    return getattr(runtime, "listens", lambda _: False)


class Outside:
    """Profiled by a reader beside; `ended`, when nobody does that any more."""

    def __init__(self, runtime, address, connected):
        self.runtime = runtime
        self.address = address
        self.connection = connected.connection
        self.watched = watched.Watched(self.connection, connected.own, recording(runtime))
        self.rate = connected.rate
        self.inside = None
        self.over = False

    @property
    def ended(self):
        return self.inside.ended if self.inside is not None else self.over

    def begin(self):
        # No thread of `threading`: the application counts those.
        _thread.start_new_thread(self.run, ())

    def run(self):
        try:
            self.watched.introduce(self.rate)
        except Exception as error:
            # Whatever it is, the GIL's way is there.
            self.connection.close()
            self.fall_back("%s" % error if isinstance(error, watched.Refused) else "%s: %s" % (type(error).__name__, error))
            return
        try:
            self.connection.settimeout(None)
            self.runtime.listen("profile", self.watched.listener())
            self.watched.answer()
        except OSError:
            # The reader is no more.
            pass
        except Exception as error:
            sys.stderr.write("parity: the profiler failed: %s: %s\n" % (type(error).__name__, error))
        finally:
            self.over = True
            # As it was before: each event costs microseconds.
            self.runtime.ignore("profile")
            self.watched.let_in(0)
            self.connection.close()

    def fall_back(self, why):
        try:
            self.inside = Profiling(self.runtime, Connected(self.address), why)
            self.inside.begin()
        except OSError:
            self.over = True


class Profiling:
    """By a thread of this process. `why`: what keeps others from reading it."""

    def __init__(self, runtime, connected, why=None):
        self.runtime = runtime
        self.ended = False
        self.connection = connected.connection
        self.own = connected.own
        self.states = states.States()
        self.sampler = sampler.Sampler(connected.rate, self.states, self.tell)
        self.tell(
            {
                "pid": os.getpid(),
                "begun": time.time(),
                "python": "%d.%d.%d" % sys.version_info[:3],
                "switch": sys.getswitchinterval(),
                "states": self.states.pread is not None and self.states.gil is not None,
                "inside": why,
            }
        )

    def begin(self):
        self.runtime.listen("profile", self.look_at)
        # No thread of `threading`: the application counts those.
        _thread.start_new_thread(self.run, ())

    def look_at(self, name, request_environ=None, request_id=None, **_):
        if name == "request_started" and request_environ is not None:
            if request_environ.get("HTTP_USER_AGENT", "") not in self.own:
                self.sampler.started(routes.path_of(request_environ), request_id if self.is_recorded(request_environ) else None)
        elif name == "request_finished":
            self.sampler.finished()

    def is_recorded(self, environ):
        return recording(self.runtime)("record") and routes.REPLAY not in environ

    def run(self):
        try:
            self.sampler.run(check=self.is_wanted)
        except OSError:
            # The collector is no more.
            pass
        except Exception as error:
            sys.stderr.write("parity: the profiler failed: %s: %s\n" % (type(error).__name__, error))
        finally:
            self.ended = True
            # As it was before: each event costs microseconds.
            self.runtime.ignore("profile")
            self.states.close()
            self.connection.close()

    def is_wanted(self):
        """Is the collector still there? It says nothing more; its end is all that comes."""
        # With a timeout it would wait whatever its flags say.
        self.connection.settimeout(0)
        try:
            return bool(self.connection.recv(1))
        except BlockingIOError:
            return True
        finally:
            self.connection.settimeout(PATIENCE)

    def tell(self, message):
        self.connection.sendall(json.dumps(message, separators=(",", ":")).encode("ascii", "replace") + b"\n")


def is_readable():
    """Does this Python say how to read its memory, and as is known here?"""
    return sys.version_info[:2] in watched.VERSIONS and sys.implementation.name == "cpython"


def begin(runtime, address):
    """Profiles from now on. Called by `debug/hook.py`."""
    connected = Connected(address)
    outside = connected.reads and is_readable()
    profiling = Outside(runtime, address, connected) if outside else Profiling(runtime, connected)
    profiling.begin()
    return profiling
