"""The function around the application. What it is called with and what it returns goes on as it is."""

import hashlib
import marshal
import os
import sys
import time
from _thread import get_ident, get_native_id

from .bodies import Body, Input

# Of one request.
MOST_STATEMENTS = 1000
MOST_TEMPLATES = 200
LONGEST_STATEMENT = 10_000
LONGEST_VALUE = 20_000
LONGEST_TRACEBACK = 200_000
# A file that the server sends by itself is looked at up to here, without moving its position.
CHUNK = 64 * 1024
# What a server puts into the environ that is no text and no number.
OBJECTS = ("wsgi.version", "wsgi.input", "wsgi.errors", "wsgi.file_wrapper")
# Of `marshal`: the last one without references, which `src/requests/marshal.rs` reads.
VERSION = 2

# Variables of an exception's frames are recorded as well.
keeps_variables = False
# What each thread is doing.
current = {}


class Record:
    """What is known of one request."""

    __slots__ = (
        "began", "clock", "cpu", "ended", "environ", "error", "finished", "headers", "more_statements", "request_body", "response_body",
        "server", "statements", "status", "templates", "thread",
    )  # fmt: skip

    def __init__(self, environ, limit):
        self.began = time.time()
        self.clock = time.perf_counter()
        self.cpu = time.thread_time()
        self.finished = (0.0, 0.0)
        # As the server's log names it: its lines are brought together with the request on the host.
        self.thread = 0
        # As the application is called with it; frameworks put their own things into theirs.
        self.environ = environ = environ.copy() if type(environ) is dict else dict(environ)
        for name in OBJECTS:
            if name in environ:
                environ[name] = shown(environ[name])
        self.request_body = Body(limit)
        self.status = None
        self.headers = ()
        self.response_body = Body(limit)
        self.error = None
        self.ended = False
        self.statements = []
        self.more_statements = 0
        self.templates = []
        self.server = {}

    def raised(self, error):
        """An exception that left the application, or that its framework makes a 500 of."""
        if self.error is None and error is not None:
            self.error = described(error)

    def statement(self, sql, seconds, database):
        if len(self.statements) < MOST_STATEMENTS:
            # Without its parameters: they are what people type.
            self.statements.append((sql[:LONGEST_STATEMENT] if isinstance(sql, str) else shown(sql), seconds, database))
        else:
            self.more_statements += 1

    def template(self, name):
        if isinstance(name, str) and len(self.templates) < MOST_TEMPLATES:
            self.templates.append(name)

    def finish(self, server):
        """Nothing more comes of it. `server`: what the server knows."""
        self.finished = time.perf_counter() - self.clock, time.thread_time() - self.cpu
        self.server = server
        self.thread = get_native_id()

    def weight(self):
        """About how many bytes of memory it takes."""
        return self.request_body.kept() + self.response_body.kept() + 8192

    def message(self):
        """As the collector gets it."""
        total, cpu = self.finished
        return {
            "began": self.began,
            "pid": os.getpid(),
            "thread": self.thread,
            "environ": self.environ,
            "request-body": body_message(self.request_body),
            "status": self.status,
            "headers": self.headers,
            "response-body": body_message(self.response_body),
            "error": self.error,
            "complete": self.ended,
            "seconds": total,
            "cpu": cpu,
            "statements": self.statements,
            "more-statements": self.more_statements,
            "templates": self.templates,
            "server": self.server,
        }

    def frame(self):
        """The message as bytes, behind their number. `marshal`, as it takes a fourth of the time that JSON takes, in the application's
        process.
        """
        message = self.message()
        try:
            return framed(message)
        except ValueError:
            # Something in it is of a type that only the application knows.
            return framed(plain(message))


def framed(message):
    data = marshal.dumps(message, VERSION)
    return len(data).to_bytes(4, "little") + data


def plain(value):
    """The same of Python's own types."""
    if type(value) in (str, bytes, bool, int, float, type(None)):
        return value
    if type(value) is dict:
        return {plain(key): plain(of) for key, of in value.items()}
    if type(value) in (list, tuple):
        return [plain(of) for of in value]
    if isinstance(value, str):
        return str.__str__(value)
    return shown(value)


def pairs(headers):
    try:
        return [(name, value) for name, value in headers]
    except (TypeError, ValueError):
        return []


def shown(value):
    """A value that is no text, for people. Only Python's own ways to show itself are asked."""
    if type(value) in (tuple, float, type(None), bytes):
        return repr(value)[:LONGEST_VALUE]
    return "<%s>" % type(value).__name__


def body_message(body):
    message = {"size": body.size}
    if body.digest is not None:
        message["sha256"] = (body.digest if isinstance(body.digest, str) else body.digest.hexdigest()) or None
    else:
        message["data"] = b"".join(body.parts)
    if body.is_file:
        message["file"] = True
    return message


def described(error):
    import traceback

    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception:
        # An exception that cannot be shown, of all things.
        text = type(error).__name__ + "\n"
    try:
        said = str(error)
    except Exception:
        said = ""
    told = {"type": type(error).__name__, "text": said[:LONGEST_VALUE], "traceback": text[-LONGEST_TRACEBACK:]}
    if keeps_variables:
        try:
            from . import variables

            told["locals"] = variables.of_traceback(error.__traceback__)
        except Exception as trouble:
            complain(trouble)
    return told


def wrap(application, limit, is_wanted=None):
    """The application, recorded. The record is in `current` until the server says that nothing more comes of the request."""

    def recorded(environ, start_response):
        if is_wanted is not None and not is_wanted(environ):
            return application(environ, start_response)
        try:
            record = Record(environ, limit)
            stream = environ.get("wsgi.input")
            if stream is not None:
                environ["wsgi.input"] = Input(stream, record.request_body)
        except Exception as error:
            # The application is not to suffer from it.
            complain(error)
            return application(environ, start_response)
        current[get_ident()] = record

        def start(*args, **kwargs):
            write = start_response(*args, **kwargs)
            begun(record, args, kwargs)
            return Write(write, record.response_body)

        try:
            body = application(environ, start)
        except BaseException as error:
            record.raised(error)
            raise
        return passing(body, record, environ)

    return recorded


def begun(record, args, kwargs):
    """The response's head has been said, perhaps again because of an exception."""
    try:
        record.status = str(args[0] if args else kwargs.get("status"))
        headers = args[1] if len(args) > 1 else kwargs.get("response_headers", kwargs.get("headers", ()))
        record.headers = [(str(name), str(value)) for name, value in pairs(headers)]
        exc_info = args[2] if len(args) > 2 else kwargs.get("exc_info")
        if exc_info:
            record.raised(exc_info[1])
    except Exception as error:
        complain(error)


class Write:
    """What `start_response` returns."""

    __slots__ = ("_body", "_write")

    def __init__(self, write, body):
        self._write = write
        self._body = body

    def __call__(self, *args, **kwargs):
        written = self._write(*args, **kwargs)
        if args:
            self._body.add(args[0])
        return written


def passing(body, record, environ):
    """What the application returned, in a form that tells of its parts as the server takes them, where that changes nothing."""
    try:
        kind = type(body)
        if kind is list or kind is tuple:
            # The server may look at how many parts there are. All are here already.
            for part in body:
                record.response_body.add(part)
            record.ended = True
            return body
        if is_file(body, environ):
            look_at_file(body, record)
            return body
        if not hasattr(kind, "__iter__") and not hasattr(kind, "__getitem__"):
            # The server's to complain about.
            return body
        return SizedPassing(body, record) if hasattr(kind, "__len__") else Passing(body, record)
    except Exception as error:
        complain(error)
        return body


def is_file(body, environ):
    """Is it the server's own wrapper around a file, which it sends in a way of its own?"""
    file_wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(file_wrapper, type) and isinstance(body, file_wrapper)


def look_at_file(body, record):
    """Size and digest of a file that the server is about to send, read without moving its position."""
    kept = record.response_body
    kept.is_file = True
    record.ended = True
    try:
        stream = body.filelike
        descriptor = stream.fileno()
        position = stream.tell()
        size = max(os.fstat(descriptor).st_size - position, 0)
    except Exception:
        # Not a file of the system's: it is sent part by part, which nobody can look at without taking it away.
        kept.digest = ""
        return
    for name, value in record.headers:
        if name.lower() == "content-length" and value.isdigit():
            size = min(size, int(value))
    kept.size = size
    kept.digest = digest_of_file(descriptor, position, size) if size <= kept.limit else ""


def digest_of_file(descriptor, position, size):
    digest = hashlib.sha256()
    while size > 0:
        part = os.pread(descriptor, min(CHUNK, size), position)
        if not part:
            break
        digest.update(part)
        position += len(part)
        size -= len(part)
    return digest.hexdigest()


class Passing:
    """An iterable of parts, which are noted as they are taken."""

    def __init__(self, body, record):
        self._body = body
        self._record = record

    def __iter__(self):
        return Parts(iter(self._body), self._record)

    def __getattr__(self, name):
        # `close` too: what has none is not to get one.
        return getattr(self._body, name)


class SizedPassing(Passing):
    def __len__(self):
        return len(self._body)


class Parts:
    """The iterator over them."""

    __slots__ = ("_next", "_record")

    def __init__(self, parts, record):
        self._next = parts.__next__
        self._record = record

    def __iter__(self):
        return self

    def __next__(self):
        try:
            part = self._next()
        except StopIteration:
            self._record.ended = True
            raise
        except BaseException as error:
            self._record.raised(error)
            raise
        self._record.response_body.add(part)
        return part


complained = set()


def complain(error):
    """Once of each kind: something that the recorder did not expect, and the application need not know of."""
    kind = type(error).__name__
    if kind not in complained:
        complained.add(kind)
        sys.stderr.write("parity: a request is not recorded as it was: %s: %s\n" % (kind, error))
