"""Pages for tests: /, /pid, /env, /lazy, /echo (POST), /slow?s=1."""

import json
import os
import time
from urllib.parse import parse_qs

import first
import second


def texts(environ):
    return [f"{first.TEXT} {second.TEXT}\n".encode()]


def pid(environ):
    return [f"{os.getpid()} {first.TEXT}\n".encode()]


def env(environ):
    names = ("wsgi.multithread", "wsgi.multiprocess", "INCLUDED")
    return [json.dumps(dict(os.environ, **{name: environ.get(name) for name in names})).encode()]


def lazy(environ):
    import extra

    return [f"{extra.TEXT}\n".encode()]


def echo(environ):
    return [environ["wsgi.input"].read()]


def slow(environ):
    """Ten parts of a line, each by the code that answered first."""
    pause = float(parse_qs(environ["QUERY_STRING"]).get("s", ["1"])[-1]) / 10
    for _ in range(10):
        yield f"{first.TEXT} ".encode()
        time.sleep(pause)
    yield b"end\n"


PAGES = {"/": texts, "/pid": pid, "/env": env, "/lazy": lazy, "/echo": echo, "/slow": slow}


def application(environ, start_response):
    page = PAGES.get(environ["PATH_INFO"])
    start_response("200 OK" if page else "404 Not Found", [("Content-Type", "text/plain")])
    return page(environ) if page else [b"no such page\n"]
