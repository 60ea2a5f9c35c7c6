//! What an application writes into its project, as far as that can be told without running it.

use super::python::{BoundTo, Expr, Statement, StatementKind, visit};
use super::settings::{Setting, Settings};
use super::tree::{self, Tree};
use super::value::{self, Evaluator, Value};
use crate::units::{Callable, EntryPoint, Sourced};

/// Directories that are written to, and what makes them ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes {
    /// Relative to the project, which itself is `.`; none is in another.
    pub directories: Vec<Sourced<String>>,
    /// A command for the start of a container, without which what is there is of no use: tables of a database.
    pub prepare: Option<Sourced<String>>,
}

/// What a Django site's settings name: SQLite's files, uploads, caches, logs.
pub(super) fn of_django(home: &str, settings: &Settings) -> Writes {
    let mut found = Vec::new();
    let mut add = |path: &str, is_file: bool, what: &str, setting: &Setting| {
        if let Some(inside) = inside(home, path) {
            let directory = if is_file { tree::parent(&inside).to_owned() } else { inside };
            found.push(Sourced::detected(directory, format!("{what} at {}", setting.place)));
        }
    };
    let mut has_database = None;
    if let Some(setting) = settings.get("DATABASES") {
        for database in values(&setting.value) {
            if let Some(file) = sqlite_file(database) {
                add(&file, true, "the SQLite database", setting);
                has_database = Some(setting);
            }
        }
    }
    for name in ["MEDIA_ROOT", "FILE_UPLOAD_TEMP_DIR", "SESSION_FILE_PATH", "EMAIL_FILE_PATH"] {
        if let Some((setting, path)) = settings.get(name).and_then(|setting| Some((setting, setting.value.text()?))) {
            add(path, false, name, setting);
        }
    }
    if let Some(setting) = settings.get("CACHES") {
        for cache in values(&setting.value) {
            let backend = cache.get("BACKEND").and_then(Value::text).unwrap_or_default();
            if let Some(path) = cache.get("LOCATION").and_then(Value::text).filter(|_| backend.contains("filebased")) {
                add(path, false, "a cache in files", setting);
            }
        }
    }
    if let Some(setting) = settings.get("LOGGING") {
        for handler in setting.value.get("handlers").into_iter().flat_map(values) {
            if let Some(path) = handler.get("filename").and_then(Value::text) {
                add(path, true, "a log file", setting);
            }
        }
    }
    let prepare = has_database.map(|setting| Sourced::detected("python manage.py migrate --noinput".to_owned(), setting.place.clone()));
    Writes { directories: outermost(found), prepare }
}

/// Flask's instance directory, where the application asks for it or Flask-SQLAlchemy puts a file there.
pub(super) fn of_flask(tree: &Tree, file: &str, app: &EntryPoint) -> Writes {
    let sources = || tree.files().filter(|file| file.ends_with(".py")).filter_map(|file| Some((file, tree.text(file)?)));
    let asks = |text: &str| {
        text.contains("instance_relative_config=True")
            || text.contains(".instance_path")
            || text.contains("sqlite:///") && text.to_lowercase().contains("sqlalchemy")
    };
    // Given by the application itself, it may be anywhere.
    let is_elsewhere = |text: &str| text.contains("instance_path=");
    let Some((found, _)) = sources().find(|(_, text)| asks(text)).filter(|_| !sources().any(|(_, text)| is_elsewhere(&text))) else {
        return Writes::default();
    };
    let directory = match database_beside_code(tree, found) {
        Some(found) => found,
        None => Sourced::detected(tree::join(&tree.importable(file).0, "instance"), found),
    };
    let mentions = |words: &[&str]| sources().find(|(_, text)| words.iter().any(|word| text.contains(word))).map(|(file, _)| file);
    let prepare = match (mentions(&["flask_migrate"]), mentions(&["\"init-db\"", "'init-db'"])) {
        (Some(file), _) => Some((format!("flask --app {} db upgrade", flask_app(app)), file)),
        // The tutorial's command drops what is there.
        (None, Some(file)) => Some((format!("test -n \"$(ls {})\" || flask --app {} init-db", directory.value, flask_app(app)), file)),
        (None, None) => None,
    };
    Writes { directories: vec![directory], prepare: prepare.map(|(command, file)| Sourced::detected(command, file)) }
}

/// The directory of an SQLite file whose address has all of its path, `"sqlite:///" + os.path.join(basedir, "app.db")`: Flask-SQLAlchemy
/// puts only others into the instance directory.
fn database_beside_code(tree: &Tree, file: &str) -> Option<Sourced<String>> {
    let module = tree.module(file)?;
    let lookup = |name: &str| match name {
        "__file__" => Some(Value::Str(value::in_container(file))),
        _ => match &module.names.get(name)?.to {
            BoundTo::Import(_) => Some(Value::Import(module.canonical(name))),
            // One level is enough for `basedir`.
            BoundTo::Value(value) => {
                let outer = |name: &str| match name {
                    "__file__" => Some(Value::Str(value::in_container(file))),
                    _ => matches!(module.names.get(name)?.to, BoundTo::Import(_)).then(|| Value::Import(module.canonical(name))),
                };
                Some(Evaluator::new(&outer, &|_| None).eval(value))
            }
            _ => Some(Value::Unknown),
        },
    };
    let evaluator = Evaluator::new(&lookup, &|_| None);
    let mut found = None;
    let mut see = |statement: &Statement| {
        let (StatementKind::Assign { value, .. } | StatementKind::SetItem { value, .. }) = &statement.kind else { return };
        let path = defaults(value).find_map(|value| sqlite_file(&evaluator.eval(value))).filter(|path| path.starts_with('/'));
        if let Some(inside) = path.and_then(|path| value::inside_project(&path)).filter(|_| found.is_none()) {
            let directory = if tree::parent(&inside).is_empty() { "." } else { tree::parent(&inside) };
            found = Some(Sourced::detected(directory.to_owned(), format!("the SQLite database at {file}:{}", statement.line)));
        }
    };
    let classes = module.statements.iter().filter_map(|statement| match &statement.kind {
        StatementKind::Class(class) => Some(&class.body),
        _ => None,
    });
    std::iter::once(&module.statements).chain(classes).for_each(|statements| visit(statements, &mut see));
    found
}

/// What a value can be: of `os.environ.get("URL") or "sqlite:///…"`, and of a call with such a default, each of them.
fn defaults(value: &Expr) -> impl Iterator<Item = &Expr> {
    let inner: Vec<&Expr> = match value {
        Expr::Binary(left, operator, right) if operator == "or" => vec![left, right],
        Expr::Call { args, .. } => args.iter().collect(),
        _ => Vec::new(),
    };
    std::iter::once(value).chain(inner)
}

/// An application as `flask --app` names it.
fn flask_app(app: &EntryPoint) -> String {
    let (place, callable) = match app {
        EntryPoint::Module { module, callable } => (module, callable),
        EntryPoint::Script { path, callable } | EntryPoint::Installed { path, callable } => (path, callable),
    };
    match callable {
        // Those that it looks for itself.
        Callable::Object(name) if name == "app" || name == "application" => place.clone(),
        Callable::Factory(name) if name == "create_app" || name == "make_app" => place.clone(),
        Callable::Object(name) | Callable::Factory(name) => format!("{place}:{name}"),
    }
}

fn values(map: &Value) -> impl Iterator<Item = &Value> {
    let pairs: &[(String, Value)] = if let Value::Map(pairs) = map { pairs } else { &[] };
    pairs.iter().map(|(_, value)| value)
}

/// The file of a database: of a map with its name, or of an address such as `sqlite:///db.sqlite3`.
fn sqlite_file(database: &Value) -> Option<String> {
    let file = match database.text() {
        Some(address) => address.strip_prefix("sqlite:///")?.split('?').next()?.to_owned(),
        None => {
            database.get("ENGINE").and_then(Value::text).filter(|engine| engine.ends_with("sqlite3") || engine.ends_with("spatialite"))?;
            database.get("NAME")?.text()?.to_owned()
        }
    };
    (!file.is_empty() && file != ":memory:" && !file.starts_with("file:")).then_some(file)
}

/// A path of the settings as one inside the project; a relative one begins where `manage.py` is.
fn inside(home: &str, path: &str) -> Option<String> {
    if path.starts_with('/') { value::inside_project(path) } else { tree::normalize(&tree::join(home, path)) }
}

fn outermost(mut found: Vec<Sourced<String>>) -> Vec<Sourced<String>> {
    found.sort_by(|one, other| one.value.cmp(&other.value));
    found.dedup_by(|one, other| one.value == other.value);
    let names: Vec<String> = found.iter().map(|found| found.value.clone()).collect();
    let is_in = |inner: &str, outer: &str| outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    found.retain(|found| !names.iter().any(|outer| *outer != found.value && is_in(&found.value, outer)));
    found.into_iter().map(|found| found.map(|path| if path.is_empty() { ".".into() } else { path })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;
    use crate::project::{Wanted, inspect};

    fn writes(files: &[(&str, &str)]) -> (Vec<String>, String) {
        let directory = project(files);
        let Writes { directories, prepare } = inspect(directory.path(), &Wanted::default()).unwrap().writes;
        (directories.into_iter().map(|found| found.value).collect(), prepare.map(|found| found.value).unwrap_or_default())
    }

    fn django(settings: &str) -> Vec<String> {
        let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\nimport django\n";
        let settings = format!("from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n{settings}");
        writes(&[("manage.py", manage), ("site1/settings.py", &settings), ("site1/wsgi.py", "application = 1")]).0
    }

    #[test]
    fn what_djangos_settings_name() {
        let sqlite = |name: &str| format!("DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': {name}}}}}");
        for (settings, expected) in [
            (sqlite("BASE_DIR / 'db.sqlite3'"), &["."][..]),
            (sqlite("str(BASE_DIR / 'var' / 'db.sqlite3')"), &["var"]),
            (sqlite("'data/db.sqlite3'"), &["data"]),
            (sqlite("':memory:'"), &[]),
            (sqlite("'/tmp/x.sqlite3'"), &[]),
            ("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop'}}".into(), &[]),
            (
                "import dj_database_url\nDATABASES = {'default': dj_database_url.config(default=f'sqlite:///{BASE_DIR}/var/db')}".into(),
                &["var"],
            ),
            ("import environ\nenv = environ.Env()\nDATABASES = {'default': env.db('URL', default='sqlite:///db.sqlite3')}".into(), &["."]),
            (sqlite("BASE_DIR / 'var' / 'db'") + "\nMEDIA_ROOT = BASE_DIR / 'media'", &["media", "var"]),
            (sqlite("BASE_DIR / 'db'") + "\nMEDIA_ROOT = BASE_DIR / 'media'", &["."]),
            (
                "LOGGING = {'handlers': {'file': {'class': 'logging.FileHandler', 'filename': BASE_DIR / 'logs' / 'debug.log'}}}".into(),
                &["logs"],
            ),
            (
                "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': BASE_DIR / 'cache'}}"
                    .into(),
                &["cache"],
            ),
            ("DATABASES = {**other}".into(), &[]),
        ] {
            assert_eq!(django(&settings), expected, "{settings}");
        }
    }

    #[test]
    fn flasks_instance_directory() {
        let app = "from flask import Flask\ndef create_app():\n    app = Flask(__name__, instance_relative_config=True)\n    return app\n";
        let init = "import click\n@click.command('init-db')\ndef init_db(): ...\n";
        let (directories, prepare) = writes(&[("flaskr/__init__.py", app), ("flaskr/db.py", init)]);
        assert_eq!(
            (directories, prepare.as_str()),
            (vec!["instance".to_owned()], "test -n \"$(ls instance)\" || flask --app flaskr init-db")
        );
        let plain = "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\nfrom flask_migrate import Migrate\nserver = app = Flask(__name__)\n\
                     app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'\n";
        assert_eq!(writes(&[("app.py", plain)]), (vec!["instance".to_owned()], "flask --app app db upgrade".to_owned()));
        let (directories, _) = writes(&[("src/shop/__init__.py", app)]);
        assert_eq!(directories, ["src/instance"]);
        assert_eq!(writes(&[("app.py", "from flask import Flask\napp = Flask(__name__)\n")]), (vec![], String::new()));
        for (path, expected) in [("basedir, 'app.db'", "."), ("basedir, '..', 'data', 'app.db'", "data")] {
            let config = format!(
                "import os\nbasedir = os.path.abspath(os.path.dirname(__file__))\nclass Config:\n    SQLALCHEMY_DATABASE_URI = \
                 os.environ.get('DATABASE_URL', '').replace('postgres://', 'x') or 'sqlite:///' + os.path.join({path})\n"
            );
            let (directories, _) =
                writes(&[("app.py", "import shop.config\nfrom flask import Flask\napp = Flask(__name__)\n"), ("shop/config.py", &config)]);
            let expected = if expected == "." { "shop" } else { expected };
            assert_eq!(directories, [expected]);
        }
        let elsewhere = "from flask import Flask\napp = Flask(__name__, instance_path='/srv/x')\nprint(app.instance_path)\n";
        assert_eq!(writes(&[("app.py", elsewhere)]), (vec![], String::new()));
    }
}
