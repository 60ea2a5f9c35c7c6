"""A lock that is a file which only one can make, around a file that several change."""

import os
import time
from contextlib import contextmanager

from served import serve


@contextmanager
def locked():
    for _ in range(1000):
        try:
            os.close(os.open("run/notes.lock", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            time.sleep(0.01)
    try:
        yield
    finally:
        os.unlink("run/notes.lock")


def add(text):
    with locked(), open("run/notes", "a") as file:
        file.write(text + "\n")


def read():
    with locked():
        return open("run/notes").read().splitlines() if os.path.exists("run/notes") else []


application = serve(add, read)
