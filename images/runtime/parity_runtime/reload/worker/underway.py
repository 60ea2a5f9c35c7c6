"""Which requests this process has under way, and whether they have begun to answer.

`mod_wsgi.active_requests` holds for each request a dictionary, which is gone when the request is. What is known of it is
kept there: its environment, its response's headers, and when the first of its body was sent. mod_wsgi's events would tell the same, for
10 to 15 microseconds of each request; a function around the application takes less than one.
"""

import sys
import time

import mod_wsgi
from parity_runtime.instruments import AT_PROMPT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

clock = time.monotonic
data_of_request = mod_wsgi.request_data

KEY = "parity"


def watch(application: "Any") -> "Any":
    """The application, with a note of each request. What it returns goes on as it is, but for bodies that may never end."""

    def watched(environ: "dict[str, Any]", start_response: "Any") -> "Any":
        known: "list[Any]" = [environ]
        data_of_request()[KEY] = known

        def start(*arguments: "Any") -> "Any":
            known[1:] = [arguments[1] if len(arguments) > 1 else ()]
            return start_response(*arguments)

        body = application(environ, start)
        return body if type(body) is list or is_plain(body, known) else Body(body, known)

    return watched


def is_plain(body: "Any", known: "list[Any]") -> bool:
    """Does a client see where such a body ends, or does the server need it as it is?"""
    kind = type(body)
    if body is None or hasattr(kind, "__len__") or not hasattr(kind, "__iter__"):
        return True
    file_wrapper = known[0].get("wsgi.file_wrapper")
    return isinstance(file_wrapper, type) and isinstance(body, file_wrapper) or "content-length" in headers_of(known)


class Body:
    """An iterable of parts. mod_wsgi ends a response whose body raises as if it were complete: here that is said."""

    def __init__(self, body: "Any", known: "list[Any]") -> None:
        self._body = body
        self._known = known
        self._next: "Any" = None
        self._sent = 0

    def __iter__(self) -> "Body":
        return self

    def __next__(self) -> "Any":
        if self._next is None:
            self._next = iter(self._body).__next__
        try:
            part = self._next()
        except StopIteration:
            raise
        except Exception:
            if self._sent and "content-length" not in headers_of(self._known):
                environ = self._known[0]
                request = environ.get("REQUEST_METHOD", ""), path_of(environ), self._sent
                sys.stderr.write("parity: the response to %s %s broke off after %d bytes, and looks complete to its client\n" % request)
            raise
        if type(part) is bytes and part:
            if not self._sent:
                self._known[2:] = [clock()]
            self._sent += len(part)
        return part

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


def headers_of(known: "list[Any]") -> "dict[str, Any]":
    """Of a response, by their names in small letters; none before it has begun."""
    try:
        return {name.lower(): value for name, value in known[1]}
    except (IndexError, TypeError, ValueError, AttributeError):
        return {}


def path_of(environ: "dict[str, Any]") -> str:
    return str(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))


def requests() -> "list[dict[str, Any]]":
    """All of them: the path, seconds since the first of the response was sent (`None`: nothing was, or somebody looks at it in
    the debugger), whether it says how long it will be, and whether it is of a kind that its reader asks for again when it ends."""
    found = []
    for data in list(mod_wsgi.active_requests.values()):
        # Without a note it has come a moment ago.
        known = data.get(KEY) or [{}]
        headers = headers_of(known)
        found.append(
            {
                "path": path_of(known[0]),
                "streaming": clock() - known[2] if len(known) > 2 and not data.get(AT_PROMPT) else None,
                "sized": "content-length" in headers,
                "events": str(headers.get("content-type", "")).startswith("text/event-stream"),
            }
        )
    return found
