"""multi-process: a counter, a cache and who is logged in, in variables of a module. Each process has its own."""

import itertools
import threading
import uuid

visits = itertools.count(1)
counting = threading.Lock()
cache = {}
sessions = set()


def application(environ, start_response):
    headers = [("Content-Type", "text/plain")]
    if environ["PATH_INFO"] == "/count":
        with counting:
            body = "visit %d\n" % next(visits)
    elif environ["PATH_INFO"] == "/cached":
        body = cache.setdefault("made", "made once: %s\n" % uuid.uuid4())
    elif environ["PATH_INFO"] == "/login":
        session = "session=%s" % uuid.uuid4()
        sessions.add(session)
        headers.append(("Set-Cookie", session))
        body = "welcome\n"
    elif environ["PATH_INFO"] == "/me":
        body = "a member\n" if environ.get("HTTP_COOKIE") in sessions else "a stranger\n"
    else:
        body = "fine\n"
    start_response("200 OK", headers)
    return [body.encode()]
