"""What a process of a slot does: its parts in this process, and all of it in processes of their own."""

import contextlib
import gc
import importlib.machinery
import importlib.metadata
import importlib.util
import io
import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
import types
import unittest.mock
import warnings

import mod_wsgi
import support
from parity_runtime import disk, layout
from parity_runtime.protocol.worker import Load, Plan, Requests, TellModules, TellRequests
from parity_runtime.protocol.worker import State as StateFile
from parity_runtime.reload.worker import (
    ahead,
    application,
    audit,
    bytecode,
    context,
    errors,
    importing,
    imports,
    likeness,
    modules,
    namespaces,
    page,
    passing,
    planning,
    prepared,
    reading,
    silence,
    state,
    telling,
    touched,
    underway,
)
from parity_runtime.reload.worker.values import Values


class WorkerCase(support.Case):
    def setUp(self):
        super().setUp()
        self.write(layout.reload_config(), support.config(package="shop").to_text())
        for name in ("SLOT", "PID", "INSIDE"):
            self.replace(context, name, getattr(context, name))
        context.begin("g0")
        os.makedirs(layout.slot("g0"))
        os.makedirs(layout.bytecode())


class WhatIsTheProjects(WorkerCase):
    def test_is_below_it_and_in_no_virtual_environment(self):
        for path, own in {"a.py": True, "venv/lib/site-packages/a.py": False}.items():
            self.assertEqual(context.is_own(layout.PROJECT + "/" + path), own)
        self.assertFalse(context.is_own(layout.PROJECT))
        self.assertFalse(context.is_own(layout.PROJECT + "-other/a.py"))

    def test_machinery_is_left_out_of_tracebacks(self):
        self.assertTrue(context.is_machinery(layout.ETC + "/parity_runtime/x.py"))
        self.assertTrue(context.is_machinery("<frozen importlib._bootstrap>"))
        self.assertFalse(context.is_machinery(layout.PROJECT + "/a.py"))


class DirectoriesThatWereListed(WorkerCase):
    def test_are_forgotten_also_where_metadata_is_imported(self):
        self.assertIn("importlib.metadata", sys.modules)
        found = importlib.metadata.FastPath(layout.PROJECT)
        self.assertIs(found, importlib.metadata.FastPath(layout.PROJECT))
        importing.forget_directories()
        self.assertIsNot(found, importlib.metadata.FastPath(layout.PROJECT))


class IndependentImports(WorkerCase):
    """The rule for what may be imported ahead of time."""

    def setUp(self):
        super().setUp()
        state = ("seen", "dependent", "absent", "under_way", "changed", "read_early", "outdated", "with_metadata")
        for name in (*state, "finders_of_image", "finders_known"):
            value = getattr(imports, name)
            self.replace(imports, name, value)
            value.clear()

    def watch(self, mode=imports.WATCH):
        imports.begin(mode, context.is_own)
        self.addCleanup(imports.end)

    @contextlib.contextmanager
    def importing(self, *names):
        imports.under_way[threading.get_ident()] = list(names)
        try:
            yield
        finally:
            imports.under_way.clear()

    def test_what_makes_an_import_depend_on_the_project(self):
        self.watch()
        own = self.write("data.json")
        for event, arguments, why in (
            ("open", (own, "r", 0), "opens " + own),
            ("os.listdir", (layout.PROJECT,), "looks at " + layout.PROJECT),
            ("os.rename", ("/tmp/x", own, -1, -1), "opens " + own),
            ("subprocess.Popen", ("ls", ["ls"], None, None), "starts a program"),
            ("_thread.start_new_thread", (), "starts a thread"),
            ("socket.bind", (None, ("127.0.0.1", 80)), "listens on a socket"),
            ("sqlite3.connect", ("/tmp/db",), "opens a database"),
            ("fcntl.flock", (1, 2), "locks a file"),
        ):
            imports.dependent.clear()
            with self.importing("outer", "inner"):
                imports.hear(event, arguments)
            self.assertEqual(imports.dependent, {"outer": why, "inner": why}, event)

    def test_what_does_not(self):
        self.watch()
        with self.importing("outer"):
            imports.hear("open", ("/usr/share/zoneinfo/UTC", "r", 0))
            imports.hear("open", (7, "r", 0))
            imports.hear("socket.bind", (None, ("127.0.0.1", 0)))
            imports.hear("sqlite3.connect", (":memory:",))
        # Nothing is being imported.
        imports.hear("os.fork", ())
        self.assertEqual(imports.dependent, {})

    def test_paths_are_those_they_lead_to(self):
        self.watch()
        self.replace(os, "getcwd", lambda: layout.PROJECT)
        for path in ("a.py", b"a.py", layout.PROJECT + "/../app/a.py", layout.PROJECT + "//a.py"):
            self.assertEqual(imports.own_path(path), layout.PROJECT + "/a.py", path)
        self.assertIsNone(imports.own_path("../a.py"))
        self.assertIsNone(imports.own_path(3))

    def test_while_it_is_refused_nothing_of_it_happens(self):
        self.watch(imports.REFUSE)
        with self.importing("outer"), self.assertRaises(imports.Refused):
            imports.hear("os.system", ("true",))

    def test_stat_is_listened_to_and_given_back(self):
        usual = os.stat
        self.watch()
        self.assertIsNot(os.stat, usual)
        own = self.write("a.txt")
        with self.importing("outer"):
            os.stat(own)
        self.assertEqual(imports.dependent, {"outer": "looks at " + own})
        imports.end()
        self.assertIs(os.stat, usual)

    def test_variables_that_were_changed_and_are_read(self):
        audit.listen(imports.hear, "os.putenv")
        self.watch()
        with self.importing("outer"):
            self.assertIsNone(os.environ.get("PARITY_TEST"))
        self.assertEqual(imports.dependent, {})
        imports.hear("os.putenv", (b"PARITY_TEST", b"1"))
        with self.importing("outer"):
            os.environ.get("PARITY_TEST")
        self.assertEqual(imports.dependent, {"outer": "reads variables that have been changed"})

    def test_variables_that_were_read_ahead_of_time_and_changed_afterwards(self):
        self.watch(imports.REFUSE)
        with self.importing("early"):
            os.environ.get("PARITY_TEST")
        imports.end()
        imports.hear("os.putenv", (b"PARITY_TEST", b"1"))
        self.assertEqual(imports.outdated, {"early": "it has read PARITY_TEST, which was changed afterwards"})

    def test_modules_that_were_seen_and_do_not_depend(self):
        self.replace(imports, "mode", imports.WATCH)

        class Base:
            def exec_module(self, module):
                module.body()

        class Loader(imports.OfImage, Base):
            pass

        class OfProject(imports.OfProject, Base):
            pass

        def module(name, body):
            made = sys.modules["parity_test_" + name] = types.ModuleType("parity_test_" + name)
            self.addCleanup(sys.modules.pop, made.__name__, None)
            made.body = body
            return made

        def fails():
            raise ImportError("no such thing")

        own = module("own", lambda: None)
        Loader().exec_module(module("good", lambda: None))
        Loader().exec_module(module("bad", lambda: OfProject().exec_module(own)))
        with self.assertRaises(ImportError):
            Loader().exec_module(module("absent", fails))
        with self.assertRaises(ZeroDivisionError):
            Loader().exec_module(module("broken", lambda: 1 // 0))
        independent = imports.independent()
        self.assertIn("parity_test_good", independent)
        self.assertEqual(imports.dependent["parity_test_bad"], "imports parity_test_own of the project")
        self.assertEqual(imports.dependent["parity_test_broken"], "its import failed: ZeroDivisionError")
        self.assertEqual(imports.absent, {"parity_test_absent"})
        # It could be imported later: it was not for want of something.
        Loader().exec_module(module("absent", lambda: None))
        self.assertNotIn("parity_test_absent", imports.independent())

    def test_what_replaces_a_part_of_python_makes_all_doubtful_but_not_a_hook_that_is_looked_up(self):
        self.replace(prepared.Prepared, "names", set())
        self.replace(prepared.Prepared, "path", sys.path[:])
        self.replace(prepared.Prepared, "finders", sys.meta_path[:])
        self.replace(prepared.Prepared, "standard", prepared.standard())
        # As error trackers do.
        self.replace(threading, "excepthook", lambda args: None)
        self.assertEqual(prepared.outdated(), {})
        self.replace(threading, "Thread", type("Thread", (threading.Thread,), {}))
        self.assertEqual(prepared.outdated(), {"*": "threading.Thread was replaced"})

    def test_what_finds_modules_is_expected_from_a_module_of_the_image_alone(self):
        self.replace(imports, "mode", imports.WATCH)
        self.replace(sys, "meta_path", sys.meta_path[:])
        self.replace(prepared.Prepared, "names", set())
        self.replace(prepared.Prepared, "path", sys.path[:])
        self.replace(prepared.Prepared, "finders", sys.meta_path[:])
        self.replace(prepared.Prepared, "standard", {})

        class Base:
            def exec_module(self, module):
                module.body()

        class OfImage(imports.OfImage, Base):
            pass

        class OfProject(imports.OfProject, Base):
            pass

        class Finder:
            def find_spec(self, name, path=None, target=None):
                return None

        def module(loader, body):
            made = types.ModuleType("parity_test_finder")
            made.body = body
            return lambda: loader().exec_module(made)

        def adds():
            sys.meta_path.append(Finder())

        # As six does: whether it was imported ahead of time or not yet says nothing about what was.
        module(OfProject, module(OfImage, module(OfImage, adds)))()
        self.assertEqual(prepared.outdated(), {})
        # The project's own, wherever its import is asked for.
        module(OfImage, module(OfProject, adds))()
        self.assertEqual(prepared.outdated(), {"*": "the way in which modules are found was changed"})


class TheImportSystem(WorkerCase):
    def test_a_warning_of_an_import_names_who_imports(self):
        path = self.write("warns.py", "import warnings\nwarnings.warn('old', DeprecationWarning, stacklevel=2)\n")

        class Loader(imports.OfProject, importlib.machinery.SourceFileLoader):
            pass

        spec = importlib.util.spec_from_file_location("parity_test_warns", path, loader=Loader("parity_test_warns", path))
        for mode in (None, imports.WATCH):
            self.replace(imports, "mode", mode)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
            self.assertEqual([warning.filename for warning in caught], [__file__], mode)


class Likeness(unittest.TestCase):
    def of(self, text):
        module = types.ModuleType("parity_test_like")
        exec(text, module.__dict__)
        return likeness.of(module)

    def test_shows_in_names_constants_and_attributes_of_classes(self):
        base = "X = 1\nclass A:\n    y = 2\ndef f(): pass\n"
        self.assertEqual(self.of(base), self.of(base + "\n# another comment\n"))
        for other in (
            "X = 2\nclass A:\n    y = 2\ndef f(): pass\n",
            base.replace("y = 2", "y = 3"),
            base + "z = None\n",
            base.replace("def f", "def g"),
        ):
            self.assertNotEqual(self.of(base), self.of(other), other)

    def test_the_order_of_sets_and_objects_without_a_value_do_not_matter(self):
        self.assertEqual(likeness.shape({"a", "b", "c"}), likeness.shape({"c", "b", "a"}))
        self.assertEqual(likeness.shape(object()), likeness.shape(object()))
        self.assertEqual(likeness.shape(list(range(1000))), "list 1000")

    def test_what_cannot_be_looked_at_is_like_no_other(self):
        module = types.ModuleType("parity_test_like")
        module.__file__ = "/x/site-packages/like.py"
        with unittest.mock.patch.dict(likeness.known, clear=True), unittest.mock.patch.object(likeness, "of", side_effect=RuntimeError):
            likeness.note("like", module)
            likeness.note("json", json)
            self.assertEqual(likeness.known, {"like": "in process %d" % os.getpid()})


class Reading(unittest.TestCase):
    def code(self, text):
        return compile(text, "x", "exec")

    def test_what_an_import_does_with_names(self):
        done = reading.Import(self.code("from a import b\nimport c.d\nc.d.e = 1\nf(g)\nclass K:\n    h = i\ndef unused():\n    j\n"))
        self.assertLessEqual({"f", "g", "i"}, done.used)
        self.assertNotIn("j", done.used)
        self.assertLessEqual({"a", "b", "c", "d"}, done.taken)
        self.assertEqual(done.stored, {"e"})
        self.assertFalse(done.star)

    def test_functions_that_are_called_are_read_as_well(self):
        self.assertIn("j", reading.Import(self.code("def used():\n    j\nused()\n")).used)
        self.assertIn("k", reading.Import(self.code("class K:\n    def __init__(self):\n        k\nK()\n")).used)

    def test_everything_may_be_taken(self):
        self.assertTrue(reading.Import(self.code("from a import *\n")).star)

    def test_many_names_need_longer_arguments(self):
        text = "".join("n%d = 1\n" % number for number in range(400)) + "from q import last\nn399\n"
        self.assertIn("last", reading.Import(self.code(text)).taken)
        self.assertIn("n399", reading.Import(self.code(text)).used)

    def test_what_is_looked_into_and_what_is_passed_on(self):
        # Python's operations differ from version to version.
        looked_into = (
            "options['x']", "options[0]", "options[-1]", "options[300]", "options[key]", "options.get", "options()", "f(options)",
            "f(*options)", "f(**options)", "[*options]", "{*options}", "{**options}", "1 in options", "not options", "options == other",
            "options + other", "f'{options}'", "first, second = options", "for y in options: pass", "if options: pass", "assert options",
            "y = 1 if options else 2", "y = options or 1", "y = options and other", "[y for y in options]",
        )  # fmt: skip
        passed_on = ("x = options", "f(options, 1)", "a.b = options", "x = options is None", "x = y = options", "x = [options]")
        for text in looked_into:
            self.assertTrue(reading.looks_into(self.code(text), "options"), text)
        for text in passed_on:
            self.assertFalse(reading.looks_into(self.code(text), "options"), text)
        self.assertEqual(len(reading.tops(self.code("class A:\n    class B: pass\ndef f(): pass\n"))), 3)


class ValuesOfANamespace(unittest.TestCase):
    def test_what_is_another_by_now_is_told_whatever_it_does_when_compared(self):
        class Grumpy:
            def __eq__(self, other):
                raise RuntimeError

        grumpy, kept = Grumpy(), object()
        namespace = {"grumpy": grumpy, "kept": kept, "gone": 1, "none": None, "more": [1]}
        of = {name: Values(namespace, [name]) for name in namespace}
        every = Values(namespace, list(namespace))
        self.assertEqual(list(every.replaced()), [])
        namespace.update(grumpy=Grumpy(), more=[1])
        # What is equal, and nothing else is another, is the same.
        self.assertEqual(list(of["more"].replaced()), [])
        self.assertEqual([name for name, _ in every.replaced()], ["grumpy", "more"])
        del namespace["gone"], namespace["none"]
        self.assertEqual(
            [found for values in of.values() for found in values.replaced()], [("grumpy", namespace["grumpy"]), ("gone", None)]
        )


class Namespaces(unittest.TestCase):
    """One module takes a value from another, and the project replaces it afterwards."""

    def setUp(self):
        for name in ("codes", "imported", "mentioned", "known", "taken"):
            self.enterContext(unittest.mock.patch.dict(getattr(namespaces, name), clear=True))
        self.addCleanup(namespaces.things.clear)

    def import_early(self, name, text):
        code = compile(text, name, "exec")
        module = types.ModuleType(name)
        module.__loader__ = types.SimpleNamespace(get_code=lambda _: code)
        sys.modules[name] = module
        self.addCleanup(sys.modules.pop, name, None)
        namespaces.note_code(name, code)
        exec(code, module.__dict__)
        namespaces.note_import(name, module)
        return module

    def test_a_value_that_was_taken_is_replaced(self):
        one = self.import_early("parity_one", "where = 'here'\nuntouched = object()\n")
        self.import_early("parity_two", "from parity_one import where\n")
        namespaces.finish()
        self.assertEqual(namespaces.outdated(), {})
        one.where = "elsewhere"
        self.assertEqual(namespaces.outdated(), {"parity_two": "parity_one.where was replaced, which it takes"})

    def test_a_thing_that_was_looked_into_is_changed(self):
        one = self.import_early("parity_one", "options = {'x': 1}\n")
        self.import_early("parity_two", "import parity_one\ny = parity_one.options['x']\n")
        namespaces.finish()
        one.options["x"] = 2
        self.assertEqual(list(namespaces.outdated()), ["parity_two"])

    def test_one_gives_another_a_value(self):
        self.import_early("parity_one", "where = 'here'\n")
        self.import_early("paritytwo", "import parity_one\nparity_one.where = 'mine'\n")
        self.assertEqual(namespaces.given(), {"paritytwo": "it replaces parity_one.where"})


class AheadOfTime(WorkerCase):
    def test_packages_are_known_with_all_that_they_are_in(self):
        known = {"a", "a.b", "c.d"}
        self.assertTrue(planning.is_among("a.b", known))
        self.assertFalse(planning.is_among("c.d", known))

    def test_blame_is_kept_once(self):
        planning.blame({"a": "it\nfails", "b": "why"})
        planning.blame({"a": "again"})
        self.assertEqual(disk.text_of(layout.preload_bad()), "a it fails\nb why\n")

    def test_what_others_have_blamed_meanwhile_is_no_reason_to_give_up(self):
        self.enterContext(unittest.mock.patch.object(likeness, "avoided", {"a"}))
        planning.blame({"a": "fails", "b": "fails too"})
        self.assertEqual(planning.to_blame({"a": "", "b": ""}), ["b"])
        self.assertEqual(planning.to_blame(["a"]), ["*"])

    def test_the_dead_are_blamed(self):
        self.write(layout.preloading("g0", 2**22 + 1), "numpy ")
        self.write(layout.preloading("g0", os.getpid()), "scipy")
        ahead.blame_the_dead()
        self.assertEqual(planning.blamed_names(), {"numpy"})

    def test_several_processes_of_a_slot_blame_the_dead_at_once(self):
        path = self.write(layout.preloading("g0", 2**22 + 1), "numpy ")

        def faster(read):
            words = disk.text_of(read).split()
            os.unlink(path)
            return words

        self.replace(disk, "words_of", faster)
        ahead.blame_the_dead()
        self.assertEqual((planning.blamed_names(), os.path.exists(path)), ({"numpy"}, False))

    def test_without_a_plan_nothing_is_done(self):
        self.assertEqual(ahead.stand_by(), 0)
        self.write(layout.preload(), "no plan")
        self.assertEqual(ahead.stand_by(), 0)

    def test_bytecode_is_read_as_far_as_there_is_time(self):
        source = self.write(self.directory + "/lib/parity_read_early.py", "x = 1\n")
        import py_compile

        py_compile.compile(source)
        self.write(layout.preload(), Plan(modules=[], known=[], files=[source, "/no/such.py"]).to_text())
        self.addCleanup(bytecode.read.clear)
        self.write(layout.urgent())
        self.assertEqual(ahead.stand_by(), 0)
        os.unlink(layout.urgent())
        self.assertEqual(ahead.stand_by(), 1)
        self.assertIn(source, bytecode.read)
        # A source that has changed has none.
        bytecode.read.clear()
        self.write(source, "x = 12345\n")
        self.assertEqual(ahead.stand_by(), 0)

    def test_what_is_printed_or_ignored_meanwhile_is_noticed(self):
        with silence.Silence() as silent:
            silent.broken_by()
            self.assertIsNone(silent.broken_by())
            print("x")
            self.assertEqual(silent.broken_by(), "it printed something")
            kept = {"stream": sys.stderr}
            self.assertEqual(silent.broken_by(), "it keeps sys.stderr")
            kept.clear()

    def test_what_the_project_has_of_its_own_is_found(self):
        self.write("json.py")
        self.write("shop/__init__.py")
        self.assertEqual(prepared.names_in([layout.PROJECT, "/no/such"]), {"json", "shop"})
        self.replace(prepared.Prepared, "names", {"json"})
        library = os.path.dirname(os.path.dirname(json.__file__))
        self.assertEqual(prepared.shadowed([layout.PROJECT, library]), {"json": "the project has a module of this name"})
        self.assertEqual(prepared.shadowed([library, layout.PROJECT]), {})

    def test_an_error_is_the_fault_of_the_packages_that_it_came_by(self):
        path = self.write(self.directory + "/lib/parity_guilty.py", "def f():\n    raise KeyError\n")
        module = sys.modules["parity_guilty"] = types.ModuleType("parity_guilty")
        self.addCleanup(sys.modules.pop, "parity_guilty")
        module.__file__ = path
        exec(compile(self.read(path), path, "exec"), module.__dict__)
        with unittest.mock.patch.dict(imports.seen, {"parity_guilty": None}):
            self.replace(prepared.Prepared, "names", {"parity_guilty"})
            try:
                module.f()
            except KeyError as error:
                self.assertEqual(prepared.blamed(error), ["parity_guilty"])
        self.assertEqual(prepared.blamed(KeyError()), ["*"])

    def test_patched_parts_of_python_end_it(self):
        planning.begin()
        self.assertFalse(planning.is_patched())
        self.replace(time, "sleep", lambda seconds: None)
        self.assertTrue(planning.is_patched())

    def test_the_application_itself_is_in_no_plan(self):
        named = types.ModuleType("shop")
        named.__spec__ = types.SimpleNamespace(name="shop")
        self.assertTrue(planning.is_projects("shop", named))
        self.assertTrue(planning.is_projects("shop.views", named))
        self.assertFalse(planning.is_projects("numpy", named))
        named.__file__ = layout.PROJECT + "/x.py"
        self.assertTrue(planning.is_projects("numpy", named))
        self.assertTrue(planning.is_as_named("shop", named) and not planning.is_as_named("other", named))


class Touched(WorkerCase):
    def setUp(self):
        super().setUp()
        for one in (touched.opened, touched.written):
            one.clear()

    def lines(self):
        try:
            return [json.loads(line) for line in self.read(layout.touched(context.PID)).splitlines()]
        except FileNotFoundError:
            return []

    def test_what_is_opened_and_written_is_noted_once(self):
        path = self.write("a.conf", "abc")
        for _ in range(2):
            touched.on_open("open", (path, "r", os.O_RDONLY))
            touched.on_open("open", (layout.PROJECT + "/none", "r", os.O_RDONLY))
            touched.on_open("open", (layout.PROJECT + "/log", "w", os.O_WRONLY | os.O_CREAT))
            touched.on_open("open", ("/etc/hosts", "r", os.O_RDONLY))
        self.assertEqual(
            self.lines(),
            [
                ["opened", path, os.stat(path).st_mtime_ns, 3],
                ["opened", layout.PROJECT + "/none", None, None],
                ["written", layout.PROJECT + "/log"],
            ],
        )

    def test_other_ways_to_write(self):
        touched.on_rename("os.rename", (layout.PROJECT + "/a", layout.PROJECT + "/b", -1, -1))
        touched.on_rename("os.link", (layout.PROJECT + "/c", layout.PROJECT + "/d", -1, -1))
        touched.on_change("os.remove", (layout.PROJECT + "/e", -1))
        touched.on_symlink("os.symlink", ("x", layout.PROJECT + "/f", -1))
        touched.on_truncate("os.truncate", (layout.PROJECT + "/g", 0))
        touched.on_sqlite("sqlite3.connect", (layout.PROJECT + "/h.db",))
        touched.on_sqlite("sqlite3.connect", (":memory:",))
        names = [os.path.basename(path) for kind, path in self.lines() if kind == "written"]
        self.assertEqual(names, ["a", "b", "d", "e", "f", "g", "h.db", "h.db-journal", "h.db-wal", "h.db-shm"])

    def test_bytecode_and_directories_are_not(self):
        os.makedirs(layout.PROJECT + "/dir")
        touched.on_open("open", (layout.PROJECT + "/__pycache__/a.pyc", "r", os.O_RDONLY))
        touched.on_open("open", (layout.PROJECT + "/dir", "r", os.O_RDONLY))
        self.assertEqual(self.lines(), [])

    def test_files_that_a_failed_import_names_are_looked_for(self):
        try:
            try:
                raise FileNotFoundError(layout.PROJECT + "/conf/site.ini doesn't exist")
            except FileNotFoundError as inner:
                raise RuntimeError("see '%s/b.conf', not /etc/hosts." % layout.PROJECT) from inner
        except RuntimeError as error:
            touched.look_for(errors.files_of(error))
        names = [layout.PROJECT + "/b.conf", layout.PROJECT + "/conf/site.ini"]
        self.assertEqual(self.lines(), [["opened", name, None, None] for name in names])

    def test_both_names_of_a_link_matter(self):
        path = self.write("real.conf")
        os.symlink(path, layout.PROJECT + "/link.conf")
        touched.on_open("open", (layout.PROJECT + "/link.conf", "r", os.O_RDONLY))
        self.assertEqual({os.path.basename(line[1]) for line in self.lines()}, {"link.conf", "real.conf"})

    def test_the_agent_is_told_while_requests_are_served(self):
        self.replace(state.State, "doing", "loaded")
        self.replace(touched, "nudged", 0.0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as agent:
            agent.bind(layout.agent())
            agent.settimeout(5)
            touched.on_open("open", (layout.PROJECT + "/log", "w", os.O_WRONLY))
            self.assertEqual(agent.recv(100), b"touched")


def plain(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


class Underway(unittest.TestCase):
    def serve(self, app, environ=None):
        return mod_wsgi.serve(underway.watch(app), environ)

    def test_a_request_is_known_while_it_lasts(self):
        seen = []

        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            yield b"one"
            seen.extend(underway.requests())

        self.assertEqual(self.serve(app, {"PATH_INFO": "/events"})[2], b"one")
        [request] = seen
        self.assertEqual((request["path"], request["sized"], request["events"]), ("/events", False, True))
        self.assertGreaterEqual(request["streaming"], 0)
        self.assertEqual(underway.requests(), [])

    def test_bodies_that_end_by_themselves_go_on_as_they_are(self):
        body = [b"ok"]

        def app(environ, start_response):
            start_response("200 OK", [])
            return body

        with unittest.mock.patch.object(underway, "data_of_request", dict):
            self.assertIs(underway.watch(app)({}, lambda *_: None), body)
        self.assertEqual(self.serve(plain)[2], b"ok")

    def test_a_request_at_a_prompt_streams_nothing(self):
        seen = []

        def app(environ, start_response):
            start_response("200 OK", [])
            yield b"x"
            mod_wsgi.request_data()["parity.prompt"] = True
            seen.extend(underway.requests())

        self.serve(app)
        self.assertIsNone(seen[0]["streaming"])

    def test_a_body_that_breaks_off_is_told(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            yield b"some"
            raise KeyError

        with contextlib.redirect_stderr(io.StringIO()) as error, self.assertRaises(KeyError):
            self.serve(app)
        self.assertEqual(error.getvalue(), "parity: the response to GET / broke off after 4 bytes, and looks complete to its client\n")

    def test_the_body_is_closed(self):
        closed = []

        class Body:
            def __iter__(self):
                return iter([b"x"])

            def close(self):
                closed.append(True)

        def app(environ, start_response):
            start_response("200 OK", [])
            return Body()

        self.serve(app)
        self.assertEqual(closed, [True])


class Errors(WorkerCase):
    def raised(self, text, path):
        try:
            exec(compile(text, path, "exec"), {})
        except Exception as error:
            return error
        raise AssertionError

    def test_what_any_process_would_raise(self):
        own, other = layout.PROJECT + "/a.py", "/lib/site-packages/b.py"
        self.assertTrue(errors.is_certain(self.raised("x", own)))
        self.assertFalse(errors.is_certain(self.raised("x", other)))
        self.assertFalse(errors.is_certain(self.raised("1 / 0", own)))
        self.assertTrue(errors.is_certain(self.raised("import no_such_module", own)))
        self.assertFalse(errors.is_certain(self.raised("raise ImportError", own)))

    def test_frames_of_parity_are_left_out(self):
        def through():
            exec(compile("def load_now(f):\n    f()\n", layout.ETC + "/parity_runtime/x.py", "exec"), scope := {})
            scope["load_now"](lambda: exec(compile("1 / 0", layout.PROJECT + "/a.py", "exec")))

        try:
            through()
        except ZeroDivisionError as error:
            text = errors.text_of(error)
        self.assertNotIn(layout.ETC, text)
        support.has(text, layout.PROJECT + "/a.py", "ZeroDivisionError")


class Page(WorkerCase):
    def ask(self, **environ):
        answer = []
        error = 'File "%s/a.py"\nNameError: <x>' % layout.PROJECT
        body = page.answer(environ, lambda *arguments: answer.extend(arguments), error, None)
        return answer[0], dict(answer[1]), b"".join(body).decode()

    def test_it_says_why_in_paths_of_the_user(self):
        status, headers, text = self.ask(HTTP_ACCEPT="text/html")
        self.assertEqual((status, headers["Content-Type"]), ("500 Internal Server Error", "text/html; charset=utf-8"))
        support.has(text, "/home/ada/shop/a.py", "NameError: &lt;x&gt;")
        self.assertNotIn(layout.PROJECT, text)

    def test_who_wants_no_html_gets_text(self):
        status, headers, text = self.ask(HTTP_ACCEPT="application/json")
        self.assertEqual((headers["Content-Type"], headers["Content-Length"]), ("text/plain; charset=utf-8", str(len(text))))
        self.assertTrue(text.endswith("NameError: <x>"))


class TriedAgain(WorkerCase):
    """Each request to a process whose import failed tries once more, one after the other; the others tell what is known."""

    def setUp(self):
        super().setUp()
        for name in ("doing", "generation", "application", "error", "later", "kind", "doubt", "logged"):
            self.replace(state.State, name, getattr(state.State, name))
        self.replace(context, "is_preloading", lambda: False)
        for name in ("outdated_before", "outdated"):
            self.replace(prepared, name, dict)

    def load(self, import_application, before=None):
        self.replace(importing, "import_application", import_application)
        application.load_now(False, before)

    def test_what_is_known_stands_while_another_try_is_under_way(self):
        begun, go_on = threading.Event(), threading.Event()

        def first():
            raise KeyError("total")

        def second():
            begun.set()
            go_on.wait(5)
            raise RuntimeError("populate() isn't reentrant")

        self.load(first)
        known = state.State.error
        support.has(known, "KeyError: 'total'")
        trying = threading.Thread(target=self.load, args=(second, known))
        trying.start()
        self.assertTrue(begun.wait(5))
        self.assertEqual((state.State.doing, state.State.error, state.State.kind), ("failed", known, "import"))
        go_on.set()
        trying.join()
        self.assertEqual((state.State.doing, state.State.error), ("failed", known))
        support.has(state.State.later, "isn't reentrant")

    def test_one_that_succeeds_is_served(self):
        self.load(lambda: 1 / 0)
        self.load(lambda: str, state.State.error)
        found = state.State
        self.assertEqual((found.doing, found.application, found.error, found.later, found.kind), ("loaded", str, None, None, None))


class Modules(WorkerCase):
    def code(self, path, name="parity_own"):
        loader = modules.Loader(name, path)
        return loader.get_code(name)

    def test_sources_are_compiled_by_their_content(self):
        path = self.write("own.py", "x = 1\n")
        self.addCleanup(modules.read.clear)
        self.replace(state.State, "doing", "loaded")
        self.assertEqual(self.code(path).co_consts[0], 1)
        digest, _, size = modules.read[path]
        self.assertEqual((len(digest), size, len(os.listdir(layout.bytecode()))), (64, 6, 1))
        # Of the same length and second.
        stat = os.stat(path)
        self.write("own.py", "x = 2\n")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.assertEqual(self.code(path).co_consts[0], 2)

    def test_an_empty_file_is_waited_for(self):
        # However busy the machine is.
        self.replace(modules, "WRITTEN_WITHIN", 60_000)
        path = self.write("own.py", "")
        writer = threading.Timer(0.01, self.write, ("own.py", "x = 3\n"))
        writer.start()
        self.assertEqual(modules.Loader("own", path).read_source(path)[1], b"x = 3\n")
        writer.join()

    def test_nothing_is_written_while_requests_wait(self):
        self.addCleanup(modules.read.clear)
        self.replace(state.State, "doing", "loading")
        self.code(self.write("own.py", "x = 1\n"))
        self.assertEqual(os.listdir(layout.bytecode()), [])
        modules.keep_compiled()
        self.assertEqual(len(os.listdir(layout.bytecode())), 1)

    def test_only_directories_of_the_project_are_searched(self):
        with self.assertRaises(ImportError):
            modules.project_finder("/usr/lib")
        os.makedirs(layout.PROJECT + "/pkg")
        self.assertTrue(modules.project_finder(layout.PROJECT + "/pkg"))


class Passing(WorkerCase):
    """Requests that came to a process which is no good, passed on to a server that is."""

    def serve(self, answer):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        asked = queue.Queue()

        def run():
            connection, _ = listener.accept()
            text = b""
            while b"\r\n\r\n" not in text or text.endswith(b"Content-Length: 3\r\n\r\n"):
                text += connection.recv(1000)
            asked.put(text)
            connection.sendall(answer)
            connection.close()

        threading.Thread(target=run, daemon=True).start()
        context.CONFIG.port = listener.getsockname()[1]
        return asked

    def test_a_request_is_passed_on_and_its_answer_back(self):
        self.write(layout.active(), "g1 7")
        asked = self.serve(b"HTTP/1.1 201 Created\r\nX-A: b\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmade")
        answer = []
        environ = {
            "REQUEST_METHOD": "POST",
            "REQUEST_URI": "/cart?x=1",
            "HTTP_HOST": "shop.example",
            "HTTP_CONNECTION": "keep-alive",
            "CONTENT_LENGTH": "3",
            "wsgi.input": io.BytesIO(b"a=1"),
        }
        body = passing.answer(environ, lambda *arguments: answer.extend(arguments))
        self.assertEqual((b"".join(body), answer), (b"made", ["201 Created", [("X-A", "b"), ("Content-Length", "4")]]))
        text = asked.get(timeout=5)
        support.has(text, b"POST /cart?x=1 HTTP/1.1\r\n", b"Host: shop.example\r\n", b"Connection: close\r\n")
        self.assertNotIn(b"keep-alive", text)

    def test_where_requests_go_nowhere_else_it_says_why(self):
        self.replace(passing, "WAITS", 0)
        self.replace(state.State, "error", "NameError: x")
        answer = []
        passing.answer({"HTTP_ACCEPT": "text/plain"}, lambda *arguments: answer.extend(arguments))
        self.assertEqual(answer[0], "500 Internal Server Error")


class Telling(WorkerCase):
    def test_what_it_does_is_a_file_and_its_mark_goes(self):
        self.write(layout.loading("g0", context.PID))
        self.replace(state.State, "doing", "loaded")
        with unittest.mock.patch.dict(modules.read, {"/app/a.py": ["0", 1, 2]}, clear=True):
            telling.describe()
        told = StateFile.from_text(self.read(layout.process("g0", context.PID)))
        self.assertEqual((told.doing, told.read), ("loaded", {"/app/a.py": ["0", 1, 2]}))
        self.assertFalse(os.path.exists(layout.loading("g0", context.PID)))

    def test_garbage_waits_and_what_the_application_sets_stays(self):
        usual = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *usual)
        with importing.garbage_waiting():
            self.assertEqual(gc.get_threshold()[0], importing.PLENTY)
        self.assertEqual(gc.get_threshold(), usual)
        with importing.garbage_waiting():
            gc.set_threshold(5, 6, 7)
        self.assertEqual(gc.get_threshold()[0], 5)


PROCESS = """
import os, sys, types
sys.path[:0] = [sys.argv[1] + "/app", sys.argv[2] + "/tests/runtime"]
import mod_wsgi
mod_wsgi.process_group = sys.argv[3]
code = compile(open(sys.argv[1] + "/etc/instruments.py").read(), sys.argv[1] + "/etc/instruments.py", "exec")
module = types.ModuleType("_mod_wsgi_x")
module.__file__ = code.co_filename
import importlib.util
# The package with the directories of this test.
text = open(sys.argv[2] + "/images/runtime/parity_runtime/layout.py").read()
exec(code, module.__dict__)
from parity_runtime.reload.worker.importing import SCRIPT
print("installed", flush=True)
for line in sys.stdin:
    try:
        answer = mod_wsgi.serve(sys.modules[SCRIPT].application, {"PATH_INFO": line.strip(), "HTTP_ACCEPT": "text/plain"})
        print(answer[0], answer[2].decode().strip().replace("\\n", "|"), flush=True)
    except Exception as error:
        print(repr(error), flush=True)
"""


class Processes(support.Case):
    """All of it, as Apache starts it."""

    def setUp(self):
        super().setUp()
        os.system("cp -r %s/parity_runtime %s/instruments.py %s" % (support.RUNTIME, support.RUNTIME, layout.ETC))
        path = layout.ETC + "/parity_runtime/layout.py"
        text = self.read(path)
        for name in ("ETC", "RUN", "PROJECT"):
            text = text.replace('\n%s = "' % name, '\n%s = "%s"  # "' % (name, getattr(layout, name)))
        self.write(path, text)
        self.write(layout.ETC + "/instruments.txt", "reload\n")
        self.write(layout.reload_config(), support.config().to_text())
        self.write(layout.ETC + "/startup.py", support.startup().replace("/run/parity", layout.RUN).replace("/etc/parity", layout.ETC))
        self.write(layout.handler(), "import sys\n__import__('app')\napplication = sys.modules['app'].application\n")
        self.write(
            "app.py",
            "from other import TEXT\ndef application(environ, start_response):\n    start_response('200 OK', [])\n    return [TEXT]\n",
        )
        self.write("other.py", "TEXT = b'first'\n")
        self.write(layout.active(), "g0 1\n")
        self.agent = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.agent.bind(layout.agent())
        self.addCleanup(self.agent.close)

    def start(self, slot):
        arguments = [sys.executable, "-c", PROCESS, self.directory, support.ROOT, slot]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

        def end():
            process.kill()
            process.communicate()

        self.addCleanup(end)
        self.assertEqual(process.stdout.readline(), "installed\n")
        return process

    def ask(self, process):
        process.stdin.write("/\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    def becomes(self, slot, process, *doing):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            text = disk.text_of(layout.process(slot, process.pid))
            if text and StateFile.from_text(text).doing in doing:
                return StateFile.from_text(text)
            select.select([self.agent], [], [], 0.05)
        raise AssertionError(text)

    def order(self, slot, process, message):
        self.agent.sendto(message.to_text().encode(), layout.orders(slot, process.pid))

    def test_one_serves_and_one_stands_by_and_takes_over(self):
        first = self.start("g0")
        self.assertEqual(self.ask(first), "200 OK first")
        loaded = self.becomes("g0", first, "loaded")
        self.assertEqual(sorted(map(os.path.basename, loaded.read)), ["app.py", "other.py"])
        self.order("g0", first, TellModules())
        self.order("g0", first, TellRequests(number=3))
        until = time.monotonic() + 20
        while not os.path.exists(layout.requests(first.pid)) and time.monotonic() < until:
            time.sleep(0.005)
        plan = Plan.from_text(self.read(layout.modules(first.pid)))
        self.assertFalse([name for name, *_ in plan.modules if name in ("app", "other") or name.startswith("parity")])
        self.assertEqual(Requests.from_text(self.read(layout.requests(first.pid))), Requests(asked=3, requests=[]))
        disk.replace(layout.preload(), plan.to_text())

        second = self.start("g1")
        self.becomes("g1", second, "standby")
        self.write("other.py", "TEXT = b'other'\n")
        disk.replace(layout.active(), "g1 2\n")
        self.order("g1", second, Load(generation=2))
        self.assertEqual(self.becomes("g1", second, "loaded").generation, 2)
        self.assertEqual(self.ask(second), "200 OK other")
        self.assertEqual(self.ask(first), "200 OK first")

    def test_an_import_that_fails_is_a_page_and_works_when_it_is_fixed(self):
        self.write("other.py", "TEXT = b'first'\n1 / 0\n")
        process = self.start("g0")
        support.has(self.ask(process), "500 Internal Server Error", "ZeroDivisionError", "/home/ada/shop/other.py")
        self.assertEqual(self.becomes("g0", process, "failed").kind, "import")
        self.write("other.py", "TEXT = b'fixed'\n")
        self.assertEqual(self.ask(process), "200 OK fixed")

    def test_whatever_an_import_raises_is_a_page(self):
        self.write("other.py", "class Cancelled(BaseException):\n    pass\nraise Cancelled('why')\n")
        process = self.start("g0")
        support.has(self.ask(process), "500 Internal Server Error", "Cancelled: why", "/home/ada/shop/other.py")
        self.assertEqual(self.becomes("g0", process, "failed").kind, "import")

    def test_orders_are_taken_when_one_failed_and_when_descriptors_are_closed(self):
        self.write("other.py", "import os\nos.closerange(3, 256)\nTEXT = b'closed'\n")
        process = self.start("g1")
        self.becomes("g1", process, "standby")
        self.agent.sendto(b"what", layout.orders("g1", process.pid))
        # What was there cannot be written over.
        os.makedirs(layout.modules(process.pid) + "/x")
        self.order("g1", process, TellModules())
        disk.replace(layout.active(), "g1 2\n")
        self.order("g1", process, Load(generation=2))
        self.becomes("g1", process, "loaded")
        until, number = time.monotonic() + 20, 0
        while not os.path.exists(layout.requests(process.pid)) and time.monotonic() < until:
            number += 1
            try:
                self.order("g1", process, TellRequests(number=number))
            except OSError:
                # It does not listen at this moment.
                pass
            time.sleep(0.02)
        self.assertTrue(os.path.exists(layout.requests(process.pid)))
        self.assertEqual(self.ask(process), "200 OK closed")

    def test_another_try_of_an_import_that_failed_is_answered_at_once_with_what_failed_first(self):
        process = self.start("g1")
        self.becomes("g1", process, "standby")
        # What Django does with its applications: what has failed once in a process fails for another reason from then on.
        self.write(
            "app.py", "import sys\nif 'tried' in vars(sys):\n    raise RuntimeError('not twice')\nsys.tried = True\nimport nowhere\n"
        )
        disk.replace(layout.active(), "g1 2\n")
        self.order("g1", process, Load(generation=2))
        support.has(self.becomes("g1", process, "failed").error, "No module named 'nowhere'")
        for _ in range(2):
            began = time.monotonic()
            answer = self.ask(process)
            self.assertLess(time.monotonic() - began, 20)
            support.has(answer, "500 Internal Server Error", "ModuleNotFoundError: No module named 'nowhere'", "RuntimeError: not twice")
        state = StateFile.from_text(self.read(layout.process("g1", process.pid)))
        self.assertIsNone(state.doubt)
        support.has(state.error, "nowhere")

    def test_a_generation_that_a_process_did_not_survive_is_not_imported_again(self):
        self.write(layout.died(), '{"v": 1, "generation": 1, "error": "process 7 ended while it imported the application\\n"}')
        support.has(self.ask(self.start("g0")), "500 Internal Server Error", "process 7 ended")


if __name__ == "__main__":
    unittest.main()
