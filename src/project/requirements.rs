//! What has to be installed. The first of these that is there decides, in the project's root, then (requirement
//! files and PEP 751 locks only) in the directory of the application:
//!
//! 1. `uv.lock`
//! 2. `pylock.toml`, or the only `pylock.*.toml`
//! 3. `poetry.lock`
//! 4. `Pipfile.lock`
//! 5. `requirements.txt`
//! 6. `requirements/production.txt`, `prod.txt`, `requirements.txt`, `base.txt`, `common.txt`, or the only file there
//! 7. the only `requirements*.txt` that is not for development; where `pyproject.toml` lists dependencies, only if its name is of a deployment
//! 8. `[project] dependencies` of `pyproject.toml`
//! 9. what the build of the project itself says: `setup.py`, `setup.cfg`, a `pyproject.toml` that leaves it to its build
//!
//! A list given by the user takes their place. Packages in directories of the project, which any of them may name, are told apart:
//! an image has what they need, and their code is the project's.

mod groups;
mod locks;
mod package;
mod pip;
mod pyproject;
mod requirement;

use super::toml_file;
use super::tree::{self, Tree};
use super::{Locals, Requirements};
use crate::error::{Failure, Kind, Result};
use crate::units::Sourced;

pub use package::FILES as PACKAGE_FILES;
use package::Wanted;
pub(super) use pip::names as pip_names;

impl Requirements {
    /// Every file whose content decides what is installed, relative to the project. All of them exist.
    pub fn files(&self) -> Vec<String> {
        match self {
            Requirements::UvLock { .. } => vec!["pyproject.toml".into(), "uv.lock".into()],
            Requirements::PyLock { path } => vec![path.clone()],
            Requirements::PoetryLock { .. } => vec!["pyproject.toml".into(), "poetry.lock".into()],
            Requirements::PipfileLock { .. } => vec!["Pipfile.lock".into()],
            Requirements::Files { paths, includes, .. } => paths.iter().chain(includes).cloned().collect(),
            Requirements::PyProject { .. } => vec!["pyproject.toml".into()],
            Requirements::Package => Vec::new(),
        }
    }

    /// One of [`Self::files`] as a build gets it: without what is a directory of the project.
    pub fn third_party(&self, path: &str, content: Vec<u8>, locals: &Locals) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(&content) else { return content };
        let text = match self {
            Requirements::Files { .. } => Some(pip::third_party(text, path, &locals.archives)),
            Requirements::PyLock { .. } => locks::pylock_without_directories(text),
            _ => None,
        };
        text.map_or(content, String::into_bytes)
    }
}

/// What was found, and what is worth telling about it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub requirements: Option<Sourced<Requirements>>,
    pub locals: Locals,
    pub remarks: Vec<String>,
}

/// Finds the requirements. `home` is the directory of the application, `groups` what the user wants besides.
pub(super) fn find(tree: &Tree, home: &str, groups: &[String]) -> Result<Found> {
    let mut remarks = Vec::new();
    let lock = ["uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"].into_iter().find(|name| tree.is_file(name));
    let named_pylock = || only(tree.files().filter(|file| tree::depth(file) == 0 && is_pylock(file)));
    let lock = match lock {
        Some("uv.lock" | "pylock.toml") => lock.map(str::to_owned),
        lock => named_pylock().or(lock.map(str::to_owned)),
    };
    if let Some(lock) = lock {
        let (requirements, locals) = from_file(tree, &lock, groups)?;
        return Ok(Found { requirements: Some(requirements), locals, remarks });
    }
    let listed = pyproject::has_dependencies(tree)?;
    let mut directories = vec![""];
    if !home.is_empty() {
        directories.push(home);
    }
    for directory in &directories {
        let lock = tree::join(directory, "pylock.toml");
        let files = if tree.is_file(&lock) { Some(vec![lock]) } else { requirement_files(tree, directory, groups, listed, &mut remarks) };
        if let Some(files) = files {
            let from = files.join(" and ");
            let (requirements, locals) = match &files[..] {
                [lock] if is_pylock(lock) => pylock(tree, lock)?,
                _ => {
                    groups::check(groups, &groups::of_files(tree, directory), &from)?;
                    pip_files(tree, files)?
                }
            };
            return Ok(Found { requirements: Some(Sourced::detected(requirements, from)), locals, remarks });
        }
        if directory.is_empty() && listed {
            let (requirements, locals) = from_file(tree, "pyproject.toml", groups)?;
            remarks.extend(pyproject::not_installed(tree)?);
            return Ok(Found { requirements: Some(requirements), locals, remarks });
        }
    }
    if remarks.is_empty()
        && let Some(file) = own_package(tree)?
    {
        let itself = Wanted { extras: groups.to_vec(), ..Wanted::default() };
        let locals = package::collect(tree, vec![itself], Vec::new())?;
        return Ok(Found { requirements: Some(Sourced::detected(Requirements::Package, file)), locals, remarks });
    }
    if remarks.is_empty() {
        remarks.extend(nothing_found(tree, home)?);
    }
    Ok(Found { remarks, ..Found::default() })
}

/// The file that says how the project itself is built, where that alone knows what it needs.
fn own_package(tree: &Tree) -> Result<Option<&'static str>> {
    let has_setup = ["setup.py", "setup.cfg"].into_iter().find(|name| tree.is_file(name));
    let says_so = match has_setup {
        // Tools keep their settings in setup.cfg.
        Some("setup.cfg") => tree.text("setup.cfg").is_some_and(|text| text.contains("[metadata]")),
        Some(_) => true,
        None => false,
    };
    if says_so {
        return Ok(has_setup);
    }
    let is_poetry = tree.text("pyproject.toml").is_some_and(|text| text.contains("[tool.poetry.dependencies]"));
    Ok((!is_poetry && package::builds_itself(tree)?).then_some("pyproject.toml"))
}

fn pip_files(tree: &Tree, paths: Vec<String>) -> Result<(Requirements, Locals)> {
    let pip::Files { requirements, packages, archives } = pip::files(tree, paths)?;
    Ok((requirements, package::collect(tree, packages, archives)?))
}

fn pylock(tree: &Tree, path: &str) -> Result<(Requirements, Locals)> {
    let (packages, archives) = locks::pylock(tree, path)?;
    Ok((Requirements::PyLock { path: path.to_owned() }, package::collect(tree, packages, archives)?))
}

/// The requirements in the files that the user lists. Their origin is for the caller to set: only it knows who said so.
pub(super) fn given(tree: &Tree, files: &[String], groups: &[String]) -> Result<Option<(Sourced<Requirements>, Locals)>> {
    let mut paths = Vec::new();
    for file in files {
        let path =
            tree::normalize(file).ok_or_else(|| Failure::new(Kind::BadFile, format!("requirements: `{file}` is outside the project")))?;
        if !tree.is_file(&path) {
            return Err(Failure::new(Kind::BadFile, format!("requirements: there is no file {path} in the project"))
                .hint("give paths relative to the project's directory"));
        }
        paths.push(path);
    }
    match &paths[..] {
        [] => Ok(None),
        [one] => from_file(tree, one, groups).map(Some),
        many => {
            if let Some(lock) = many.iter().find(|path| is_special(path)) {
                return Err(Failure::new(Kind::BadFile, format!("requirements: {lock} cannot be combined with other files"))
                    .hint("only pip requirement files can be installed together"));
            }
            let (requirements, locals) = pip_files(tree, many.to_vec())?;
            Ok(Some((Sourced::detected(requirements, many.join(" and ")), locals)))
        }
    }
}

/// One file, by the tool that its name belongs to.
fn from_file(tree: &Tree, path: &str, groups: &[String]) -> Result<(Sourced<Requirements>, Locals)> {
    let name = tree::file_name(path);
    let only_in_root = matches!(name, "uv.lock" | "poetry.lock" | "Pipfile.lock" | "pyproject.toml");
    if only_in_root && path != name {
        return Err(Failure::new(Kind::BadFile, format!("requirements: {path} must be in the project's root directory"))
            .hint(format!("run parity with `--project {}`, or export it to a requirements.txt", tree::parent(path))));
    }
    let locked = |(packages, archives)| package::collect(tree, packages, archives);
    let (requirements, locals) = match name {
        "uv.lock" | "poetry.lock" => {
            let Some(project) = toml_file::read(tree, "pyproject.toml")? else {
                return Err(Failure::new(Kind::BadFile, format!("{name} has no pyproject.toml beside it")));
            };
            if name == "uv.lock" {
                let (groups, extras) = groups::split(groups, &groups::of_uv(&project), &groups::of_extras(&project), name)?;
                let locals = locked(locks::uv(tree, &groups, &extras)?)?;
                (Requirements::UvLock { groups, extras }, locals)
            } else {
                let (groups, extras) = groups::split(groups, &groups::of_poetry(&project), &groups::poetry_extras(&project), name)?;
                let locals = locked(locks::poetry(tree, &groups)?)?;
                (Requirements::PoetryLock { groups, extras }, locals)
            }
        }
        "Pipfile.lock" => {
            let groups = groups::of_pipfile_lock(tree, groups)?;
            let locals = locked(locks::pipfile(tree, &groups)?)?;
            (Requirements::PipfileLock { groups }, locals)
        }
        "pyproject.toml" => {
            let (dependencies, packages, archives) = pyproject::requirements(tree, groups)?;
            (Requirements::PyProject { dependencies }, package::collect(tree, packages, archives)?)
        }
        _ if is_pylock(path) => pylock(tree, path)?,
        _ => pip_files(tree, vec![path.to_owned()])?,
    };
    Ok((Sourced::detected(requirements, path), locals))
}

/// PEP 751: `pylock.toml` or `pylock.NAME.toml`.
fn is_pylock(path: &str) -> bool {
    let name = tree::file_name(path);
    let inner = name.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix(".toml"));
    name == "pylock.toml" || inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('.'))
}

fn is_special(path: &str) -> bool {
    is_pylock(path) || matches!(tree::file_name(path), "uv.lock" | "poetry.lock" | "Pipfile.lock" | "pyproject.toml")
}

/// The pip requirement files to install, from a directory; those of wanted groups (`requirements-dev.txt`) with them.
/// `listed`: `pyproject.toml` says what is needed, too.
fn requirement_files(tree: &Tree, directory: &str, groups: &[String], listed: bool, remarks: &mut Vec<String>) -> Option<Vec<String>> {
    let base = main_file(tree, directory, listed, remarks)?;
    let mut files = vec![base];
    for group in groups {
        files.extend(groups::file_of(tree, directory, group).filter(|file| !files.contains(file)));
    }
    Some(files)
}

fn main_file(tree: &Tree, directory: &str, listed: bool, remarks: &mut Vec<String>) -> Option<String> {
    let plain = tree::join(directory, "requirements.txt");
    if tree.is_file(&plain) {
        return Some(plain);
    }
    let inner = tree::join(directory, "requirements");
    let names = ["production.txt", "prod.txt", "requirements.txt", "base.txt", "common.txt", "default.txt", "main.txt"];
    if let Some(file) = names.iter().map(|name| tree::join(&inner, name)).find(|file| tree.is_file(file)) {
        return Some(file);
    }
    let reasonable = |parent: &str, prefix: &str| -> Vec<String> {
        let is_reasonable = |file: &&str| {
            let name = tree::file_name(file);
            tree::parent(file) == parent
                && name.starts_with(prefix)
                && name.ends_with(".txt")
                && if listed { is_of_deployment(name) } else { !is_for_development(name) }
        };
        tree.files().filter(is_reasonable).map(str::to_owned).collect()
    };
    for files in [reasonable(&inner, ""), reasonable(directory, "requirements")] {
        let production = files.iter().find(|file| tree::file_name(file).contains("prod"));
        match (&files[..], production) {
            ([], _) => {}
            ([file], _) => return Some(file.clone()),
            (_, Some(file)) => return Some(file.clone()),
            (files, None) => {
                remarks.push(format!(
                    "requirements could be in {}: write the ones to install to parity.yaml, for instance `requirements: [{}]`",
                    files.join(" or "),
                    files[0]
                ));
                return None;
            }
        }
    }
    None
}

fn is_for_development(name: &str) -> bool {
    has_word(
        name,
        &[
            "dev",
            "develop",
            "development",
            "test",
            "tests",
            "testing",
            "doc",
            "docs",
            "lint",
            "ci",
            "local",
            "build",
            "constraints",
            "optional",
        ],
    )
}

/// Beside a list in `pyproject.toml` a file is for some purpose of its own, of a script or a tool, unless it says so.
fn is_of_deployment(name: &str) -> bool {
    has_word(
        name,
        &[
            "prod",
            "production",
            "live",
            "deploy",
            "deployment",
            "lock",
            "locked",
            "frozen",
            "freeze",
            "pinned",
            "web",
            "app",
            "server",
            "all",
        ],
    )
}

fn has_word(name: &str, words: &[&str]) -> bool {
    name.trim_end_matches(".txt").split(['-', '_', '.']).any(|word| words.contains(&word))
}

fn only<'a>(mut items: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = items.next()?;
    items.next().is_none().then(|| first.to_owned())
}

/// What to do about a project without usable requirements.
fn nothing_found(tree: &Tree, home: &str) -> Result<Option<String>> {
    let project = toml_file::read(tree, "pyproject.toml")?;
    if project.as_ref().is_some_and(|project| toml_file::at(project, &["tool", "poetry", "dependencies"]).is_some()) {
        return Ok(Some("pyproject.toml has Poetry's dependencies without a lock file, so none are installed: run `poetry lock`".into()));
    }
    if tree.is_file("Pipfile") {
        return Ok(Some("Pipfile has no Pipfile.lock beside it, so its packages are not installed: run `pipenv lock`".into()));
    }
    let nested = ["uv.lock", "poetry.lock", "Pipfile.lock", "pyproject.toml"].iter().map(|name| tree::join(home, name));
    if let Some(file) = nested.into_iter().find(|file| !home.is_empty() && tree.is_file(file)) {
        return Ok(Some(format!(
            "{file} is not in the project's root directory, so it is not installed: run parity with `--project {home}`"
        )));
    }
    if tree.is_file("environment.yml") {
        return Ok(Some("the dependencies in environment.yml are not read: list them in a requirements.txt".into()));
    }
    // A plain WSGI script may well need none.
    Ok(None)
}

#[cfg(test)]
mod tests;
