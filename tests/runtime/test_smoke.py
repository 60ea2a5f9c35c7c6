"""The validator, how the application is loaded, and the probe; `tests/e2e/smoke/validator.py` has the validator's cases."""

import json
import os
import shutil
import subprocess
import sys
import time
import unittest
import unittest.mock

import mod_wsgi
import support
from parity_runtime import instruments, layout
from parity_runtime.fidelity import asking, probe
from parity_runtime.protocol import smoke as protocol
from parity_runtime.reload import takeover
from parity_runtime.smoke import instrument, validator
from parity_runtime.smoke.loading import seen, watching


class Validator(support.Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(mod_wsgi.event_callbacks.clear)
        validator.told.clear()
        self.runtime = instruments.Runtime()
        instrument.install(self.runtime)

    def serve(self, application, **environ):
        """The answer, and what is said on stderr."""
        read, write = os.pipe()
        usual = os.dup(2)
        os.dup2(write, 2)
        try:
            answer = mod_wsgi.serve(application, environ)
        finally:
            os.dup2(usual, 2)
            os.close(usual)
            os.close(write)
            with os.fdopen(read) as lines:
                self.said = lines.read()
        return answer, [protocol.Finding.from_text(line.removeprefix(protocol.MARK)) for line in self.said.split("\n")[:-1]]

    def test_what_is_not_wsgi_is_said_once_and_changes_nothing(self):
        def application(environ, start_response):
            start_response("200", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"x"]

        answer, findings = self.serve(application)
        self.assertEqual((answer[0], answer[2]), ("200", b"x"))
        self.assertEqual([(one.wsgi, one.note, one.path) for one in findings], [("status-reason", False, "/"), ("hop-by-hop", False, "/")])
        self.assertEqual(self.serve(application)[1], [])

    def test_however_long_it_is_it_is_said_in_one_short_line(self):
        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"x"
            raise ValueError("\N{GRINNING FACE}" * 2000)

        for path in ("/", "/\xe3\x81\x82" * 500, "/caf\udce9"):
            with self.assertRaises(ValueError):
                self.serve(application, PATH_INFO=path)
            self.assertEqual(self.said.count("\n"), 1)
            self.assertLessEqual(len(self.said), validator.LONGEST)
            self.assertNotIn("\\udce9", self.said)

    def test_one_application_is_wrapped_once(self):
        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"x"]

        one = instrument.Instrument()
        wrapped = [one.look_at("request_started", application_object=application)["application_object"] for _ in range(2)]
        self.assertIs(*wrapped)
        self.assertIsNone(one.look_at("request_finished", application_object=application))

    def test_who_asks_is_told_the_process(self):
        def application(environ, start_response):
            self.assertNotIn("HTTP_PARITY_PROBE", environ)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"x"]

        (_, headers, _), findings = self.serve(application, HTTP_PARITY_PROBE="1")
        self.assertEqual((dict(headers)["Parity-Process"], findings), (str(os.getpid()), []))
        (status, _, body), _ = self.serve(application, HTTP_PARITY_PROBE="answer 204")
        self.assertEqual((status, body), ("204 As Asked", b""))


class Loading(support.Case):
    def load(self, text, framework=None, **more):
        self.write("app.py", text)
        handler = self.write(layout.handler(), "import app\napplication = app.application\n")
        settings = {
            "handler": handler,
            "working_directory": layout.PROJECT,
            "python_path": [layout.PROJECT],
            "framework": framework,
            "manage_py": None,
            "app": None,
            "seconds": 20,
            **more,
        }
        # With the project where this test has it.
        shutil.copytree(support.RUNTIME, self.directory + "/sent", dirs_exist_ok=True)
        path = self.directory + "/sent/parity_runtime/layout.py"
        self.write(path, self.read(path).replace('PROJECT = "/app"', "PROJECT = %r" % layout.PROJECT))
        text = protocol.LoadSettings(**settings).to_text()
        ran = subprocess.run([sys.executable, self.directory + "/sent/run.py", "load", text], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        loaded = protocol.Loaded.from_text(ran.stdout.removeprefix(protocol.MARK))
        return {"server": loaded.server, "development": loaded.development}

    def test_what_is_left_of_an_import(self):
        text = "import os, threading\nopen('left.txt', 'w').write('x')\nprint('noise')\nos.environ['SET_HERE'] = '1'\nKEY = os.environ.get('SECRET_KEY')\n"
        text += "threading.Thread(target=threading.Event().wait, daemon=True, name='left').start()\napplication = 1\n"
        server = self.load(text)["server"]
        self.assertIsNone(server["error"])
        self.assertEqual([os.path.basename(entry["what"]) for entry in server["files"]], ["left.txt"])
        self.assertEqual([(entry["what"], entry["own"]) for entry in server["threads"]], [("left", True)])
        self.assertEqual((server["set"], list(server["modules"])), (["SET_HERE"], ["app"]))
        self.assertEqual([(one["name"], one["present"]) for one in server["variables"]], [("SECRET_KEY", False)])

    def test_an_import_that_fails_or_hangs(self):
        report = self.load("x\n")
        self.assertEqual((report["server"]["error"]["type"], report["development"]), ("NameError", None))
        self.assertTrue(report["server"]["error"]["place"].endswith("/app.py:1"))
        support.has(self.load("import time; time.sleep(60)", seconds=0.5)["server"]["error"]["text"], "took more than 0 seconds")

    def test_a_process_that_is_forked_is_not_waited_for(self):
        text = (
            "import os, sys, time\nif not os.fork():\n    time.sleep(%d)\n    os._exit(0)\nparity = [n for n in sys.path if 'sent' in n]\n"
        )
        began = time.monotonic()
        server = self.load(text % 60 + "assert not parity and not sys.dont_write_bytecode\napplication = 1\n")["server"]
        self.assertIsNone(server["error"])
        self.assertLess(time.monotonic() - began, 30)
        # Nor where the one that forked it is ended.
        server = self.load(text % 60 + "time.sleep(60)\n", seconds=1)["server"]
        support.has(server["error"]["text"], "took more than 1 seconds")
        self.assertLess(time.monotonic() - began, 30)

    def test_a_development_server_is_asked_where_there_is_one(self):
        self.write("flask/__init__.py")
        cli = "import os\nload_dotenv = int\nclass ScriptInfo:\n    def __init__(self, app_import_path):\n        self.path = app_import_path\n"
        self.write("flask/cli.py", cli + "    def load_app(self):\n        raise LookupError(self.path)\n")
        found = self.load("application = 1\n", framework="flask", app="app:application")
        self.assertEqual((found["server"]["error"], found["development"]["error"]["text"]), (None, "app:application"))

    def test_small_things(self):
        self.assertEqual(seen.shown("x" * 300), "x" * 197 + "...")
        self.assertEqual((watching.where(("127.0.0.1", 6379)), watching.where("/run/x")), ("127.0.0.1:6379", "/run/x"))
        self.assertEqual(watching.command(["a", b"b"]), "a b")
        self.assertEqual(seen.unlike([1, 2, 1]), [1, 2])


class Probe(unittest.TestCase):
    def test_what_json_has_stays_and_kinds_are_named(self):
        self.assertEqual(probe.plain([1, None, "x", ("y", object)]), [1, None, "x", ["y", "builtins.object"]])
        self.assertEqual(probe.kind_of(print), "builtins.print")

    def test_it_looks_around(self):
        self.enterContext(unittest.mock.patch.object(probe, "PROJECT", support.HERE))
        seen = probe.observe({"PATH_INFO": "/", probe.HEADER: "token"})
        self.assertEqual(seen["request"], {"PATH_INFO": "/"})
        json.dumps(seen)

    def test_waiting_ends_when_something_is_there(self):
        looks = iter([None, 0, "found"])
        self.assertEqual(asking.until(5, lambda: next(looks)), "found")
        self.assertIsNone(asking.until(0, lambda: None))


class Asking(support.Case):
    def test_one_asks_at_a_time(self):
        self.replace(asking, "ASKING", self.directory + "/asking")
        asking.turn()
        self.assertEqual(self.read(asking.ASKING), "%d" % os.getpid())
        with self.assertRaises(SystemExit):
            asking.turn()
        # Of one who was killed.
        self.write(asking.ASKING, "%d" % (2**22 + 1))
        asking.turn()
        self.assertEqual(os.listdir(self.directory).count("asking"), 1)
        self.assertEqual(self.read(asking.ASKING), "%d" % os.getpid())

    def test_a_process_that_does_not_wait_has_not_heard(self):
        pipe = self.directory + "/12.pipe"
        os.mkfifo(pipe)
        self.assertFalse(asking.ring(pipe))
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.assertTrue(asking.ring(pipe))
        self.assertEqual(os.read(reader, 100), b"probe\n")
        opened = os.open

        def goes_away(*arguments):
            words = opened(*arguments)
            os.close(reader)
            return words

        self.enterContext(unittest.mock.patch.object(asking.os, "open", goes_away))
        self.assertFalse(asking.ring(pipe))


class Takeover(unittest.TestCase):
    def test_a_filter_always_says_the_same(self):
        instruction, program = takeover.program(1)
        self.assertEqual(bytes(instruction)[:8], b"\x06\x00\x00\x00\x01\x00\x00\x00")
        self.assertGreaterEqual(len(program), 10)

    def test_words_that_are_none(self):
        self.assertEqual(takeover.main([]), 2)


if __name__ == "__main__":
    unittest.main()
