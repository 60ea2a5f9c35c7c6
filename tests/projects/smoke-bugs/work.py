"""load: work that is done when the module is imported, in each process and at each start."""

import os
import socket
import subprocess
import threading
import time


def poll():
    while True:
        time.sleep(60)


threading.Thread(target=poll, name="poller", daemon=True).start()
with open("/tmp/seen.txt", "a") as seen:
    seen.write("started\n")
# Nobody sees half of it, and each process writes it all the same.
with open("/tmp/state.new", "w") as state:
    state.write("ready\n")
os.replace("/tmp/state.new", "/tmp/state.txt")
service = socket.socket()
service.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
service.bind(("127.0.0.1", 47201))
service.listen()
with socket.create_connection(("127.0.0.1", 47201)):
    pass
helper = subprocess.Popen(["sleep", "60"])


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine\n"]
