"""multi-process: a counter, and a cache, in variables of a module. Each process has its own."""

import itertools
import threading
import uuid

visits = itertools.count(1)
counting = threading.Lock()
cache = {}


def application(environ, start_response):
    if environ["PATH_INFO"] == "/count":
        with counting:
            body = "visit %d\n" % next(visits)
    elif environ["PATH_INFO"] == "/cached":
        body = cache.setdefault("made", "made once: %s\n" % uuid.uuid4())
    else:
        body = "fine\n"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode()]
