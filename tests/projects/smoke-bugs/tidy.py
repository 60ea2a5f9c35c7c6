"""load: what is gone when the import is over, or is one process's own, is no mistake."""

import ctypes.util
import fcntl
import multiprocessing
import os
import platform
import socket
import subprocess
import tempfile
import threading
import uuid

# A look at what can be written, a lock, a process's number: each was there for a moment.
tempfile.gettempdir()
with open("/tmp/app.lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.remove("/tmp/app.lock")
with open("/tmp/app.pid", "w") as pid:
    pid.write(str(os.getpid()))
os.remove("/tmp/app.pid")

# Names that no other process takes.
work = tempfile.mkdtemp()
with open(os.path.join(work, "scratch"), "w") as scratch:
    scratch.write("x")
kept = tempfile.NamedTemporaryFile()
nameless = tempfile.TemporaryFile()

# Opened, and left as it was.
os.open("/proc/self/comm", os.O_RDWR)
with open(os.devnull, "w") as nowhere:
    nowhere.write("x")

# As urllib3 finds out about IPv6, and others about an address of their own.
for family, host in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")):
    with socket.socket(family) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            pass
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(("127.0.0.1", 0))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
    outward.connect(("127.0.0.1", 53))
with socket.socket() as free:
    free.bind(("127.0.0.1", 47201))
socket.getaddrinfo("localhost", 80)
pair = socket.socketpair()
pipe = os.pipe()
lock = multiprocessing.Lock()

# What Python's own modules ask programs.
platform.processor()
ctypes.util.find_library("c")
uuid.getnode()

# A thread and a program that have done their work.
once = threading.Thread(target=os.getpid)
once.start()
once.join()
release = subprocess.run(["uname", "-r"], capture_output=True, text=True).stdout


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine\n"]
