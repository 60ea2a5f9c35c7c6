"""The way in for parity, in each process that serves the application in the `up` and `debug` profiles.

Apache runs this when a daemon process starts. A thread waits at a named pipe, PID.pipe: nothing is imported for that, and
requests take the same way as in production. Whoever comes writes a word to it:

    debug     the console of `parity debug`: the debugger is imported, and listens at PID.sock from then on
    probe     `parity diff --live`: its probe is run
"""

import _thread
import os
import sys
import threading

import mod_wsgi

ETC = "/etc/parity"
PLACE = "/run/parity/debug"
PROBE = "/run/parity/fidelity/probe.py"
HANDLER = ETC + "/handler.wsgi"
# Holds the id of the process that has the terminal, while somebody debugs.
CONSOLE = "console"
# Seconds. By then it has found a new process.
FOUND_WITHIN = 1

sys.modules["parity_hook"] = sys.modules[__name__]

debugger = None
listener = None
armed = threading.Event()
# What the breakpoints were set for.
known = None


def application():
    """What mod_wsgi calls with each request."""
    scripts = [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == HANDLER]
    return getattr(scripts[0], "application", None) if scripts else None


def note(application):
    """The application may be newer than the breakpoints."""
    global known
    if armed.is_set() and application is not known:
        known = application
        debugger.set_again()


def look_at(name, application_object=None, **_):
    """mod_wsgi tells of a request."""
    if name != "request_started" or application_object is None or not armed.is_set():
        return None
    note(application_object)
    return {"application_object": debugger.wrap(application_object)}


def arm():
    global known
    known = application()
    if not armed.is_set():
        mod_wsgi.subscribe_events(look_at)
        armed.set()


def disarm():
    if armed.is_set():
        armed.clear()
        # As it was before: each event costs microseconds.
        mod_wsgi.event_callbacks.remove(look_at)


def load():
    """Imports the debugger itself."""
    global debugger
    if debugger is None:
        import importlib.util

        spec = importlib.util.spec_from_file_location("parity_debugger", ETC + "/debugger.py")
        debugger = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(debugger)
    return debugger


def place(kind):
    return "%s/%d.%s" % (PLACE, os.getpid(), kind)


def listen():
    """Lets consoles in from now on."""
    global listener
    if listener is None:
        import socket

        load()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(place("sock"))
        listener.listen(4)
        threading.Thread(target=let_in, name="parity-debug", daemon=True).start()


def let_in():
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=debugger.serve, args=(connection,), name="parity-debug", daemon=True).start()


def wait_at(pipe):
    while True:
        # Until somebody opens it, too.
        with open(pipe) as words:
            word = words.read().strip()
        try:
            if word == "debug":
                listen()
            elif word == "probe":
                with open(PROBE) as source:
                    exec(compile(source.read(), PROBE, "exec", dont_inherit=True), {"__name__": "parity_probe", "__file__": PROBE})
        except Exception as error:
            # The application is not to suffer from it, and the next one who comes may have more luck.
            sys.stderr.write("parity: `%s` failed: %s: %s\n" % (word, type(error).__name__, error))


def listen_for_ide(port, startup=None):
    """debugpy, for an IDE. It has hooks of its own for what is raised and where to stop."""
    sys.path.append("/opt/debugger")
    # Its word about frozen modules is about importlib, which nobody debugs here.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    import debugpy

    # This process is Apache's; debugpy starts a program of its own with Python.
    debugpy.configure(python="/opt/venv/bin/python")
    debugpy.listen(("0.0.0.0", int(port)))
    if startup:
        debugpy.wait_for_client()


def is_debugged():
    try:
        with open("%s/%s" % (PLACE, CONSOLE)) as file:
            return os.path.exists("/proc/%d" % int(file.read()))
    except (OSError, ValueError):
        return False


def begin():
    os.makedirs(PLACE, mode=0o700, exist_ok=True)
    # With each reload a process comes and another goes; what those left behind that are gone is taken away.
    for name in os.listdir(PLACE):
        pid = name.partition(".")[0]
        if pid == CONSOLE:
            continue
        if pid == str(os.getpid()) or not os.path.exists("/proc/" + pid):
            try:
                os.unlink(PLACE + "/" + name)
            except OSError:
                # Another process was faster.
                pass
    mode = os.environ.get("PARITY_DEBUG")
    if mode and mode.startswith("dap:"):
        listen_for_ide(*mode.split(":")[1:])
    elif mode:
        # A session of its own: nothing runs before its breakpoints are set.
        listen()
        armed.wait()
    elif is_debugged():
        # This process may serve at once.
        listen()
        armed.wait(FOUND_WITHIN)
    os.mkfifo(place("pipe"), 0o600)
    # No thread of `threading`: the application counts those.
    _thread.start_new_thread(wait_at, (place("pipe"),))
    if mode == "startup":
        debugger.at_startup()


begin()
