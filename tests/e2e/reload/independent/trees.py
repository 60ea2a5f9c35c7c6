"""Random trees of packages and projects that import them, and saves of those projects.

A module is a list of steps, each of which is a few lines of Python, and whatever a step finds goes into the module's `VALUE`
(at import) or comes of one of its `USES` (when a request is answered). A step can be taken out of its module, and what is
left is a tree as well: that is how a failure gets small (`smaller`).

What is known of a tree by construction is in `DEPENDS` and `FREE`: steps whose outcome is another one when the project
changes, and steps that depend on nothing but what they import.
"""

import itertools

PROJECT = "/tmp/tree/app"
KEYS = ("TREE_MODE", "TREE_LEVEL")

HEAD = """import sys
NAME = {name!r}
VALUE = [NAME]
USES = []
DEPS = []
"""

# What the project answers with: all that can be reached from the entry, and what modules have done to one another.
ENTRY = """
def answer():
    found, todo = {}, list(DEPS)
    todo.append(sys.modules[__name__])
    while todo:
        module = todo.pop()
        if module.NAME not in found:
            found[module.NAME] = [module.VALUE, [use() for use in module.USES]]
            todo.extend(module.DEPS)
    return sorted(found.items())

def application(environ, start_response):
    start_response("200 OK", [])
    import os
    return [repr((answer(), [os.environ.get(key) for key in %r])).encode()]
""" % (KEYS,)


def step(kind, **more):
    return {"kind": kind, **more}


# --- what a step looks like -----------------------------------------------------------------------------------------


def lines_of(step, at):
    made = STEPS[step["kind"]]
    text = made(step) if callable(made) else made
    return text.replace("@", "_%d" % at).strip("\n") + "\n"


def import_(step):
    """One module is imported by another, in one of the ways there are for it."""
    target, way = step["target"], step["way"]
    how = {
        "import": "import {0} as @" if "." in target or step.get("plain") else "import {0}\n@ = {0}",
        "from": "from {0} import VALUE as @v\n@ = sys.modules[{0!r}]",
        "star": "from {0} import *\n@ = sys.modules[{0!r}]\nNAME = __name__\nVALUE = @own = [NAME]\nUSES = []\nDEPS = []",
        "machinery": "import importlib\n@ = importlib.import_module({0!r})",
        "function": "@ = __import__({0!r}, fromlist=['VALUE'])",
        "relative": "from . import {1} as @",
    }[way].format(target, target.rpartition(".")[2])
    return how + "\nDEPS.append(@)" + ("\nVALUE.append(('took', @.NAME, sum(map(ord, repr(@.VALUE)))))" if step.get("takes") else "")


def try_import(step):
    """With a substitute where that fails."""
    lines = import_({**step, "way": "import"})
    return "try:\n%s\nexcept %s as @e:\n    VALUE.append('without ' + type(@e).__name__)" % (indented(lines), step["catches"])


def lazy(step):
    """A function that imports what it needs when it is called."""
    call = "VALUE.append(@u())" if step["now"] else "USES.append(@u)"
    return "def @u():\n    import {0}\n    return 'used', sys.modules[{0!r}].VALUE[:1]\n{1}".format(step["target"], call)


def in_try(step):
    return "try:\n%s\nexcept Exception as @e:\n    VALUE.append(type(@e).__name__)" % indented(lines_of(step["inner"], 900))


def indented(text):
    return "\n".join("    " + line for line in text.strip("\n").splitlines())


def found(expression, before=""):
    return "%s\nVALUE.append(%s)" % (before, expression)


# Ways to read a file of the project, to look at one, or at a directory.
FILES = {
    "open": "open('data/a.txt').read()",
    "open_absolute": "open('/tmp/tree/app/data/a.txt', 'rb').read()",
    "open_odd": "open('/tmp/tree//lib/../app/./data/a.txt').read()",
    "open_bytes": "open(b'data/a.txt').read()",
    "open_os": "__import__('os').read(__import__('os').open('data/a.txt', 0), 99)",
    "open_at": "__import__('os').read(__import__('os').open('a.txt', 0, dir_fd=__import__('os').open('data', 0)), 99)",
    "open_io": "__import__('io').FileIO('data/a.txt').read()",
    "open_code": "bytes(__import__('io').open_code('/tmp/tree/app/data/a.txt').read())",
    "pathlib": "__import__('pathlib').Path('data/a.txt').read_text()",
    "linecache": "__import__('linecache').getlines('/tmp/tree/app/data/a.txt')",
    "tokenize": "__import__('tokenize').open('data/a.txt').read()",
    "codecs": "__import__('codecs').open('data/a.txt').read()",
    "fileinput": "list(__import__('fileinput').input(['data/a.txt']))",
    "config": "(lambda c: (c.read('conf.ini'), c.get('x', 'y', fallback=None)))(__import__('configparser').ConfigParser())",
    "up": "(lambda p: p and open(p).read())(next((d + '/data/a.txt' for d in sys.path if d.endswith('app')), None))",
    "resources": "(__import__('importlib.resources').resources.files('own') / 'r.txt').read_text()",
    "pkgutil": "__import__('pkgutil').get_data('own', 'r.txt')",
    "loader": "__import__('importlib.util').util.find_spec('own').loader.get_data('/tmp/tree/app/own/r.txt')",
    "sqlite": "__import__('sqlite3').connect('data/db').execute('select max(x) from t').fetchone()",
    "sqlite_uri": "__import__('sqlite3').connect('file:data/db?mode=ro', uri=True).execute('select max(x) from t').fetchone()",
    "runpy": "__import__('runpy').run_path('code.txt')['X']",
    "mmap": "(lambda f: bytes(__import__('mmap').mmap(f.fileno(), 0, prot=1)))(open('data/a.txt'))",
    "copy": "__import__('shutil').copyfile('data/a.txt', '/tmp/tree/copy') and open('/tmp/tree/copy').read()",
    "filecmp": "__import__('filecmp').cmp('data/a.txt', 'data/b.txt', shallow=False)",
    "hash": "__import__('hashlib').sha1(open('data/a.txt', 'rb').read()).hexdigest()",
    "zip": "__import__('zipfile').is_zipfile('data/a.txt'), __import__('os').path.getsize('data/a.txt')",
}
ASKS = {
    "stat": "__import__('os').stat('data/a.txt').st_size",
    "lstat": "__import__('os').lstat('data/a.txt').st_size",
    "getsize": "__import__('os.path').path.getsize('data/a.txt')",
    "mtime": "int(__import__('os').path.getmtime('/tmp/tree/app/data/a.txt'))",
    "exists": "__import__('os').path.exists('pages/new')",
    "isfile": "__import__('os').path.isfile(b'pages/new')",
    "isdir": "__import__('os').path.isdir('/tmp/tree/app/pages/new')",
    "lexists": "__import__('os').path.lexists('pages/new')",
    "access": "__import__('os').access('pages/new', 4)",
    "path_exists": "__import__('pathlib').Path('pages', 'new').exists()",
    "path_is_file": "__import__('pathlib').Path('pages', 'new').is_file()",
    "path_stat": "__import__('pathlib').Path('data/a.txt').stat().st_size",
    "realpath": "__import__('os').path.realpath('link')",
    "readlink": "__import__('os').readlink('link')",
    "resolve": "str(__import__('pathlib').Path('link').resolve())",
    "from_os": "(lambda stat: stat('data/a.txt').st_size)(getattr(__import__('os'), 'stat'))",
    "stat_at": "__import__('os').stat('a.txt', dir_fd=__import__('os').open('data', 0)).st_size",
    "descriptor": "__import__('os').fstat(__import__('os').open('data/a.txt', 0)).st_size",
    "which": "__import__('shutil').which('new', path='pages')",
    "find_spec": "__import__('importlib.util').util.find_spec('added') is not None",
    "xattr": "__import__('os').listxattr('data/a.txt')",
    "statvfs": "__import__('os').statvfs('pages').f_namemax and __import__('os').path.exists('pages/new')",
}
LISTS = {
    "listdir": "sorted(__import__('os').listdir('pages'))",
    "listdir_none": "(lambda os, was: (os.chdir('pages'), sorted(os.listdir()), os.chdir(was))[1])(__import__('os'), __import__('os').getcwd())",
    "listdir_descriptor": "sorted(__import__('os').listdir(__import__('os').open('pages', 0)))",
    "scandir": "sorted(entry.name for entry in __import__('os').scandir('/tmp/tree/app/pages'))",
    "walk": "sorted(name for _, _, names in __import__('os').walk('pages') for name in names)",
    "fwalk": "sorted(name for _, _, names, _ in __import__('os').fwalk('pages') for name in names)",
    "glob": "sorted(__import__('glob').glob('pages/*'))",
    "iglob_root": "sorted(__import__('glob').glob('*', root_dir='pages')) if sys.version_info >= (3, 10) else open('pages/first').read()",
    "iterdir": "sorted(map(str, __import__('pathlib').Path('pages').iterdir()))",
    "rglob": "sorted(map(str, __import__('pathlib').Path('.').rglob('ne*')))",
    "iter_modules": "sorted(m.name for m in __import__('pkgutil').iter_modules(['/tmp/tree/app']))",
}
# The project sets these before it imports anything.
READS_ENVIRONMENT = {
    "get": "__import__('os').environ.get('TREE_MODE')",
    "getenv": "__import__('os').getenv('TREE_MODE', 'none')",
    "item": "__import__('os').environ['TREE_MODE' if 'TREE_MODE' in __import__('os').environ else 'PATH'][:3]",
    "contains": "'TREE_LEVEL' in __import__('os').environ",
    "bytes": "__import__('os').environb.get(b'TREE_MODE')",
    "copy": "__import__('os').environ.copy().get('TREE_MODE')",
    "dict": "dict(__import__('os').environ).get('TREE_MODE')",
    "items": "sorted(pair for pair in __import__('os').environ.items() if pair[0].startswith('TREE'))",
    "iterated": "sorted(key for key in __import__('os').environ if key.startswith('TREE'))",
    "expandvars": "__import__('os').path.expandvars('${TREE_MODE}')",
    "length": "len(__import__('os').environ)",
    "repr": "'TREE_LEVEL' in repr(__import__('os').environ)",
    "pop": "__import__('os').environ.pop('TREE_MODE', None)",
    "setdefault": "__import__('os').environ.setdefault('TREE_LEVEL', 'from a package')",
    "union": "(__import__('os').environ | {}).get('TREE_MODE') if sys.version_info >= (3, 9) else __import__('os').environ.get('TREE_MODE')",
}

# What a package reads of another one that the project has written to, `t0`.
READS_STATE = {
    "attribute": "VALUE.append(t0.value)",
    "settings": "VALUE.append(t0.settings.mode)",
    "copied": "@ = dict(t0.options)\nVALUE.append(sorted(@))",
    "class": "class @C:\n    mode = t0.value\nUSES.append(lambda: @C.mode)",
    "conditional": "if t0.value:\n    def @u():\n        return 'set'\nelse:\n    def @u():\n        return 'not set'\nUSES.append(@u)",
    "object": "class @C:\n    def __init__(self, mode):\n        self.mode = mode\n@c = @C(t0.value)\nUSES.append(lambda: @c.mode)",
    "slots": "class @C:\n    __slots__ = ['mode']\n@c = @C()\n@c.mode = t0.value\nUSES.append(lambda: @c.mode)",
    "default": "def @u(mode=t0.value):\n    return mode\nUSES.append(@u)",
    "closure": "def @f(mode):\n    return lambda: mode\n@u = @f(t0.value)\nUSES.append(@u)",
    "partial": "import functools\n@u = functools.partial(str, t0.value)\nUSES.append(lambda: @u())",
    "method": "class @C:\n    def mode(self, mode=t0.value):\n        return mode\nUSES.append(lambda: @C().mode())",
    "bound": "class @C:\n    def __init__(self, mode):\n        self.mode = mode\n    def get(self):\n        return self.mode\n@g = @C(t0.value).get\nUSES.append(lambda: @g())",
    "base": "@C = type('C', (t0.Base,), {})\nUSES.append(lambda: @C().which())",
    "function": "@u = t0.hook\nUSES.append(lambda: @u())",
    "private": "__mode__ = t0.value\nUSES.append(lambda: __mode__)",
}

STEPS = {
    # Of packages.
    "import": import_,
    "try_import": try_import,
    "lazy": lazy,
    "constant": lambda step: "X@ = %r" % step["value"],
    "file": lambda step: found(FILES[step["what"]]),
    "ask": lambda step: found(ASKS[step["what"]]),
    "list": lambda step: found(LISTS[step["what"]]),
    "environment": lambda step: found(READS_ENVIRONMENT[step["what"]]),
    "state": lambda step: "import t0\n" + READS_STATE[step["what"]],
    "in_try": in_try,
    "own_module": lambda step: "import %s as @\nVALUE.append(@.VALUE[-1:])" % step["target"],
    "try_own": lambda step: "try:\n    import added as @\n    VALUE.append(@.VALUE[-1:])\nexcept ImportError:\n    VALUE.append('nothing added')",
    "needs_state": "import t0\nif t0.value is None:\n    raise RuntimeError('no value yet')",
    "fails": "raise ImportError('this one never works')",
    "registers": "import t0\nt0.names.append(__name__)",
    "thread": "import threading\n@t = threading.Thread(target=VALUE.append, args=('thread',))\n@t.start()\n@t.join()",
    "pool": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as @p:\n    VALUE.append(@p.submit(lambda: 7).result())",
    "socket": "import socket\nwith socket.socket() as @s:\n    @s.bind(('127.0.0.1', 0))\nVALUE.append('bound')",
    "program": "import subprocess\nVALUE.append(subprocess.run(['true']).returncode)",
    "forks": "import os\n@p = os.fork()\nif not @p:\n    os._exit(3)\nVALUE.append(os.waitpid(@p, 0)[1])",
    "lock": "import fcntl\n@l = open('/tmp/tree/lock', 'w')\nfcntl.flock(@l, fcntl.LOCK_SH | fcntl.LOCK_NB)\nVALUE.append('held')",
    "prints": "print('hello')",
    "keeps_stderr": "@s = sys.stderr\nUSES.append(lambda: (type(@s).__name__, @s is sys.stderr))",
    "warns": "import warnings\nwarnings.warn('old')",
    "sets_variable": "import os\nos.environ['TREE_LEVEL'] = 'package'",
    "adds_path": "import os\nsys.path.append(os.path.dirname(__file__) + '/extra@')\nUSES.append(lambda: any(entry.endswith('/extra@') for entry in sys.path))",
    "renames": "sys.modules['alias_' + NAME] = sys.modules[__name__]\nUSES.append(lambda name=NAME: __import__('alias_' + name).NAME)",
    "patches": "import t0\nt0.hook = lambda: 'patched by ' + NAME\nUSES.append(lambda: t0.hook())",
    "patches_python": "import json\n@d = json.dumps\njson.dumps = lambda *a, **k: NAME + @d(*a, **k)\nUSES.append(lambda: json.dumps(1))",
    "module_class": "import types\nclass @M(types.ModuleType):\n    extra = 3\nsys.modules[__name__].__class__ = @M\nUSES.append(lambda: sys.modules[NAME].extra)",
    "module_getattr": "def __getattr__(name):\n    if name == 'late':\n        return 'late'\n    raise AttributeError(name)\nUSES.append(lambda: sys.modules[NAME].late)",
    "caller": "VALUE.append(next((f.f_globals['__name__'] for f in iter_frames@(sys._getframe()) if f.f_code.co_filename.startswith('/tmp/tree/app')), None))",
    # Of the project.
    "own": lambda step: "VALUE.append(%r)" % step["value"],
    "set_variable": lambda step: "import os\nos.environ[%r] = %r" % (step["key"], step["value"]),
    "unset_variable": lambda step: "import os\nos.environ.pop(%r, None)" % step["key"],
    "set_state": lambda step: "import t0\nt0.value = {0!r}\nt0.settings.mode = {0!r}\nt0.options[{0!r}] = 1".format(step["value"]),
    "set_hook": lambda step: "import t0\nt0.hook = lambda: %r\nt0.Base.which = lambda self: %r" % (step["value"], step["value"]),
    "patch_python": "import socket\nclass @S(socket.socket): pass\nsocket.socket = @S",
    "reads_own": "VALUE.append(open('data/a.txt').read())",
    "breaks": lambda step: "raise ValueError(%r)" % step["value"],
    "uses_colorsys": "import colorsys\nVALUE.append(colorsys.rgb_to_hsv(1, 0, 0)[0])",
}
STEPS["caller"] = (
    "def @f(frame):\n    while frame is not None:\n        if frame.f_code.co_filename.startswith('/tmp/tree/app'):\n"
    "            return frame.f_globals['__name__']\n        frame = frame.f_back\nVALUE.append(@f(sys._getframe()))"
)

# Steps of packages whose outcome is another one when the project changes; by construction, whatever the project does.
DEPENDS = {"file", "ask", "list", "own_module"}
# Steps that do nothing but what they say, and may be done ahead of time.
FREE = {"constant", "import", "module_getattr"}


def text_of(name, steps, entry=False):
    return HEAD.format(name=name) + "".join(lines_of(step, at) for at, step in enumerate(steps)) + (ENTRY if entry else "")


# --- trees ----------------------------------------------------------------------------------------------------------

STATE = """import sys
NAME = "t0"
VALUE, USES, DEPS = [NAME], [], []
value = None
names = []
options = {}
class Settings:
    mode = None
settings = Settings()
class Base:
    def which(self):
        return "base"
def hook():
    return "hook"
"""


class Tree:
    """Packages, and what a project was like with each save."""

    def __init__(self, third, saves):
        # Steps by the name of the module; packages have others in them.
        self.third = third
        # Of each: steps by the path of the module, and texts by the path of the file.
        self.saves = saves

    def third_files(self):
        packages = {name.rpartition(".")[0] for name in self.third}
        files = {"t0.py": STATE}
        for name, steps in self.third.items():
            path = name.replace(".", "/") + ("/__init__.py" if name in packages else ".py")
            files[path] = text_of(name, steps)
        return files

    def project_files(self, number):
        project = self.saves[number]
        files = {path: text_of(name_of(path), steps, entry=path == "wsgi.py") for path, steps in project["modules"].items()}
        return {**files, **project["files"]}

    def dependent(self, number):
        """The packages' modules that depend on the project by construction, as it is with a save."""
        modules = self.saves[number]["modules"]
        own = {name_of(path) for path in modules}
        set_first = itertools.takewhile(lambda step: "key" in step, modules["wsgi.py"])
        sets = {step["key"] for step in set_first if step["kind"] == "set_variable"} == set(KEYS)
        found = {name for name, steps in self.third.items() if any(of_itself(step, own, sets) for step in steps)}
        while True:
            more = {name for name, steps in self.third.items() if name not in found and imports(name, steps) & found}
            if not more:
                return found
            found |= more

    def free(self):
        """The packages' modules that depend on nothing, and import such only."""
        found = {name for name, steps in self.third.items() if all(step["kind"] in FREE for step in steps)} | {"t0"}
        while True:
            less = {name for name in found if name != "t0" and imports(name, self.third[name]) - found}
            if not less:
                return found
            found -= less

    def describe(self):
        lines = []
        for path, text in sorted(self.third_files().items()):
            if path != "t0.py":
                lines += ["--- site-packages/" + path, text.partition("DEPS = []\n")[2]]
        before = {}
        for number in range(len(self.saves)):
            now = self.project_files(number)
            for path, text in sorted(now.items()):
                if before.get(path) != text and (number or path.endswith(".py")):
                    body = text.partition("DEPS = []\n")[2].partition("\ndef answer():")[0] if path.endswith(".py") else text
                    lines += ["=== save %d: %s" % (number, path), body]
            lines += ["=== save %d: %s is gone" % (number, path) for path in sorted(before.keys() - now.keys())]
            before = now
        return "\n".join(lines)


def name_of(path):
    return path[:-3].replace("/", ".").removesuffix(".__init__")


def of_itself(step, own, sets_variables):
    if step["kind"] == "in_try":
        return of_itself(step["inner"], own, sets_variables)
    if step.get("what") == "find_spec":
        return "added" in own
    if step["kind"] in DEPENDS or step["kind"] == "environment" and sets_variables or step["kind"] == "try_own" and "added" in own:
        return True
    target = step.get("target")
    return target in own and step["kind"] in ("import", "try_import", "lazy") and step.get("now", True)


def imports(name, steps):
    """The modules that an import of one imports, with the packages that those are in."""
    found = set()
    for step in steps:
        if step["kind"] in ("import", "try_import") or step["kind"] == "lazy" and step["now"]:
            parts = step["target"].split(".")
            found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    # A package that is imported itself waits for its parts, and they do not for it.
    parts = name.split(".")
    return (found | {".".join(parts[:end]) for end in range(1, len(parts))}) - {name}


# --- how they are made up -------------------------------------------------------------------------------------------

WAYS = ["import", "import", "from", "machinery", "function", "star"]
LOOKS = [("file", FILES), ("ask", ASKS), ("list", LISTS), ("environment", READS_ENVIRONMENT), ("state", READS_STATE)]
ODD = [
    "fails", "needs_state", "registers", "registers", "thread", "pool", "socket", "program", "forks", "lock", "prints", "keeps_stderr", "warns",
    "sets_variable", "adds_path", "renames", "patches", "patches_python", "module_class", "module_getattr", "try_own", "caller",
    "own_module",
]  # fmt: skip
LAST = ("fails", "needs_state")


def grow(random, saves=3):
    theme = random.choice(THEMES)
    third = grow_third(random, theme)
    project = grow_project(random, list(third))
    grown = [project]
    for _ in range(saves):
        grown.append(save(random, grown[-1], list(third), theme))
    return Tree(third, grown)


def grow_third(random, theme):
    names = []
    for number in range(1, random.randint(4, 7)):
        name = "t%d" % number
        if random.random() < 0.45:
            parts = random.sample(["a", "b", "c"], random.randint(1, 3))
            names += ["%s.%s" % (name, part) for part in parts]
        names.append(name)
    third = {}
    for at, name in enumerate(names):
        steps = []
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            others = names[:at] + ["t0"] * 2
            steps.append(grow_import(random, name, random.choice(others)))
        if "." in name or random.random() < 0.2:
            # A cycle, or nearly so.
            target = random.choice(names)
            if target != name:
                steps.append(step("lazy", target=target, now=False) if random.random() < 0.5 else step("import", target=target, way="import"))
        if random.random() < 0.5:
            steps.append(step("constant", value=random.randint(0, 9)))
        if random.random() < theme.looks:
            kind, ways = random.choice([(kind, ways) for kind, ways in LOOKS if not theme.at or kind in theme.at])
            steps.append(step(kind, what=random.choice(sorted(ways))))
        if random.random() < theme.odd:
            kind = random.choice(theme.does)
            steps.append(step(kind, target="p0") if kind == "own_module" else step(kind))
        random.shuffle(steps)
        # What ends an import comes last, or there is nothing left of it.
        steps.sort(key=lambda step: step["kind"] in LAST)
        if steps and random.random() < 0.1:
            steps[-1] = step("in_try", inner=steps[-1])
        third[name] = steps
    return third


def grow_import(random, name, target):
    chance = random.random()
    if chance < 0.15:
        catches = random.choice(["ImportError", "Exception"])
        return step("try_import", target=random.choice([target, target, "missing"]), catches=catches)
    if chance < 0.25:
        return step("lazy", target=target, now=random.random() < 0.5)
    way = random.choice(WAYS)
    if name.rpartition(".")[0] and target.rpartition(".")[0] == name.rpartition(".")[0]:
        way = "relative"
    return step("import", target=target, way=way, takes=random.random() < 0.4)


PRELUDE = {"set_variable": 0.3, "set_state": 0.3, "set_hook": 0.2, "patch_python": 0.02, "uses_colorsys": 0.2}


def grow_project(random, third):
    modules = {"own/__init__.py": [step("own", value=0)]}
    for number in range(random.randint(1, 3)):
        steps = [step("own", value=0)]
        for name in random.sample(third, min(len(third), random.randint(2, 5))):
            steps.append(grow_import(random, "p", name))
        if random.random() < 0.3:
            steps.append(step("reads_own"))
        random.shuffle(steps)
        modules["p%d.py" % number] = steps
    entry = []
    for kind, chance in PRELUDE.items():
        if random.random() < chance:
            entry.append(prelude(random, kind))
    entry += [step("import", target=name_of(path), way="import") for path in sorted(modules, reverse=random.random() < 0.5)]
    for name in random.sample(third, random.randint(1, 3)):
        entry.insert(random.randint(0, len(entry)), grow_import(random, "p", name))
    entry.append(step("own", value=0))
    modules["wsgi.py"] = entry
    files = {"data/a.txt": "a", "data/b.txt": "a", "conf.ini": "[x]\ny = 0\n", "own/r.txt": "r", "code.txt": "X = 0\n", "pages/first": ""}
    return {"modules": modules, "files": files, "counts": {"db": 0, "link": 0}}


def prelude(random, kind):
    if kind == "set_variable":
        return step(kind, key=random.choice(KEYS), value="v%d" % random.randint(0, 99))
    if kind in ("set_state", "set_hook"):
        return step(kind, value="s%d" % random.randint(0, 99))
    return step(kind)


# --- saves ----------------------------------------------------------------------------------------------------------


def save(random, before, third, theme):
    """What somebody does between two looks at a page."""
    project = {
        "modules": {path: [dict(one) for one in steps] for path, steps in before["modules"].items()},
        "files": dict(before["files"]),
        "counts": dict(before["counts"]),
    }
    for _ in range(random.choice([1, 1, 2, 3])):
        random.choice([*EDITS, *theme.edits * 5])(random, project, third)
    return project


def any_module(random, project):
    return project["modules"][random.choice(sorted(project["modules"]))]


def change_constant(random, project, third):
    for one in any_module(random, project):
        if one["kind"] == "own":
            one["value"] = random.randint(1, 999)


def change_prelude(random, project, third):
    entry = project["modules"]["wsgi.py"]
    kind = random.choice(["set_variable", "set_variable", "set_state", "set_state", "set_hook", "patch_python", "uses_colorsys"])
    if random.random() < 0.3:
        entry[:] = [one for one in entry if one["kind"] != kind]
    else:
        entry.insert(0, prelude(random, kind))


def change_files(random, project, third):
    number = random.randint(1, 999)
    change = random.choice(["a", "b", "conf", "r", "code", "new", "gone", "db", "link"])
    files = project["files"]
    if change in ("a", "b"):
        files["data/%s.txt" % change] = "x" * random.randint(1, 9)
    elif change == "conf":
        files["conf.ini"] = "[x]\ny = %d\n" % number
    elif change == "r":
        files["own/r.txt"] = "r%d" % number
    elif change == "code":
        files["code.txt"] = "X = %d\n" % number
    elif change == "new":
        files["pages/new"] = ""
    elif change == "gone":
        files.pop("pages/new", None)
    else:
        project["counts"][change] += 1


def add_import(random, project, third):
    steps = any_module(random, project)
    steps.insert(random.randint(0, len(steps)), grow_import(random, "p", random.choice(third)))


def remove_step(random, project, third):
    steps = any_module(random, project)
    removable = [one for one in steps if one["kind"] != "own"]
    if removable:
        steps.remove(random.choice(removable))


def move_step(random, project, third):
    steps = any_module(random, project)
    if len(steps) > 1:
        steps.insert(random.randint(0, len(steps) - 1), steps.pop(random.randint(0, len(steps) - 1)))


def add_module(random, project, third):
    """Which some package may have been looking for in vain, or has a package's name."""
    name = random.choice(["added", "missing", random.choice(third).partition(".")[0]])
    project["modules"].setdefault(name + ".py", [step("own", value="added")])


def remove_module(random, project, third):
    for path in list(project["modules"]):
        name = name_of(path)
        if name in ("added", "missing") or name.startswith("t"):
            del project["modules"][path]
            return


def break_it(random, project, third):
    steps = any_module(random, project)
    if any(one["kind"] == "breaks" for one in steps):
        steps[:] = [one for one in steps if one["kind"] != "breaks"]
    else:
        steps.insert(random.randint(0, len(steps)), step("breaks", value=random.randint(0, 99)))


def repair(random, project, third):
    for steps in project["modules"].values():
        steps[:] = [one for one in steps if one["kind"] != "breaks"]


EDITS = [
    change_constant, change_constant, change_prelude, change_prelude, change_files, change_files, add_import, add_import,
    remove_step, move_step, add_module, remove_module, break_it, repair, repair, repair,
]  # fmt: skip


class Theme:
    """What there is more of in a tree than by chance."""

    def __init__(self, edits, looks=0.25, at=(), odd=0.2, does=ODD):
        # How often a module looks at something, and at what; how often it does something odd, and what.
        self.looks, self.at, self.odd, self.does = looks, at, odd, does
        self.edits = edits


THEMES = [
    Theme([]),
    Theme([change_prelude], looks=0.5, at=["state"]),
    Theme([change_prelude], looks=0.5, at=["environment"]),
    Theme([change_files], looks=0.4, at=["file", "ask", "list"]),
    Theme([move_step, remove_step, add_import], odd=0.4),
    Theme([move_step, remove_step], odd=0.4, does=["patches", "renames", "adds_path", "patches_python"]),
    Theme([add_module, remove_module, add_import], odd=0.4, does=["try_own", "own_module"]),
]


# --- smaller ones ---------------------------------------------------------------------------------------------------


def smaller(tree):
    """Trees with less in them, the biggest steps first."""
    for number in range(len(tree.saves) - 1, -1, -1):
        if len(tree.saves) > 2:
            yield Tree(tree.third, tree.saves[:number] + tree.saves[number + 1 :])
    for name in list(tree.third):
        if not any(one.startswith(name + ".") for one in tree.third):
            yield Tree({one: steps for one, steps in tree.third.items() if one != name}, tree.saves)
    for path in sorted({path for project in tree.saves for path in project["modules"]} - {"wsgi.py"}):
        yield Tree(tree.third, [without_module(project, path) for project in tree.saves])
    for name, steps in tree.third.items():
        for at in range(len(steps)):
            yield Tree({**tree.third, name: steps[:at] + steps[at + 1 :]}, tree.saves)
        for at, one in enumerate(steps):
            if one.get("takes"):
                yield Tree({**tree.third, name: steps[:at] + [{**one, "takes": False}] + steps[at + 1 :]}, tree.saves)
    for number, project in enumerate(tree.saves):
        for path, steps in project["modules"].items():
            for at in range(len(steps)):
                less = {**project, "modules": {**project["modules"], path: steps[:at] + steps[at + 1 :]}}
                yield Tree(tree.third, tree.saves[:number] + [less] + tree.saves[number + 1 :])
                # The same step in all of them.
                everywhere = [without_step(project, path, steps[at]) for project in tree.saves]
                yield Tree(tree.third, everywhere)
        if number:
            for key in ("files", "counts"):
                if project[key] != tree.saves[number - 1][key]:
                    less = {**project, key: tree.saves[number - 1][key]}
                    yield Tree(tree.third, tree.saves[:number] + [less] + tree.saves[number + 1 :])


def without_module(project, path):
    return {**project, "modules": {one: steps for one, steps in project["modules"].items() if one != path}}


def without_step(project, path, gone):
    modules = dict(project["modules"])
    if path in modules:
        modules[path] = [one for one in modules[path] if one != gone]
    return {**project, "modules": modules}
