"""load: work that is done when the module is imported, in each process and at each start."""

import threading
import time


def poll():
    while True:
        time.sleep(60)


threading.Thread(target=poll, name="poller", daemon=True).start()
with open("/tmp/seen.txt", "a") as seen:
    seen.write("started\n")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine\n"]
