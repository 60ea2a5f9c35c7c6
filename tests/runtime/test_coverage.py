"""coverage.py in a process that serves, as far as it can be told without a server and without coverage.py: with a fake of that."""

import atexit
import ctypes
import json
import os
import socket
import sys
import threading
import time
import types
import unittest
import unittest.mock

import mod_wsgi
import support
from parity_runtime import instruments
from parity_runtime.coverage import attached, instrument, report, sources


class Fake:
    """What the instrument has of coverage.py."""

    made = None
    usual = {"run:plugins": ["django_coverage_plugin"]}

    def __init__(self, **arguments):
        Fake.made = self
        self.arguments = arguments
        self.options = dict(self.usual)
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

    def stop(self):
        pass

    def _atexit(self):
        self.closed = self.saved


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
            unittest.mock.patch("os.register_at_fork"),
            unittest.mock.patch.dict(os.environ),
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

    def test_what_only_reports_need_is_not_imported(self):
        for name in [name for name in sys.modules if name.partition(".")[0] == "coverage"]:
            del sys.modules[name]
        parts = {
            "__init__": "from coverage.control import Coverage\n",
            "control": "from coverage.html import HtmlReporter\n\n\nclass Coverage:\n    pass\n",
            "html": "raise RuntimeError('it takes a while')\n",
            "sysmon": "class SysMonitor:\n    def __init__(self):\n        self.myid = 1\n",
        }
        os.makedirs(self.directory + "/tool/coverage")
        for name, text in parts.items():
            self.write("%s/tool/coverage/%s.py" % (self.directory, name), text)
        coverage = instrument.imported(self.directory + "/tool")
        self.assertEqual(coverage.Coverage.__name__, "Coverage")
        self.assertNotIn(self.directory + "/tool", sys.path)
        # Whoever wants it later gets the real one.
        self.assertEqual(set(sys.modules) & set(instrument.LEFT_OUT), set())

    def test_nothing_is_written_while_coverage_closes_its_files(self):
        with unittest.mock.patch("atexit.unregister") as unregister:
            made = self.install()
        # By itself it would not wait for the thread that writes.
        unregister.assert_called_once_with(made._atexit)
        (finish,) = (call.args[0] for call in atexit.register.call_args_list)
        measuring = finish.__self__
        writing, seen = threading.Event(), []

        def save():
            writing.set()
            time.sleep(0.2)
            seen.append(hasattr(made, "closed"))
            made.saved += 1

        made.save = save
        thread = threading.Thread(target=measuring.save)
        thread.start()
        writing.wait()
        finish()
        thread.join()
        measuring.save()
        self.assertEqual((seen, made.saved, made.closed), ([False] * 3, 3, 3))

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

    def attach(self, **more):
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.addCleanup(ours.close)
        settings = {**self.settings, "root": self.directory, "tool": "/nowhere", **more}
        theirs.sendall(json.dumps(settings).encode() + b"\n")
        with unittest.mock.patch.object(attached.socket, "socket", lambda *_: Connected(ours)):
            return attached.begin(None, "/nowhere"), theirs

    @unittest.skipIf(sys.version_info >= (3, 12), "has sys.monitoring")
    def test_what_cannot_begin_in_a_living_process_is_refused(self):
        begun, theirs = self.attach()
        self.assertIn("needs Python 3.12", json.loads(theirs.recv(4096))["failed"])
        self.assertTrue(begun.ended)
        self.assertEqual(mod_wsgi.shutdown_callbacks, [])

    @unittest.skipIf(sys.version_info < (3, 12), "has no sys.monitoring")
    def test_settings_of_a_living_process_are_relative_to_the_project(self):
        del sys.modules["coverage"]
        here = os.getcwd()
        given = {"run:branch": True, "run:source": ["shop", "package"], "run:omit": ["*/tests/*", "shop/old.py"]}
        os.makedirs(self.settings["project"] + "/shop")
        with (
            unittest.mock.patch.dict(Fake.usual, given),
            unittest.mock.patch.object(instrument, "imported", lambda tool: types.SimpleNamespace(Coverage=Fake)),
        ):
            self.attach()
        options = Fake.made.options
        self.assertEqual((Fake.made.started_in, options["run:core"]), (here, "sysmon"))
        self.assertEqual(options["run:source"], [self.settings["project"] + "/shop", "package"])
        self.assertEqual(options["run:omit"], ["*/tests/*", self.settings["project"] + "/shop/old.py"])
        self.assertEqual(options["run:branch"], sys.version_info >= (3, 14))
        self.assertEqual(["branches" in note for note in self.notes()].count(True), int(sys.version_info < (3, 14)))


class Connected:
    """A socket that has its other end already."""

    def __init__(self, socket):
        self.socket = socket

    def connect(self, address):
        pass

    def __getattr__(self, name):
        return getattr(self.socket, name)


class Seen(support.Case):
    def test_only_files_that_are_older_than_the_process_are_certain(self):
        path = self.directory + "/a.py"
        self.write(path, "A = 1\n")
        known = sources.Sources(self.directory)
        known.began = os.stat(path).st_ctime + 1
        self.assertTrue(known.look([path]))
        self.assertEqual(known.digests[path], report.digest(path))
        self.assertFalse(known.look([path]))
        later = sources.Sources(self.directory)
        later.began = os.stat(path).st_ctime - 1
        later.look([path])
        self.assertEqual(later.digests, {path: None})
        # The worker of a reload knows what it has imported, whatever is there now.
        with unittest.mock.patch.dict(sys.modules, {sources.WORKER: types.SimpleNamespace(read={path: ["abc", 1, 2]})}):
            told = sources.Sources(self.directory)
            told.look([path])
        self.assertEqual(told.digests, {path: "abc"})
        self.assertLess(abs(sources.began() - os.stat("/proc/self").st_mtime), 3600)

    def test_lines_that_an_import_runs_are_known(self):
        path = self.directory + "/a.py"
        lines = ["import os", "", "class A:", "    b = 1", "", "    def c(self):", "        return 2", "", "d = lambda: 3", ""]
        self.write(path, "\n".join(lines))
        self.assertEqual(report.lines_of_import(path) - {0}, {1, 3, 4, 6, 9})
        self.assertEqual(report.lines_of_import(path, alone=True) - {0}, {1, 3, 4, 6})
        self.write(path, "def")
        self.assertEqual(report.lines_of_import(path), set())


if __name__ == "__main__":
    unittest.main()
