"""Turns the recorder of a server on or off while it serves: `switching.py on|off`, with the recorder's files on stdin, as JSON.

What is wanted is in a file, which processes that come later read. Those that are there are called at the debugger's way in.
"""

import glob
import json
import os
import sys

DIRECTORY = "/run/parity/record"
PIPES = "/run/parity/debug/*.pipe"


def write(path, text):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    new = "%s.%d" % (path, os.getpid())
    with open(new, "w") as file:
        file.write(text)
    os.rename(new, path)


def call(pipe):
    try:
        words = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        # Its process has ended.
        return
    os.write(words, b"record\n")
    os.close(words)


def main(wanted, files, directory=DIRECTORY, pipes=PIPES):
    for name, text in files.items():
        write(directory + "/" + name, text)
    write(directory + "/wanted", wanted)
    for pipe in glob.glob(pipes):
        call(pipe)


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin))
