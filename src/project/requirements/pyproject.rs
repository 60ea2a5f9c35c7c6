//! Dependencies in `pyproject.toml`: `[project]`, its extras, and PEP 735 groups.

use super::super::toml_file::{self, at, normalized};
use super::super::tree::Tree;
use super::groups;
use super::package::{self, Sources, Wanted};
use super::requirement::{self, Place};
use crate::error::{Failure, Kind, Result};

const FILE: &str = "pyproject.toml";
/// Groups that include groups, deeper than anyone writes.
const MAX_DEPTH: usize = 50;

/// Does the project list dependencies, be it none?
pub(super) fn has_dependencies(tree: &Tree) -> Result<bool> {
    let project = toml_file::read(tree, FILE)?;
    Ok(project.is_some_and(|project| at(&project, &["project", "dependencies"]).is_some()))
}

/// The same without those of the project, which come with it, and the project itself if it is built; archives that are named by their paths.
/// Those are among the dependencies, too.
pub(super) fn requirements(tree: &Tree, wanted: &[String]) -> Result<(Vec<String>, Vec<Wanted>, Vec<String>)> {
    let project = toml_file::read(tree, FILE)?.unwrap_or_default();
    let sources = Sources::of(tree, "", &project);
    let (mut lines, mut packages, mut archives) = (Vec::new(), Vec::new(), Vec::new());
    for line in dependencies(tree, wanted)? {
        match sources.place(tree, &line)? {
            Place::Directory(found) => packages.push(found),
            Place::Archive(path) => {
                lines.push(requirement::and_marker(&format!("./{path}"), requirement::marker(&line)));
                archives.push(path);
            }
            Place::Elsewhere => lines.push(line),
        }
    }
    if package::builds_itself(tree)? && not_installed(tree)?.is_none() {
        packages.push(Wanted { locked: true, ..Wanted::default() });
    }
    Ok((lines, packages, archives))
}

/// Why the project itself is not installed, although it has a build: setuptools does not choose among several packages.
pub(super) fn not_installed(tree: &Tree) -> Result<Option<String>> {
    // What setuptools takes for something else.
    const OTHERS: [&str; 34] = [
        "ci",
        "bin",
        "debian",
        "doc",
        "docs",
        "documentation",
        "manpages",
        "news",
        "newsfragments",
        "changelog",
        "test",
        "tests",
        "unit_test",
        "unit_tests",
        "example",
        "examples",
        "scripts",
        "tools",
        "util",
        "utils",
        "python",
        "build",
        "benchmark",
        "benchmarks",
        "exercise",
        "exercises",
        "htmlcov",
        "tasks",
        "fabfile",
        "site_scons",
        "requirements",
        "dist",
        "venv",
        "node_modules",
    ];
    let project = toml_file::read(tree, FILE)?.unwrap_or_default();
    let backend = at(&project, &["build-system", "build-backend"]).and_then(toml::Value::as_str).unwrap_or("setuptools");
    let is_told = ["packages", "py-modules", "ext-modules"].iter().any(|key| at(&project, &["tool", "setuptools", key]).is_some())
        || tree.is_file("setup.py")
        || tree.text("setup.cfg").is_some_and(|text| text.contains("packages") || text.contains("py_modules"));
    if !package::builds_itself(tree)? || !backend.starts_with("setuptools") || is_told || tree.is_dir("src") {
        return Ok(None);
    }
    let mut packages: Vec<&str> =
        tree.files().filter(|file| file.ends_with(".py")).filter_map(|file| file.split_once('/')).map(|(top, _)| top).collect();
    packages.retain(|top| !OTHERS.contains(top) && top.chars().all(|c| c.is_alphanumeric() || c == '_'));
    packages.sort_unstable();
    packages.dedup();
    // Of modules beside each other it chooses none either, where there is no package.
    Ok((packages.len() > 1).then(|| {
        format!(
            "the project itself is not installed, as setuptools does not choose between {}: `[tool.setuptools] packages = [\"{}\"]` in pyproject.toml says which",
            packages.join(" and "),
            packages[0]
        )
    }))
}

/// `[project] dependencies` and those of the wanted extras and groups, each once.
fn dependencies(tree: &Tree, wanted: &[String]) -> Result<Vec<String>> {
    let project = toml_file::read(tree, FILE)?.unwrap_or_default();
    let mut found = Vec::new();
    if let Some(list) = at(&project, &["project", "dependencies"]) {
        found.extend(texts(list, "project.dependencies")?);
    }
    let group_names = toml_file::keys(&project, &["dependency-groups"]);
    let (groups, extras) = groups::split(wanted, &group_names, &groups::of_extras(&project), FILE)?;
    for extra in extras {
        if let Some(list) = at(&project, &["project", "optional-dependencies", &extra]) {
            found.extend(texts(list, &format!("project.optional-dependencies.{extra}"))?);
        }
    }
    for group in groups {
        include_group(&project, &group, &mut Vec::new(), &mut found)?;
    }
    let mut unique: Vec<String> = Vec::with_capacity(found.len());
    for dependency in found {
        if !unique.contains(&dependency) {
            unique.push(dependency);
        }
    }
    Ok(unique)
}

fn bad(message: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::BadFile, format!("{FILE}: {message}"))
}

fn texts(list: &toml::Value, what: &str) -> Result<Vec<String>> {
    let expected = || bad(format!("{what} must be a list of requirements, as `[\"django>=5\"]`"));
    let items = list.as_array().ok_or_else(expected)?;
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(expected)).collect()
}

/// `open` are the groups being included, against circles.
fn include_group(project: &toml::Table, group: &str, open: &mut Vec<String>, found: &mut Vec<String>) -> Result<()> {
    let group = normalized(group);
    if open.len() >= MAX_DEPTH {
        return Err(bad("dependency-groups include each other too deeply"));
    }
    if open.contains(&group) {
        return Err(bad(format!("dependency-groups include each other in a circle: {} -> {group}", open.join(" -> "))));
    }
    let groups = at(project, &["dependency-groups"]).and_then(toml::Value::as_table);
    let list = groups.into_iter().flatten().find(|(name, _)| normalized(name) == group).map(|(_, list)| list);
    let items = list
        .ok_or_else(|| bad(format!("dependency-groups.{} includes `{group}`, which is not there", open.last().map_or("", |g| g))))?
        .as_array()
        .ok_or_else(|| bad(format!("dependency-groups.{group} must be a list")))?;
    open.push(group.clone());
    for item in items {
        match (item.as_str(), item.get("include-group").and_then(toml::Value::as_str)) {
            (Some(requirement), _) => found.push(requirement.to_owned()),
            (None, Some(inner)) => include_group(project, inner, open, found)?,
            (None, None) => {
                return Err(bad(format!("dependency-groups.{group} holds something that is neither a requirement nor include-group")));
            }
        }
    }
    open.pop();
    Ok(())
}
