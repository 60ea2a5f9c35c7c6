//! One requirement: its name, and where it is if that is in the project.

use super::super::tree::{self, Tree};
use super::package::{self, Wanted};
use crate::error::{Failure, Kind, Result};

/// What files of packages end with.
const ARCHIVES: [&str; 6] = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"];

/// A requirement that names a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Local {
    /// As it is written, without `file:`.
    pub target: String,
    pub extras: Vec<String>,
    pub marker: Option<String>,
}

/// Where a requirement is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A directory of the project.
    Directory(Wanted),
    /// A file of the project, a wheel for instance.
    Archive(String),
    /// An index, or an address.
    Elsewhere,
}

/// The path that a requirement names: `./libs/shared[web]`, `shared @ file:libs/shared`; that of `-e` without the option.
/// An archive below an address is not one.
pub(super) fn local(line: &str) -> Option<Local> {
    let (named, marker) = split_marker(line);
    let (head, path) = match named.split_once('@').filter(|(head, _)| is_name_with_extras(head.trim())) {
        Some((head, path)) => (Some(head.trim()), path.trim()),
        None => (None, named.trim()),
    };
    let stripped = strip_file(path);
    let is_path = stripped.is_some() || path.starts_with(['.', '/']) || is_archive(path) || path.contains('/');
    if path.is_empty() || !is_path || stripped.is_none() && (path.contains("://") || path.starts_with("git+")) {
        return None;
    }
    let path = stripped.unwrap_or(path);
    // What a fragment says of it, `#egg=shared`, its own files say better.
    let path = path.split_once('#').map_or(path, |(path, _)| path);
    let (path, extras) = match path.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        Some((path, extras)) => (path, list(extras)),
        None => (path, head.map(extras).unwrap_or_default()),
    };
    let target = path.trim_end_matches('/');
    let target = if target.is_empty() { "." } else { target };
    Some(Local { target: target.to_owned(), extras, marker: marker.map(str::to_owned) })
}

/// A path of `file:` in any of its notations.
fn strip_file(path: &str) -> Option<&str> {
    let path = path.strip_prefix("file:")?;
    let path = path.strip_prefix("///${PROJECT_ROOT}/").or_else(|| path.strip_prefix("${PROJECT_ROOT}/")).unwrap_or(path);
    Some(path.strip_prefix("//localhost/").or_else(|| path.strip_prefix("//")).unwrap_or(path))
}

pub(super) fn is_archive(path: &str) -> bool {
    ARCHIVES.iter().any(|ending| path.ends_with(ending))
}

/// A path is relative to where the tool is called, or else to the file that names it.
///
/// # Errors
/// A path that leads out of the project, or to nothing that could be installed. `said` is how it is named there.
pub(super) fn place(tree: &Tree, local: &Local, beside: &str, said: &str) -> Result<Place> {
    let target = within(tree, &local.target);
    let outside = || {
        Failure::new(Kind::BadFile, format!("{said} is outside the project, so the image cannot have it"))
            .hint("run parity in a directory that has both, with `app:` for the application")
    };
    let target = target.as_deref().ok_or_else(outside)?;
    let from_root = tree::normalize(target);
    let from_file = tree::normalize(&tree::join(beside, target));
    let is_there = |path: &&String| tree.is_dir(path) || tree.is_file(path);
    let Some(path) = from_root.as_ref().filter(is_there).or(from_file.as_ref().filter(is_there)) else {
        let Some(path) = from_root.or(from_file) else { return Err(outside()) };
        return Err(Failure::new(Kind::BadFile, format!("{said}: there is no {path} in the project")));
    };
    if tree.is_file(path) {
        return Ok(Place::Archive(path.clone()));
    }
    if !package::is_package(tree, path) {
        let shown = if path.is_empty() { "the project" } else { path };
        return Err(Failure::new(Kind::BadFile, format!("{said}: {shown} has neither a setup.py nor a pyproject.toml that builds it")));
    }
    Ok(Place::Directory(Wanted { directory: path.clone(), extras: local.extras.clone(), marker: local.marker.clone(), locked: false }))
}

/// A path as one relative to the project; `None` for one that is elsewhere on this machine.
fn within(tree: &Tree, path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some(path.to_owned());
    }
    let inside = std::path::Path::new(path).strip_prefix(tree.root()).ok()?;
    Some(inside.to_str()?.to_owned())
}

/// The package that a requirement names.
pub(super) fn name(line: &str) -> Option<&str> {
    let name = line.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).next().unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(name)
}

fn is_name_with_extras(text: &str) -> bool {
    let name = text.split('[').next().unwrap_or_default().trim_end();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

pub(super) fn extras(line: &str) -> Vec<String> {
    let (named, _) = split_marker(line);
    let between = named.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    between.map(|(extras, _)| list(extras)).unwrap_or_default()
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn marker(line: &str) -> Option<&str> {
    split_marker(line).1
}

/// A `;` may be part of an address, where a marker's has a space before it.
fn split_marker(line: &str) -> (&str, Option<&str>) {
    let at = if line.contains("://") { line.find(" ;") } else { line.find(';') };
    match at {
        Some(at) => (&line[..at], line[at..].split_once(';').map(|(_, marker)| marker.trim())),
        None => (line, None),
    }
}

pub(super) fn both(one: Option<&str>, other: Option<&str>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Some(format!("({one}) and ({other})")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// A requirement that is wanted only where a marker says so.
pub(super) fn and_marker(line: &str, marker: Option<&str>) -> String {
    let (named, own) = split_marker(line);
    match both(own, marker) {
        Some(marker) => format!("{} ; {marker}", named.trim_end()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_every_notation() {
        let found = |line: &str| local(line).map(|found| (found.target, found.extras.join(","), found.marker.unwrap_or_default()));
        let is = |path: &str, extras: &str, marker: &str| Some((path.to_owned(), extras.to_owned(), marker.to_owned()));
        for (line, expected) in [
            (".", is(".", "", "")),
            ("./", is(".", "", "")),
            (".[web,pg]", is(".", "web,pg", "")),
            ("./libs/shared ; python_version < '4'", is("./libs/shared", "", "python_version < '4'")),
            ("libs/shared[x];os_name=='posix'", is("libs/shared", "x", "os_name=='posix'")),
            ("file:libs/shared#egg=shared", is("libs/shared", "", "")),
            ("file:///srv/shop/libs", is("/srv/shop/libs", "", "")),
            ("shared[web] @ file:./libs/shared", is("./libs/shared", "web", "")),
            ("shared@file:///${PROJECT_ROOT}/libs/shared", is("libs/shared", "", "")),
            ("vendor/x-1.0-py3-none-any.whl", is("vendor/x-1.0-py3-none-any.whl", "", "")),
            ("x-1.0.tar.gz", is("x-1.0.tar.gz", "", "")),
            ("flask[async]>=3 ; python_version < '4'", None),
            ("git+https://example.com/x.git@main", None),
            ("x @ https://example.com/x.whl", None),
            ("git+ssh://git@example.com/x", None),
            ("https://example.com/x.zip", None),
            ("x @ git+https://example.com/team/x@v1", None),
            ("", None),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }

    #[test]
    fn markers_are_joined() {
        assert_eq!(and_marker("a>1; os_name == 'x'", Some("b")), "a>1 ; (os_name == 'x') and (b)");
        assert_eq!(and_marker("a @ https://x/;y ; m", None), "a @ https://x/;y ; m");
        assert_eq!(and_marker("a", Some("m")), "a ; m");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(line in "[-a-z.@:/ ;\\[\\]#é]{0,40}") {
            let _ = (local(&line), name(&line), extras(&line), and_marker(&line, Some("m")));
        }
    }
}
