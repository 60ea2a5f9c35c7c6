"""What the recorder must not do: change an answer. And what it must: see all of it.

Applications are made up by a seeded generator: lists, generators, sized iterables, `write()`, files, exceptions at every moment,
bodies read in all ways. Each is asked with and without the recorder, by a driver that does what mod_wsgi does.
"""

import hashlib
import io
import marshal
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "images", "record")
sys.dont_write_bytecode = True
sys.path.insert(0, RECORD)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import frames  # noqa: E402
from parity_record import frameworks, sending, wrapper  # noqa: E402

CASES = 6000
LIMIT = 4096


class Stream(io.BytesIO):
    """`wsgi.input` that counts what is read of it, as one that is its own iterator."""

    def __init__(self, data):
        super().__init__(data)
        self.calls = []

    def read(self, *args):
        self.calls.append(("read", args))
        return super().read(*args)

    def readline(self, *args):
        self.calls.append(("readline", args))
        return super().readline(*args)


class FileWrapper:
    """As mod_wsgi's: a type, with `filelike`, whose instances it sends by themselves."""

    def __init__(self, filelike, blksize=8192):
        self.filelike = filelike
        self.blksize = blksize

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.blksize)
        if not data:
            raise StopIteration
        return data

    def close(self):
        if hasattr(self.filelike, "close"):
            self.filelike.close()


def serve(application, method, path, query, body, gone_after=None):
    """What the client, the log and the application's own objects see of a request."""
    log = []
    stream = Stream(body)
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": stream,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.multithread": True,
        "wsgi.version": (1, 0),
    }
    sent = []
    head = []

    def write(data):
        if not head:
            raise AssertionError("write() before start_response()")
        sent.append(("part", bytes(data)))

    def start_response(status, headers, exc_info=None):
        if head and not exc_info:
            raise AssertionError("start_response() again")
        if exc_info and sent:
            raise exc_info[1].with_traceback(exc_info[2])
        head[:] = [status, list(headers)]
        return write

    result = None
    try:
        result = application(environ, start_response)
        if isinstance(result, FileWrapper):
            log.append(("file", type(result).__name__))
            position = result.filelike.tell()
            sent.append(("part", result.filelike.read()))
            log.append(("position", position))
        else:
            if type(result) is list and len(result) == 1:
                log.append("one part")
            elif hasattr(type(result), "__len__"):
                log.append(("length", len(result)))
            iterator = iter(result)
            for count, part in enumerate(iterator):
                if not isinstance(part, bytes):
                    raise TypeError("response iterable must yield bytes, not %s" % type(part).__name__)
                if gone_after is not None and count >= gone_after:
                    log.append("gone")
                    break
                sent.append(("part", part))
    except BaseException as error:
        log.append((type(error).__name__, str(error)))
    if result is not None:
        close = getattr(result, "close", None)
        log.append(("close", close is not None))
        if close is not None:
            try:
                close()
            except BaseException as error:
                log.append(("closing", type(error).__name__, str(error)))
    return {"head": head, "sent": sent, "log": log, "input": stream.calls, "rest": stream.getvalue()[stream.tell() :]}


class Sized:
    def __init__(self, parts):
        self.parts = parts

    def __len__(self):
        return len(self.parts)

    def __iter__(self):
        return iter(self.parts)


class Closing:
    """An iterable with a `close()`, which may raise."""

    def __init__(self, parts, raises, events):
        self.parts = iter(parts)
        self.raises = raises
        self.events = events

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.parts)

    def close(self):
        self.events.append("closed")
        if self.raises:
            raise OSError("in close")


class ByIndex:
    """What can be iterated over the old way."""

    def __init__(self, parts):
        self.parts = parts

    def __getitem__(self, index):
        return self.parts[index]


def make(seed, events):
    """An application. The same seed gives the same one."""
    random_ = random.Random(seed)

    def bytes_of(most):
        return bytes(random_.randrange(256) for _ in range(random_.randrange(most)))

    parts = [bytes_of(random_.choice([0, 1, 5, 700, 3000]) + 1) for _ in range(random_.randrange(6))]
    reads = [random_.choice(["read", "read n", "line", "lines", "iterate", "none", "odd"]) for _ in range(random_.randrange(3))]
    kind = random_.choice(
        ["list", "tuple", "generator", "sized", "closing", "index", "file", "bytesio", "write", "string", "none", "subclass", "number"]
    )
    raises = random_.choice([None, None, None, "before", "after head", "in body", "closing", "again", "not bytes", "exit"])
    status = random_.choice(["200 OK", "404 Not Found", "500 Internal Server Error", "204 No Content"])
    headers = [("Content-Type", "text/plain"), ("X-%d" % random_.randrange(9), "y"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")]
    keywords = random_.random() < 0.1

    def application(environ, start_response):
        stream = environ["wsgi.input"]
        for read in reads:
            got = {
                "read": lambda: stream.read(),
                "read n": lambda: stream.read(7),
                "line": lambda: stream.readline(),
                "lines": lambda: stream.readlines(),
                "iterate": lambda: [line for line in stream],
                "none": lambda: None,
                "odd": lambda: (stream.read(0), stream.readline(3), stream.tell()),
            }[read]()
            events.append(("read", got))
        if raises == "before":
            raise KeyError("before")
        if raises == "exit":
            raise SystemExit(3)
        if keywords:
            write = start_response(status=status, headers=headers)
        else:
            write = start_response(status, headers)
        if raises == "after head":
            raise ValueError("after head")
        if raises == "again":
            try:
                raise RuntimeError("again")
            except RuntimeError:
                start_response("500 Oops", [("X", "z")], sys.exc_info())

        def generate():
            for part in parts:
                events.append("made")
                yield part
            if raises == "in body":
                raise ZeroDivisionError("in body")
            if raises == "not bytes":
                yield "text"

        if kind == "list":
            return list(parts)
        if kind == "subclass":
            return type("Parts", (list,), {})(parts)
        if kind == "tuple":
            return tuple(parts)
        if kind == "generator":
            return generate()
        if kind == "sized":
            return Sized(parts)
        if kind == "closing":
            return Closing(generate(), raises == "closing", events)
        if kind == "index":
            return ByIndex(parts)
        if kind == "file":
            file = tempfile.TemporaryFile()
            file.write(b"".join(parts))
            file.seek(min(3, len(b"".join(parts))))
            return environ["wsgi.file_wrapper"](file)
        if kind == "bytesio":
            return environ["wsgi.file_wrapper"](io.BytesIO(b"".join(parts)))
        if kind == "write":
            for part in parts:
                write(part)
            return [b"end"] if raises is None else generate()
        if kind == "string":
            return "text"
        if kind == "number":
            return 7
        return None

    return application


def finished():
    """The record of this thread, as the server ends a request."""
    record = wrapper.current.pop(threading.get_ident(), None)
    record.finish({})
    return record


def message_of(record):
    return messages_of(io.BytesIO(sending.frame_of(record)))[0]


def read_frame(stream):
    """The next message, or None."""
    length = stream.read(4)
    return marshal.loads(stream.read(int.from_bytes(length, "little"))) if length else None


def messages_of(stream):
    return list(iter(lambda: read_frame(stream), None))


class Differential(unittest.TestCase):
    def test_answers_are_the_same_with_and_without_the_recorder(self):
        kinds = set()
        for seed in range(CASES):
            random_ = random.Random(-seed)
            method = random_.choice(["GET", "POST", "PUT", "HEAD"])
            lines = [bytes(random_.randrange(256) for _ in range(random_.randrange(40))) for _ in range(random_.randrange(5))]
            body = b"\n".join(lines) * random_.choice([1, 1, 100])
            request = (method, "/%d" % seed, "q=%d" % seed, body, random_.choice([None, None, None, 0, 1]))
            bare_events, events = [], []
            bare = serve(make(seed, bare_events), *request)
            recorded = serve(wrapper.wrap(make(seed, events), LIMIT), *request)
            record = finished()
            self.assertEqual(bare, recorded, seed)
            self.assertEqual(bare_events, events, seed)
            self.check(record, bare, body, seed)
            kinds.add((bare["log"] + [None])[0])
        self.assertGreater(len(kinds), 10, "the applications are all alike")
        self.assertEqual(wrapper.complained, set())

    def check(self, record, bare, body, seed):
        """All is in the record that has passed, and it can be sent."""
        message = message_of(record)
        passed = b"".join(part for _, part in bare["sent"])
        said = message["response-body"]
        if ("file", "FileWrapper") in bare["log"]:
            self.assertTrue(said["file"], seed)
            self.assertNotIn("data", said)
            if said["sha256"]:
                self.assertEqual(said["sha256"], hashlib.sha256(passed).hexdigest(), seed)
        elif "gone" not in bare["log"] and not any("must yield bytes" in str(entry) for entry in bare["log"]):
            self.assertEqual(said["size"], len(passed), seed)
            if len(passed) > LIMIT:
                self.assertEqual(said["sha256"], hashlib.sha256(passed).hexdigest(), seed)
                self.assertNotIn("data", said)
            else:
                self.assertEqual(said["data"], passed, seed)
        read = len(body) - len(bare["rest"])
        # `readline(3)` of what is there, and all that was read otherwise.
        self.assertEqual(message["request-body"]["size"], read, seed)
        if bare["head"]:
            self.assertEqual(message["status"], bare["head"][0], seed)
            self.assertEqual([tuple(header) for header in message["headers"]], bare["head"][1], seed)
        if any(entry[0] == "ZeroDivisionError" for entry in bare["log"] if isinstance(entry, tuple)):
            self.assertEqual(message["error"]["type"], "ZeroDivisionError", seed)
            self.assertIn("in generate", message["error"]["traceback"])
            self.assertFalse(message["complete"])

    def test_it_is_wsgi_on_both_sides(self):
        for seed in range(300):
            random_ = random.Random(seed)
            body = [bytes(random_.randrange(256) for _ in range(random_.randrange(30))) for _ in range(random_.randrange(4))]
            kind = random_.choice(["list", "generator", "closing"])

            def application(environ, start_response, body=body, kind=kind):
                environ["wsgi.input"].read(5)
                environ["wsgi.input"].readline(5)
                start_response("200 OK", [("Content-Type", "text/plain")])
                return {"list": body, "generator": (part for part in body), "closing": Closing(body, False, [])}[kind]

            # The application's side is checked by the inner one, the server's by the outer one.
            checked = validator(wrapper.wrap(validator(application), LIMIT))
            environ = {"wsgi.input": Stream(b"hello\nworld"), "QUERY_STRING": ""}
            setup_testing_defaults(environ)
            sent = []

            def start_response(status, headers, exc_info=None, sent=sent):
                return sent.append

            result = checked(environ, start_response)
            got = b"".join(result)
            result.close()
            self.assertEqual(got, b"".join(body))
            self.assertEqual(finished().request_body.size, 6)

    def test_nothing_is_taken_before_the_server_takes_it(self):
        events = []

        def application(environ, start_response):
            start_response("200 OK", [])

            def generate():
                for number in range(3):
                    events.append(number)
                    yield b"%d" % number

            return generate()

        body = iter(wrapper.wrap(application, LIMIT)({"wsgi.input": Stream(b"")}, lambda *_: None))
        self.assertEqual(events, [])
        next(body)
        self.assertEqual(events, [0])
        record = finished()
        self.assertFalse(record.ended)

    def test_what_cannot_be_recorded_is_served(self):
        class Odd(dict):
            def __iter__(self):
                raise RuntimeError("odd")

            keys = __iter__

        with unittest.mock.patch("sys.stderr", io.StringIO()) as said:
            got = wrapper.wrap(lambda environ, start: [b"x"], LIMIT)(Odd(), None)
        self.assertEqual(got, [b"x"])
        self.assertIn("not recorded as it was: RuntimeError: odd", said.getvalue())
        wrapper.complained.clear()

    def test_half_a_character_is_no_obstacle(self):
        application = wrapper.wrap(lambda environ, start: [b""], LIMIT)
        application({"PATH_INFO": "/\udce9", "X": "\ud800", "wsgi.errors": sys.stderr, "N": 7}, None)
        message = message_of(finished())
        self.assertEqual(message["environ"]["PATH_INFO"], "/\udce9")
        self.assertEqual(message["environ"]["N"], 7)

    def test_what_only_the_application_has_a_type_for_is_sent_as_text(self):
        class Safe(str):
            def __str__(self):
                return self

        def application(environ, start):
            start(Safe("200 OK"), [(Safe("X"), Safe("y"))])
            return [b"x"]

        wrapper.wrap(application, LIMIT)({"ODD": object(), "SAFE": Safe("s"), "PAIR": (1, object())}, lambda *_: None)
        message = message_of(finished())
        self.assertEqual((message["status"], message["headers"]), ("200 OK", [["X", "y"]]))
        self.assertEqual(message["environ"], {"ODD": "<object>", "SAFE": "s", "PAIR": [1, "<object>"]})

    def test_the_frames_that_the_host_is_tested_with_are_those_of_python(self):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "frames.bin"), "rb") as file:
            self.assertEqual(messages_of(file), frames.MESSAGES)

    def test_statements_and_templates_have_limits(self):
        record = wrapper.Record({}, LIMIT)
        for number in range(wrapper.MOST_STATEMENTS + 5):
            record.statement("select %d" % number, 0.1, "sqlite")
            record.template("t")
        record.finish({})
        message = message_of(record)
        self.assertEqual((len(message["statements"]), message["more-statements"]), (wrapper.MOST_STATEMENTS, 5))
        self.assertEqual(len(message["templates"]), wrapper.MOST_TEMPLATES)


class Frameworks(unittest.TestCase):
    def test_django_statements_go_to_the_request_of_their_thread(self):
        wrapper.current[threading.get_ident()] = record = wrapper.Record({}, LIMIT)
        connection = unittest.mock.Mock(execute_wrappers=[], vendor="sqlite")
        frameworks.note_connection(connection=connection)
        frameworks.note_connection(connection=connection)
        (timed,) = connection.execute_wrappers
        got = timed(lambda *args: args[0], "select 1", ("hush",), False, {"connection": connection})
        with self.assertRaises(KeyError):
            timed(lambda *args: {}["x"], "select 2", (), False, {"connection": connection})
        finished()
        self.assertEqual(got, "select 1")
        self.assertEqual([statement[0] for statement in record.statements], ["select 1", "select 2"])
        self.assertNotIn("hush", str(record.message()))


    def test_templates_of_django_by_the_method_that_renders_each(self):
        class Template:
            def __init__(self, name):
                self.name = name

            def _render(self, context):
                """As it was."""
                return context["x"]

        frameworks.note_names(Template, "_render", lambda args, kwargs: True)
        self.assertEqual(Template("nobody.html")._render({"x": 1}), 1)
        wrapper.current[threading.get_ident()] = record = wrapper.Record({}, LIMIT)
        with self.assertRaises(KeyError):
            Template("a.html")._render({})
        Template(None)._render(context={"x": 2})
        finished()
        self.assertEqual(record.templates, ["a.html"])
        self.assertEqual((Template._render.__name__, Template._render.__doc__), ("_render", "As it was."))

    def test_templates_of_jinja2_with_those_that_they_include(self):
        try:
            import jinja2
        except ImportError:
            self.skipTest("there is no Jinja2")
        frameworks.jinja2_templates()
        sources = {"base.html": "<{% block b %}{% endblock %}>", "row.html": "{{ row }}",
                   "page.html": "{% extends 'base.html' %}{% block b %}{% for row in rows %}{% include 'row.html' %}{% endfor %}{% endblock %}"}  # fmt: skip
        environment = jinja2.Environment(loader=jinja2.DictLoader(sources))
        wrapper.current[threading.get_ident()] = record = wrapper.Record({}, LIMIT)
        environment.get_template("row.html")
        page = environment.get_template("page.html").render(rows=[1, 2])
        parts = "".join(environment.from_string("{{ x }}").generate(x=3))
        finished()
        self.assertEqual((page, parts), ("<12>", "3"))
        self.assertEqual(record.templates, ["page.html", "base.html", "row.html", "row.html"])


class Variables(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, wrapper, "keeps_variables", False)
        wrapper.keeps_variables = True

    def record(self, function):
        record = wrapper.Record({}, LIMIT)
        try:
            function()
        except Exception as error:
            record.raised(error)
        record.finish({})
        return message_of(record)["error"]["locals"]

    def test_nothing_of_the_applications_is_called(self):
        called = []

        class Order:
            def __init__(self):
                self.id, self.sum, self._hidden, self.lines = 7, "12", 1, []

            def __getattribute__(self, name):
                called.append(name)
                return super().__getattribute__(name)

            def __repr__(self):
                called.append("repr")
                raise RuntimeError

            __class__ = property(lambda self: called.append("class"))

        class Odd:
            __dict__ = property(lambda self: called.append("dict"))

        class Fields(dict):
            def items(self):
                called.append("items")

        def view():
            order, odd, fields, kind, many = Order(), Odd(), Fields(a=[1, (2.5, None)]), Order, list(range(100))
            text, itself = "x" * 10_000, []
            itself.append(itself)
            called.clear()
            return order.id / 0 if called else {}["x"]

        frames = self.record(view)
        self.assertEqual(called, [])
        file, line, function, pairs = frames[-1]
        self.assertEqual((file, function), (__file__, "view"))
        held = dict(pairs)
        self.assertEqual(held["order"], "<Order id=7, sum='12'>")
        self.assertEqual((held["odd"], held["kind"], held["fields"]), ("<Odd>", "<class Order>", "<Fields {'a': [1, (2.5, None)]}>"))
        self.assertEqual(held["many"], "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 90 more]")
        self.assertEqual((len(held["text"]), held["itself"]), (301, "[[[<list>]]]"))

    def test_there_is_an_end_to_them(self):
        def deep(depth, **more):
            here = {str(number): "y" * 1000 for number in range(200)}
            return deep(depth - 1, **here) if depth else {}["x"]

        frames = self.record(lambda: deep(50))
        self.assertLessEqual(len(frames), 20)
        self.assertEqual(frames[-1][2], "deep")
        self.assertLess(len(str(frames)), 100_000)

    def test_without_the_setting_there_are_none(self):
        wrapper.keeps_variables = False
        with self.assertRaises(KeyError):
            self.record(lambda: {}["x"])


class Sending(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.address = self.directory + "/collector.sock"

    def collector(self):
        program = [sys.executable, "-I", "-S", os.path.join(RECORD, "collector.py"), self.directory]
        process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.assertEqual(read_frame(process.stdout), {"collecting": True})
        return process

    def record(self, number, size=10):
        record = wrapper.Record({"PATH_INFO": "/%d" % number}, 1 << 20)
        record.response_body.add(b"x" * size)
        record.finish({})
        return record

    def test_what_is_recorded_before_the_collector_is_there_is_not_lost(self):
        sender = sending.Sender(self.address)
        for number in range(50):
            sender.put(self.record(number))
        process = self.collector()
        seen = [read_frame(process.stdout)["environ"]["PATH_INFO"] for _ in range(50)]
        self.assertEqual(seen, ["/%d" % number for number in range(50)])
        sender.drain(1)
        self.assertEqual((sender.waiting, sender.weight), (0, 0))
        process.stdin.close()
        self.assertEqual(process.wait(5), 0)
        self.assertEqual(os.listdir(self.directory), [])

    def test_whoever_records_does_not_wait_and_what_is_too_much_is_counted(self):
        sender = sending.Sender(self.address)
        began = time.monotonic()
        for number in range(200):
            sender.put(self.record(number, 1 << 20))
        self.assertLess(time.monotonic() - began, 5)
        self.assertLessEqual(sender.weight, sending.MOST_BYTES)
        self.assertGreater(sender.lost, 100)
        kept = 200 - sender.lost
        process = self.collector()
        lost = 0
        for _ in range(kept + 1):
            lost += read_frame(process.stdout).get("lost", 0)
        self.assertEqual(kept + lost, 200)
        process.stdin.close()
        process.wait(5)

    def test_whatever_goes_wrong_with_some_the_next_are_sent_and_those_are_counted(self):
        process = self.collector()
        sender = sending.Sender(self.address)
        send, sender.send = sender.send, unittest.mock.Mock(side_effect=MemoryError("none left"))
        with unittest.mock.patch.object(sys, "stderr", io.StringIO()) as said:
            sender.put(self.record(1))
            while sender.waiting:
                time.sleep(0.01)
        self.assertEqual((sender.lost, said.getvalue().count("MemoryError: none left")), (1, 1))
        sender.send = send
        sender.put(self.record(2))
        self.assertEqual(read_frame(process.stdout)["environ"]["PATH_INFO"], "/2")
        self.assertEqual(read_frame(process.stdout)["lost"], 1)
        process.stdin.close()
        process.wait(5)

    def test_another_collector_takes_over_and_the_first_one_goes_on_with_what_it_has(self):
        sender = sending.Sender(self.address)
        first = self.collector()
        sender.put(self.record(1))
        self.assertEqual(read_frame(first.stdout)["environ"]["PATH_INFO"], "/1")
        second = self.collector()
        sender.put(self.record(2))
        self.assertEqual(read_frame(first.stdout)["environ"]["PATH_INFO"], "/2")
        first.stdin.close()
        first.wait(5)
        self.assertTrue(os.path.exists(self.address), "the second one's place is taken away")
        for number in (3, 4, 5):
            sender.put(self.record(number))
        seen = [read_frame(second.stdout)["environ"]["PATH_INFO"] for _ in range(3)]
        self.assertEqual(seen[-1], "/5")
        second.stdin.close()
        second.wait(5)

    def test_what_sends_no_frames_is_not_listened_to(self):
        process = self.collector()
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(self.address)
            other.sendall(b"\xff" * 100)
            self.assertEqual(other.recv(1), b"")
        process.stdin.close()
        self.assertEqual(process.stdout.read(), b"")
        process.wait(5)

    def test_after_a_failure_what_was_sent_in_part_is_sent_again_whole(self):
        frames = [b"12345", b"678", b"9"]
        self.assertEqual([sending.beginning(frames, at) for at in (0, 4, 5, 7, 8, 9)], [0, 0, 5, 5, 8, 9])

    def test_half_a_frame_is_dropped(self):
        process = self.collector()
        with socket.socket(socket.AF_UNIX) as half:
            half.connect(self.address)
            whole = wrapper.framed({"whole": 1})
            half.sendall(whole + whole[:-3])
        self.assertEqual(read_frame(process.stdout), {"whole": 1})
        sender = sending.Sender(self.address)
        sender.put(self.record(7))
        self.assertEqual(read_frame(process.stdout)["environ"]["PATH_INFO"], "/7")
        process.stdin.close()
        process.wait(5)


if __name__ == "__main__":
    unittest.main()
