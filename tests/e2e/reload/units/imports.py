"""What an import does that makes it depend on the project, and what does not."""

import os
import sys
import unittest

import rig

slot = rig.slot()
imports = rig.part("imports")
slot.audit.listen(imports.hear, *imports.EVENTS)


class OfImage(imports.OfImage, rig.importlib.machinery.SourceFileLoader):
    pass


class OfProject(imports.OfProject, rig.importlib.machinery.SourceFileLoader):
    pass


def hook(loader, is_there):
    finder = rig.importlib.machinery.FileFinder.path_hook((loader, [".py"]))

    def find(path):
        if not is_there(path + "/"):
            raise ImportError
        return finder(path)

    return find


sys.path_hooks[:0] = [hook(OfProject, slot.is_own), hook(OfImage, lambda path: path.startswith(rig.SITE))]
sys.path_importer_cache.clear()


class Imports(rig.Packages):
    def setUp(self):
        super().setUp()
        for known in (imports.seen, imports.dependent, imports.absent, imports.changed, imports.read_early, imports.outdated):
            known.clear()

    def watched(self, text, before="", name="package"):
        """Why a package's import depends on the project, if so; `before` is what the project does."""
        self.package(name + ".py", text)
        imports.begin(imports.WATCH, slot.is_own)
        try:
            exec(before, {})
            __import__(name)
        except FileNotFoundError:
            pass
        finally:
            imports.end()
        return imports.dependent.get(name)

    def test_it_depends_on_what_it_asks_the_project_for(self):
        self.own("data/a.txt", "a")
        os.symlink("data", "link")
        cases = [
            ("open('data/a.txt')", "opens"),
            ("open(b'data/a.txt')", "opens"),
            ("__import__('os').open('data/a.txt', 0)", "opens"),
            ("__import__('pathlib').Path('data/a.txt').read_text()", "opens"),
            ("__import__('os').listdir('data')", "looks at"),
            ("__import__('os').listdir()", "looks at"),
            ("list(__import__('os').scandir('data'))", "looks at"),
            ("__import__('os').stat('data/a.txt')", "looks at"),
            ("__import__('os').path.exists('/' + __import__('os').getcwd() + '/../app/nothing')", "looks at"),
            ("__import__('os').rename('/tmp/nothing-is-here', 'b')", "opens"),
            ("__import__('os').access('data', 4)", "looks at"),
            ("__import__('os').readlink('link')", "looks at"),
            ("__import__('os').statvfs('data')", "looks at"),
            ("__import__('os').listxattr('data/a.txt')", "opens"),
            ("__import__('os').mkfifo('pipe')", "looks at"),
            ("__import__('sqlite3').connect('data/db')", "opens a database"),
            ("__import__('subprocess').run(['true'])", "starts a program"),
            ("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()", "starts a thread"),
            ("__import__('os').chdir('.')", "changes the working directory"),
        ]
        for number, (text, why) in enumerate(cases):
            with self.subTest(text):
                self.assertIn(why, self.watched(text, name="package%d" % number) or "nothing")

    def test_it_may_ask_for_all_else(self):
        self.own("r", "")
        cases = [
            # There is a file of the project that is called as it is opened.
            "open('/etc/hostname', 'r').read()",
            "__import__('os').listdir('/etc')",
            "__import__('os').environ.get('HOME')",
            "__import__('socket').socket().bind(('127.0.0.1', 0))",
            "__import__('sqlite3').connect(':memory:')",
            # Python looks for it in the project first.
            "import colorsys",
        ]
        for number, text in enumerate(cases):
            with self.subTest(text):
                self.assertIsNone(self.watched(text, name="package%d" % number))

    def test_variables_matter_that_were_changed(self):
        cases = [
            "environ.get('OURS')",
            "environ['OURS']",
            "'OURS' in environ",
            "dict(environ)",
            "len(environ)",
            "repr(environ)",
            "environ.copy()",
            "list(environ.items())",
            "__import__('os').path.expandvars('$OURS')",
            "environ.update(THEIRS='2')",
        ]
        self.addCleanup(os.environ.pop, "OURS", None)
        self.addCleanup(os.environ.pop, "THEIRS", None)
        for number, text in enumerate(cases):
            with self.subTest(text):
                os.environ.pop("OURS", None)
                why = self.watched("from os import environ\n" + text, "import os\nos.environ['OURS'] = '1'", name="package%d" % number)
                self.assertIn("variable" if "update" not in text else "changes the environment", why or "nothing")
        # Whoever asks for another one does not depend on it.
        self.assertIsNone(self.watched("import os\nos.environ.get('HOME')", name="other"))

    def test_what_imports_it_depends_as_well(self):
        self.own("settings.py", "")
        self.package("deep.py", "import settings")
        self.package("middle.py", "import deep")
        self.package("beside.py", "X = 1")
        self.assertIn("settings of the project", self.watched("import beside, middle"))
        self.assertEqual(imports.dependent.keys(), {"package", "middle", "deep"})
        self.assertEqual(imports.independent().keys(), {"beside"})

    def test_the_projects_own_code_is_nobodys(self):
        self.own("settings.py", "import innocent\nopen('settings.py')")
        self.package("innocent.py", "X = 1")
        self.watched("import settings")
        self.assertEqual(imports.dependent.keys(), {"package"})
        self.assertIn("innocent", imports.independent())

    def test_one_that_fails_and_works_later_is_not_independent(self):
        self.package("needy.py", "import later")
        imports.begin(imports.WATCH, slot.is_own)
        with self.assertRaises(ImportError):
            import needy
        self.package("later.py", "")
        import needy  # noqa

        imports.end()
        self.assertNotIn("needy", imports.independent())
        self.assertIn("later", imports.independent())

    def test_ahead_of_time_it_is_refused_before_it_happens(self):
        self.package("package.py", "try:\n    open('made', 'w')\nexcept Exception:\n    pass")
        imports.begin(imports.REFUSE, slot.is_own)
        try:
            with self.assertRaises(imports.Refused):
                import package  # noqa
        finally:
            imports.end()
        self.assertFalse(os.path.exists("made"))
        self.assertIn("opens", imports.dependent["package"])

    def test_a_variable_that_is_changed_afterwards_is_told(self):
        self.addCleanup(os.environ.pop, "OURS", None)
        self.package("package.py", "import os\nos.environ.get('OURS')")
        self.package("all.py", "import os\ndict(os.environ)")
        self.package("other.py", "import os\nos.environ.get('THEIRS')")
        imports.begin(imports.REFUSE, slot.is_own)
        import all, other, package  # noqa

        imports.end()
        os.environ["OURS"] = "1"
        self.assertEqual(imports.outdated.keys(), {"package", "all"})

    def test_nothing_of_it_is_left_when_nobody_looks(self):
        before = os.stat, os.readlink
        imports.begin(imports.WATCH, slot.is_own)
        self.assertNotEqual((os.stat, os.readlink), before)
        imports.end()
        self.assertEqual((os.stat, os.readlink), before)
        self.assertIs(type(os.environ._data), dict)
        os.stat(".")
        self.assertEqual(imports.dependent, {})


if __name__ == "__main__":
    unittest.main(warnings="ignore")
