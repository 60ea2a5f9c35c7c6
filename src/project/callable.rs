//! What a name of a Python file is to a WSGI server, followed through the project's own imports.

use std::rc::Rc;

use super::python::{Bound, BoundTo, Class, Expr, Function, Imported, Module, StatementKind, visit};
use super::tree::{self, Tree};
use crate::units::Callable;

/// How far imports of imports are followed.
const MAX_HOPS: usize = 6;

/// What a name can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// An application of a framework known to speak WSGI.
    Wsgi,
    /// Something that may be one.
    Possible,
    /// A function that makes one, callable without arguments.
    Factory,
    /// A function that makes one of arguments.
    FactoryWithArguments,
    /// An application of another protocol, with the framework's name.
    Asgi(String),
    /// One of web.py: its `wsgifunc()` makes the WSGI application.
    WebPy,
    /// A Dash object: its WSGI application is the Flask application in its `server`.
    Dash,
    /// Nothing that a web server could call.
    No,
}

/// A name and where it leads.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub what: What,
    /// Line of the name in the file that was asked about.
    pub line: usize,
    /// The project's files that it came through, the file that was asked about first.
    pub through: Vec<String>,
}

/// Looks a name of a file up; `None` if the file does not have it at module level.
pub(super) fn resolve(tree: &Tree, file: &str, name: &str) -> Option<Resolved> {
    Resolver { tree, through: Vec::new() }.name(file, name)
}

/// A file, what is in it, and one of its names.
type Place = (String, Rc<Module>, Bound);

struct Resolver<'a> {
    tree: &'a Tree,
    through: Vec<String>,
}

impl Resolver<'_> {
    fn name(mut self, file: &str, name: &str) -> Option<Resolved> {
        let module = self.tree.module(file)?;
        let bound = module.names.get(name)?;
        let line = bound.line;
        let what = self.bound(file, &module, bound);
        Some(Resolved { what, line, through: self.through })
    }

    fn bound(&mut self, file: &str, module: &Module, bound: &Bound) -> What {
        self.through.push(file.to_owned());
        if self.through.len() > MAX_HOPS {
            return What::Possible;
        }
        match &bound.to {
            BoundTo::Value(value) => self.value(file, module, value),
            BoundTo::Class(_) => What::Possible,
            BoundTo::Function(function) => Self::function(module, function),
            BoundTo::Import(import) => {
                let Imported::Name { name, .. } = &import.what else { return What::No };
                match self.imported(file, import.level, &import.module, name) {
                    Some((file, module, bound)) => self.bound(&file, &module, &bound),
                    // A submodule, not something in it.
                    None if self.is_submodule(file, import.level, &import.module, name) => What::No,
                    None => external(&module.canonical(name)).unwrap_or(What::Possible),
                }
            }
        }
    }

    fn value(&mut self, file: &str, module: &Module, value: &Expr) -> What {
        match value {
            value if value.is_plain_data() => What::No,
            Expr::Call { function, args, .. } => {
                let Some(dotted) = function.dotted() else { return What::Possible };
                let canonical = module.canonical(&dotted);
                if let Some(what) = external(&canonical) {
                    return what;
                }
                if canonical.ends_with("wsgi_app") || canonical.ends_with("wsgi_application") {
                    return What::Wsgi;
                }
                // A wrapper is what it wraps, unless it is known to turn one into the other.
                if let Some(inner @ Expr::Call { .. }) = args.first()
                    && let what @ What::Asgi(_) = self.value(file, module, inner)
                {
                    return what;
                }
                if let Some(Expr::Name(inner)) = args.first()
                    && let Some(bound) = module.names.get(inner).filter(|bound| bound.to != BoundTo::Value(value.clone()))
                    && !matches!(bound.to, BoundTo::Class(_) | BoundTo::Function(_))
                {
                    let what = self.bound(file, module, &bound.clone());
                    if what != What::No {
                        return what;
                    }
                }
                match self.callee(file, module, &dotted) {
                    Some((file, module, Bound { to: BoundTo::Function(function), .. })) => {
                        self.through.push(file.clone());
                        made_by(&module, &function)
                    }
                    // Of `self`, scope, receive and send; `self` and scope, of old.
                    Some((_, _, Bound { to: BoundTo::Class(Class { name, call: Some((parameters, is_async)), .. }), .. }))
                        if is_async || parameters >= 4 =>
                    {
                        What::Asgi(format!("an object of {name}"))
                    }
                    _ => What::Possible,
                }
            }
            Expr::Name(other) => match module.names.get(other).filter(|bound| bound.to != BoundTo::Value(value.clone())) {
                Some(bound) => self.bound(file, module, &bound.clone()),
                None => What::Possible,
            },
            Expr::Attribute(_, name) if name == "wsgi_app" || name == "server" => What::Wsgi,
            _ => What::Possible,
        }
    }

    fn function(module: &Module, function: &Function) -> What {
        let asgi = || What::Asgi("an async function".into());
        let required: Vec<&str> = function.required.iter().map(String::as_str).collect();
        match &required[..] {
            [] if function.name != "app" && function.name != "application" => match made_by(module, function) {
                What::Asgi(framework) => What::Asgi(framework),
                What::No => What::No,
                _ if function.is_async => asgi(),
                _ if function.callable_without_arguments => What::Factory,
                _ => What::FactoryWithArguments,
            },
            _ if function.is_async => asgi(),
            ["scope", ..] | [_, _, _, ..] => What::Asgi("a function of scope, receive and send".into()),
            ["environ" | "env", _] => What::Wsgi,
            [_, _] if function.name == "app" || function.name == "application" => What::Possible,
            _ if function.name != "app" && function.name != "application" => What::FactoryWithArguments,
            _ => What::No,
        }
    }

    /// The function or class of the project that a call is of; re-exports are followed.
    fn callee(&mut self, file: &str, module: &Module, dotted: &str) -> Option<Place> {
        let (head, rest) = dotted.split_once('.').map_or((dotted, None), |(head, rest)| (head, Some(rest)));
        let bound = module.names.get(head)?;
        let mut place = match (&bound.to, rest) {
            (BoundTo::Function(_) | BoundTo::Class(_), None) => return Some((file.to_owned(), self.tree.module(file)?, bound.clone())),
            (BoundTo::Import(import), rest) => {
                let name = match (&import.what, rest) {
                    (Imported::Name { name, .. }, None) => name,
                    (Imported::Module | Imported::ModuleAs(_), Some(name)) => name,
                    _ => return None,
                };
                self.imported(file, import.level, &import.module, name)?
            }
            _ => return None,
        };
        for _ in 0..MAX_HOPS {
            let BoundTo::Import(import) = &place.2.to else { return Some(place) };
            let Imported::Name { name, .. } = &import.what else { return None };
            self.through.push(place.0.clone());
            place = self.imported(&place.0, import.level, &import.module, name)?;
        }
        None
    }

    /// A name imported from one of the project's files.
    fn imported(&self, file: &str, level: usize, module: &str, name: &str) -> Option<Place> {
        // What a package imports from itself is a submodule.
        let target = imported_file(self.tree, file, level, module).filter(|target| target != file)?;
        let parsed = self.tree.module(&target)?;
        let bound = parsed.names.get(name)?.clone();
        Some((target, parsed, bound))
    }

    fn is_submodule(&self, file: &str, level: usize, module: &str, name: &str) -> bool {
        let inner = if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") };
        imported_file(self.tree, file, level, &inner).is_some()
    }
}

/// Is a name of a file a WSGI function that is written there?
pub(super) fn is_by_hand(tree: &Tree, file: &str, name: &str) -> bool {
    let is_function = |module: &Module| module.names.get(name).is_some_and(|bound| matches!(&bound.to, BoundTo::Function(_)));
    tree.module(file).is_some_and(|module| is_function(&module)) && resolve(tree, file, name).is_some_and(|found| found.what == What::Wsgi)
}

/// Does a file import a package, itself or by other files of the project?
pub(super) fn reaches(tree: &Tree, file: &str, package: &str) -> bool {
    let (mut known, mut next) = (std::collections::HashSet::from([file.to_owned()]), vec![file.to_owned()]);
    while let Some(file) = next.pop() {
        let Some(module) = tree.module(&file) else { continue };
        if module.imports_package(package) {
            return true;
        }
        for import in module.imports() {
            let submodule = match &import.what {
                Imported::Name { name, .. } if import.module.is_empty() => Some(name.clone()),
                Imported::Name { name, .. } => Some(format!("{}.{name}", import.module)),
                _ => None,
            };
            let found = [Some(import.module.clone()), submodule].into_iter().flatten();
            let found = found.filter_map(|module| imported_file(tree, &file, import.level, &module));
            next.extend(found.filter(|file| known.insert(file.clone())));
        }
    }
    false
}

/// The project's file that `from module import …` in another of its files means.
pub(super) fn imported_file(tree: &Tree, file: &str, level: usize, module: &str) -> Option<String> {
    let (root, importer) = tree.importable(file);
    let import = super::python::Import { level, module: module.to_owned(), what: Imported::All };
    let absolute = import.absolute(&importer?, tree::file_name(file) == "__init__.py")?;
    // Its own directory comes first, then what every project can import from.
    tree.module_file(&[root, String::new(), "src".to_owned()], &absolute)
}

/// What the calls in a function's body make.
fn made_by(module: &Module, function: &Function) -> What {
    let mut body = Module { names: module.names.clone(), ..Module::default() };
    let mut made = What::Possible;
    visit(&function.body, &mut |statement| {
        if let StatementKind::Import(import) = &statement.kind
            && let Some(bound) = import.bound()
        {
            body.names.insert(bound.to_owned(), Bound { line: statement.line, to: BoundTo::Import(import.clone()) });
        }
        let (StatementKind::Assign { value, .. } | StatementKind::Return(value)) = &statement.kind else { return };
        if let Expr::Call { function, .. } = value
            && let Some(dotted) = function.dotted()
            && let Some(what @ (What::Wsgi | What::Asgi(_))) = external(&body.canonical(&dotted))
            && made == What::Possible
        {
            made = what;
        }
    });
    made
}

/// Is this what an application is made by, and nothing else?
fn is_maker(canonical: &str) -> bool {
    canonical.ends_with(".make_wsgi_app")
        || matches!(canonical, "flask.Flask" | "apiflask.APIFlask" | "bottle.Bottle" | "falcon.App" | "falcon.API")
        || canonical == "django.core.wsgi.get_wsgi_application"
}

/// Can [`made_in`] find something in such a text?
pub(super) fn mentions_maker(text: &str) -> bool {
    ["Flask(", "Bottle(", "falcon.A", "make_wsgi_app", "get_wsgi_application"].iter().any(|words| text.contains(words))
}

/// The names of a file that surely are an application, or a function without arguments that makes one, with their lines.
pub(super) fn made_in(tree: &Tree, file: &str) -> Vec<(Callable, usize)> {
    let Some(module) = tree.module(file) else { return Vec::new() };
    let makes = |names: &Module, value: &Expr| match value {
        Expr::Call { function, .. } => function.dotted().is_some_and(|dotted| is_maker(&names.canonical(&dotted))),
        _ => false,
    };
    let callable = |name: &str, bound: &Bound| match &bound.to {
        BoundTo::Value(value) => makes(&module, value).then(|| Callable::Object(name.to_owned())),
        BoundTo::Function(function) if function.callable_without_arguments && !function.is_async => {
            let mut names = Module { names: module.names.clone(), ..Module::default() };
            let mut made = false;
            visit(&function.body, &mut |statement| match &statement.kind {
                StatementKind::Import(import) => {
                    if let Some(bound) = import.bound() {
                        names.names.insert(bound.to_owned(), Bound { line: statement.line, to: BoundTo::Import(import.clone()) });
                    }
                }
                StatementKind::Assign { value, .. } | StatementKind::Return(value) => made |= makes(&names, value),
                _ => {}
            });
            made.then(|| Callable::Factory(name.to_owned()))
        }
        _ => None,
    };
    let mut found: Vec<_> = module.names.iter().filter_map(|(name, bound)| Some((callable(name, bound)?, bound.line))).collect();
    found.sort_by_key(|(_, line)| *line);
    found
}

/// What calls and objects of known packages are; `None` for any other.
fn external(canonical: &str) -> Option<What> {
    let asgi = |name: &str| Some(What::Asgi(name.to_owned()));
    match canonical {
        "django.core.asgi.get_asgi_application" => return asgi("Django's ASGI"),
        "a2wsgi.WSGIMiddleware" | "asgiref.wsgi.WsgiToAsgi" => return asgi("a WSGI application made into one"),
        "connexion.AsyncApp" => return asgi("Connexion"),
        "dash.Dash" => return Some(What::Dash),
        "web.application" => return Some(What::WebPy),
        "flask.Blueprint" | "flask.current_app" | "flask.render_template" => return Some(What::No),
        _ => {}
    }
    if canonical.starts_with("falcon.asgi.") {
        return asgi("Falcon's ASGI");
    }
    if let Some((package, "get_asgi_application" | "ASGIApp" | "as_asgi" | "asgi_app")) = canonical.rsplit_once('.') {
        return asgi(package);
    }
    match canonical.split('.').next().unwrap_or_default() {
        "flask" | "bottle" | "falcon" | "pyramid" | "werkzeug" | "cherrypy" | "web" | "webob" | "webapp2" | "pecan" | "apiflask"
        | "flask_openapi3" | "morepath" | "hug" | "a2wsgi" | "whitenoise" | "dj_static" | "paste" | "wsgiref" => Some(What::Wsgi),
        "django" if canonical.starts_with("django.core.wsgi") || canonical.starts_with("django.core.handlers.wsgi") => Some(What::Wsgi),
        "fastapi" => asgi("FastAPI"),
        "starlette" => asgi("Starlette"),
        "quart" => asgi("Quart"),
        "sanic" => asgi("Sanic"),
        "litestar" | "starlite" => asgi("Litestar"),
        "blacksheep" => asgi("BlackSheep"),
        "channels" => asgi("Channels"),
        "aiohttp" => asgi("aiohttp"),
        "tornado" => asgi("Tornado"),
        "robyn" => asgi("Robyn"),
        "nicegui" => asgi("NiceGUI"),
        "celery" | "typer" | "click" | "streamlit" | "tkinter" | "PyQt5" | "PyQt6" | "PySide2" | "PySide6" | "kivy" | "textual"
        | "gradio" | "wx" | "rich" | "argparse" | "logging" => Some(What::No),
        _ => None,
    }
}
