"""Which requests this process has under way, and whether they have begun to answer, as mod_wsgi's events tell it.

`mod_wsgi.active_requests` holds for each request a dictionary, which is gone when the request is. What is known of it is
kept there: its environment, when its response began and with which headers, and that an exception left the application.
"""

import sys
import time

import mod_wsgi

clock = time.monotonic

KEY = "parity"
RAISED = "parity.raised"


def heard(name, request_data=None, request_environ=None, response_headers=None, output_length=0, **_):
    if name == "request_started":
        request_data[KEY] = [request_environ]
    elif name == "response_started":
        known = request_data.get(KEY)
        if known is not None:
            known[1:] = clock(), response_headers
    elif name == "request_exception":
        request_data[RAISED] = True
    elif output_length and RAISED in request_data:
        tell_broken(request_data, output_length)


def tell_broken(data, sent):
    """mod_wsgi ends such a response as if it were complete. Only where its length was announced a client sees that it is not."""
    environ, *response = data.get(KEY) or ({},)
    if response and "content-length" not in names(response[1]):
        request = environ.get("REQUEST_METHOD", ""), path_of(environ), sent
        sys.stderr.write("parity: the response to %s %s broke off after %d bytes, and looks complete to its client\n" % request)


def names(headers):
    return {header[0].lower(): header[1] for header in headers or ()}


def path_of(environ):
    return environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")


def requests():
    """All of them: the path, seconds since the response began (or `None`), whether it says how long it will be, and whether
    it is of a kind that its reader asks for again when it ends."""
    found = []
    for data in list(mod_wsgi.active_requests.values()):
        known = data.get(KEY)
        # It has come a moment ago.
        if known is None:
            found.append({"path": "", "streaming": None, "sized": False, "events": False})
            continue
        environ, *response = known
        begun, headers = response or (None, ())
        headers = names(headers)
        found.append(
            {
                "path": path_of(environ),
                "streaming": None if begun is None else clock() - begun,
                "sized": "content-length" in headers,
                "events": headers.get("content-type", "").startswith("text/event-stream"),
            }
        )
    return found


mod_wsgi.subscribe_events(heard)
