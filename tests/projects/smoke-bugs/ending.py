"""shutdown: a long poll that lasts longer than any engine waits for a server to end."""

import itertools
import time

asked = itertools.count(1)
# What there is to tell at once, before there is nothing for a while.
NEWS = 8


def application(environ, start_response):
    if next(asked) > NEWS:
        time.sleep(30)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"news\n"]
