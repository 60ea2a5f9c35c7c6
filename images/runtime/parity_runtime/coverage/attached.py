"""Has coverage.py measure which lines run in a process that serves already, from now on and until nobody wants it any more.

It comes with `parity coverage --attach`, by the debugger's way in (`debug/hook.py`), as a package `parity_coverage` of its own, and is
in no image. `sys.monitoring` can begin in a living process and sees all of its threads; a trace function cannot be given to threads
that run, so Python 3.11 is refused.
"""

import _thread
import atexit
import json
import os
import socket
import sys

import mod_wsgi

from . import instrument, sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Seconds that no thread waits longer for the collector.
PATIENCE = 10
# Bytes of its only message.
MOST = 65536


class Attached(instrument.Measuring):
    def __init__(self, settings: "dict[str, Any]", connection: "socket.socket") -> None:
        super().__init__({**settings, "by-check": False})
        self.project: str = settings["project"]
        self.connection = connection
        self.ended = False
        self.modules = set(sys.modules)
        self.sources: "Any" = None
        self.is_first = True

    def begin(self, settings: "dict[str, Any]", serves: bool = True) -> None:
        if sys.version_info < (3, 12):
            raise RuntimeError("Python %d.%d has no sys.monitoring: --attach needs Python 3.12 or newer" % sys.version_info[:2])
        if "coverage" in self.modules:
            raise RuntimeError("the application has imported coverage.py itself")
        coverage = instrument.imported(settings["tool"])
        self.coverage = instrument.configured(coverage, settings, self.note)
        # What was chosen for a server of its own may be another way of measuring.
        self.coverage.set_option("run:core", "sysmon")
        if self.coverage.get_option("run:branch") and sys.version_info < (3, 14):
            self.note("branches", "%d.%d" % sys.version_info[:2])
            self.coverage.set_option("run:branch", False)
        # The directory that a living process is in is not changed for what is relative to the project.
        for name in ("source", "include", "omit"):
            named = self.coverage.get_option("run:" + name)
            if named:
                self.coverage.set_option("run:" + name, [self.inside(each) for each in named])
        self.coverage.start()
        self.end_by_itself()
        atexit.register(self.finish)
        self.sources = sources.Sources(self.project)
        self.follow_forks()
        mod_wsgi.subscribe_shutdown(self.shut_down)

    def inside(self, name: str) -> str:
        """A path or pattern, as it is meant in the project's directory; the name of a package as it is."""
        if name.startswith(("/", "*", "?")):
            return name
        path = os.path.normpath(os.path.join(self.project, name))
        return path if "/" in name or "*" in name or name.startswith(".") or os.path.exists(path) else name

    def shut_down(self, *_: "Any", **__: "Any") -> None:
        self.save()

    def save(self) -> None:
        if not os.path.isdir(self.data):
            # Nobody wants it any more; this process was forked meanwhile.
            return
        super().save()
        with self.lock:
            if self.finished:
                return
            data = self.coverage.get_data()
            # Others of the project are there as well, which have not run.
            ran = (path for path in data.measured_files() if path not in self.sources.digests and data.lines(path))
            if self.sources.look(ran) or self.is_first:
                self.is_first = False
                self.put("sources.%d" % os.getpid(), json.dumps({"before": self.sources.before, "digests": self.sources.digests}))

    def run(self) -> None:
        """Until the collector has ended."""
        try:
            self.save()
            self.tell({"pid": os.getpid(), "measured": True})
            self.connection.settimeout(self.interval)
            while self.is_wanted():
                self.save()
        except OSError:
            # The collector is no more.
            pass
        finally:
            self.end()

    def is_wanted(self) -> bool:
        """Waits for a moment. It says nothing more; its end is all that comes."""
        try:
            return bool(self.connection.recv(1))
        except TimeoutError:
            return True

    def end(self) -> None:
        try:
            self.stop()
            self.save()
        except Exception as error:
            sys.stderr.write("parity: coverage failed: %s: %s\n" % (type(error).__name__, error))
        finally:
            if self.shut_down in mod_wsgi.shutdown_callbacks:
                mod_wsgi.shutdown_callbacks.remove(self.shut_down)
            atexit.unregister(self.finish)
            for name in set(sys.modules) - self.modules:
                if name.partition(".")[0] == "coverage":
                    del sys.modules[name]
            self.connection.close()
            self.ended = True

    def stop(self) -> None:
        """From here on the process is as fast as before."""
        monitoring: "Any" = vars(sys)["monitoring"]
        tracers = list(self.coverage._collector.tracers)
        for tracer in tracers:
            for code in tracer.code_objects:
                monitoring.set_local_events(tracer.myid, code, 0)
        self.coverage.stop()

    def before_fork(self) -> None:
        # What is told of forks is told of them for ever.
        if not self.ended:
            super().before_fork()

    def after_fork(self) -> None:
        if self.ended:
            return
        # It is the other process' to say when it ends.
        self.connection.close()
        self.is_first = True
        super().after_fork()

    def tell(self, message: "dict[str, Any]") -> None:
        self.connection.sendall(json.dumps(message).encode("ascii") + b"\n")


def begin(_: "Any", address: str) -> "Attached":
    """Measures from now on. Called by `debug/hook.py`."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE)
    connection.connect(address)
    settings = json.loads(connection.makefile("rb").readline(MOST))
    attached = Attached(settings, connection)
    try:
        attached.begin(settings)
    except Exception as error:
        attached.ended = True
        attached.tell({"pid": os.getpid(), "failed": "%s" % error or type(error).__name__})
        connection.close()
        return attached
    # No thread of `threading`: the application counts those.
    _thread.start_new_thread(attached.run, ())
    return attached
