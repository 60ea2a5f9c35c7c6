"""The way in for the debugger, the probe, the profiler and coverage.py, in each process that serves the application in the `up` and
`debug` profiles.

A thread waits at a named pipe, PID.pipe: nothing more is imported for that, and requests take the same way as in production. Whoever
comes writes a word to it:

    debug     the console of `parity debug`: the debugger is imported, and listens at PID.sock from then on
    probe     `parity diff --live`: its probe is run
    record    requests are recorded from now on, or no more
    profile   `parity profile`: the profiler is imported, and runs as long as that command does
    coverage  `parity coverage --attach`: coverage.py is imported, and measures as long as that command does
"""

import _thread
import os
import sys
import threading
import time

from parity_runtime import disk, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from parity_runtime.debug.session import Session
    from parity_runtime.instruments import Runtime

# Seconds. By then a console has found a new process.
FOUND_WITHIN = 1
# What comes as files of a command that runs, by its word: the package and the module that begins.
VISITORS = {"profile": ("parity_profile", "serving"), "coverage": ("parity_coverage", "attached")}


class Hook:
    def __init__(self, runtime: "Runtime") -> None:
        self.runtime = runtime
        # A console has armed this process.
        self.armed = threading.Event()
        self.session: "Session | None" = None
        self.listener: "socket.socket | None" = None
        # What the breakpoints were set for.
        self.known: "Any" = None
        # By their words, the last ones that have come as files of a command.
        self.visitors: "dict[str, Any]" = {}

    # --- requests ---------------------------------------------------------------------------------------------------

    def note(self, application: "Any") -> None:
        """The application may be newer than the breakpoints."""
        if self.session is not None and self.armed.is_set() and application is not self.known:
            self.known = application
            self.session.set_again()

    def look_at(self, name: str, application_object: "Any" = None, **_: "Any") -> "dict[str, Any] | None":
        """mod_wsgi tells of a request."""
        if name != "request_started" or application_object is None or self.session is None or not self.armed.is_set():
            return None
        self.note(application_object)
        return {"application_object": self.session.wrap(application_object)}

    def arm(self) -> None:
        self.known = application()
        if not self.armed.is_set():
            self.runtime.listen("debug", self.look_at)
            self.armed.set()

    def disarm(self) -> None:
        if self.armed.is_set():
            self.armed.clear()
            # As it was before: each event costs microseconds.
            self.runtime.ignore("debug")

    def turn_recorder(self) -> None:
        from parity_runtime import recording

        recording.obey(self.runtime)

    # --- who comes --------------------------------------------------------------------------------------------------

    def listen(self) -> "Session":
        """Lets consoles in from now on. The debugger itself is imported now."""
        if self.session is None or self.listener is None:
            import socket

            from parity_runtime.debug.session import Session

            self.session = self.session or Session(self)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                listener.bind(layout.debug_socket(os.getpid()))
                listener.listen(4)
            except OSError:
                listener.close()
                raise
            self.listener = listener
            threading.Thread(target=self.let_in, args=(listener, self.session), name="parity-debug", daemon=True).start()
        return self.session

    def let_in(self, listener: "socket.socket", session: "Session") -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError as error:
                # Not at the top: production has it only where the application imports it.
                import errno

                if error.errno in (errno.EMFILE, errno.ENFILE):
                    time.sleep(FOUND_WITHIN)
                    continue
                # The application has closed what it does not know, and may use the number. Whoever rings is let in anew.
                listener.detach()
                self.listener = None
                disk.remove(layout.debug_socket(os.getpid()))
                return
            threading.Thread(target=session.serve, args=(connection,), name="parity-debug", daemon=True).start()

    def wait_at(self, pipe: str) -> None:
        while True:
            # Until somebody opens it, too. Several may have written before it is read to its end, and one may have written twice.
            with open(pipe, errors="replace") as words:
                said = words.read().split()
            for word in dict.fromkeys(said):
                try:
                    self.obey(word)
                except Exception as error:
                    # The application is not to suffer from it, and the next one who comes may have more luck.
                    sys.stderr.write("parity: `%s` failed: %s: %s\n" % (word, type(error).__name__, error))

    def obey(self, word: str) -> None:
        # `protocol/debug.py` has the words, and is imported only for whoever comes.
        if word == "debug":
            self.listen()
        elif word == "probe":
            run_probe(layout.probe())
        elif word == "record":
            self.turn_recorder()
        elif word in VISITORS and (word not in self.visitors or self.visitors[word].ended):
            directory = layout.visitor(word)
            self.visitors[word] = load_visitor(directory, *VISITORS[word]).begin(self.runtime, directory + "/collector.sock")


def application() -> "Any":
    """What mod_wsgi calls with each request."""
    scripts = [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == layout.handler()]
    return getattr(scripts[0], "application", None) if scripts else None


def run_probe(path: str) -> None:
    """It comes as a file, and leaves nothing behind: no module of it stays."""
    namespace: "dict[str, Any]" = {"__name__": "parity_probe", "__file__": path}
    with open(path) as source:
        exec(compile(source.read(), path, "exec", dont_inherit=True), namespace)
    namespace["look_once"]()


def load_visitor(directory: str, package: str, module: str) -> "Any":
    """It leaves no module behind: the next command may be of another version."""
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path.insert(0, directory)
    try:
        return __import__("%s.%s" % (package, module), fromlist=[module])
    finally:
        sys.path.remove(directory)
        sys.dont_write_bytecode = writes
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


def listen_for_ide(port: int, wait: bool) -> None:
    """debugpy, for an IDE. It has hooks of its own for what is raised and where to stop."""
    sys.path.append(layout.DEBUGGERS)
    # Its word about frozen modules is about importlib, which nobody debugs here.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    import debugpy

    # This process is Apache's; debugpy starts a program of its own with Python.
    debugpy.configure(python=layout.PYTHON)
    debugpy.listen(("0.0.0.0", port))
    if wait:
        debugpy.wait_for_client()


def is_debugged() -> bool:
    try:
        with open(layout.console()) as file:
            return os.path.exists("/proc/%d" % int(file.read()))
    except (OSError, ValueError):
        return False


def tidy() -> None:
    """With each reload a process comes and another goes; what those left behind that are gone is taken away."""
    for name in os.listdir(layout.debug()):
        pid = name.partition(".")[0]
        if pid.isdigit() and (pid == str(os.getpid()) or not os.path.exists("/proc/" + pid)):
            disk.remove(layout.debug() + "/" + name)


# Of this process; `startup.py` asks it whether somebody debugs.
hook: "Hook | None" = None


def install(runtime: "Runtime") -> None:
    global hook
    hook = Hook(runtime)
    runtime.when_application_changes(hook.note)
    os.makedirs(layout.debug(), mode=0o700, exist_ok=True)
    tidy()
    if os.path.exists(layout.record_wanted()):
        hook.turn_recorder()
    startup = False
    if os.environ.get("PARITY_DEBUG"):
        # A session of its own: nothing runs before its breakpoints are set.
        from parity_runtime.protocol.debug import Mode

        mode = Mode.read(os.environ["PARITY_DEBUG"])
        if mode.port is not None:
            listen_for_ide(mode.port, mode.startup)
        else:
            startup = mode.startup
            hook.listen()
            hook.armed.wait()
    elif is_debugged():
        # This process may serve at once.
        hook.listen()
        hook.armed.wait(FOUND_WITHIN)
    pipe = layout.debug_pipe(os.getpid())
    os.mkfifo(pipe, 0o600)
    # No thread of `threading`: the application counts those.
    _thread.start_new_thread(hook.wait_at, (pipe,))
    if startup:
        hook.listen().stop_at_startup()
