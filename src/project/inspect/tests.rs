use super::super::testing::project;
use super::*;
use crate::units::Callable;

fn inspected(files: &[(&str, &str)]) -> Project {
    inspect(project(files).path(), &Wanted::default()).unwrap()
}

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";
const MANAGE: &str =
    "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\nfrom django.core.management import x\n";
const SETTINGS: &str = "WSGI_APPLICATION = 'mysite.wsgi.application'\nSTATIC_URL = '/static/'\n";

#[test]
fn a_django_site_below_the_root() {
    let project = inspected(&[
        ("backend/manage.py", MANAGE),
        ("backend/mysite/settings.py", SETTINGS),
        ("backend/mysite/wsgi.py", "application = x()"),
        ("backend/requirements.txt", "Django==5.2"),
        ("wsgi.py", "application = other()"),
    ]);
    assert_eq!(project.choose().unwrap().value.to_string(), "mysite.wsgi:application");
    assert_eq!(project.python_path, [Sourced::detected("backend".to_owned(), "backend/manage.py")]);
    assert!(matches!(project.framework.unwrap().value, Framework::Django(_)));
    assert_eq!(project.requirements.unwrap().files(), ["backend/requirements.txt"]);
    assert_eq!(project.remarks, [""; 0]);
}

#[test]
fn what_only_pastedeploy_makes_is_told_with_the_module_to_write() {
    let ini = "[server:main]\nuse = egg:waitress\n\n[app:main]\nuse = egg:inn\n";
    let package = ("inn/__init__.py", "def main(global_config, **settings):\n    return make(settings)\n");
    let failure = inspected(&[("development.ini", ini), ("production.ini", ini), ("setup.cfg", ini), package]).choose().unwrap_err();
    let [hint] = &failure.hints[..] else { panic!("{failure:?}") };
    assert!(
        hint.contains("production.ini is for PasteDeploy") && hint.contains("loadapp(\"config:production.ini\", relative_to="),
        "{hint}"
    );
    let failure = inspected(&[("etc/zope.ini", ini), ("tests/site.ini", ini), package]).choose().unwrap_err();
    assert!(failure.hints[0].contains("loadapp(\"config:etc/zope.ini\", relative_to="), "{failure:?}");
    // Other tools have such files, too.
    let failure = inspected(&[("tox.ini", "[tox]\nenvlist = py313\n"), package]).choose().unwrap_err();
    assert!(failure.hints[0].starts_with("say where it is in parity.yaml"), "{failure:?}");
    // With that module there is one.
    let wsgi =
        "import os, paste.deploy\napplication = paste.deploy.loadapp(\"config:production.ini\", relative_to=os.path.dirname(__file__))\n";
    let project = inspected(&[("production.ini", ini), package, ("wsgi.py", wsgi)]);
    assert_eq!(project.choose().unwrap().value.to_string(), "wsgi:application");
}

#[test]
fn what_starts_a_server_of_its_own_is_told_with_the_module_to_write() {
    let bottle = "from bottle import route, run\n\n\n@route('/')\ndef index():\n    return 'hello'\n\n\nrun(host='localhost')\n";
    let cherry = "import cherrypy\n\n\nclass Root:\n    pass\n\n\nif __name__ == '__main__':\n    cherrypy.quickstart(Root(), '/')\n";
    for (text, lines) in [
        (bottle, "`import bottle, hello` and `application = bottle.default_app()`"),
        (cherry, "`import cherrypy, hello` and `application = cherrypy.Application(hello.Root(), \"\")`"),
    ] {
        let failure = inspected(&[("hello.py", text)]).choose().unwrap_err();
        assert_eq!(failure.message, "no WSGI application was found, and hello.py starts a server of its own");
        assert!(failure.hints[0].ends_with(lines) && failure.hints[1].contains("__main__"), "{failure:?}");
        // With that module there is one.
        let module: String = lines.split('`').skip(1).step_by(2).map(|line| format!("{line}\n")).collect();
        let project = inspected(&[("hello.py", text), ("wsgi.py", &module)]);
        assert_eq!(project.choose().unwrap().value.to_string(), "wsgi:application");
    }
    for text in ["import subprocess\nrun('ls')\n", "import cherrypy\ncherrypy.quickstart(make(1))\n", "import bottle\n"] {
        let failure = inspected(&[("hello.py", text)]).choose().unwrap_err();
        assert_eq!(failure.message, "no WSGI application was found in the project");
    }
}

#[test]
fn a_flask_application_with_static_files() {
    let project = inspected(&[("app.py", FLASK), ("static/a.css", ""), ("requirements.txt", "flask"), (".python-version", "3.13")]);
    let chosen = project.choose().unwrap();
    assert_eq!((chosen.value.to_string(), chosen.origin.to_string()), ("app:app".into(), "detected from `app` at app.py:2".into()));
    assert_eq!(project.framework.unwrap(), Sourced::detected(Framework::Flask, "Flask(…) in app.py"));
    assert_eq!(project.statics[0].value, super::super::Static { url: "/static/".into(), directory: "static".into() });
    assert_eq!(project.python.unwrap().value, super::super::PythonRequest::Version("3.13".into()));
    assert_eq!(project.remarks, [""; 0]);
}

#[test]
fn a_package_of_a_src_layout() {
    let factory = "from flask import Flask\ndef create_app():\n    return Flask(__name__)";
    let project = inspected(&[("src/site_/__init__.py", factory), ("src/site_/static/x", ""), ("requirements.txt", "flask")]);
    assert_eq!(project.choose().unwrap().value.to_string(), "site_:create_app()");
    assert_eq!(project.python_path[0].value, "src");
    assert_eq!(project.statics[0].directory, "src/site_/static");
}

#[test]
fn two_applications_are_a_failure_with_the_lines_to_write() {
    let failure = inspected(&[("app.py", FLASK), ("main.py", FLASK)]).choose().unwrap_err();
    assert_eq!(failure.kind, Kind::Project);
    assert_eq!(failure.message, "2 WSGI applications were found and no rule chooses between them");
    assert_eq!(failure.details, ["  app:app   detected from `app` at app.py:2", "  main:app  detected from `app` at main.py:2"]);
    assert_eq!(failure.hints, ["write the one to run to parity.yaml: `app: app:app`", "or `app: main:app`"]);
}

#[test]
fn applications_of_one_name_are_told_by_their_files() {
    let many: Vec<String> = (0..6).map(|at| format!("examples/e-{at}/app.py")).collect();
    let mut files: Vec<(&str, &str)> = many.iter().map(|file| (file.as_str(), FLASK)).collect();
    files.push(("examples/auth/app.py", FLASK));
    files.push(("examples/auth/__init__.py", ""));
    let failure = inspected(&files).choose().unwrap_err();
    assert!(failure.details.iter().any(|line| line.trim_start().starts_with("examples/e-3/app.py:app ")), "{:?}", failure.details);
    assert_eq!(failure.hints.len(), 2, "{:?}", failure.hints);
    assert_eq!(failure.hints[1], "or another of those above in the same way");
}

#[test]
fn an_application_of_another_name_is_told() {
    let factory = "from flask import Flask\ndef create_application(config=None):\n    app = Flask(__name__)\n    return app\ndef index():\n    return flask.jsonify()\n";
    let failure = inspected(&[("shop/web.py", factory), ("shop/__init__.py", "")]).choose().unwrap_err();
    assert_eq!(failure.hints, ["if that is the one to run, write to parity.yaml: `app: shop.web:create_application()`"]);
    assert!(failure.details.last().unwrap().contains("shop/web.py:2 makes one of another name"), "{:?}", failure.details);
    let object = "import falcon\napi = falcon.App()\n";
    let failure = inspected(&[("look.py", object)]).choose().unwrap_err();
    assert_eq!(failure.hints, ["if that is the one to run, write to parity.yaml: `app: look:api`"]);
}

#[test]
fn flask_beside_a_function_of_environ_is_not_its_framework() {
    let plain = "from csw import server\ndef application(environ, start_response): return server.answer(environ)\n";
    let beside = [("csw/wsgi.py", plain), ("csw/__init__.py", ""), ("csw/wsgi_flask.py", FLASK), ("requirements.txt", "x")];
    let mut files = beside.to_vec();
    files.push(("csw/server.py", "import os"));
    let project = inspected(&files);
    assert_eq!(project.framework.unwrap().value, Framework::Plain);
    assert_eq!(project.remarks, [""; 0]);
    files[4].1 = "def answer(environ):\n    from csw import wsgi_flask\n";
    assert_eq!(inspected(&files).framework.unwrap().value, Framework::Flask);
}

#[test]
fn two_django_sites_are_a_failure() {
    let settings = SETTINGS.replace("mysite", "other");
    let manage = MANAGE.replace("mysite", "other");
    let project = inspected(&[
        ("a/manage.py", MANAGE),
        ("a/mysite/settings.py", SETTINGS),
        ("a/mysite/wsgi.py", "application = x()"),
        ("b/manage.py", &manage),
        ("b/other/settings.py", &settings),
        ("b/other/wsgi.py", "application = x()"),
    ]);
    let failure = project.choose().unwrap_err();
    assert_eq!(
        failure.details,
        [
            "  mysite.wsgi:application  detected from WSGI_APPLICATION at a/mysite/settings.py:1 (a/manage.py)",
            "  other.wsgi:application   detected from WSGI_APPLICATION at b/other/settings.py:1 (b/manage.py)",
        ]
    );
    assert_eq!(project.framework, None);
}

#[test]
fn nothing_found_says_what_was_looked_for() {
    let failure = inspected(&[("app.py", "import os")]).choose().unwrap_err();
    assert_eq!(failure.message, "no WSGI application was found in the project");
    assert_eq!(
        failure.details,
        [
            "looked for:",
            "  manage.py of Django, here and one directory down, and the WSGI_APPLICATION of its settings",
            "  *.wsgi, wsgi.py or application.py with `application` at module level, here and two directories down",
            "  app.py, wsgi.py, main.py or a package with `app`, `application`, `create_app()` or `make_app()`, here and two directories down",
        ]
    );
    assert_eq!(failure.hints, ["say where it is in parity.yaml, for instance `app: mysite.wsgi:application`"]);
}

#[test]
fn an_asgi_application_is_said_first() {
    let failure = inspected(&[("app.py", "from fastapi import FastAPI\napp = FastAPI()")]).choose().unwrap_err();
    assert_eq!(failure.message, "app.py has an ASGI application (FastAPI); mod_wsgi serves WSGI");
}

#[test]
fn a_syntax_error_where_an_application_would_be_is_said() {
    for text in ["from flask import Flask\napp = Flask(__name__\n\n@app.route('/')\ndef home():\n    return ''\n", "x = 1\napp = = 2\n"] {
        let failure = inspected(&[("app.py", text)]).choose().unwrap_err();
        assert_eq!(failure.message, "no WSGI application was found, and app.py has a syntax error");
    }
    // What can be read of it is enough.
    inspected(&[("app.py", "from flask import Flask\napp = Flask(__name__)\ndef home()\n    return ''\n")]).choose().unwrap();
}

#[test]
fn what_the_user_has_chosen_stands() {
    let dir = project(&[
        ("b/manage.py", MANAGE),
        ("b/mysite/settings.py", SETTINGS),
        ("a/app.py", FLASK),
        ("a/static/x", ""),
        ("x.txt", "httpbin"),
    ]);
    let wanted = |app: &str| Wanted {
        app: Some(app.parse().unwrap()),
        requirements: Some(vec!["x.txt".into()]),
        groups: Vec::new(),
        ..Wanted::default()
    };

    let installed = inspect(dir.path(), &wanted("httpbin:app")).unwrap();
    let callable = Callable::Object("app".into());
    assert_eq!(installed.choose().unwrap(), Sourced::default(EntryPoint::Module { module: "httpbin".into(), callable }));
    assert_eq!(installed.requirements.unwrap().files(), ["x.txt"]);

    let dir = project(&[("a/app.py", FLASK), ("a/static/x", "")]);
    let nested = inspect(dir.path(), &Wanted { requirements: Some(vec![]), ..wanted("app:app") }).unwrap();
    assert_eq!(nested.python_path[0].value, "a");
    assert_eq!(nested.statics[0].directory, "a/static");
    assert_eq!((nested.requirements, nested.remarks), (None, vec![]));

    let plain = inspect(project(&[("site.wsgi", "def application(environ, start_response): ...")]).path(), &Wanted::default()).unwrap();
    assert_eq!(plain.framework.unwrap().value, Framework::Plain);
}

#[test]
fn a_framework_that_nothing_installs_is_told() {
    let told = |requirements: &str| inspected(&[("app.py", FLASK), ("setup.py", ""), ("requirements.txt", requirements)]).remarks;
    assert_eq!(told("requests\n"), ["the project uses flask, but requirements.txt does not list it: the application may fail to start"]);
    for fine in ["Flask>=3", "flask-login", "-e .", "git+https://example.com/x"] {
        assert_eq!(told(fine), [""; 0], "{fine}");
    }
}

#[test]
fn old_encodings_and_line_ends_are_read() {
    let dir = project(&[("requirements.txt", "flask")]);
    std::fs::write(dir.path().join("app.py"), b"\xEF\xBB\xBFfrom flask import Flask\r\napp = Flask(__name__)\r\n").unwrap();
    assert_eq!(inspect(dir.path(), &Wanted::default()).unwrap().choose().unwrap().value.to_string(), "app:app");
    std::fs::write(dir.path().join("app.py"), b"# -*- coding: latin-1 -*-\n# caf\xE9\nfrom flask import Flask\napp = Flask('caf\xE9')\n")
        .unwrap();
    assert_eq!(inspect(dir.path(), &Wanted::default()).unwrap().choose().unwrap().value.to_string(), "app:app");
    assert_eq!(inspect(&dir.path().join("gone"), &Wanted::default()).unwrap_err().kind, Kind::Project);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), which in 0..9_usize) {
        let names = ["app.py", "manage.py", "requirements.txt", "pyproject.toml", "Pipfile.lock", ".python-version", ".flaskenv", "runtime.txt", "Pipfile"];
        let dir = project(&[("app.py", FLASK)]);
        let django = if names[which] == "manage.py" { &b"django\n"[..] } else { b"" };
        std::fs::write(dir.path().join(names[which]), [django, &bytes].concat()).unwrap();
        let _ = inspect(dir.path(), &Wanted::default());
    }
}

#[test]
fn a_framework_that_nothing_installs_is_told_with_the_file_to_write() {
    let missing = |files: &[(&str, &str)]| inspected(files).missing;
    let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nimport django\n";
    for (settings, requirement) in [
        (
            "\"\"\"\nDjango settings for shop project.\n\nGenerated by 'django-admin startproject' using Django 5.2.8.\n\"\"\"\n",
            "Django~=5.2.8",
        ),
        ("# https://docs.djangoproject.com/en/4.2/topics/settings/\n", "Django~=4.2.0"),
        ("DEBUG = True\n", "Django"),
    ] {
        let failure = missing(&[("manage.py", manage), ("shop/settings.py", settings)]).unwrap();
        assert!(failure.hints[0].ends_with(&format!("its first line is `{requirement}`")), "{failure:?}");
    }
    assert_eq!(missing(&[("app.py", FLASK)]).unwrap().message, "the project uses Flask, and nothing says what to install");
    assert!(missing(&[("app.py", FLASK), ("Pipfile", "")]).unwrap().hints[0].contains("`pipenv lock`"));
    assert_eq!(missing(&[("app.py", FLASK), ("requirements.txt", "flask")]), None);
    assert_eq!(missing(&[("app.wsgi", "def application(environ, start_response): ...")]), None);
    let said = Wanted { requirements: Some(Vec::new()), ..Wanted::default() };
    assert_eq!(inspect(project(&[("app.py", FLASK)]).path(), &said).unwrap().missing, None);
}
