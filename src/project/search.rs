//! The search for a WSGI application outside Django: `application` in files that are named for it, then Flask's ways.

use super::Environment;
use super::callable::{self, Resolved, What};
use super::python::{Bound, BoundTo, Expr, Module};
use super::tree::{self, Tree};
use crate::dotenv;
use crate::units::{Callable, EntryPoint, Sourced};

/// Directories below the root in which applications are looked for; `src/` does not count.
const MAX_DEPTH: usize = 2;

/// More files than this are not read where none has a usual name.
const MAX_READ: usize = 500;

/// A possible entry point.
#[derive(Debug, Clone)]
struct Candidate {
    file: String,
    callable: Callable,
    reason: String,
    resolved: Resolved,
}

/// What a search came to.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub found: Vec<Sourced<EntryPoint>>,
    /// What was seen and is not an application, in words.
    pub passed_over: Vec<String>,
}

/// `*.wsgi`, `wsgi.py`, `application.py` with `application` at module level; the shallowest only.
pub(super) fn application_files(tree: &Tree, _: &Environment) -> Search {
    let named = |file: &str| {
        let name = tree::file_name(file);
        name.ends_with(".wsgi") || name == "wsgi.py" || name == "application.py"
    };
    search(tree, named, &["application"])
}

/// `app.py`, `wsgi.py`, `main.py` or a package with `app`, `application`, `create_app()` or `make_app()`.
pub(super) fn flask_files(tree: &Tree, environment: &Environment) -> Search {
    if let Some(candidate) = flask_app_variable(tree, environment) {
        return Search { found: vec![entry_point(tree, &candidate)], passed_over: Vec::new() };
    }
    let named = |file: &str| matches!(tree::file_name(file), "app.py" | "wsgi.py" | "main.py" | "__init__.py");
    search(tree, named, &["app", "application", "create_app", "make_app"])
}

fn search(tree: &Tree, named: impl Fn(&str) -> bool, names: &[&str]) -> Search {
    let mut passed_over = Vec::new();
    let mut candidates: Vec<Candidate> = Vec::new();
    for file in tree.files().filter(|file| rank(file) <= MAX_DEPTH && named(file)) {
        match candidate(tree, file, names, &mut passed_over) {
            Some(candidate) => candidates.push(candidate),
            None if tree.module(file).is_some_and(|module| module.broken) => passed_over.push(format!("{file} has a syntax error")),
            None => {}
        }
    }
    // `test.wsgi` shows that the server works; it is the application only where there is no other.
    if candidates.iter().any(|candidate| !is_test(&candidate.file)) {
        candidates.retain(|candidate| !is_test(&candidate.file));
    }
    // `app` is a name of many things: one that certainly is an application wins over any other, at any depth.
    if names.contains(&"app") {
        prefer_certain(&mut candidates);
    }
    let best = candidates.iter().map(|candidate| rank(&candidate.file)).min();
    let mut best: Vec<Candidate> = candidates.into_iter().filter(|candidate| Some(rank(&candidate.file)) == best).collect();
    prefer_certain(&mut best);
    let outermost: Vec<&Candidate> = best.iter().filter(|inner| !best.iter().any(|outer| is_made_of(outer, inner))).collect();
    let found: Vec<Sourced<EntryPoint>> = outermost.iter().map(|candidate| entry_point(tree, candidate)).collect();
    // `app:app` of several directories says of none of them that it is meant.
    let is_shared = |entry: &EntryPoint| found.iter().filter(|other| other.value == *entry).count() > 1;
    let told = outermost.iter().zip(&found).map(|(candidate, entry)| {
        let script = || EntryPoint::Script { path: candidate.file.clone(), callable: candidate.callable.clone() };
        if is_shared(&entry.value) { entry.clone().map(|_| script()) } else { entry.clone() }
    });
    Search { found: told.collect(), passed_over }
}

/// The names in Python files, whichever they are, that surely are an application or make one, with the lines they are at.
pub(super) fn others(tree: &Tree) -> impl Iterator<Item = Sourced<EntryPoint>> {
    let files = tree.files().filter(|file| file.ends_with(".py") && rank(file) <= MAX_DEPTH).take(MAX_READ);
    let files = files.filter(|file| tree.text(file).is_some_and(|text| callable::mentions_maker(&text)));
    files.flat_map(move |file| {
        callable::made_in(tree, file).into_iter().map(move |(callable, line)| {
            let candidate = Candidate {
                file: file.to_owned(),
                callable,
                reason: format!("{file}:{line}"),
                resolved: Resolved { what: What::Wsgi, line, through: Vec::new() },
            };
            entry_point(tree, &candidate)
        })
    })
}

/// Scripts that are named as tests: `test.wsgi`, `wsgi-test.wsgi`. Directories of tests are in no tree.
fn is_test(file: &str) -> bool {
    tree::file_name(file)
        .strip_suffix(".wsgi")
        .is_some_and(|stem| stem.split(['_', '-', '.']).any(|word| word.eq_ignore_ascii_case("test")))
}

fn prefer_certain(candidates: &mut Vec<Candidate>) {
    let certain = |candidate: &Candidate| candidate.resolved.what != What::Possible;
    if candidates.iter().any(certain) {
        candidates.retain(certain);
    }
}

/// `wsgi.py` with `from app import app` is the one to use, `app.py` a part of it. In a circle the definition is used.
fn is_made_of(outer: &Candidate, inner: &Candidate) -> bool {
    outer.file != inner.file && outer.resolved.through.contains(&inner.file) && !inner.resolved.through.contains(&outer.file)
}

fn rank(file: &str) -> usize {
    tree::depth(file.strip_prefix("src/").unwrap_or(file))
}

fn candidate(tree: &Tree, file: &str, names: &[&str], passed_over: &mut Vec<String>) -> Option<Candidate> {
    let (objects, factories): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| !is_factory(name));
    // As Flask: the only instance of the module comes before a factory, which would make another one without its arguments.
    let made = if factories.is_empty() { None } else { tree.module(file).and_then(|module| only_instance(&module)) };
    for name in objects.into_iter().chain(made.as_deref()).chain(factories) {
        let Some(resolved) = callable::resolve(tree, file, name) else { continue };
        let is_factory_name = is_factory(name);
        let callable = match &resolved.what {
            What::Factory if is_factory_name => Callable::Factory(name.to_owned()),
            What::Wsgi | What::Possible if !is_factory_name => Callable::Object(name.to_owned()),
            What::Dash => Callable::Object(format!("{name}.server")),
            What::WebPy => Callable::Factory(format!("{name}.wsgifunc")),
            What::Asgi(framework) => {
                passed_over.push(is_asgi(file, framework));
                continue;
            }
            What::FactoryWithArguments if is_factory_name => {
                passed_over.push(format!("{file} has `{name}()`, which needs arguments"));
                continue;
            }
            _ => continue,
        };
        let reason = format!("`{name}` at {file}:{}", resolved.line);
        return Some(Candidate { file: file.to_owned(), callable, reason, resolved });
    }
    None
}

fn is_factory(name: &str) -> bool {
    name.ends_with("_app")
}

/// The one name of a module, whichever it is, that is bound to `Flask(…)` or to what a factory makes: `site = create_app("site.cfg")`.
fn only_instance(module: &Module) -> Option<String> {
    let is_instance = |bound: &Bound| match &bound.to {
        BoundTo::Value(Expr::Call { function, .. }) => function.dotted().is_some_and(|dotted| {
            let canonical = module.canonical(&dotted);
            canonical == "flask.Flask" || matches!(canonical.rsplit('.').next(), Some("create_app" | "make_app"))
        }),
        _ => false,
    };
    let mut names = module.names.iter().filter(|(_, bound)| is_instance(bound)).map(|(name, _)| name);
    match (names.next(), names.next()) {
        (Some(name), None) => Some(name.clone()),
        _ => None,
    }
}

/// The words for what speaks another protocol.
pub(super) fn is_asgi(file: &str, framework: &str) -> String {
    format!("{file} has an ASGI application ({framework}); mod_wsgi serves WSGI")
}

fn entry_point(tree: &Tree, candidate: &Candidate) -> Sourced<EntryPoint> {
    let callable = candidate.callable.clone();
    let path = candidate.file.clone();
    let module = if path.ends_with(".wsgi") { None } else { tree.importable(&path).1 };
    let entry = match module {
        Some(module) => EntryPoint::Module { module, callable },
        None => EntryPoint::Script { path, callable },
    };
    Sourced::detected(entry, candidate.reason.clone())
}

/// `FLASK_APP=package:create_app` of the environment, `.env` or `.flaskenv`, where it names a file of the project.
fn flask_app_variable(tree: &Tree, environment: &Environment) -> Option<Candidate> {
    let given = environment.get(FLASK_APP).map(|value| (value.expose().to_owned(), value.origin.to_string()));
    let (value, place) = given.or_else(|| in_file(tree, ".env")).or_else(|| in_file(tree, ".flaskenv"))?;
    // Arguments of a factory, `app:create_app("dev")`, cannot be given.
    let (module, name) = value.split_once(':').map_or((value.trim(), None), |(module, name)| (module.trim(), Some(name.trim())));
    let name = name.map(|name| name.split('(').next().unwrap_or_default().trim_end());
    let roots = [String::new(), "src".to_owned()];
    let file = match tree::normalize(module) {
        Some(path) if module.ends_with(".py") && tree.is_file(&path) => path,
        _ => tree.module_file(&roots, module.trim_end_matches(".py"))?,
    };
    let known = ["app", "application", "create_app", "make_app"];
    let names = name.map_or(known.to_vec(), |name| vec![name]);
    names.into_iter().find_map(|name| {
        let resolved = callable::resolve(tree, &file, name)?;
        let callable = match resolved.what {
            What::Factory => Callable::Factory(name.to_owned()),
            What::Wsgi | What::Possible => Callable::Object(name.to_owned()),
            _ => return None,
        };
        Some(Candidate { file: file.clone(), callable, reason: format!("{FLASK_APP} at {place}"), resolved })
    })
}

const FLASK_APP: &str = "FLASK_APP";

/// The variable in a file, with its place. Flask's are read by python-dotenv.
fn in_file(tree: &Tree, name: &str) -> Option<(String, String)> {
    let text = tree.text(name)?;
    let found = dotenv::variable(text.strip_prefix('\u{feff}').unwrap_or(&text), FLASK_APP)?;
    Some((found.value, format!("{name}:{}", found.line)))
}

#[cfg(test)]
mod tests;
