use super::*;
use crate::project::python::{BoundTo, Module};

/// Evaluates the last `x` of a module, with its other names.
fn eval(source: &str) -> Value {
    let module = Module::parse(source);
    evaluate(&module, "x", 0)
}

fn evaluate(module: &Module, name: &str, depth: usize) -> Value {
    let lookup = |name: &str| {
        let bound = module.names.get(name).filter(|_| depth < 20);
        match (name, bound.map(|bound| &bound.to)) {
            ("__file__", _) => Some(Value::Str("/app/mysite/settings.py".into())),
            (_, Some(BoundTo::Value(_))) => Some(evaluate(module, name, depth + 1)),
            (_, Some(BoundTo::Import(_))) => Some(Value::Import(module.canonical(name))),
            _ => None,
        }
    };
    match &module.names[name].to {
        BoundTo::Value(value) => Evaluator::new(&lookup, &|_| None).eval(value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn paths_as_settings_files_make_them() {
    let imports = "import os, environ, unipath\nfrom os import path\nfrom os.path import join as j, dirname\nfrom pathlib import Path\n";
    for (source, expected) in [
        ("x = Path(__file__).resolve().parent.parent / 'static'", "/app/static"),
        ("B = Path(__file__).resolve().parents[1]\nx = B / 'a' / 'b'", "/app/a/b"),
        ("x = str(Path(__file__).parent.joinpath('a', 'b'))", "/app/mysite/a/b"),
        ("B = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nx = os.path.join(B, 'static/')", "/app/static/"),
        ("x = j(dirname(dirname(__file__)), 'a')", "/app/a"),
        ("x = path.join(path.dirname(__file__), '..', 'a')", "/app/mysite/../a"),
        ("x = os.path.join('/app', '/srv/www')", "/srv/www"),
        ("R = environ.Path(__file__) - 2\nx = R('staticfiles')", "/app/staticfiles"),
        ("R = environ.Path(__file__) - 2\nx = str(R.path('a'))", "/app/a"),
        ("x = unipath.Path(__file__).ancestor(2).child('a')", "/app/a"),
        ("B = Path(__file__).parent.parent\nx = f'{B}/a'", "/app/a"),
        ("B = '/app'\nx = B + '/a'", "/app/a"),
        ("x = Path(os.getenv('HOME_DIR', '/srv')) / 'a'", "/srv/a"),
    ] {
        assert_eq!(eval(&format!("{imports}{source}")).text(), Some(expected), "{source}");
    }
}

#[test]
fn the_environment_is_empty() {
    let imports =
        "import os, environ\nfrom os import environ as e, getenv\nfrom decouple import config, Csv\nenv = environ.Env(D=(bool, False))\n";
    let text = |text: &str| Value::Str(text.into());
    for (source, expected) in [
        ("x = os.environ.get('A', 'b')", text("b")),
        ("x = os.environ.get('A')", Value::None),
        ("x = e.get('A', 'b')", text("b")),
        ("x = getenv('A', default='b')", text("b")),
        ("x = os.environ['A']", Value::Unknown),
        ("x = os.environ.get('A') or 'b'", text("b")),
        ("x = 'A' in os.environ", Value::Bool(false)),
        ("x = os.getenv('A', 'False') == 'True'", Value::Bool(false)),
        ("x = bool(int(os.getenv('A', 1)))", Value::Bool(true)),
        ("x = env('A', default='b')", text("b")),
        ("x = env('A')", Value::Unknown),
        ("x = env('D')", Value::Bool(false)),
        ("x = env.bool('A', True)", Value::Bool(true)),
        ("x = env.str('A', default='b')", text("b")),
        ("x = env.list('A', default=['b'])", Value::List(vec![text("b")])),
        ("x = config('A', default='yes', cast=bool)", Value::Bool(true)),
        ("x = config('A', default='a, b', cast=Csv())", Value::List(vec![text("a"), text("b")])),
        ("x = config('A', default='a', cast=lambda v: v)", Value::Unknown),
        ("x = os.getenv('A', 'a,b').split(',')", Value::List(vec![text("a"), text("b")])),
        ("x = 'a' if os.getenv('A') else 'b'", text("b")),
    ] {
        assert_eq!(eval(&format!("{imports}{source}")), expected, "{source}");
    }
}

#[test]
fn lists_stay_known_in_part() {
    assert_eq!(eval("import a\nx = ['b'] + a.c()"), Value::List(vec![Value::Str("b".into()), Value::Unknown]));
    assert_eq!(eval("a = ['b']\nx = ['a', *a, 'c']"), Value::List(["a", "b", "c"].map(|text| Value::Str(text.into())).to_vec()));
    assert_eq!(eval("x = 'b' in ['a', 'b']"), Value::Bool(true));
    assert_eq!(eval("x = 'c' in ['a', f()]"), Value::Unknown);
}

#[test]
fn doubling_ends() {
    let mut source = "a0 = 'xxxxxxxx'\nb0 = ['x']\n".to_owned();
    for n in 1..18 {
        let before = n - 1;
        source += &format!("a{n} = a{before} + a{before}\nb{n} = [b{before}, b{before}]\n");
    }
    for name in ["a17", "b17"] {
        assert!(eval(&format!("{source}x = {name}")).weight() <= MAX_WEIGHT, "{name}");
    }
    assert_eq!(eval(&format!("{source}x = a14")), Value::Unknown);
}

#[test]
fn project_and_container_paths() {
    assert_eq!(inside_project("/app/a/../b/").as_deref(), Some("b"));
    assert_eq!(inside_project("/app").as_deref(), Some(""));
    assert_eq!(inside_project("/apple"), None);
    assert_eq!(inside_project("/app/../etc"), None);
    assert_eq!(inside_project("static"), None);
}
