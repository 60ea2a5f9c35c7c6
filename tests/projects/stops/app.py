"""Pages for the debugger's tests: each is somewhere to stop, or a way to go wrong."""

import json
import os
import pdb
import time


def hello(environ):
    return [b"hello\n"]


def count(environ):
    total = 0
    for number in range(4):
        total += number
    return [b"total %d\n" % total]


def shout(text):
    loud = text.upper()
    return loud


def call(environ):
    said = shout("hello")
    return [said.encode()]


def fail(environ):
    wanted = environ["QUERY_STRING"]
    raise ValueError("nothing of that kind: " + wanted)


def loop(environ):
    rounds = 0
    go_on = True
    print("in the loop", file=environ["wsgi.errors"], flush=True)
    while go_on:
        rounds += 1
    return [b"out of the loop\n"]


def doze(environ):
    rounds = 0
    go_on = True
    while go_on:
        rounds += 1
        print("round", rounds, file=environ["wsgi.errors"], flush=True)
        time.sleep(0.05)
    return [b"awake\n"]


def parts(environ):
    yield b"first\n"
    place = "between two parts"
    raise LookupError(place)


class Closing:
    def __init__(self, environ):
        self.name = "the one that closes"

    def __iter__(self):
        yield b"all of it\n"

    def close(self):
        raise OSError("not closed")


def here(environ):
    secret = "seen by breakpoint()"
    breakpoint()
    return [secret.encode()]


def there(environ):
    secret = "seen by set_trace()"
    pdb.set_trace()
    return [secret.encode()]


def echo(environ):
    body = environ["wsgi.input"].read()
    return [b"%s %s" % (environ["REQUEST_METHOD"].encode(), body)]


def pid(environ):
    return [b"%d\n" % os.getpid()]


def env(environ):
    names = ("wsgi.multithread", "wsgi.multiprocess")
    return [json.dumps(dict(os.environ, **{name: environ[name] for name in names})).encode()]


PAGES = {
    "/": hello,
    "/count": count,
    "/call": call,
    "/fail": fail,
    "/loop": loop,
    "/doze": doze,
    "/parts": parts,
    "/closing": Closing,
    "/here": here,
    "/there": there,
    "/echo": echo,
    "/pid": pid,
    "/env": env,
}


def application(environ, start_response):
    page = PAGES.get(environ["PATH_INFO"])
    start_response("200 OK" if page else "404 Not Found", [("Content-Type", "text/plain")])
    return page(environ) if page else [b"no such page\n"]
