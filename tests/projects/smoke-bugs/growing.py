"""concurrency: each request adds to what every later one goes through; and a page that is slow for whoever asks with others."""

import threading
import time

seen = []
slow = threading.Lock()


def application(environ, start_response):
    if environ["PATH_INFO"] == "/busy":
        # One at a time: with many at a time, each takes as long as all before it.
        with slow:
            time.sleep(0.02)
    elif environ["PATH_INFO"] == "/list":
        seen.append(environ["PATH_INFO"])
        time.sleep(0.02 * len(seen))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine\n"]
