"""Pages for tests: /, /env, /pid, /sleep?s=1, /echo (POST), /stream?n=5&s=0.1, /error."""

import json
import os
import sys
import threading
import time
from urllib.parse import parse_qs


def hello(environ, query):
    return "text/plain", [b"hello\n"]


def env(environ, query):
    """What reaches the application: the request's environ and the process's environment."""
    # Objects of the server (wsgi.input …) have no JSON; their type tells enough.
    request = {key: value if isinstance(value, (str, bool, int)) else repr(type(value)) for key, value in environ.items()}
    process = {"environ": dict(os.environ), "cwd": os.getcwd(), "uid": os.getuid(), "path": sys.path, "python": sys.version}
    return "application/json", [json.dumps({"request": request, "process": process}, indent=1, sort_keys=True).encode()]


def pid(environ, query):
    return "text/plain", [f"{os.getpid()} {threading.get_ident()}\n".encode()]


def sleep(environ, query):
    time.sleep(min(float(query.get("s", 1)), 300))
    return "text/plain", [b"slept\n"]


def echo(environ, query):
    body = environ["wsgi.input"].read()
    return environ.get("CONTENT_TYPE") or "application/octet-stream", [body]


def stream(environ, query):
    def parts():
        for number in range(int(query.get("n", 5))):
            yield f"{number}\n".encode()
            time.sleep(float(query.get("s", 0.1)))

    return "text/plain", parts()


def error(environ, query):
    print("about to fail", file=environ["wsgi.errors"])
    raise RuntimeError("this page always fails")


PAGES = {"/": hello, "/env": env, "/pid": pid, "/sleep": sleep, "/echo": echo, "/stream": stream, "/error": error}


def application(environ, start_response):
    page = PAGES.get(environ["PATH_INFO"])
    if page is None:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no such page\n"]
    query = {key: values[-1] for key, values in parse_qs(environ["QUERY_STRING"]).items()}
    content_type, body = page(environ, query)
    start_response("200 OK", [("Content-Type", content_type)])
    return body
