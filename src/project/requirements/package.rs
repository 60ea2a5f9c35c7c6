//! Packages in the project's own directories: what their files say without being run.

use std::collections::BTreeMap;

use super::super::toml_file::{self, at, keys, normalized};
use super::super::tree::{self, Tree};
use super::super::{LocalPackage, Locals, Needs};
use super::requirement::{self, Place};
use crate::error::{Failure, Kind, Result};

/// Files that make a directory a package, the one that tools look at first coming first.
pub const FILES: [&str; 3] = ["pyproject.toml", "setup.py", "setup.cfg"];

/// A local package that something asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Relative to the project; empty for the project itself.
    pub directory: String,
    pub extras: Vec<String>,
    pub marker: Option<String>,
    /// A lock file knows what it needs.
    pub locked: bool,
}

/// Is there a package in a directory?
pub(super) fn is_package(tree: &Tree, directory: &str) -> bool {
    let has = |name: &str| tree.is_file(&tree::join(directory, name));
    has("setup.py") || has("setup.cfg") || metadata(tree, directory).is_ok_and(|table| is_built(&table))
}

/// Does a `pyproject.toml` describe a package? Those of linters do not.
fn is_built(pyproject: &toml::Table) -> bool {
    at(pyproject, &["project"]).is_some() || pyproject.contains_key("build-system") || at(pyproject, &["tool", "poetry", "name"]).is_some()
}

/// Has the project itself a build, so that tools install it, too?
pub(super) fn builds_itself(tree: &Tree) -> Result<bool> {
    let Some(pyproject) = toml_file::read(tree, "pyproject.toml")? else { return Ok(false) };
    Ok(pyproject.contains_key("build-system") && is_built(&pyproject))
}

fn metadata(tree: &Tree, directory: &str) -> Result<toml::Table> {
    Ok(toml_file::read(tree, &tree::join(directory, "pyproject.toml"))?.unwrap_or_default())
}

/// The packages that are wanted and those that they need of the project, each once, and what they need besides.
/// `archives` come from the caller and get those that packages name.
pub(super) fn collect(tree: &Tree, wanted: Vec<Wanted>, archives: Vec<String>) -> Result<Locals> {
    let mut locals = Locals { packages: Vec::new(), archives };
    let mut waiting = wanted;
    while let Some(next) = (!waiting.is_empty()).then(|| waiting.remove(0)) {
        let (package, inner) = read(tree, &next, &mut locals.archives)?;
        match locals.packages.iter_mut().find(|known| known.directory == package.directory) {
            Some(known) => {
                known.add(package);
            }
            None => locals.packages.push(package),
        }
        let is_new = |inner: &Wanted| {
            let known = locals.packages.iter().any(|known| known.directory == inner.directory);
            !known || !inner.extras.is_empty() && inner.directory != next.directory
        };
        if locals.packages.len() + waiting.len() < MAX_PACKAGES {
            waiting.extend(inner.into_iter().filter(is_new));
        }
    }
    // What one of them needs of another is there.
    let names: Vec<String> = locals.packages.iter().filter_map(|package| package.name.clone()).collect();
    for package in &mut locals.packages {
        if let Needs::Listed(lines) = &mut package.needs {
            lines.retain(|line| !requirement::name(line).is_some_and(|name| names.contains(&normalized(name))));
        }
    }
    locals.archives.sort();
    locals.archives.dedup();
    Ok(locals)
}

/// More than any project has.
const MAX_PACKAGES: usize = 500;

impl LocalPackage {
    /// Two places want it, with other extras maybe.
    fn add(&mut self, other: LocalPackage) {
        if self.marker != other.marker {
            self.marker = None;
        }
        match (&mut self.needs, other.needs) {
            (Needs::Listed(known), Needs::Listed(more)) => {
                known.extend(more.into_iter().filter(|line| !known.contains(line)).collect::<Vec<_>>())
            }
            (Needs::Built { extras: known, .. }, Needs::Built { extras: more, .. }) => {
                known.extend(more.into_iter().filter(|extra| !known.contains(extra)).collect::<Vec<_>>());
            }
            _ => {}
        }
    }
}

/// One package, and those of the project that it needs.
fn read(tree: &Tree, wanted: &Wanted, archives: &mut Vec<String>) -> Result<(LocalPackage, Vec<Wanted>)> {
    let directory = &wanted.directory;
    let pyproject = metadata(tree, directory)?;
    let texts: Vec<String> = FILES.iter().filter_map(|name| tree.text(&tree::join(directory, name))).collect();
    let mut inner = Vec::new();
    let needs = if wanted.locked {
        Needs::Locked
    } else if is_static(&pyproject, &wanted.extras) {
        let sources = Sources::of(tree, directory, &pyproject);
        let mut lines = Vec::new();
        for line in listed(&pyproject, directory, &wanted.extras)? {
            match sources.place(tree, &line)? {
                Place::Directory(found) => inner.push(and(found, wanted.marker.as_deref())),
                Place::Archive(path) => archives.push(path),
                Place::Elsewhere => lines.push(requirement::and_marker(&line, wanted.marker.as_deref())),
            }
        }
        Needs::Listed(lines)
    } else {
        let file = FILES.iter().map(|name| tree::join(directory, name)).find(|file| tree.is_file(file)).unwrap_or_default();
        Needs::Built { file, extras: wanted.extras.clone() }
    };
    let package = LocalPackage {
        directory: directory.clone(),
        name: name(tree, directory, &pyproject),
        marker: wanted.marker.clone(),
        needs,
        compiles: compiles(&pyproject, &texts),
        version_of: version_of(&texts),
    };
    Ok((package, inner))
}

fn and(mut wanted: Wanted, marker: Option<&str>) -> Wanted {
    wanted.marker = requirement::both(wanted.marker.as_deref(), marker);
    wanted
}

fn name(tree: &Tree, directory: &str, pyproject: &toml::Table) -> Option<String> {
    let text = |keys: &[&str]| at(pyproject, keys).and_then(toml::Value::as_str).map(str::to_owned);
    let of_cfg = || {
        let text = tree.text(&tree::join(directory, "setup.cfg"))?;
        let section = text.split("[metadata]").nth(1)?;
        let line = section.lines().skip(1).take_while(|line| !line.starts_with('[')).find(|line| line.starts_with("name"))?;
        Some(line.split_once('=')?.1.trim().to_owned())
    };
    let of_setup = || {
        let text = tree.text(&tree::join(directory, "setup.py"))?;
        let rest = &text[text.find("name=").map(|at| at + 5).or_else(|| text.find("name =").map(|at| at + 6))?..];
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split_once(quote).map(|(name, _)| name.to_owned())
    };
    let is_name = |name: &String| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let found = text(&["project", "name"]).or_else(|| text(&["tool", "poetry", "name"])).or_else(of_cfg).or_else(of_setup);
    found.filter(is_name).map(|name| normalized(&name))
}

/// Can what it needs be read, without its build?
fn is_static(pyproject: &toml::Table, extras: &[String]) -> bool {
    let Some(project) = at(pyproject, &["project"]).and_then(toml::Value::as_table) else { return false };
    let dynamic: Vec<&str> =
        project.get("dynamic").and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).collect();
    !dynamic.contains(&"dependencies") && (extras.is_empty() || !dynamic.contains(&"optional-dependencies"))
}

/// `[project] dependencies` and those of extras, of which one may name others: `all = ["shop[web]"]`.
fn listed(pyproject: &toml::Table, directory: &str, extras: &[String]) -> Result<Vec<String>> {
    let own = at(pyproject, &["project", "name"]).and_then(toml::Value::as_str).map(normalized);
    let file = tree::join(directory, "pyproject.toml");
    let texts = |list: &toml::Value, what: &str| -> Result<Vec<String>> {
        let expected = || Failure::new(Kind::BadFile, format!("{file}: {what} must be a list of requirements, as `[\"django>=5\"]`"));
        let items = list.as_array().ok_or_else(expected)?;
        items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(expected)).collect()
    };
    let mut found = match at(pyproject, &["project", "dependencies"]) {
        Some(list) => texts(list, "project.dependencies")?,
        None => Vec::new(),
    };
    let known = keys(pyproject, &["project", "optional-dependencies"]);
    let (mut waiting, mut done): (Vec<String>, Vec<String>) = (extras.to_vec(), Vec::new());
    while let Some(extra) = waiting.pop() {
        let Some(key) = known.iter().find(|known| normalized(known) == normalized(&extra)) else { continue };
        if done.contains(key) {
            continue;
        }
        done.push(key.clone());
        let list = at(pyproject, &["project", "optional-dependencies", key]).map(|list| texts(list, key)).transpose()?;
        for line in list.unwrap_or_default() {
            if own.is_some() && requirement::name(&line).map(normalized) == own {
                waiting.extend(requirement::extras(&line));
            } else if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    Ok(found)
}

/// Has it parts that are compiled?
fn compiles(pyproject: &toml::Table, texts: &[String]) -> Compiles {
    let backend = at(pyproject, &["build-system", "build-backend"]).and_then(toml::Value::as_str).unwrap_or_default();
    let compiling = ["mesonpy", "scikit_build_core", "maturin", "py_build_cmake", "sipbuild"];
    let says = ["ext_modules", "ext-modules", "cffi_modules", "cythonize(", "rust_extensions", "RustExtension(", "mypycify("];
    // These install Python's files by lists of their own, or compile them.
    let others = ["mypycify(", ".py\"]", ".py']"];
    let found = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| text.contains(word)));
    match () {
        () if compiling.iter().any(|name| backend.starts_with(name)) => Compiles::Anything,
        () if !found(&says) => Compiles::Nothing,
        () if found(&others) => Compiles::Anything,
        () => Compiles::Extensions,
    }
}

/// The variable that takes the place of version control in its build, where its version comes from that.
fn version_of(texts: &[String]) -> Option<VersionOf> {
    let says = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| text.contains(word)));
    match () {
        () if says(&["hatch-vcs"]) => Some(VersionOf::HatchVcs),
        () if says(&["setuptools_scm", "setuptools-scm", "use_scm_version", "vcs-versioning"]) => Some(VersionOf::SetuptoolsScm),
        () if says(&["pbr=True", "pbr = True", "pbr.build", "pbr=true"]) => Some(VersionOf::Pbr),
        () if says(&["source = \"scm\"", "source=\"scm\"", "source = 'scm'"]) => Some(VersionOf::Pdm),
        () if says(&["poetry-dynamic-versioning", "poetry_dynamic_versioning"]) => Some(VersionOf::PoetryDynamicVersioning),
        () => None,
    }
}

pub use super::super::{Compiles, VersionOf};

/// Where `[tool.uv.sources]` says that packages are. It holds for the packages of a workspace, too.
#[derive(Debug, Default)]
pub(super) struct Sources {
    directory: String,
    /// Directories and archives by normalized name.
    paths: BTreeMap<String, String>,
}

impl Sources {
    pub fn of(tree: &Tree, directory: &str, pyproject: &toml::Table) -> Self {
        let mut sources = Self { directory: directory.to_owned(), paths: BTreeMap::new() };
        sources.add(tree, directory, pyproject);
        if !directory.is_empty()
            && let Ok(root) = metadata(tree, "")
        {
            sources.add(tree, "", &root);
        }
        sources
    }

    fn add(&mut self, tree: &Tree, directory: &str, pyproject: &toml::Table) {
        let table = at(pyproject, &["tool", "uv", "sources"]).and_then(toml::Value::as_table);
        for (name, source) in table.into_iter().flatten() {
            let alternatives = source.as_array().map_or_else(|| vec![source], |list| list.iter().collect());
            let found = alternatives.into_iter().find_map(|source| {
                if let Some(path) = source.get("path").and_then(toml::Value::as_str) {
                    return tree::normalize(&tree::join(directory, path));
                }
                (source.get("workspace").and_then(toml::Value::as_bool) == Some(true)).then(|| member(tree, name)).flatten()
            });
            if let Some(path) = found {
                self.paths.entry(normalized(name)).or_insert(path);
            }
        }
    }

    /// Where a requirement is.
    pub fn place(&self, tree: &Tree, line: &str) -> Result<Place> {
        if let Some(path) = requirement::name(line).and_then(|name| self.paths.get(&normalized(name))) {
            let found = requirement::Local {
                target: path.clone(),
                extras: requirement::extras(line),
                marker: requirement::marker(line).map(str::to_owned),
            };
            return requirement::place(tree, &found, "", &format!("`{line}`"));
        }
        match requirement::local(line) {
            Some(found) => requirement::place(tree, &found, &self.directory, &format!("`{line}`")),
            None => Ok(Place::Elsewhere),
        }
    }
}

/// The directory of a workspace's package.
fn member(tree: &Tree, name: &str) -> Option<String> {
    let files = tree.files().filter(|file| tree::file_name(file) == "pyproject.toml");
    files
        .map(tree::parent)
        .find(|directory| {
            let found = metadata(tree, directory).ok();
            let found = found.as_ref().and_then(|table| at(table, &["project", "name"]));
            found.and_then(toml::Value::as_str).map(normalized) == Some(normalized(name))
        })
        .map(str::to_owned)
}
