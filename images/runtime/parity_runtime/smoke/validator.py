"""Looks at what passes between the server and the application, and says where that is not WSGI (PEP 3333).

It never changes an answer to anybody else: what the application returns goes on as it is, and a check that fails here is only told. Each
finding is one line on stderr (`protocol/smoke.py`); `src/logs/finding.rs` reads it.

A request with the header `Parity-Probe: 1` gets the ids of its process and thread in the answer's `Parity-Process` and
`Parity-Thread`. With `Parity-Probe: see` its `Parity-Saw` says, as JSON, what reached the application; where that raises before
it answers, the 500 that the server makes of it is made here, so that it can say so. `Parity-Probe: answer 204` is answered here
with that status, for what the server does with such answers. The application sees none of these headers.
"""

import json
import os
import re
import sys
import threading

from parity_runtime import layout
from parity_runtime.protocol import smoke as protocol
from parity_runtime.protocol.message import for_rust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

PROJECT = layout.PROJECT + "/"
OWN = __file__
NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
NO_BODY = (204, 304)
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade",
}  # fmt: skip
# A process that says more than this is not read by anybody.
MOST = 200
# Lines that are longer would be cut in two where processes write at the same time.
LONGEST = 3000

told: "set[tuple[str, str]]" = set()


def tell(request: "Request", kind: str, text: str, place: "str | None" = None, note: bool = False) -> None:
    """One finding of a kind and a path is enough."""
    key = (kind, request.path)
    if key in told or len(told) >= MOST:
        return
    told.add(key)
    # Not through `sys.stderr`, which is the server's and escapes the mark.
    os.write(2, line_of(request, kind, text, place, note).encode("ascii"))


def line_of(request: "Request", kind: str, text: str, place: "str | None", note: bool) -> str:
    """What is not ASCII is written with up to twelve characters for each."""
    for most in (1000, 200, 50):
        finding = protocol.Finding(
            wsgi=kind,
            note=note,
            method=request.method[:most],
            path=request.path[: most // 2],
            text=text[:most],
            place=place and place[-most:],
            pid=os.getpid(),
        )
        line = protocol.MARK + for_rust(finding.to_text()) + "\n"
        if len(line) <= LONGEST:
            break
    return line


def place_of_caller() -> "str | None":
    """The nearest line of the project that led here, or else of whoever called."""
    frame: "Any" = sys._getframe(1)
    first: "Any" = None
    while frame is not None:
        name = frame.f_code.co_filename
        if name != OWN:
            first = first or frame
            if name.startswith(PROJECT):
                return place_of_frame(frame)
        frame = frame.f_back
    return place_of_frame(first) if first else None


def place_of_frame(frame: "Any") -> str:
    return "%s:%d" % (frame.f_code.co_filename, frame.f_lineno)


def place_of_error(error: BaseException) -> "str | None":
    """The line of the project that raised, or that called what did."""
    place = None
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_filename.startswith(PROJECT) or place is None and frame.f_code.co_filename != OWN:
            place = "%s:%d" % (frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return place


def place_of_function(function: "Any") -> "str | None":
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__call__", None), "__code__", None)  # noqa: B004
    return "%s:%d" % (code.co_filename, code.co_firstlineno) if code else None


def place_of_body(body: "Any", application: "Any") -> "str | None":
    """Where a generator stands, or else where the application is."""
    frame = getattr(body, "gi_frame", None)
    if frame is not None:
        return place_of_frame(frame)
    code = getattr(body, "gi_code", None)
    return "%s:%d" % (code.co_filename, code.co_firstlineno) if code else place_of_function(application)


def what(value: object) -> str:
    """A value for people: its type and the beginning of it."""
    shown = repr(value)
    return "%s %s" % (type(value).__name__, shown if len(shown) <= 80 else shown[:77] + "...")


def guarded(check: "Callable[..., None]") -> "Callable[..., None]":
    """A check must not fail the request, whatever it meets."""

    def run(*args: "Any") -> None:
        try:
            check(*args)
        except Exception:
            pass

    return run


def is_library(frame: "Any") -> bool:
    """Libraries look at `wsgi.input_terminated`, which this server sets, before they read without a size."""
    return "/site-packages/" in frame.f_code.co_filename


class Request:
    """What is known about one request and its answer."""

    def __init__(self, environ: "dict[str, Any]", application: "Any") -> None:
        self.method = str(environ.get("REQUEST_METHOD", ""))
        self.path = str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))
        self.application = application
        self.status: "int | None" = None
        self.length: "int | None" = None
        self.sent = 0
        self.began = False
        self.typed = False
        self.probe = environ.pop(protocol.PROBE, None)
        self.saw = None if self.probe in (None, protocol.WHO) else self.look(environ)

    @staticmethod
    def look(environ: "dict[str, Any]") -> str:
        names = sorted(name for name in environ if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH"))
        seen = {
            "method": environ.get("REQUEST_METHOD"),
            "path": environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""),
            "headers": names,
            "repeated": environ.get("HTTP_PARITY_REPEATED"),
        }
        return json.dumps(seen)

    def more(self) -> "list[tuple[str, str]]":
        """Headers for whoever asks with a probe."""
        if self.probe == protocol.WHO:
            return [(protocol.PROCESS, str(os.getpid())), (protocol.THREAD, str(threading.get_ident()))]
        if self.saw is not None:
            return [(protocol.PROCESS, str(os.getpid())), (protocol.SAW, self.saw)]
        return []


@guarded
def check_start(request: Request, args: "tuple[Any, ...]", kwargs: "dict[str, Any]") -> None:
    place = place_of_caller()
    if kwargs or len(args) not in (2, 3):
        tell(request, "start-response-arguments", "start_response takes two or three arguments, by position", place)
        return
    status, headers = args[:2]
    exc_info = args[2] if len(args) == 3 else None
    if exc_info is not None and not (isinstance(exc_info, tuple) and len(exc_info) == 3):
        tell(request, "exc-info", "exc_info is neither None nor what sys.exc_info() gives: %s" % what(exc_info), place)
    if request.status is not None and not exc_info:
        when = "after the body began" if request.began else "a second time"
        tell(request, "start-response-again", "start_response was called %s without exc_info" % when, place)
    check_status(request, status, place)
    check_headers(request, headers, place)


def check_status(request: Request, status: "Any", place: "str | None") -> None:
    request.status = 0
    if type(status) is not str:
        tell(request, "status", "the status is not a str: %s" % what(status), place, note=isinstance(status, str))
        if not isinstance(status, str):
            return
    code = status[:3]
    if not (len(code) == 3 and code.isdigit() and code >= "100") or (len(status) > 3 and status[3] != " ") or CONTROL.search(status):
        tell(request, "status", "the status must be three digits, a space and a reason: %s" % what(status), place)
        return
    request.status = int(code)
    if len(status) < 5:
        tell(request, "status-reason", "the status has no reason after its number: %s" % what(status), place)


def check_headers(request: Request, headers: "Any", place: "str | None") -> None:
    request.length = None
    request.typed = False
    if type(headers) is not list:
        tell(request, "headers", "the headers are not a list: %s" % what(headers), place, note=isinstance(headers, list))
        if not isinstance(headers, (list, tuple)):
            return
    for header in headers:
        if type(header) is not tuple or len(header) != 2:
            tell(request, "headers", "a header is not a tuple of name and value: %s" % what(header), place)
            continue
        name, value = header
        if not isinstance(name, str):
            tell(request, "header-name", "a header's name is not a str: %s" % what(name), place)
            continue
        check_header(request, name, value, place)
    if request.status in NO_BODY:
        if request.typed:
            text = "Content-Type in an answer with status %d, which has no body" % request.status
            tell(request, "no-body-headers", text, place, note=True)
        if request.length:
            text = "Content-Length: %d in an answer with status %d, which has no body" % (request.length, request.status)
            # A 304 may tell the length of what it is about.
            tell(request, "no-body-length", text, place, note=request.status == 304)


def check_header(request: Request, name: str, value: "Any", place: "str | None") -> None:
    low = name.lower()
    if low == "status":
        tell(request, "header-name", "`Status` is no header: the status is start_response's first argument", place)
    elif not NAME.match(name):
        tell(request, "header-name", "a header's name has characters that no name may have: %s" % what(name), place)
    elif name[-1] in "-_":
        tell(request, "header-name-end", "a header's name ends in - or _: %s" % what(name), place, note=True)
    if low in HOP_BY_HOP:
        tell(request, "hop-by-hop", "`%s` is the server's business, an application must not set it" % name, place)
    if not isinstance(value, str):
        tell(request, "header-value", "the value of `%s` is not a str: %s" % (name, what(value)), place)
        return
    if type(value) is not str:
        tell(request, "header-value-type", "the value of `%s` is of a class of its own: %s" % (name, what(value)), place, note=True)
    if CONTROL.search(value):
        tell(request, "header-value", "the value of `%s` has a line break or a control character: %s" % (name, what(value)), place)
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        tell(request, "header-value", "the value of `%s` has characters beyond latin-1: %s" % (name, what(value)), place)
    if low == "content-type":
        request.typed = True
    elif low == "content-length":
        if value.isdigit():
            request.length = int(value)
        else:
            tell(request, "content-length", "Content-Length is no number: %s" % what(value), place)


@guarded
def check_item(request: Request, item: "Any", place: "str | None") -> None:
    """One part of the body, before it goes on."""
    if request.status is None:
        tell(request, "start-response-missing", "the body began before start_response was called", place)
    if type(item) is not bytes:
        if isinstance(item, str):
            text = "the body has str in it where bytes must be: %s" % what(item)
        else:
            text = "a part of the body is not bytes: %s" % what(item)
        tell(request, "body-not-bytes", text, place)
    if isinstance(item, (bytes, str)) and item:
        request.began = True
        request.sent += len(item)
        check_length(request, place, False)


def check_length(request: Request, place: "str | None", at_end: bool) -> None:
    if request.length is None or request.method == "HEAD":
        return
    if request.sent > request.length and request.status not in NO_BODY:
        tell(request, "body-too-long", "the body is longer than Content-Length: %d says" % request.length, place)
    elif at_end and request.sent < request.length and request.status not in NO_BODY:
        text = "the body has %d bytes, but Content-Length says %d" % (request.sent, request.length)
        tell(request, "body-too-short", text, place)


@guarded
def check_end(request: Request, place: "str | None") -> None:
    """The body is complete."""
    if request.status is None:
        tell(request, "start-response-missing", "start_response was never called", place)
        return
    check_length(request, place, True)
    if request.sent and request.status in NO_BODY:
        tell(request, "no-body", "an answer with status %d has a body" % request.status, place)
    if request.sent and request.status >= 200 and request.status not in NO_BODY and not request.typed:
        tell(request, "content-type", "an answer with a body has no Content-Type", place, note=True)


@guarded
def check_broken(request: Request, error: BaseException) -> None:
    """The body raised something."""
    if request.began and request.length is None and request.method != "HEAD":
        text = "the body raised %s after %d bytes: clients take those for all of it, with status %d"
        told = "%s: %s" % (type(error).__name__, error) if str(error) else type(error).__name__
        tell(request, "body-broken", text % (told, request.sent, request.status or 0), place_of_error(error))


@guarded
def check_body(request: Request, body: "Any") -> None:
    """What the application returned."""
    place = place_of_function(request.application)
    if body is None:
        tell(request, "body", "the application returned None instead of an iterable of bytes", place)
    elif isinstance(body, str):
        text = "the application returned a str, which is sent character by character: return [b'...']"
        tell(request, "body", text, place)
    elif isinstance(body, (bytes, bytearray)):
        tell(request, "body", "the application returned bytes and not a list of them: return [body]", place)
    elif not hasattr(type(body), "__iter__") and not hasattr(type(body), "__getitem__"):
        tell(request, "body", "the application returned what cannot be iterated: %s" % what(body), place)


class Body:
    """An iterable that is told on as it is, part by part."""

    def __init__(self, body: "Any", request: Request) -> None:
        self._body = body
        self._request = request
        self._iterator: "Any" = None

    def __iter__(self) -> "Body":
        self._iterator = iter(self._body)
        return self

    def __next__(self) -> "Any":
        if self._iterator is None:
            self._iterator = iter(self._body)
        try:
            item = next(self._iterator)
        except StopIteration:
            check_end(self._request, place_of_body(self._iterator, self._request.application))
            raise
        except Exception as error:
            check_broken(self._request, error)
            raise
        check_item(self._request, item, place_of_body(self._iterator, self._request.application))
        return item

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            try:
                close()
            except Exception as error:
                text = "close() of the body raised %s: %s" % (type(error).__name__, error)
                tell(self._request, "close", text, place_of_function(close))
                raise


class Sized(Body):
    """The same where the server may ask how many parts there are, which decides whether it knows the length."""

    def __len__(self) -> int:
        return len(self._body)

    def __getitem__(self, at: "Any") -> "Any":
        return self._body[at]


def passed_on(body: "Any", request: Request, file_wrapper: "Any") -> "Any":
    """The body for the server: the very same object where that is possible."""
    check_body(request, body)
    if body is None or isinstance(body, (str, bytes, bytearray)):
        return body
    if isinstance(body, (list, tuple)) and not hasattr(body, "close"):
        place = place_of_function(request.application)
        for item in body:
            check_item(request, item, place)
        check_end(request, place)
        return body
    if isinstance(file_wrapper, type) and isinstance(body, file_wrapper):
        # The server sends such a file itself.
        return body
    if not hasattr(type(body), "__iter__"):
        return body
    return Sized(body, request) if hasattr(type(body), "__len__") else Body(body, request)


class Input:
    """`wsgi.input`."""

    def __init__(self, stream: "Any", request: Request) -> None:
        self._stream = stream
        self._request = request

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._stream, name)

    def __iter__(self) -> "Iterator[bytes]":
        return iter(self._stream)

    def _check(self, name: str, args: "tuple[Any, ...]", kwargs: "dict[str, Any]", least: int) -> None:
        if kwargs or len(args) > 1:
            text = "wsgi.input.%s() takes one number, by position" % name
            tell(self._request, "input-arguments", text, place_of_caller())
        elif (len(args) < least or (args and (args[0] is None or args[0] < 0))) and not is_library(sys._getframe(3)):
            text = "wsgi.input.%s() without a size: other servers wait for more than there is" % name
            tell(self._request, "input-size", text, place_of_caller(), note=True)

    def read(self, *args: "Any", **kwargs: "Any") -> "Any":
        guarded(self._check)("read", args, kwargs, 1)
        return self._stream.read(*args, **kwargs)

    def readline(self, *args: "Any", **kwargs: "Any") -> "Any":
        guarded(self._check)("readline", args, kwargs, 0)
        return self._stream.readline(*args, **kwargs)

    def readlines(self, *args: "Any", **kwargs: "Any") -> "Any":
        guarded(self._check)("readlines", args, kwargs, 0)
        return self._stream.readlines(*args, **kwargs)

    def close(self) -> "Any":
        tell(self._request, "input-close", "wsgi.input was closed, which is the server's business", place_of_caller())
        return self._stream.close()


class Errors:
    """`wsgi.errors`."""

    def __init__(self, stream: "Any", request: Request) -> None:
        self._stream = stream
        self._request = request

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._stream, name)

    def write(self, *args: "Any") -> "Any":
        if len(args) != 1 or not isinstance(args[0], str):
            tell(self._request, "errors-write", "wsgi.errors.write() takes one str", place_of_caller())
        return self._stream.write(*args)

    def close(self) -> "Any":
        tell(self._request, "errors-close", "wsgi.errors was closed, which is the server's business", place_of_caller())
        return self._stream.close()


def answered(request: Request, start_response: "Any") -> "list[bytes]":
    """What an application with such an answer would say."""
    status = str(request.probe).rpartition(" ")[2]
    start_response(status + " As Asked", [("Content-Type", "text/plain")] + request.more())
    return [b""] if int(status) in NO_BODY else [b"as asked\n"]


def wrap(application: "Any") -> "Any":
    """The application, looked at."""

    def validated(environ: "dict[str, Any]", start_response: "Any") -> "Any":
        request = Request(environ, application)
        if request.probe in protocol.ANSWERS:
            return answered(request, start_response)
        if "wsgi.input" in environ:
            environ["wsgi.input"] = Input(environ["wsgi.input"], request)
        if "wsgi.errors" in environ:
            environ["wsgi.errors"] = Errors(environ["wsgi.errors"], request)
        file_wrapper = environ.get("wsgi.file_wrapper")

        def start(*args: "Any", **kwargs: "Any") -> "Any":
            check_start(request, args, kwargs)
            more = request.more()
            if more and len(args) >= 2 and isinstance(args[1], list):
                args = (args[0], args[1] + more) + args[2:]
            write = start_response(*args, **kwargs)

            def write_checked(*parts: "Any", **named: "Any") -> "Any":
                if named or len(parts) != 1:
                    tell(request, "write", "write() takes one argument, by position", place_of_caller())
                elif type(parts[0]) is not bytes:
                    tell(request, "write", "write() was given something else than bytes: %s" % what(parts[0]), place_of_caller())
                else:
                    check_item(request, parts[0], place_of_caller())
                return write(*parts, **named)

            return write_checked

        try:
            body = application(environ, start)
        except Exception:
            if request.saw is None or request.status is not None:
                raise
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")] + request.more())
            return [b"the application raised\n"]
        return passed_on(body, request, file_wrapper)

    return validated
