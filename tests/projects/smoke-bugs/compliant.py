"""No mistake, for comparison, and pages that a test can break things with."""

import os
import signal
import time
from urllib.parse import parse_qs


def application(environ, start_response):
    query = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(float(query.get("s", 1)))
    if path == "/die":
        # All of the server: the process that the container lives by.
        os.kill(1, signal.SIGTERM)
        time.sleep(60)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine\n"]
