"""The way into mod_wsgi, and to the collector, whose end is the profiler's."""

import _thread
import json
import os
import socket
import sys
import time

from . import sampler, states

# No thread waits longer for the collector.
PATIENCE = 10
# Bytes of its only message.
MOST = 4096
# What the CPU time of a request is counted by is not there everywhere.
NEEDS = ("pthread_getcpuclockid", "clock_gettime_ns", "thread_time_ns")


class Profiling:
    def __init__(self, runtime, address):
        self.runtime = runtime
        self.ended = False
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.settimeout(PATIENCE)
        self.connection.connect(address)
        settings = json.loads(self.connection.makefile("rb").readline(MOST))
        self.own = tuple(settings["own"])
        self.states = states.States()
        self.sampler = sampler.Sampler(settings["rate"], self.states, self.tell)
        self.tell(
            {
                "pid": os.getpid(),
                "begun": time.time(),
                "python": "%d.%d.%d" % sys.version_info[:3],
                "switch": sys.getswitchinterval(),
                "states": self.states.pread is not None and self.states.gil is not None,
            }
        )

    def begin(self):
        self.runtime.listen("profile", self.look_at)
        # No thread of `threading`: the application counts those.
        _thread.start_new_thread(self.run, ())

    def look_at(self, name, request_environ=None, **_):
        if name == "request_started" and request_environ is not None:
            if request_environ.get("HTTP_USER_AGENT", "") not in self.own:
                self.sampler.started(path_of(request_environ))
        elif name == "request_finished":
            self.sampler.finished()

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


def path_of(environ):
    """The path of a request, for those whose route is not known: numbers in it are of no interest."""
    path = "%s%s" % (environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""))
    parts = path.encode("latin-1", "replace").decode("utf-8", "replace").split("/")
    return "/".join("*" if part.isdigit() else part for part in parts)[:200] or "/"


def begin(runtime, address):
    """Profiles from now on. Called by `debug/hook.py`."""
    profiling = Profiling(runtime, address)
    profiling.begin()
    return profiling
