"""Passes what Apache says of requests on to the container's output, several at once.

Apache writes a line for each request into this program's input. An engine takes the lines of a container's output one by one, at about
200 µs of processor time each, a quarter of what a small request takes. So what comes within a moment leaves as one line: the mark,
and the requests with a record separator between them.
"""

import fcntl
import os
import time

MARK = b"\x1eparity-requests "
# Seconds in which requests are collected after the first one: so few that nobody waits for a line, and more where there are many.
MOMENT = 0.03
BUSY = 0.25
# Requests of a moment that are many.
MANY = 3
# Bytes of requests that wait meanwhile. Where there is no room Apache's threads wait.
ROOM = 1 << 20
# Bytes. Engines cut lines at 16 KiB.
LONGEST_LINE = 15 * 1024
# Of a request; its path comes last.
LONGEST_REQUEST = 2 * 1024


def lines_of(requests: "list[bytes]") -> bytes:
    """The output for some requests, each of bytes without a line end: as few lines as their length allows."""
    lines: "list[list[bytes]]" = []
    line: "list[bytes]" = []
    length = 0
    for request in requests:
        request = request[:LONGEST_REQUEST]
        if line and length + len(request) > LONGEST_LINE:
            lines.append(line)
            line, length = [], 0
        line.append(request)
        length += len(request) + 1
    if line:
        lines.append(line)
    return b"".join(MARK + b"\x1e".join(line) + b"\n" for line in lines)


def main() -> None:
    try:
        fcntl.fcntl(0, fcntl.F_SETPIPE_SZ, ROOM)
    except OSError:
        # A user may have no more room than for so many pipes.
        pass
    rest = b""
    while data := os.read(0, ROOM):
        *requests, rest = (rest + data).split(b"\n")
        if requests:
            os.write(1, lines_of(requests))
            time.sleep(BUSY if len(requests) > MANY else MOMENT)


if __name__ == "__main__":
    main()
