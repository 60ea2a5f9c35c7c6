use super::*;
use crate::project::testing::project;

type Files<'a> = &'a [(&'a str, &'a str)];

fn found(search: fn(&Tree, &Environment) -> Search, files: Files<'_>) -> Vec<String> {
    let dir = project(files);
    search(&Tree::scan(dir.path()).unwrap(), &Environment::new()).found.iter().map(|found| found.value.to_string()).collect()
}

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";

#[test]
fn files_with_a_module_level_application() {
    let assigned = "application = make()";
    let cases: [(Files<'_>, &[&str]); 17] = [
        (&[("wsgi.py", assigned)], &["wsgi:application"]),
        (&[("site.wsgi", "def application(environ, start_response): pass")], &["site.wsgi"]),
        (&[("application.py", "from flask import Flask\napplication = app = Flask(__name__)")], &["application:application"]),
        (&[("wsgi.py", "from x import app as application")], &["wsgi:application"]),
        (&[("a/b/site.wsgi", assigned)], &["a/b/site.wsgi"]),
        (&[("a/b/c/site.wsgi", assigned)], &[]),
        (&[("wsgi.py", assigned), ("a/site.wsgi", assigned)], &["wsgi:application"]),
        (&[("wsgi.py", assigned), ("site.wsgi", assigned)], &["site.wsgi", "wsgi:application"]),
        (&[("wsgi.py", "from application import application"), ("application.py", assigned)], &["wsgi:application"]),
        (&[("wsgi.py", "if __name__ == '__main__':\n    application = make()")], &[]),
        (&[("wsgi.py", "app = 1")], &[]),
        (&[("wsgi.py", "application = None")], &[]),
        (&[("tests/wsgi.py", assigned), ("venv/wsgi.py", assigned)], &[]),
        (&[("deploy/test.wsgi", "def application(environ, start_response): pass"), ("deploy/wiki.wsgi", assigned)], &["deploy/wiki.wsgi"]),
        (&[("wsgi-test.wsgi", assigned), ("deploy/wiki.wsgi", assigned)], &["deploy/wiki.wsgi"]),
        (&[("test.wsgi", assigned)], &["test.wsgi"]),
        (&[("wsgi.py", "try:\n    application = make()\nexcept Exception:\n    raise")], &["wsgi:application"]),
    ];
    for (files, expected) in cases {
        assert_eq!(found(application_files, files), expected, "{files:?}");
    }
}

#[test]
fn flask_and_its_relatives() {
    let factory = "from flask import Flask\ndef create_app(config=None):\n    app = Flask(__name__)\n    return app\n";
    let cases: [(Files<'_>, &[&str]); 30] = [
        (&[("app.py", FLASK)], &["app:app"]),
        (&[("site/__init__.py", factory)], &["site:create_app()"]),
        (&[("src/site/__init__.py", factory)], &["site:create_app()"]),
        (&[("site/__init__.py", "from .factory import create_app"), ("site/factory.py", factory)], &["site:create_app()"]),
        (&[("app.py", "import bottle\napplication = bottle.default_app()")], &["app:application"]),
        (&[("main.py", "import falcon\napp = falcon.App()")], &["main:app"]),
        (&[("app.py", "from pyramid.config import Configurator\nwith Configurator() as c:\n    app = c.make_wsgi_app()")], &["app:app"]),
        (&[("app.py", "import dash\napp = dash.Dash(__name__)")], &["app:app.server"]),
        (&[("app.py", "import web\napp = web.application(urls, globals())")], &["app:app.wsgifunc()"]),
        (&[("app.py", FLASK), ("main.py", FLASK)], &["app:app", "main:app"]),
        (&[("app.py", FLASK), ("wsgi.py", "from app import app")], &["wsgi:app"]),
        (&[("main.py", "from site_ import create_app\napp = create_app()"), ("site_/__init__.py", factory)], &["main:app"]),
        (&[("pkg/__init__.py", "from .app import app"), ("pkg/app.py", FLASK)], &["pkg:app"]),
        (
            &[
                ("pkg/__init__.py", "from flask import Flask\napp = Flask(__name__)\nfrom pkg.main import x"),
                ("pkg/main.py", "from pkg import app"),
            ],
            &["pkg.main:app"],
        ),
        (&[("app.py", FLASK), ("main.py", "app = Window()")], &["app:app"]),
        (&[("main.py", "app = Window()")], &["main:app"]),
        (&[("main.py", "import typer\napp = typer.Typer()")], &[]),
        (&[("app.py", "from celery import Celery\napp = Celery('x')")], &[]),
        (&[("app.py", "from flask import Blueprint\napp = Blueprint('x', __name__)")], &[]),
        (&[("app.py", "app = {'a': 1}\napplication = 'x'")], &["app:app"]),
        (&[("pkg/__init__.py", "from . import app"), ("pkg/app.py", "x = 1")], &[]),
        (&[("backend/app.py", FLASK)], &["app:app"]),
        (&[("app.py", "def create_app(config):\n    return Flask(config)")], &[]),
        (
            &[(
                "app.py",
                "from werkzeug.middleware.proxy_fix import ProxyFix\nfrom flask import Flask\napp = Flask(__name__)\napp = ProxyFix(app)",
            )],
            &["app:app"],
        ),
        (
            &[("wsgi.py", "from board import create_app\nboard = create_app(config='board.cfg')"), ("board/__init__.py", factory)],
            &["wsgi:board"],
        ),
        (&[("app.py", "import flask\ndef create_app():\n    return flask.Flask('x')\nsite = create_app()")], &["app:site"]),
        (&[("app.py", "def create_app(config):\n    return Flask(config)\nsite = create_app('x')")], &["app:site"]),
        (&[("app.py", "from flask import Flask\nsite = Flask(__name__)")], &["app:site"]),
        // Which of two is meant, nobody can say.
        (
            &[("app.py", "import flask\ndef create_app():\n    return flask.Flask('x')\na = create_app()\nb = create_app()")],
            &["app:create_app()"],
        ),
        (&[("my-app.py", FLASK), ("cli.py", FLASK)], &[]),
    ];
    for (files, expected) in cases {
        assert_eq!(found(flask_files, files), expected, "{files:?}");
    }
}

#[test]
fn flask_app_variable_decides() {
    let cases: [(Files<'_>, &[&str]); 8] = [
        (&[(".flaskenv", "FLASK_APP=blog.py"), ("blog.py", FLASK), ("app.py", FLASK)], &["blog:app"]),
        (&[(".flaskenv", "# x\nexport FLASK_APP=\"main:app\"\r\n"), ("app.py", FLASK), ("main.py", FLASK)], &["main:app"]),
        (
            &[(".env", "FLASK_APP=main:create_app()"), ("main.py", "def create_app(): return x()"), ("app.py", FLASK)],
            &["main:create_app()"],
        ),
        (&[(".flaskenv", "FLASK_APP=app"), (".env", "FLASK_APP=main # over it"), ("app.py", FLASK), ("main.py", FLASK)], &["main:app"]),
        (&[(".flaskenv", "N=main\nFLASK_APP='${N}'"), ("app.py", FLASK), ("main.py", FLASK)], &["main:app"]),
        (
            &[(".flaskenv", "FLASK_APP=main:create_app('dev')"), ("main.py", "def create_app(c=None): return x()"), ("app.py", FLASK)],
            &["main:create_app()"],
        ),
        (&[(".env", "FLASK_APP=gone"), ("app.py", FLASK)], &["app:app"]),
        (&[(".env", "FLASK_APP=../out.py"), ("app.py", FLASK)], &["app:app"]),
    ];
    for (files, expected) in cases {
        assert_eq!(found(flask_files, files), expected, "{files:?}");
    }
}

#[test]
fn other_protocols_are_told_not_offered() {
    for (source, framework) in [
        ("from fastapi import FastAPI\napp = FastAPI()", "FastAPI"),
        ("import fastapi as f\napp: f.FastAPI = f.FastAPI(title='x')", "FastAPI"),
        ("from starlette.applications import Starlette\napp = Starlette()", "Starlette"),
        ("from quart import Quart\napp = Quart(__name__)", "Quart"),
        ("from fastapi import FastAPI\ndef create_app():\n    app = FastAPI()\n    return app", "FastAPI"),
        ("from fastapi import FastAPI\ndef build():\n    return FastAPI()\napp = build()", "FastAPI"),
        ("async def app(scope, receive, send): pass", "an async function"),
        ("from api import app", "FastAPI"),
        (
            "from health import check\nfrom django.core.asgi import get_asgi_application\napp = check(get_asgi_application(), '/up')",
            "Django's ASGI",
        ),
        ("import socketio\napp = socketio.ASGIApp(x)", "socketio"),
        ("from a2wsgi import WSGIMiddleware\napp = WSGIMiddleware(x)", "a WSGI application made into one"),
        ("class App:\n    async def __call__(self, scope, receive, send): pass\napp = App()", "an object of App"),
        ("class App:\n    def __call__(self, scope, receive, send): pass\napp = App()", "an object of App"),
    ] {
        let dir = project(&[("app.py", source), ("api.py", "from fastapi import FastAPI\napp = FastAPI()")]);
        let search = flask_files(&Tree::scan(dir.path()).unwrap(), &Environment::new());
        assert_eq!(search.found, [], "{source}");
        assert_eq!(search.passed_over, [format!("app.py has an ASGI application ({framework}); mod_wsgi serves WSGI")], "{source}");
    }
}

#[test]
fn what_turns_one_into_the_other_is_offered() {
    let source = "from a2wsgi import ASGIMiddleware\nfrom django.core.asgi import get_asgi_application\napp = ASGIMiddleware(get_asgi_application())";
    let class = "class App:\n    def __call__(self, environ, start_response): pass\napp = App()";
    assert_eq!(found(flask_files, &[("app.py", source)]), ["app:app"]);
    assert_eq!(found(flask_files, &[("app.py", class)]), ["app:app"]);
}

#[test]
fn the_environment_names_the_flask_application() {
    let dir = project(&[(".env", "FLASK_APP=app"), ("app.py", FLASK), ("main.py", FLASK)]);
    let environment =
        [("FLASK_APP".to_owned(), Sourced::new(crate::units::Secret::new("main:app"), crate::units::Origin::Env("FLASK_APP".into())))];
    let found = flask_files(&Tree::scan(dir.path()).unwrap(), &environment.into()).found;
    assert_eq!(
        (found[0].value.to_string(), found[0].origin.to_string()),
        ("main:app".into(), "detected from FLASK_APP at $FLASK_APP".into())
    );
}

#[test]
fn circular_imports_end() {
    assert_eq!(found(flask_files, &[("app.py", "from main import app"), ("main.py", "from app import app")]), ["app:app", "main:app"]);
    assert_eq!(found(flask_files, &[("app.py", "from app import app")]), ["app:app"]);
    assert_eq!(found(flask_files, &[("app.py", "app = f(app)\napp = f(app)")]), ["app:app"]);
}
