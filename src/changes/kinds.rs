//! What applications usually read, by the ending of its name or the directory that it is in.

use super::path;
use crate::units::EntryPoint;

const ENDINGS: &[(&[&str], &str)] = &[
    (&["py", "wsgi"], "it is Python code"),
    (&["so"], "it is a compiled module of Python"),
    (&["html", "htm", "xhtml", "jinja", "jinja2", "j2", "mako", "tpl", "tmpl", "djhtml"], TEMPLATE),
    (&["mo"], "translations are read once"),
    (&["yaml", "yml", "toml", "ini", "cfg", "graphql", "sql"], "the application may have read it"),
];

const TEMPLATE: &str = "it is a template, which the application may keep in memory";

/// Why the application has to be imported anew; `None`: nothing is known to read such a file.
pub(super) fn read(path: &str, gone: bool) -> Option<&'static str> {
    let (_, name) = path::split(path);
    if is_environment(name) {
        return Some("the application may have read it");
    }
    let is = |ending: &str| ENDINGS.iter().find(|(endings, _)| endings.iter().any(|known| known.eq_ignore_ascii_case(ending)));
    match name.rsplit_once('.').and_then(|(_, ending)| is(ending)) {
        Some((_, cause)) => Some(cause),
        None => path::directories(path, gone).any(holds_templates).then_some(TEMPLATE),
    }
}

/// Endings of settings, data and templates, which applications read, but people and tools as well.
const OFTEN_READ: &[&str] = &[
    "conf",
    "config",
    "properties",
    "json",
    "json5",
    "jsonc",
    "jsonl",
    "xml",
    "xsd",
    "xsl",
    "xslt",
    "zcml",
    "txt",
    "csv",
    "tsv",
    "dat",
    "data",
    "list",
    "rules",
    "geojson",
    "pt",
    "zpt",
    "mustache",
    "hbs",
    "liquid",
    "pem",
    "po",
];
/// Files with such an ending that are for people and for other tools.
const OTHERS: &[&str] =
    &["package.json", "package-lock.json", "tsconfig.json", "composer.json", "biome.json", "humans.txt", "cmakelists.txt"];
const FOR_PEOPLE: &[&str] =
    &["readme", "license", "licence", "copying", "changes", "changelog", "history", "news", "authors", "todo", "notes"];

/// Would its author expect an application to read it, though nothing is known to?
pub(super) fn is_often_read(path: &str) -> bool {
    let name = path::split(path).1.to_ascii_lowercase();
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    OFTEN_READ.contains(&ending) && !OTHERS.contains(&name.as_str()) && !FOR_PEOPLE.contains(&stem) && !stem.starts_with("requirements")
}

/// Is it Python's, wherever it is?
pub(super) fn is_python(path: &str) -> bool {
    path.ends_with(".py")
}

/// A directory's name that means templates to Django and Flask.
pub(super) fn holds_templates(directory: &str) -> bool {
    matches!(directory, "templates" | "jinja2")
}

/// The file of an application that is a script.
pub(super) fn script(app: &EntryPoint) -> Option<String> {
    match app {
        EntryPoint::Script { path, .. } => path::normalize(path),
        EntryPoint::Module { .. } | EntryPoint::Installed { .. } => None,
    }
}

/// `.env.local`, `prod.env`: many applications read one themselves. Not `.env.example`, which is for people.
fn is_environment(name: &str) -> bool {
    let for_people = ["example", "sample", "template", "dist"];
    (name == ".env" || name.starts_with(".env.") || name.ends_with(".env")) && !for_people.iter().any(|word| name.ends_with(word))
}
