"""The way in for the debugger, in each process that serves the application in the `up` and `debug` profiles.

Apache runs this when a daemon process starts. It only waits on a socket: nothing of the debugger is imported, and requests
take the same way as in production, until `console.py` comes (`parity debug`). When it goes, they do again.
"""

import os
import socket
import sys
import threading

ETC = "/etc/parity"
PLACE = "/run/parity/debug"
# Holds the id of the process that has the terminal, while somebody debugs.
CONSOLE = "console"
# Seconds. By then it has found a new process.
FOUND_WITHIN = 1

sys.modules["parity_hook"] = sys.modules[__name__]

# What mod_wsgi has the application from, and the application.
serving = {"script": None, "application": None}
debugger = None
armed = threading.Event()


def serve(script, application):
    """Puts the application where mod_wsgi looks for it with each request."""
    serving.update(script=script, application=application)
    if armed.is_set():
        # Its code may be newer than the breakpoints.
        debugger.set_again()
    script["application"] = debugger.wrap(application) if armed.is_set() else application


def arm():
    armed.set()
    if serving["script"] is not None:
        serving["script"]["application"] = debugger.wrap(serving["application"])


def disarm():
    armed.clear()
    if serving["script"] is not None:
        serving["script"]["application"] = serving["application"]


def load():
    """Imports the debugger itself."""
    global debugger
    if debugger is None:
        import importlib.util

        spec = importlib.util.spec_from_file_location("parity_debugger", ETC + "/debugger.py")
        debugger = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(debugger)
    return debugger


def listen(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=load().serve, args=(connection,), name="parity-debug", daemon=True).start()


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
    place = "%s/%d.sock" % (PLACE, os.getpid())
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
    if mode and not mode.startswith("dap:"):
        # Somebody comes for sure.
        load()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(place)
    listener.listen(4)
    threading.Thread(target=listen, args=(listener,), name="parity-debug", daemon=True).start()
    if mode and mode.startswith("dap:"):
        listen_for_ide(*mode.split(":")[1:])
    elif mode:
        # A session of its own: nothing runs before its breakpoints are set.
        armed.wait()
    elif is_debugged():
        # This process may serve at once.
        armed.wait(FOUND_WITHIN)
    if mode == "startup":
        debugger.at_startup()


begin()
