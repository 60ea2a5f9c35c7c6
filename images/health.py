"""Ends well if the server answers below 500: what the engine runs for the image's HEALTHCHECK.

    health.py PORT PATH HOST

Only a socket, because this starts again and again and must cost little.
"""

import socket
import sys

# For the whole answer; the engine's own limit is a little longer.
SECONDS = 8
# Of an answer that is longer nothing more is read.
MOST = 1 << 20


def ask(port, path, host):
    """The status of the answer."""
    request = "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: parity-health\r\nConnection: close\r\n\r\n" % (path, host)
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(request.encode("latin-1"))
        with connection.makefile("rb") as answer:
            version, status = answer.readline(1000).split()[:2]
            try:
                # An application that is cut off would say so in its log.
                answer.read(MOST)
            except OSError:
                # What has no end is an answer, too.
                pass
    return int(status)


try:
    status = ask(int(sys.argv[1]), *sys.argv[2:4])
except (OSError, ValueError) as error:
    sys.exit("no answer: %s" % error)
if status >= 500:
    sys.exit("HTTP %d" % status)
