use super::*;
use crate::units::mutated::mutated;

fn value(source: &str) -> Expr {
    match Module::parse(source).names.remove("x").map(|bound| bound.to) {
        Some(BoundTo::Value(value)) => value,
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn strings_of_every_kind() {
    for (source, text) in [
        ("x = 'a'", "a"),
        ("x: str = \"a\"", "a"),
        ("x = '''a\nb'''", "a\nb"),
        ("x = r'a\\n'", "a\\n"),
        ("x = 'it\\'s \\x41\\u00e9\\\\'", "it's Aé\\"),
        ("x = ('a'\n  # comment\n  \"b\" 'c')", "abc"),
        ("x = ''", ""),
        ("x = f'{{a}}'", "{a}"),
        ("y = x = 'a'", "a"),
    ] {
        assert_eq!(value(source), Expr::Str(text.into()), "{source}");
    }
    assert_eq!(value("x = f'a{b}c'"), Expr::Format(vec![Expr::Str("a".into()), Expr::Name("b".into()), Expr::Str("c".into())]));
    assert_eq!(value("x = b'a'"), Expr::Other);
}

#[test]
fn imports_of_every_kind() {
    let module = Module::parse("import os.path, a as b\nfrom .c.d import (e, f as g)\nfrom .. import h\nfrom i import *");
    let names: Vec<_> = module.imports().iter().map(|import| (import.level, import.module.as_str(), import.bound())).collect();
    let expected =
        [(0, "os.path", Some("os")), (0, "a", Some("b")), (1, "c.d", Some("e")), (1, "c.d", Some("g")), (2, "", Some("h")), (0, "i", None)];
    assert_eq!(names, expected);
    assert_eq!(module.canonical("os.path.join"), "os.path.join");
    assert_eq!(module.canonical("b.C"), "a.C");
    assert_eq!(module.canonical("g"), ".c.d.f");
}

#[test]
fn relative_imports_are_resolved_from_modules_and_packages() {
    let import = |level| Import { level, module: "base".into(), what: Imported::All };
    assert_eq!(import(1).absolute("site.settings.dev", false).as_deref(), Some("site.settings.base"));
    assert_eq!(import(1).absolute("site.settings", true).as_deref(), Some("site.settings.base"));
    assert_eq!(import(2).absolute("site.settings.dev", false).as_deref(), Some("site.base"));
    assert_eq!(import(2).absolute("settings", false), None);
    assert_eq!(import(9).absolute("", false), None);
}

#[test]
fn functions_know_whether_they_need_arguments() {
    for (source, free, required) in [
        ("def f(): pass", true, &[][..]),
        ("def f(a=1, *args, b: int = 2, **kw): pass", true, &[]),
        ("def f(*args: int): pass", true, &[]),
        ("def f(environ, start_response): pass", false, &["environ", "start_response"]),
        ("def f(a: str, b=1): pass", false, &["a"]),
        ("def f(*, a): pass", false, &[]),
        ("@decorated\nasync def f(): pass", true, &[]),
    ] {
        let module = Module::parse(source);
        let BoundTo::Function(function) = &module.names["f"].to else { panic!("{source}") };
        assert_eq!(
            (function.callable_without_arguments, &function.required[..]),
            (free, &required.iter().map(|s| s.to_string()).collect::<Vec<_>>()[..]),
            "{source}"
        );
        assert_eq!(function.is_async, source.contains("async"));
    }
}

#[test]
fn code_of_the_main_guard_is_left_out() {
    for (source, has) in [
        ("if __name__ == '__main__':\n    x = 1", false),
        ("if '__main__' == __name__:\n    x = 1", false),
        ("if __name__ == '__main__':\n    pass\nelse:\n    x = 1", true),
        ("if __name__ != '__main__':\n    x = 1", true),
        ("if a:\n    x = 1", true),
        ("if a:\n    pass\nelif b:\n    pass\nelse:\n    x = 1", true),
        ("try:\n    x = 1\nexcept E:\n    pass", true),
        ("with a:\n    x = 1", true),
        ("def f():\n    x = 1", false),
        ("class C:\n    x = 1", false),
    ] {
        assert_eq!(Module::parse(source).names.contains_key("x"), has, "{source}");
    }
}

#[test]
fn broken_and_old_source_is_read_as_far_as_possible() {
    assert!(Module::parse("print 'python 2'\nx = 'a'\n").names.contains_key("x"));
    assert!(Module::parse("def f(:\n\nx = 'a'\n").names.contains_key("x"));
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    for open in ["(", "[", "x(", "not ", "-", "a.b[", "if x:\n ", "f'{"] {
        let _ = Module::parse(&format!("x = {}", open.repeat(5_000)));
    }
    let _ = Module::parse(&format!("x = {}", "'a' + ".repeat(50_000)));
    let nested: String = (0..500).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect();
    let _ = Module::parse(&nested);
}

proptest::proptest! {
    #[test]
    fn never_panics(text in ".{0,200}") {
        let _ = Module::parse(&text);
    }

    #[test]
    fn never_panics_on_python_like_text(parts in proptest::collection::vec("(x|=|\\.|import|from|\\*|if |:|\n|    |def |\\(|\\)|f'|\\{|\\}|\\\\|\"|await|else|try|except)", 0..60)) {
        let _ = Module::parse(&parts.concat());
    }

    #[test]
    fn fuzz_source_is_read_with_lines_that_are_there(text in mutated(&SOURCES, &TOKENS)) {
        let module = Module::parse(&text);
        let lines = text.lines().count() + 1;
        let mut last = 0;
        visit(&module.statements, &mut |statement| last = last.max(statement.line));
        proptest::prop_assert!(last <= lines, "line {last} of {lines}");
        proptest::prop_assert!(module.names.values().all(|bound| (1..=lines).contains(&bound.line)));
        for import in module.imports() {
            let _ = (import.absolute("a.b", true), import.absolute("a", false));
        }
        for name in module.names.keys() {
            let _ = module.canonical(name);
        }
    }
}

const SOURCES: [&str; 3] = [
    r#"import os, sys as system
from . import a
from ..b.c import d as e
from f import *

BASE = os.path.join(os.path.dirname(__file__), 'x')
if os.environ.get('DEBUG', '0') == '1':
    DATABASES = {'default': {'ENGINE': 'sqlite', 'NAME': BASE / 'db.sqlite3'}}
elif BASE:
    INSTALLED_APPS += ['a', "b", f'{BASE}x']
else:
    X = 1 if BASE else None
"#,
    r#"from flask import Flask

def create_app(config=None, *, test=False):
    app = Flask(__name__)
    app.config['X'] = {**config}

    @app.route('/')
    def index():
        return 'x'

    return app

class A(B):
    def __call__(self, environ, start_response):
        yield b''

if __name__ == '__main__':
    create_app().run()
"#,
    r#"try:
    import ujson as json
except ImportError:
    json = None
else:
    pass
with open('x') as f, g() as h:
    y = [i for i in f]
match y:
    case [1, *rest]:
        z = lambda q: (yield)
async def app(scope, receive, send): await send({})
x: int = 0x1F
s = '''a
{b}'''
"#,
];
const TOKENS: [&str; 34] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "'''",
    "f'{",
    "\\",
    "\n",
    "\n    ",
    "\t",
    ":",
    ",",
    "=",
    "+=",
    ".",
    "*",
    "**",
    "@",
    "if ",
    "elif x:\n",
    "else:",
    "def ",
    "class ",
    "import ",
    "from . ",
    "lambda: ",
    "not ",
    "\0",
    "é",
    "0x",
];
