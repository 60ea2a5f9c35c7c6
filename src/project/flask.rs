//! The static files of Flask applications.

use super::Static;
use super::python::{BoundTo, Expr, Module};
use super::tree::{self, Tree};
use super::value::{self, Evaluator, Value};
use crate::units::Sourced;

/// More files than this are not read in search of an application.
const MAX_READ: usize = 200;

/// The file of the project that makes the Flask application, or at least imports Flask: `first` if it does, then any other.
pub(super) fn application_file(tree: &Tree, first: Option<&str>) -> Option<(String, bool)> {
    // Most files do not have the word in them, and need not be parsed.
    let mentions = |file: &&str| tree.text(file).is_some_and(|text| text.contains("flask"));
    let others = || tree.files().filter(|file| file.ends_with(".py")).take(MAX_READ);
    let files = || first.into_iter().chain(others()).filter(mentions);
    let makes = |file: &&str| tree.module(file).is_some_and(|module| call(&module).is_some());
    let imports = |file: &&str| tree.module(file).is_some_and(|module| module.imports_package("flask"));
    files().find(makes).map(|file| (file.to_owned(), true)).or_else(|| files().find(imports).map(|file| (file.to_owned(), false)))
}

/// The directory that the application in a file serves by itself, if it is there.
pub(super) fn statics(tree: &Tree, file: &str) -> Option<Sourced<Static>> {
    let module = tree.module(file)?;
    let (line, keywords) = call(&module)?;
    let lookup = |name: &str| match name {
        "__file__" => Some(Value::Str(value::in_container(file))),
        _ => match &module.names.get(name)?.to {
            BoundTo::Import(_) => Some(Value::Import(module.canonical(name))),
            // One level is enough for `STATIC = "assets"`; names of names are not followed.
            BoundTo::Value(value) => Some(Evaluator::new(&|_| None, &|_| None).eval(value)),
            _ => Some(Value::Unknown),
        },
    };
    let keyword =
        |name: &str| keywords.iter().find(|(keyword, _)| keyword == name).map(|(_, value)| Evaluator::new(&lookup, &|_| None).eval(value));
    let folder = match keyword("static_folder") {
        None => "static".to_owned(),
        Some(value) => value.text()?.trim_end_matches('/').to_owned(),
    };
    let directory =
        if folder.starts_with('/') { value::inside_project(&folder)? } else { tree::normalize(&tree::join(tree::parent(file), &folder))? };
    let url = match keyword("static_url_path") {
        None => tree::file_name(&folder).to_owned(),
        Some(value) => value.text()?.to_owned(),
    };
    let url = url.trim_matches('/');
    // At the root of the site Apache could not tell files from pages: Flask serves them.
    if url.is_empty() || directory.is_empty() || !tree.is_dir(&directory) {
        return None;
    }
    Some(Sourced::detected(Static { url: format!("/{url}/"), directory }, format!("Flask's static files at {file}:{line}")))
}

/// The call `Flask(__name__, …)` anywhere in a module: its line and its keywords.
fn call(module: &Module) -> Option<(usize, Vec<(String, Expr)>)> {
    use super::python::{Imported, StatementKind, visit};
    let mut found = None;
    // A factory may import Flask inside the function.
    let named: Vec<String> = module
        .imports()
        .into_iter()
        .filter_map(|import| match &import.what {
            Imported::Name { name, bound } if import.module == "flask" && name == "Flask" => Some(bound.clone()),
            Imported::Module if import.module == "flask" => Some("flask.Flask".to_owned()),
            Imported::ModuleAs(bound) if import.module == "flask" => Some(format!("{bound}.Flask")),
            _ => None,
        })
        .collect();
    visit(&module.statements, &mut |statement| {
        let (StatementKind::Assign { value, .. } | StatementKind::Return(value) | StatementKind::Expr(value)) = &statement.kind else {
            return;
        };
        if let Expr::Call { function, keywords, .. } = value
            && found.is_none()
            && function.dotted().is_some_and(|dotted| named.contains(&dotted))
        {
            found = Some((statement.line, keywords.clone()));
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;

    #[test]
    fn static_directories() {
        let cases = [
            ("app.py", "import flask\napp = flask.Flask(__name__)", "static", Some("/static/ static")),
            ("app.py", "from flask import Flask\napp = Flask(__name__)", "other", None),
            (
                "pkg/__init__.py",
                "from flask import Flask as F\ndef create_app():\n    return F(__name__)",
                "pkg/static",
                Some("/static/ pkg/static"),
            ),
            (
                "pkg/__init__.py",
                "def create_app():\n    from flask import Flask\n    a = Flask(__name__)\n    return a",
                "pkg/static",
                Some("/static/ pkg/static"),
            ),
            (
                "a/app.py",
                "from flask import Flask\napp = Flask(__name__, static_folder='../web/dist')",
                "web/dist",
                Some("/dist/ web/dist"),
            ),
            (
                "app.py",
                "from flask import Flask\napp = Flask(__name__, static_folder='s', static_url_path='/assets/x')",
                "s",
                Some("/assets/x/ s"),
            ),
            ("app.py", "from flask import Flask\napp = Flask(__name__, static_url_path='')", "static", None),
            ("app.py", "from flask import Flask\napp = Flask(__name__, static_folder=None)", "static", None),
            ("app.py", "from flask import Flask\napp = Flask(__name__, static_folder='../out')", "static", None),
            (
                "app.py",
                "import os\nfrom flask import Flask\napp = Flask(__name__, static_folder=os.path.join(os.path.dirname(__file__), 'x'))",
                "x",
                Some("/x/ x"),
            ),
            ("app.py", "app = Flask(__name__)", "static", None),
        ];
        for (file, source, directory, expected) in cases {
            let dir = project(&[(file, source), (&format!("{directory}/x.css"), "")]);
            let found = statics(&Tree::scan(dir.path()).unwrap(), file);
            assert_eq!(found.map(|found| format!("{} {}", found.url, found.directory)).as_deref(), expected, "{source}");
        }
    }
}
