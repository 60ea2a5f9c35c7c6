//! The project's own packages that a lock file names. It knows what they need as well.

use std::collections::BTreeSet;

use super::super::toml_file::{self, at, normalized};
use super::super::tree::{self, Tree};
use super::package::{self, Wanted};
use super::requirement::{self, Local, Place};
use crate::error::{Failure, Kind, Result};

/// Packages, and archives that are installed by their paths.
type Named = (Vec<Wanted>, Vec<String>);

/// `uv.lock`: what the project itself needs of a workspace, with that of the wanted groups and extras.
pub(super) fn uv(tree: &Tree, groups: &[String], extras: &[String]) -> Result<Named> {
    const FILE: &str = "uv.lock";
    let lock = toml_file::read(tree, FILE)?.unwrap_or_default();
    let packages: Vec<&toml::Table> = tables(&lock, "package");
    let source = |package: &toml::Table, kind: &str| at(package, &["source", kind]).and_then(toml::Value::as_str).map(str::to_owned);
    let at_home =
        |package: &&toml::Table| ["editable", "virtual", "directory"].iter().any(|kind| source(package, kind).as_deref() == Some("."));
    // A workspace without a project in its root is all of its members.
    let roots: Vec<&toml::Table> = match packages.iter().copied().find(at_home) {
        Some(root) => vec![root],
        None => {
            packages.iter().copied().filter(|package| ["editable", "virtual"].iter().any(|kind| source(package, kind).is_some())).collect()
        }
    };
    let named = |package: &toml::Table| package.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let mut waiting: Vec<String> = roots.iter().map(|root| named(root)).collect();
    let home: Vec<String> = waiting.clone();
    let (mut seen, mut found, mut archives) = (BTreeSet::new(), Vec::new(), Vec::new());
    while let Some(name) = waiting.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        for package in packages.iter().filter(|package| named(package) == name) {
            let mut lists: Vec<&toml::Value> = package.get("dependencies").into_iter().collect();
            // An extra of another package is wanted by whoever needs it; more of them than that do no harm here.
            let optional = package.get("optional-dependencies").and_then(toml::Value::as_table);
            let is_home = home.contains(&name);
            lists.extend(optional.into_iter().flatten().filter(|(key, _)| !is_home || extras.contains(key)).map(|(_, list)| list));
            let dev = package.get("dev-dependencies").and_then(toml::Value::as_table).filter(|_| is_home);
            lists.extend(dev.into_iter().flatten().filter(|(key, _)| groups.contains(key)).map(|(_, list)| list));
            waiting.extend(
                lists
                    .into_iter()
                    .filter_map(toml::Value::as_array)
                    .flatten()
                    .filter_map(|item| item.get("name").and_then(toml::Value::as_str).map(str::to_owned)),
            );
            for kind in ["editable", "directory"] {
                if let Some(path) = source(package, kind) {
                    add(tree, FILE, &path, "", &mut found, &mut archives)?;
                }
            }
            if let Some(path) = source(package, "path") {
                add(tree, FILE, &path, "", &mut found, &mut archives)?;
            }
        }
    }
    Ok((found, archives))
}

/// PEP 751: paths are relative to the lock.
pub(super) fn pylock(tree: &Tree, file: &str) -> Result<Named> {
    let lock = toml_file::read(tree, file)?.unwrap_or_default();
    let (mut found, mut archives) = (Vec::new(), Vec::new());
    for package in tables(&lock, "packages") {
        let path = |keys: &[&str]| at(package, keys).and_then(toml::Value::as_str);
        let wheels = package.get("wheels").and_then(toml::Value::as_array).into_iter().flatten();
        let wheels = wheels.filter_map(|wheel| wheel.get("path").and_then(toml::Value::as_str));
        let paths =
            path(&["directory", "path"]).into_iter().chain(path(&["archive", "path"])).chain(path(&["sdist", "path"])).chain(wheels);
        for path in paths {
            add(tree, file, path, tree::parent(file), &mut found, &mut archives)?;
        }
    }
    Ok((found, archives))
}

/// A PEP 751 lock without the packages that are directories.
pub(super) fn pylock_without_directories(text: &str) -> Option<String> {
    let mut lock = text.parse::<toml::Table>().ok()?;
    let packages = lock.get_mut("packages").and_then(toml::Value::as_array_mut)?;
    let before = packages.len();
    packages.retain(|package| package.get("directory").is_none());
    if packages.len() == before { None } else { toml::to_string(&lock).ok() }
}

/// `poetry.lock`: paths among what is wanted, and the project itself, which Poetry installs too.
pub(super) fn poetry(tree: &Tree, groups: &[String]) -> Result<Named> {
    const FILE: &str = "poetry.lock";
    let lock = toml_file::read(tree, FILE)?.unwrap_or_default();
    let project = toml_file::read(tree, "pyproject.toml")?.unwrap_or_default();
    let (mut found, mut archives) = (Vec::new(), Vec::new());
    for package in tables(&lock, "package") {
        let Some(kind @ ("directory" | "file")) = at(package, &["source", "type"]).and_then(toml::Value::as_str) else { continue };
        let Some(path) = at(package, &["source", "url"]).and_then(toml::Value::as_str) else { continue };
        let of = package.get("groups").and_then(toml::Value::as_array);
        let is_wanted = of.is_none_or(|of| {
            of.iter().filter_map(toml::Value::as_str).any(|group| group == "main" || groups.iter().any(|wanted| wanted == group))
        });
        if is_wanted {
            let path = if kind == "file" { path.trim_start_matches("./") } else { path };
            add(tree, FILE, path, "", &mut found, &mut archives)?;
        }
    }
    let package_mode = at(&project, &["tool", "poetry", "package-mode"]).and_then(toml::Value::as_bool).unwrap_or(true);
    if package_mode && package::builds_itself(tree)? && poetry_finds_its_package(tree, &project) {
        found.push(Wanted { locked: true, ..Wanted::default() });
    }
    Ok((found, archives))
}

/// Poetry builds a project only where a directory or module has its name, unless it is told which.
fn poetry_finds_its_package(tree: &Tree, project: &toml::Table) -> bool {
    let name = |keys: &[&str]| at(project, keys).and_then(toml::Value::as_str).map(|name| normalized(name).replace('-', "_"));
    if at(project, &["tool", "poetry", "packages"]).is_some() {
        return true;
    }
    let Some(name) = name(&["project", "name"]).or_else(|| name(&["tool", "poetry", "name"])) else { return false };
    ["", "src"].iter().map(|home| tree::join(home, &name)).any(|path| tree.is_dir(&path) || tree.is_file(&format!("{path}.py")))
}

/// `Pipfile.lock`: packages with a `path` or `file` in the project.
pub(super) fn pipfile(tree: &Tree, sections: &[String]) -> Result<Named> {
    const FILE: &str = "Pipfile.lock";
    let lock: serde_json::Value = tree.text(FILE).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let (mut found, mut archives) = (Vec::new(), Vec::new());
    let wanted = ["default".to_owned()];
    for section in wanted.iter().chain(sections) {
        for package in lock.get(section).and_then(serde_json::Value::as_object).into_iter().flat_map(|section| section.values()) {
            let path = ["path", "file"].iter().find_map(|key| package.get(*key).and_then(serde_json::Value::as_str));
            let Some(path) = path.filter(|path| !path.contains("://")) else { continue };
            add(tree, FILE, path, "", &mut found, &mut archives)?;
        }
    }
    Ok((found, archives))
}

fn tables<'a>(lock: &'a toml::Table, key: &str) -> Vec<&'a toml::Table> {
    lock.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_table).collect()
}

fn add(tree: &Tree, file: &str, path: &str, beside: &str, found: &mut Vec<Wanted>, archives: &mut Vec<String>) -> Result<()> {
    // A lock's paths begin at the lock.
    let Some(path) = tree::normalize(&tree::join(beside, path)) else {
        return Err(Failure::new(Kind::BadFile, format!("{file}: {path} is outside the project, so the image cannot have it"))
            .hint("run parity in a directory that has both, with `app:` for the application"));
    };
    match requirement::place(tree, &Local { target: path.clone(), extras: Vec::new(), marker: None }, "", &format!("{file}: {path}"))? {
        Place::Directory(wanted) => found.push(Wanted { locked: true, ..wanted }),
        Place::Archive(path) => archives.push(path),
        Place::Elsewhere => {}
    }
    Ok(())
}
