"""Requests that came to a process which turned out to be no good. They wait until requests go elsewhere, and are passed on to
the server itself: it sends them there."""

import http.client
import time

from parity_runtime.reload.routing import active
from parity_runtime.reload.worker import context, page
from parity_runtime.reload.worker.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Seconds.
WAITS = 60
TIMEOUT = 300
LOOK = 0.005
PIECE = 65536

# What is about one connection, and not about the request or the answer.
HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}


def answer(environ: "dict[str, Any]", start_response: "Any") -> "Any":
    if not moves():
        return page.answer(environ, start_response, State.error, State.later)
    connection = http.client.HTTPConnection("127.0.0.1", context.CONFIG.port, timeout=TIMEOUT)
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    connection.putrequest(environ["REQUEST_METHOD"], environ["REQUEST_URI"], skip_host=True, skip_accept_encoding=True)
    for name, value in headers_of(environ):
        connection.putheader(name, value)
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Connection", "close")
    connection.endheaders()
    send(connection, environ, chunked)
    answered = connection.getresponse()
    headers = [(name, value) for name, value in answered.getheaders() if name.lower() not in HOP]
    start_response("%d %s" % (answered.status, answered.reason), headers)
    return pieces(connection, answered)


def moves() -> bool:
    """Waits until requests go to another slot."""
    until = time.monotonic() + WAITS
    while time.monotonic() < until:
        if active()[0] != context.SLOT:
            return True
        time.sleep(LOOK)
    return False


def headers_of(environ: "dict[str, Any]") -> "Iterator[tuple[str, str]]":
    for key, value in environ.items():
        if key.startswith("HTTP_") and key[5:].replace("_", "-").lower() not in HOP:
            yield key[5:].replace("_", "-").title(), value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            yield key.replace("_", "-").title(), environ[key]


def send(connection: http.client.HTTPConnection, environ: "dict[str, Any]", chunked: bool) -> None:
    left = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"]
    while chunked or left:
        piece = body.read(PIECE if chunked else min(left, PIECE))
        if not piece:
            break
        left -= len(piece)
        connection.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        connection.send(b"0\r\n\r\n")


def pieces(connection: http.client.HTTPConnection, answered: http.client.HTTPResponse) -> "Iterator[bytes]":
    try:
        while piece := answered.read1(PIECE):
            yield piece
    finally:
        connection.close()
