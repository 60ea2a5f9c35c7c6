"""What the server imports: the application, and how many modules there were before and after its import."""

import sys

BEFORE = len(sys.modules)

from wsgi import application as measured  # noqa: E402


def application(environ, start_response):
    if environ["PATH_INFO"] == "/modules":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{BEFORE} {len(sys.modules)}".encode()]
    return measured(environ, start_response)
