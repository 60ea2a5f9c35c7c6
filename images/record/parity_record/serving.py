"""The way into mod_wsgi: a wrapper around the application from the start of a request, the end as the server tells it."""

import json
import os
from _thread import get_ident

import mod_wsgi

from . import frameworks, sending, wrapper

# Beside this package.
SETTINGS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "record.json")
# Says "off" once somebody has turned the recorder off.
WANTED = "/run/parity/record/wanted"
COLLECTOR = "/run/parity/record/collector.sock"
# The mark of `parity replay`, which it sends only where this is; that of a check of `parity smoke` begins as `CHECK`.
REPLAY = "HTTP_PARITY_REPLAY"
CHECK = "check-"
# Seconds that a process which ends may take for what is not sent yet.
DRAINING = 1.0

sender = None
limit = 0
# parity's own questions, by their `User-Agent`.
own = ()
# The application that was wrapped last, and the wrapper: there is one application in a process.
last = (None, None)
# What checks are under way, by thread.
checks = {}


def is_wanted(environ):
    # The application does not see that its request is a replay, and a replay is not recorded again.
    mark = environ.pop(REPLAY, None)
    if mark is not None:
        if not mark.startswith(CHECK):
            return False
        checks[get_ident()] = mark[:40]
        return True
    return environ.get("HTTP_USER_AGENT", "") not in own


def look_at(name, *, application_object=None, **event):
    global last
    if name == "request_finished":
        record = wrapper.current.pop(get_ident(), None)
        if record is not None:
            record.finish({key: event[key] for key in TOLD if key in event})
            if checks:
                record.server["check"] = checks.pop(get_ident(), None)
            sender.put(record)
    elif name == "request_started" and application_object is not None:
        frameworks.connect()
        # Of a request that the server ended without a word.
        wrapper.current.pop(get_ident(), None)
        known, wrapped = last
        if known is not application_object:
            wrapped = wrapper.wrap(application_object, limit, is_wanted)
            last = (application_object, wrapped)
        return {"application_object": wrapped}
    return None


# What the server knows of a request beside.
TOLD = (
    "request_id", "request_start", "queue_start", "daemon_start", "application_start", "application_finish", "application_time",
    "cpu_user_time", "cpu_system_time", "gil_wait_time", "input_time", "output_time", "output_length", "status",
)  # fmt: skip


def stop(*_, **__):
    sender.drain(DRAINING)


def install(runtime, settings=None):
    """Records each request of this process from now on, also again: an instrument of `parity_runtime`."""
    global sender, limit, own
    if sender is None:
        if settings is None:
            with open(SETTINGS) as file:
                settings = json.load(file)
        limit = settings["body-limit"]
        wrapper.keeps_variables = settings["locals"]
        own = tuple(settings["own"])
        sender = sending.Sender(COLLECTOR)
        mod_wsgi.subscribe_shutdown(stop)
    if not is_off():
        runtime.listen("record", look_at)


def is_off():
    try:
        with open(WANTED) as file:
            return file.read() == "off"
    except OSError:
        return False
