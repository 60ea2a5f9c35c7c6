"""Which requests this process has under way, and whether they have begun to answer, as mod_wsgi's events tell it.

`mod_wsgi.active_requests` holds for each request a dictionary, which is gone when the request is. What is known of it is
kept there: when it came, its environment, and when its response began with which headers.
"""

import time

import mod_wsgi

clock = time.monotonic

KEY = "parity"


def heard(name, request_data=None, request_environ=None, response_headers=None, **_):
    if name == "request_started":
        request_data[KEY] = [request_environ]
    elif name == "response_started":
        known = request_data.get(KEY)
        if known is not None:
            known[1:] = clock(), response_headers


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
        headers = {header[0].lower(): header[1] for header in headers or ()}
        found.append(
            {
                "path": environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""),
                "streaming": None if begun is None else clock() - begun,
                "sized": "content-length" in headers,
                "events": headers.get("content-type", "").startswith("text/event-stream"),
            }
        )
    return found


mod_wsgi.subscribe_events(heard)
