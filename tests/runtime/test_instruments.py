"""The way in: which instruments are installed, and who hears of a request first."""

import json
import os
import subprocess
import sys
import threading
import time
import unittest

import agreement
import mod_wsgi
import support
from parity_runtime import instruments, layout, recording


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("hello " + environ.get("parity.by", "nobody")).encode()]


def wrapper(name):
    def listen(event, application_object=None, **_):
        if event != "request_started":
            return None

        def wrapped(environ, start_response):
            environ["parity.by"] = environ.get("parity.by", "") + name
            return application_object(environ, start_response)

        return {"application_object": wrapped}

    return listen


class Runtime(unittest.TestCase):
    def setUp(self):
        self.runtime = instruments.Runtime()
        self.addCleanup(mod_wsgi.event_callbacks.clear)

    def test_mod_wsgi_is_asked_only_while_somebody_listens(self):
        self.assertEqual(len(mod_wsgi.event_callbacks), 0)
        self.runtime.listen("debug", wrapper("d"))
        self.runtime.listen("validator", wrapper("v"))
        self.runtime.listen("validator", wrapper("v"))
        self.assertEqual(len(mod_wsgi.event_callbacks), 2)
        self.runtime.ignore("debug")
        self.runtime.ignore("debug")
        self.assertEqual(len(mod_wsgi.event_callbacks), 1)
        self.runtime.ignore("validator")
        self.assertEqual(len(mod_wsgi.event_callbacks), 0)

    def test_what_the_application_subscribes_stays_and_comes_last(self):
        mod_wsgi.subscribe_events(wrapper("a"))
        self.runtime.listen("debug", wrapper("d"))
        self.assertEqual(mod_wsgi.serve(hello)[2], b"hello ad")
        self.runtime.ignore("debug")
        self.assertEqual(mod_wsgi.serve(hello)[2], b"hello a")

    def test_applications_are_wrapped_in_the_declared_order(self):
        self.assertEqual(mod_wsgi.serve(hello)[2], b"hello nobody")
        # The debugger is called first, and the validator is nearest to the application.
        for order in (("debug", "validator"), ("validator", "debug")):
            for name in order:
                self.runtime.listen(name, wrapper(name[0]))
            self.assertEqual(mod_wsgi.serve(hello)[2], b"hello dv", order)
            for name in order:
                self.runtime.ignore(name)

    def test_threads_that_listen_at_once_lose_nobody(self):
        runtime, begun = self.runtime, threading.Event()

        class Slow(list):
            def __setitem__(self, at, listeners):
                begun.set()
                time.sleep(0.05)
                super().__setitem__(at, listeners)

        before, mod_wsgi.event_callbacks = mod_wsgi.event_callbacks, Slow()
        self.addCleanup(setattr, mod_wsgi, "event_callbacks", before)
        first = threading.Thread(target=runtime.listen, args=("debug", wrapper("d")))
        first.start()
        begun.wait(10)
        # The last one that listens goes before mod_wsgi knows of it.
        runtime.ignore("debug")
        first.join()
        self.assertEqual((runtime._listeners, mod_wsgi.event_callbacks), ({}, []))

    def test_a_new_application_is_told(self):
        told = []
        self.runtime.when_application_changes(told.append)
        self.runtime.tell_application(hello)
        self.assertEqual((told, self.runtime.generation()), ([hello], 1))

    def test_one_that_fails_keeps_nobody_from_the_others(self):
        installed = []

        class Works:
            @staticmethod
            def install(runtime):
                installed.append(runtime)

        before, instruments.load = instruments.load, lambda name: Works if name == "works" else before(name)
        self.addCleanup(setattr, instruments, "load", before)
        with self.assertRaises(ValueError):
            instruments.install(["unknown", "works"])
        self.assertEqual(len(installed), 1)


RECORDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "images", "record")


class Recorder(support.Case):
    """Turned on and off in a server that was not started with it."""

    def setUp(self):
        super().setUp()
        self.addCleanup(mod_wsgi.event_callbacks.clear)
        self.replace(sys, "dont_write_bytecode", True)
        self.addCleanup(self.forget)
        self.runtime = instruments.Runtime()

    def forget(self):
        for name in [name for name in sys.modules if name.partition(".")[0] == "parity_record"]:
            del sys.modules[name]

    def switch(self, wanted, files):
        program = SWITCH % (RECORDER, layout.RUN)
        subprocess.run([sys.executable, "-IS", "-c", program, wanted], input=json.dumps(files), text=True, check=True)

    def test_it_comes_when_it_is_wanted_and_goes_again(self):
        recording.obey(self.runtime)
        self.assertEqual(len(mod_wsgi.event_callbacks), 0)
        names = ("__init__", "bodies", "frameworks", "sending", "serving", "variables", "wrapper")
        files = {"parity_record/%s.py" % name: self.read("%s/parity_record/%s.py" % (RECORDER, name)) for name in names}
        self.switch("on", {**files, "record.json": '{"body-limit": 7, "locals": false, "own": []}'})
        for wanted, listeners in (("on", 1), ("off", 0), ("on", 1), ("on", 1), ("off", 0)):
            self.switch(wanted, {})
            recording.obey(self.runtime)
            self.assertEqual(len(mod_wsgi.event_callbacks), listeners, wanted)
        self.assertEqual(sys.modules["parity_record.serving"].limit, 7)
        self.assertNotIn(layout.RUN + "/record", sys.path)


SWITCH = """
import sys
sys.path.insert(0, %r)
sys.dont_write_bytecode = True
import json, switching
run = %r
switching.main(sys.argv[1], json.load(sys.stdin), run + "/record", run + "/debug/*.pipe")
"""

ENTER = """
import sys, types
sys.dont_write_bytecode = False
import marshal
before, path, meta_path, hooks = set(sys.modules), sys.path[:], sys.meta_path[:], sys.path_hooks[:]
sys.modules["mod_wsgi"] = types.ModuleType("mod_wsgi")
sys.modules["mod_wsgi"].event_callbacks = []
module = types.ModuleType("_mod_wsgi_x")
module.__file__ = sys.argv[1] + "/instruments.py"
with open(module.__file__) as file:
    exec(compile(file.read(), module.__file__, "exec"), module.__dict__)
assert (path, meta_path, hooks) == (sys.path, sys.meta_path, sys.path_hooks)
print(*sorted(name for name in set(sys.modules) - before if not name.startswith(("parity_runtime", "mod_wsgi"))))
print(*sorted(name for name in sys.modules if name.startswith("parity_runtime")))
"""


class Entry(support.Case):
    def enter(self, wanted):
        os.symlink(support.RUNTIME + "/parity_runtime", self.directory + "/etc/parity_runtime")
        os.symlink(support.RUNTIME + "/instruments.py", self.directory + "/etc/instruments.py")
        self.write(self.directory + "/etc/instruments.txt", wanted)
        ran = subprocess.run([sys.executable, "-I", "-c", ENTER, self.directory + "/etc"], capture_output=True, text=True)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        return [line.split() for line in ran.stdout.splitlines()]

    def test_nothing_is_imported_that_is_not_wanted_and_nothing_is_left(self):
        of_python, of_parity = self.enter("")
        self.assertEqual(of_python, [])
        self.assertEqual(of_parity, ["parity_runtime", "parity_runtime.instruments"])
        found = subprocess.run(["find", support.RUNTIME, "-name", "__pycache__"], capture_output=True, text=True)
        self.assertEqual(found.stdout, "")

    def test_what_was_compiled_is_used_again_unless_its_source_is_another(self):
        scope = {"__name__": "entry", "__file__": support.RUNTIME + "/instruments.py"}
        exec(compile(self.read(scope["__file__"]), scope["__file__"], "exec"), scope)
        scope["COMPILED"] = self.directory + "/compiled"
        path = self.write(self.directory + "/one.py", "x = 1\n")
        loader = scope["Loader"]("one", path)
        self.assertEqual((loader.get_code("one").co_consts[0], len(scope["compiled"])), (1, 1))
        scope["keep_compiled"]()
        self.assertEqual((loader.get_code("one").co_consts[0], len(scope["compiled"])), (1, 0))
        self.write(path, "x = 2\n")
        self.assertEqual((loader.get_code("one").co_consts[0], len(scope["compiled"])), (2, 1))
        self.write(self.directory + "/compiled/one", "nonsense")
        self.assertEqual(loader.get_code("one").co_consts[0], 2)

    def test_the_validator_comes_alone(self):
        _, of_parity = self.enter("validator\n")
        self.assertFalse([name for name in of_parity if "reload" in name or "debug" in name], of_parity)


class Agreement(unittest.TestCase):
    """The fake is as the real one; `tests/e2e/instruments.rs` asks that one the same."""

    def test_the_fake_keeps_its_promises(self):
        events = agreement.Events(mod_wsgi)
        self.addCleanup(mod_wsgi.event_callbacks.clear)
        found = {}

        def application(environ, start_response):
            found.update(agreement.promises(mod_wsgi), wrapped=environ.get("parity.wrapped") == "yes")
            return hello(environ, start_response)

        mod_wsgi.serve(application)
        found.update(events.promises())
        self.assertEqual([name for name, kept in found.items() if not kept], [])
