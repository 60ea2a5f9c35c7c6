"""What the validator says about applications, and that no answer is another for it. Run by validator.rs in a container."""

import io
import json
import os
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, "/etc/parity")
from parity_runtime.smoke import validator

TEXT = [("Content-Type", "text/plain")]


def ask(application, wrap, method="GET", more={}):
    """What the server gets to see: every call of start_response, every part of the body, what was raised."""
    answer = []
    environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": "/x", "wsgi.errors": io.StringIO(), "wsgi.input": io.BytesIO(b"abc")}
    environ.update(more)

    def start_response(*arguments):
        answer.append((len(arguments), repr(arguments[:2])))
        return lambda part: answer.append(part)

    try:
        body = wrap(application)(environ, start_response)
        answer.append(len(body) if hasattr(body, "__len__") else None)
        answer.extend(body)
        if hasattr(body, "close"):
            body.close()
    except Exception as error:
        answer.append(repr(error))
    return answer


def said(application, **more):
    validator.told.clear()
    read, write = os.pipe()
    stderr = os.dup(2)
    os.dup2(write, 2)
    answer = ask(application, validator.wrap, **more)
    os.dup2(stderr, 2)
    os.close(write)
    with os.fdopen(read) as lines:
        findings = [json.loads(line[len("\x1eparity "):]) for line in lines]
    return answer, [finding["wsgi"] + (" (note)" if finding["note"] else "") for finding in findings]


def simple(status="200 OK", headers=TEXT, body=(b"x",)):
    def application(environ, start_response):
        start_response(status, headers)
        return list(body) if isinstance(body, tuple) else body

    return application


def again(environ, start_response):
    start_response("200 OK", TEXT)
    start_response("500 Oh", TEXT)
    return [b"x"]


def again_with_reason(environ, start_response):
    start_response("200 OK", TEXT)
    try:
        raise ValueError
    except ValueError:
        start_response("500 Oh", TEXT, sys.exc_info())
    return [b"x"]


def writes(part):
    def application(environ, start_response):
        start_response("200 OK", TEXT)(part)
        return []

    return application


def generates(*parts):
    def application(environ, start_response):
        start_response("200 OK", TEXT)
        yield from parts

    return application


def breaks(headers=TEXT, *parts):
    def application(environ, start_response):
        start_response("200 OK", headers)
        yield from parts
        raise LookupError("half-way")

    return application


def late(environ, start_response):
    yield b"too soon"
    start_response("200 OK", TEXT)


def reads(how):
    def application(environ, start_response):
        how(environ["wsgi.input"])
        return simple()(environ, start_response)

    return application


class Closing:
    def __init__(self, *_):
        pass

    def __iter__(self):
        return iter([b"x"])

    def close(self):
        raise OSError("not closed")


def closing(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing()


CASES = {
    "clean": (simple(), []),
    "an empty body": (simple(body=()), []),
    "a generator": (generates(b"a", b"b"), []),
    "text": (simple(body=("x",)), ["body-not-bytes"]),
    "text of a generator": (generates(b"a", "b"), ["body-not-bytes"]),
    "a body that breaks off": (breaks(TEXT, b"a"), ["body-broken"]),
    "a body that breaks off before it begins": (breaks(TEXT), []),
    "a body that breaks off and says how long it was": (breaks(TEXT + [("Content-Length", "2")], b"a"), []),
    "bytes alone": (simple(body=b"x"), ["body"]),
    "a text alone": (simple(body="x"), ["body"]),
    "nothing": (simple(body=None), ["body"]),
    "never started": (lambda environ, start_response: [b"x"], ["start-response-missing"]),
    "never started, without a body": (lambda environ, start_response: [], ["start-response-missing"]),
    "started late": (late, ["start-response-missing"]),
    "started twice": (again, ["start-response-again"]),
    "started again for a reason": (again_with_reason, []),
    "a number for a status": (simple(status=200), ["status"]),
    "a status without a reason": (simple(status="200"), ["status-reason"]),
    "a status that is none": (simple(status="OK"), ["status"]),
    "headers that are no list": (simple(headers=tuple(TEXT)), ["headers"]),
    "a header that is a list": (simple(headers=TEXT + [["X-A", "b"]]), ["headers"]),
    "a status as a header": (simple(headers=TEXT + [("Status", "200 OK")]), ["header-name"]),
    "a colon in a name": (simple(headers=TEXT + [("X:", "b")]), ["header-name"]),
    "bytes as a name": (simple(headers=TEXT + [(b"X-A", "b")]), ["header-name"]),
    "a number as a value": (simple(headers=TEXT + [("X-A", 1)]), ["header-value"]),
    "a line break in a value": (simple(headers=TEXT + [("X-A", "b\nc")]), ["header-value"]),
    "a value beyond latin-1": (simple(headers=TEXT + [("X-A", "\u20ac")]), ["header-value"]),
    "the server's business": (simple(headers=TEXT + [("Connection", "close")]), ["hop-by-hop"]),
    "no type": (simple(headers=[]), ["content-type (note)"]),
    "a type without a body": (simple(status="204 No Content", body=()), ["no-body-headers (note)"]),
    "a body where none may be": (simple(status="304 Not Modified", headers=[]), ["no-body"]),
    "a length without a body": (simple(status="204 No Content", headers=[("Content-Length", "3")], body=()), ["no-body-length"]),
    "too short": (simple(headers=TEXT + [("Content-Length", "9")]), ["body-too-short"]),
    "too long": (simple(headers=TEXT + [("Content-Length", "0")]), ["body-too-long"]),
    "written": (writes(b"x"), []),
    "written text": (writes("x"), ["write"]),
    "read by size": (reads(lambda stream: stream.read(3)), []),
    "read to the end": (reads(lambda stream: stream.read()), ["input-size (note)"]),
    "closed": (reads(lambda stream: stream.close()), ["input-close"]),
    "closing fails": (closing, ["close"]),
}

for name, (application, wanted) in CASES.items():
    answer, found = said(application)
    assert found == wanted, (name, found)
    assert answer == ask(application, lambda same: same), (name, answer)

# Werkzeug knows that this server ends the stream, and does not read so elsewhere.
library = {}
exec(compile("def read(stream): return stream.read()", "/opt/venv/lib/python3/site-packages/werkzeug/wsgi.py", "exec"), library)
answer, found = said(reads(library["read"]))
assert found == [], found
answer, found = said(simple(headers=TEXT + [("Content-Length", "9")], body=()), method="HEAD")
assert found == [], found
probed, _ = said(simple(), more={"HTTP_PARITY_PROBE": "1"})
for header in ("('Parity-Process', '%d')" % os.getpid(), "('Parity-Thread', '%d')" % threading.get_ident()):
    assert header in probed[0][1], probed
environ = []
said(lambda given, start: environ.append(given) or simple()(given, start), more={"HTTP_PARITY_PROBE": "see"})
assert "HTTP_PARITY_PROBE" not in environ[0]


def raises(environ, start_response):
    raise LookupError


# That it raised is told to whoever asks what it saw, and to nobody else.
raised, _ = said(raises, more={"HTTP_PARITY_PROBE": "see"})
assert "500 Internal Server Error" in raised[0][1] and "Parity-Saw" in raised[0][1], raised
assert ask(raises, validator.wrap) == ask(raises, lambda same: same) == ["LookupError()"]
asked, found = said(raises, more={"HTTP_PARITY_PROBE": "answer 204"})
assert "204 " in asked[0][1] and "Parity-Saw" in asked[0][1] and found == [], (asked, found)
assert said(raises, more={"HTTP_PARITY_PROBE": "answer 418"})[0][0][1].startswith("('500 "), "no other status"
print("%d cases" % len(CASES))
