"""coverage.py in a process that serves, as far as it can be told without a server and without coverage.py: with a fake of that."""

import ctypes
import json
import os
import sys
import threading
import types
import unittest
import unittest.mock

import mod_wsgi
import support
from parity_runtime import instruments
from parity_runtime.coverage import instrument


class Fake:
    """What the instrument has of coverage.py."""

    made = None

    def __init__(self, **arguments):
        Fake.made = self
        self.arguments = arguments
        self.options = {"run:plugins": ["django_coverage_plugin"]}
        self.saved = 0
        self.started_in = None
        self._collector = object()

    def get_option(self, name):
        return self.options.get(name)

    def set_option(self, name, value):
        self.options[name] = value

    def start(self):
        self.started_in = os.getcwd()

    def switch_context(self, name):
        self.context = name

    def save(self):
        self.saved += 1


class SysMonitor:
    def __init__(self):
        self.myid = 1


class Collector:
    _collectors = []


class Measured(support.Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(mod_wsgi.event_callbacks.clear)
        self.addCleanup(mod_wsgi.shutdown_callbacks.clear)
        modules = {
            "coverage": types.SimpleNamespace(Coverage=Fake),
            "coverage.sysmon": types.SimpleNamespace(SysMonitor=SysMonitor),
            "coverage.collector": types.SimpleNamespace(Collector=Collector),
        }
        modules["coverage"].sysmon = modules["coverage.sysmon"]
        patches = [
            unittest.mock.patch.dict(sys.modules, modules),
            unittest.mock.patch.object(instrument, "ROOT", self.directory),
            unittest.mock.patch("_thread.start_new_thread"),
            unittest.mock.patch("atexit.register"),
        ]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)
        self.data = self.directory + "/data"
        os.mkdir(self.data)
        self.settings = {
            "tool": "/nowhere",
            "data": self.data,
            "project": self.directory + "/app",
            "interval": 1,
            "config": None,
            "by-check": False,
        }
        self.runtime = instruments.Runtime()

    def install(self, **settings):
        self.write(self.directory + "/coverage.json", json.dumps({**self.settings, **settings}))
        instrument.install(self.runtime)
        return Fake.made

    def notes(self):
        names = [name for name in os.listdir(self.data) if name.startswith("note.")]
        return sorted(json.loads(self.read("%s/%s" % (self.data, name))) for name in names)

    def test_the_projects_settings_are_kept_but_for_what_no_server_can_do(self):
        here = os.getcwd()
        made = self.install(config=".coveragerc")
        self.assertEqual(made.arguments["config_file"], self.directory + "/.coveragerc")
        self.assertEqual((made.arguments["data_file"], made.arguments["data_suffix"]), (self.data + "/.coverage", True))
        self.assertEqual((made.started_in, os.getcwd()), (self.settings["project"], here))
        self.assertEqual(made.options["run:source"], [self.settings["project"]])
        self.assertEqual(made.options["run:plugins"], [])
        self.assertEqual(made.options.get("run:core"), "sysmon" if sys.version_info >= (3, 12) else None)
        self.assertEqual(self.notes(), [["plugin", "django_coverage_plugin"]])
        # The ids that Python has names for are left to the application.
        self.assertEqual(SysMonitor().myid, instrument.TOOL)

    def test_it_is_saved_when_the_process_ends(self):
        made = self.install()
        for callback in mod_wsgi.shutdown_callbacks:
            callback("shutdown")
        self.assertEqual(made.saved, 1)
        Collector._collectors.append(object())
        self.addCleanup(Collector._collectors.clear)
        mod_wsgi.shutdown_callbacks[0]()
        self.assertIn(["coverage", ""], self.notes())

    def test_each_requests_thread_is_traced_where_only_that_sees_it(self):
        def trace(frame, event, argument):
            return None

        trace.__module__ = "coverage.fake"
        seen = []

        def application(environ, start_response):
            seen.append(sys.gettrace())
            if environ.get("QUERY_STRING"):
                sys.settrace(None)
            start_response("200 OK", [])
            return [b""]

        before = sys.gettrace()
        self.addCleanup(sys.settrace, before)
        with unittest.mock.patch.object(threading, "gettrace", lambda: trace):
            self.install()
        owned = unittest.mock.patch.object(instrument, "is_ours", lambda now: now is trace)
        with owned:
            sys.settrace(None)
            mod_wsgi.serve(application)
            # As mod_wsgi does; on 3.11 a traced thread waits for it.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), None)
            mod_wsgi.serve(application)
            self.assertEqual(seen, [trace, trace])
            self.assertEqual([note for note in self.notes() if note[0] == "trace"], [])
            mod_wsgi.serve(application, {"QUERY_STRING": "x"})
        self.assertIn(["trace", ""], self.notes())

    def test_what_does_not_begin_is_noted_and_the_application_served(self):
        with unittest.mock.patch.object(Fake, "start", side_effect=RuntimeError("no tool id")):
            self.install()
        self.assertIn(["failed", "RuntimeError: no tool id"], self.notes())
        self.assertEqual((mod_wsgi.event_callbacks, mod_wsgi.shutdown_callbacks), ([], []))


if __name__ == "__main__":
    unittest.main()
