"""Loads the application in two fresh processes, as mod_wsgi does and as a development server does, and says what each met.

`parity smoke` runs this in the container: `run.py load SETTINGS`, a `LoadSettings` of `protocol/smoke.py`, and reads one line from its
stdout, a `Loaded`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time

from parity_runtime import layout
from parity_runtime.protocol.message import for_rust
from parity_runtime.protocol.smoke import MARK, Loaded, LoadSettings
from parity_runtime.smoke.loading import ways
from parity_runtime.smoke.loading.seen import Seen, described
from parity_runtime.smoke.loading.watching import watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SLOWEST = 5


def load_both(settings: LoadSettings) -> Loaded:
    server = load_apart("server", settings)
    development = None
    if settings.framework and (settings.manage_py or settings.app):
        if settings.framework == "django":
            # Which settings are used is one difference; what follows from it is not told as many.
            settings.django_settings = server.get("settings_module")
        development = load_apart("development", settings)
    return Loaded(server=server, development=development)


def load_apart(way: str, settings: LoadSettings) -> "dict[str, Any]":
    """In a process of its own. Returns what that says."""
    read, write = os.pipe()
    program = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))) + "/run.py"
    arguments = [sys.executable, program, "load", way, settings.to_text(), str(write)]
    # It and what it forks can be ended together.
    child = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=2, pass_fds=(write,), cwd=settings.working_directory, start_new_session=True
    )
    os.close(write)
    ended = threading.Timer(settings.seconds, end, (child,))
    ended.start()
    # Not until its end: what the application has forked has the pipe open, too.
    with os.fdopen(read) as pipe:
        said = pipe.readline()
    code = child.wait()
    ended.cancel()
    # What it has left running would have an address or a file that the next one wants.
    end(child)
    try:
        found: "dict[str, Any]" = json.loads(said)
        return found
    except ValueError:
        how = "took more than %d seconds" % settings.seconds if code == -signal.SIGKILL else "ended with %d" % code
        return {"error": {"type": "Ended", "text": "the process that loads it " + how, "place": None}}


def end(child: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except OSError:
        pass


def load_here(way: str, settings: LoadSettings, write: int) -> None:
    """In this process, which ends then."""
    # Whatever the code prints is not the report, and programs that it starts are not to have it.
    os.set_inheritable(write, False)
    out = os.fdopen(write, "w")
    # As it was before `run.py`.
    sys.dont_write_bytecode = False
    own = os.path.dirname(os.path.abspath(sys.argv[0]))
    sys.path[:] = [path for path in sys.path if path not in ("", own)]
    # mod_wsgi puts the directories of python-path before all others.
    sys.path[:0] = [path for path in settings.python_path if path not in sys.path]
    before = set(sys.modules)
    environment = dict(os.environ)
    seen = Seen()
    watch(seen)
    began = time.monotonic()
    seen.on = True
    error = None
    try:
        load = {"server": ways.as_server, "development": ways.as_development}[way]
        load(settings)
    except BaseException as raised:
        error = described(raised)
    took = time.monotonic() - began
    seen.on = False
    if way == "server" and error is None:
        ways.load_what_checks_do()
    modules = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        # A module that is run as a program does not belong to the application.
        if name not in before and not name.startswith("__") and isinstance(path, str) and path.startswith(layout.PROJECT + "/"):
            modules[name] = path
    seen.times.sort(reverse=True)
    report = {
        "error": error,
        "seconds": round(took, 3),
        "modules": modules,
        "slowest": [{"module": name, "seconds": round(spent, 3)} for spent, name in seen.times[:SLOWEST]],
        **seen.left(),
        "variables": sorted(seen.variables.values(), key=lambda variable: variable["name"]),
        "set": sorted(name for name in os.environ if name not in environment),
        "settings_module": os.environ.get("DJANGO_SETTINGS_MODULE"),
    }
    out.write(json.dumps(report) + "\n")
    out.flush()
    # Threads that were started, and what is registered for the end, are the server's business.
    os._exit(0)


def main(arguments: "list[str]") -> int:
    match arguments:
        case [settings]:
            print(MARK + for_rust(load_both(LoadSettings.from_text(settings)).to_text()))
        case [way, settings, write]:
            load_here(way, LoadSettings.from_text(settings), int(write))
        case _:
            return 2
    return 0
