"""concurrency: what belongs to one request is kept where all of them see it."""

import threading
import time
from urllib.parse import parse_qs

current = {}
left, right = threading.Lock(), threading.Lock()


def greet(environ):
    current["name"] = parse_qs(environ["QUERY_STRING"]).get("name", ["nobody"])[0]
    time.sleep(0.01)
    return "hello " + current["name"]


def lock(first, second):
    """Two that do this in different orders wait for each other."""
    with first:
        time.sleep(0.02)
        with second:
            return "done"


def application(environ, start_response):
    pages = {"/left": lambda: lock(left, right), "/right": lambda: lock(right, left)}
    body = pages.get(environ["PATH_INFO"], lambda: greet(environ))()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode()]
