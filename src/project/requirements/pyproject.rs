//! Dependencies in `pyproject.toml`: `[project]`, its extras, and PEP 735 groups.

use super::super::toml_file::{self, at, normalized};
use super::super::tree::Tree;
use super::groups;
use crate::error::{Failure, Kind, Result};

const FILE: &str = "pyproject.toml";
/// Groups that include groups, deeper than anyone writes.
const MAX_DEPTH: usize = 50;

/// Does the project list dependencies, be it none?
pub(super) fn has_dependencies(tree: &Tree) -> Result<bool> {
    let project = toml_file::read(tree, FILE)?;
    Ok(project.is_some_and(|project| at(&project, &["project", "dependencies"]).is_some()))
}

/// `[project] dependencies` and those of the wanted extras and groups, each once.
pub(super) fn dependencies(tree: &Tree, wanted: &[String]) -> Result<Vec<String>> {
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
