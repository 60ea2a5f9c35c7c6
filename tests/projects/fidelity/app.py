"""Tells all that it can see of its server, as JSON. `probe.py` comes from `images/runtime/parity_runtime/fidelity`."""

import threading

AT_IMPORT = {"thread": threading.current_thread().name.rstrip("0123456789"), "main": threading.current_thread() is threading.main_thread()}

# Something that nothing else imports.
import colorsys  # noqa: E402,F401
import json  # noqa: E402

import probe  # noqa: E402

seen = None
looking = threading.Lock()


def application(environ, start_response):
    global seen
    with looking:
        if seen is None:
            # With the first request: what is imported for this is there from then on.
            seen = {**probe.observe(environ), "import": AT_IMPORT}
    answer = {**seen, "request": probe.of_request(environ)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
