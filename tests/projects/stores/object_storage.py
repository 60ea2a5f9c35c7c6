"""Objects in one file to which transactions are appended, with an index beside it, as a storage of ZODB has them. One process has it
open, from its import on: others are kept out by a lock."""

import fcntl
import os
import pickle

from served import serve

DATA = "var/filestorage/Data.fs"

os.makedirs(os.path.dirname(DATA), exist_ok=True)
lock = open(DATA + ".lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
data = open(DATA, "a+b")


def add(text):
    place = data.seek(0, os.SEEK_END)
    pickle.dump(text, data)
    data.flush()
    os.fsync(data.fileno())
    with open(DATA + ".index.tmp", "wb") as index:
        pickle.dump(place, index)
    os.replace(DATA + ".index.tmp", DATA + ".index")


def read():
    found = []
    with open(DATA, "rb") as file:
        while file.peek(1):
            found.append(pickle.load(file))
    return found


application = serve(add, read)
