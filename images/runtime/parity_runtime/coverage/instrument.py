"""Has coverage.py measure which lines run in this process, from before the application is imported.

What has run is on disk every few seconds and when the process ends, in a file of its own: one that is killed keeps what was written
last. From Python 3.12 on `sys.monitoring` sees every thread. What traces by `sys.settrace` has to be set in each request's thread,
as Python's `threading` knows nothing of threads that the server makes.
"""

import _thread
import atexit
import json
import os
import sys
from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from parity_runtime.instruments import Runtime

# The directory that `instruments.txt` is in.
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Names what a Python program runs first that the application starts.
VARIABLE = "PARITY_COVERAGE"
# The tool of sys.monitoring: neither coverage.py's own id nor a debugger's or a profiler's, which the application may want.
TOOL = 3
# Seconds between two looks for the next check.
TURN = 0.02
# Seconds between two times that traced threads are let go on, where they have to be.
UNBLOCKING = 0.005


class Measuring:
    """What is measured in this process."""

    def __init__(self, settings: "dict[str, Any]") -> None:
        self.data: str = settings["data"]
        self.interval: float = settings["interval"]
        self.lock = _thread.allocate_lock()
        self.coverage: "Any" = None
        # The function that traces a thread, where it is not sys.monitoring that sees all of them.
        self.trace: "Callable[..., Any] | None" = None
        self.tracers: "dict[int, Any]" = {}
        self.unblock: "Callable[[], None] | None" = None
        self.noted: "set[str]" = set()
        # The process has come to its end.
        self.finished = False
        # Lines are told apart by the check that runs.
        self.by_check: bool = settings["by-check"]
        self.turn = ""
        # What is held while the process forks.
        self.held: "list[Any]" = []

    def begin(self, settings: "dict[str, Any]", serves: bool = True) -> None:
        """`serves`: requests come, in threads that the server makes."""
        coverage = imported(settings["tool"])
        # What its settings say is relative to the project.
        here = os.getcwd()
        os.chdir(settings["project"])
        try:
            self.coverage = configured(coverage, settings, self.note)
            # The first to be registered is the last to be called: what the application does at its end is measured.
            atexit.register(self.finish)
            self.coverage.start()
            self.end_by_itself()
        finally:
            os.chdir(here)
        import threading

        trace: "Any" = threading.gettrace()
        self.trace = trace
        self.follow_forks()
        if serves:
            os.environ[VARIABLE] = os.path.dirname(os.path.abspath(__file__)) + "/child.py"
        if serves and trace is not None and sys.version_info < (3, 12):
            from parity_runtime.traced import unblocking

            self.unblock = unblocking()
            _thread.start_new_thread(self.keep_unblocked, ())
        if self.by_check:
            self.coverage.switch_context("start")
            if serves:
                # Whoever waits for the next check waits for this process.
                self.put("begun.%d" % os.getpid(), "")
            else:
                self.take_turn()
        _thread.start_new_thread(self.keep_by_check if self.by_check else self.keep, ())

    def keep_by_check(self) -> None:
        """Looks for the next check, which waits until each process knows of it."""
        while True:
            sleep(TURN)
            self.take_turn()

    def take_turn(self) -> None:
        try:
            with open(self.data + "/turn", encoding="utf-8") as file:
                turn, name = file.read().split("\n", 1)
        except (OSError, ValueError):
            return
        if turn == self.turn:
            return
        self.turn = turn
        with self.lock:
            try:
                if not self.finished:
                    self.coverage.save()
                    self.coverage.switch_context(name)
                    if self.trace is None:
                        # Each line is told once, until it is asked for again.
                        vars(sys)["monitoring"].restart_events()
            except Exception as error:
                self.note("unsaved", "%s: %s" % (type(error).__name__, error))
        self.put("turn.%d" % os.getpid(), turn)

    def follow_forks(self) -> None:
        """A process that this one forks, as `multiprocessing` does, is measured too."""
        os.register_at_fork(before=self.before_fork, after_in_parent=self.release, after_in_child=self.after_fork)

    def before_fork(self) -> None:
        """Whatever another thread holds now would be held in the new process for ever."""
        self.lock.acquire()
        collector = self.coverage._collector
        held = [self.lock, getattr(collector, "data_lock", None)]
        held += [getattr(tracer, "lock", None) for tracer in getattr(collector, "tracers", ())]
        self.held = [lock for lock in held if lock is not None]
        for lock in self.held[1:]:
            lock.acquire()

    def release(self) -> None:
        for lock in reversed(self.held):
            lock.release()

    def after_fork(self) -> None:
        self.release()
        end = os._exit

        def save_and_end(status: int) -> None:
            self.save()
            end(status)

        # It ends by this, which runs nothing of `atexit`.
        vars(os)["_exit"] = save_and_end
        _thread.start_new_thread(self.keep, ())

    def put(self, name: str, text: str) -> None:
        path = "%s/%s" % (self.data, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def keep_unblocked(self) -> None:
        while self.unblock is not None:
            sleep(UNBLOCKING)
            self.unblock()

    def keep(self) -> None:
        while True:
            sleep(self.interval)
            self.save()

    def save(self) -> None:
        with self.lock:
            if self.finished:
                return
            try:
                self.coverage.save()
                self.look()
            except Exception as error:
                self.note("unsaved", "%s: %s" % (type(error).__name__, error))

    def end_by_itself(self) -> None:
        """coverage.py would close its files when the process ends, also while another thread writes to them."""
        atexit.unregister(self.coverage._atexit)

    def finish(self) -> None:
        """The process ends: nothing of it is measured any more, and no thread writes after this."""
        self.save()
        with self.lock:
            if self.finished:
                return
            self.finished = True
            try:
                self.coverage.stop()
                self.coverage.save()
                self.coverage._atexit()
            except Exception as error:
                self.note("unsaved", "%s: %s" % (type(error).__name__, error))

    def look(self) -> None:
        """Does it still measure?"""
        from coverage.collector import Collector

        active = Collector._collectors
        if active and active[-1] is not self.coverage._collector:
            self.note("coverage", "")

    def trace_request(self, name: str, **_: "Any") -> None:
        """In the request's thread, before the application is called."""
        if name == "request_started":
            if self.unblock is not None:
                self.unblock()
            if sys.gettrace() is None:
                sys.settrace(self.tracers.get(_thread.get_ident(), self.trace))
        elif name == "request_finished":
            trace: "Any" = sys.gettrace()
            if not is_ours(trace):
                self.note("trace", "")
            elif self.unblock is not None:
                # The next request begins without it, see `traced.py`.
                self.tracers[_thread.get_ident()] = trace
                sys.settrace(None)

    def note(self, what: str, detail: str) -> None:
        """Something that the report has to say; once."""
        if what in self.noted:
            return
        self.noted.add(what)
        try:
            with open("%s/note.%d.%d" % (self.data, os.getpid(), len(self.noted)), "w", encoding="utf-8") as file:
                json.dump([what, detail[:500]], file)
        except OSError as error:
            sys.stderr.write("parity: coverage: %s %s: %s\n" % (what, detail, error))


def is_ours(trace: "Any") -> bool:
    kind = type(trace)
    owner = getattr(trace, "__self__", trace)
    return kind.__name__ == "CTracer" or type(owner).__module__.startswith("coverage.")


def imported(tool: str) -> "Any":
    """coverage.py, from a directory that the application does not see."""
    sys.path.insert(0, tool)
    # Each module is a part of the time until the server answers.
    left_out = [name for name in LEFT_OUT if name not in sys.modules]
    sys.modules.update((name, placeholder(name)) for name in left_out)
    try:
        import coverage
        import coverage.sysmon as sysmon
    finally:
        sys.path.remove(tool)
        for name in left_out:
            del sys.modules[name]
    tracer: "Any" = sysmon.SysMonitor
    own = tracer.__init__

    def with_another_id(self: "Any") -> None:
        own(self)
        self.myid = TOOL

    tracer.__init__ = with_another_id
    return coverage


# Nothing is reported in a process that serves, nor is `multiprocessing` changed in it.
UNWANTED = ("annotate", "html", "jsonreport", "lcovreport", "multiproc", "report", "report_core", "xmlreport")
LEFT_OUT = tuple("coverage." + name for name in UNWANTED)


def placeholder(name: str) -> "Any":
    """A module that has whatever is imported from it."""
    module: "Any" = type(sys)(name)
    module.__getattr__ = lambda _: None
    return module


def configured(coverage: "Any", settings: "dict[str, Any]", note: "Callable[[str, str], None]") -> "Any":
    """coverage.py as the project's own settings want it, but for what cannot be done in a server."""
    config = settings["config"]
    measured = coverage.Coverage(
        data_file=settings["data"] + "/.coverage",
        data_suffix=True,
        config_file="%s/%s" % (settings.get("root", ROOT), config) if config else False,
        messages=False,
    )
    get, put = measured.get_option, measured.set_option
    for name in get("run:plugins") or ():
        note("plugin", str(name))
    put("run:plugins", [])
    put("run:patch", [])
    put("run:debug", [])
    put("run:sigterm", False)
    put("run:dynamic_context", None)
    put("run:concurrency", ["thread"])
    put("run:relative_files", False)
    put("run:disable_warnings", list(WARNINGS))
    if not any(get("run:" + name) for name in ("source", "source_pkgs", "include")):
        put("run:source", [settings["project"]])
    branches_are_seen = sys.version_info >= (3, 14) or not get("run:branch")
    if get("run:core") is None and sys.version_info >= (3, 12) and branches_are_seen:
        put("run:core", "sysmon")
    return measured


# The report says what there is to say.
WARNINGS = (
    "already-imported", "couldnt-parse", "module-not-imported", "module-not-measured", "module-not-python", "no-ctracer",
    "no-data-collected", "no-sysmon", "trace-changed",
)  # fmt: skip


def read_settings() -> "dict[str, Any]":
    with open(ROOT + "/coverage.json", encoding="utf-8") as file:
        return json.load(file)  # type: ignore[no-any-return]


def measure_program() -> None:
    """In a program that the application has started, before anything of it runs."""
    settings = read_settings()
    Measuring(settings).begin(settings, serves=False)


def install(runtime: "Runtime") -> None:
    import mod_wsgi

    settings = read_settings()
    measuring = Measuring(settings)
    try:
        measuring.begin(settings)
    except Exception as error:
        # The application is served all the same.
        measuring.note("failed", "%s: %s" % (type(error).__name__, error))
        return
    if measuring.trace is not None:
        runtime.listen("coverage", measuring.trace_request)
    mod_wsgi.subscribe_shutdown(lambda *_, **__: measuring.save())
