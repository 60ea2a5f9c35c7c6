"""Requests that came to a process which turned out to be no good. They wait until requests go elsewhere, and are passed on to
the server itself: it sends them there."""

import http.client
import time

import parity_slot as slot

# Seconds.
WAITS = 60
TIMEOUT = 300
LOOK = 0.005
PIECE = 65536

# What is about one connection, and not about the request or the answer.
HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}


def answer(environ, start_response):
    if not moves():
        return slot.error_page(environ, start_response)
    connection = http.client.HTTPConnection("127.0.0.1", slot.CONFIG["port"], timeout=TIMEOUT)
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


def moves():
    """Waits until requests go to another slot."""
    until = time.monotonic() + WAITS
    while time.monotonic() < until:
        if slot.active()[0] != slot.SLOT:
            return True
        time.sleep(LOOK)
    return False


def headers_of(environ):
    for key, value in environ.items():
        if key.startswith("HTTP_") and key[5:].replace("_", "-").lower() not in HOP:
            yield key[5:].replace("_", "-").title(), value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            yield key.replace("_", "-").title(), environ[key]


def send(connection, environ, chunked):
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


def pieces(connection, answered):
    try:
        while piece := answered.read1(PIECE):
            yield piece
    finally:
        connection.close()
