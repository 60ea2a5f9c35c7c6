//! Wanted groups and extras, told apart by what the project declares.

use super::super::toml_file::{at, keys, normalized};
use super::super::tree::{self, Tree};
use crate::error::{Failure, Kind, Result};

/// Divides wanted names into groups and extras; a name that is neither is a failure.
pub(super) fn split(wanted: &[String], groups: &[String], extras: &[String], file: &str) -> Result<(Vec<String>, Vec<String>)> {
    let all: Vec<String> = groups.iter().chain(extras).cloned().collect();
    check(wanted, &all, file)?;
    let matching = |known: &[String]| -> Vec<String> {
        let is_wanted = |name: &&String| wanted.iter().any(|wanted| normalized(wanted) == normalized(name));
        known.iter().filter(is_wanted).cloned().collect()
    };
    Ok((matching(groups), matching(extras)))
}

/// Fails for a name that is not known.
pub(super) fn check(wanted: &[String], known: &[String], file: &str) -> Result<()> {
    let is_known = |name: &str| known.iter().any(|known| normalized(known) == normalized(name));
    let Some(missing) = wanted.iter().find(|name| !is_known(name)) else { return Ok(()) };
    let mut failure = Failure::new(Kind::BadFile, format!("groups: {file} knows no group or extra `{missing}`"));
    failure = match known {
        [] => failure.hint("the project declares none: remove `groups:` from parity.yaml"),
        known => failure.hint(format!("it has {}", known.join(", "))),
    };
    Err(failure)
}

/// PEP 735 groups, and uv's own older `dev-dependencies`.
pub(super) fn of_uv(project: &toml::Table) -> Vec<String> {
    let mut groups = keys(project, &["dependency-groups"]);
    if at(project, &["tool", "uv", "dev-dependencies"]).is_some() && !groups.iter().any(|group| group == "dev") {
        groups.push("dev".into());
    }
    groups
}

pub(super) fn of_extras(project: &toml::Table) -> Vec<String> {
    keys(project, &["project", "optional-dependencies"])
}

pub(super) fn of_poetry(project: &toml::Table) -> Vec<String> {
    let mut groups = keys(project, &["tool", "poetry", "group"]);
    groups.extend(keys(project, &["dependency-groups"]).into_iter().filter(|group| !groups.contains(group)).collect::<Vec<_>>());
    if at(project, &["tool", "poetry", "dev-dependencies"]).is_some() {
        groups.push("dev".into());
    }
    groups
}

pub(super) fn poetry_extras(project: &toml::Table) -> Vec<String> {
    let mut extras = keys(project, &["tool", "poetry", "extras"]);
    extras.extend(of_extras(project));
    extras
}

/// The sections of a `Pipfile.lock` that are wanted; `dev` is its `develop`.
pub(super) fn of_pipfile_lock(tree: &Tree, wanted: &[String]) -> Result<Vec<String>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let text = tree.text("Pipfile.lock").unwrap_or_default();
    let lock: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        Failure::new(Kind::BadFile, format!("Pipfile.lock:{}:{}: it is not JSON", error.line(), error.column())).caused_by(&error)
    })?;
    let sections: Vec<String> =
        lock.as_object().into_iter().flat_map(|lock| lock.keys()).filter(|key| *key != "_meta" && *key != "default").cloned().collect();
    let wanted: Vec<String> = wanted
        .iter()
        .map(|name| if matches!(name.as_str(), "dev" | "dev-packages") { "develop".to_owned() } else { name.clone() })
        .collect();
    split(&wanted, &sections, &[], "Pipfile.lock").map(|(groups, _)| groups)
}

/// The groups that are files: `dev` of `requirements-dev.txt`.
pub(super) fn of_files(tree: &Tree, directory: &str) -> Vec<String> {
    let group = |file: &str| {
        let name = tree::file_name(file).strip_suffix(".txt")?;
        if tree::parent(file) == tree::join(directory, "requirements") {
            return Some(name.to_owned());
        }
        let group = name.strip_prefix("requirements")?.strip_prefix(['-', '_', '.'])?;
        (tree::parent(file) == directory).then(|| group.to_owned())
    };
    let mut groups: Vec<String> = tree.files().filter_map(group).collect();
    groups.dedup();
    groups
}

/// The requirement file of a group.
pub(super) fn file_of(tree: &Tree, directory: &str, group: &str) -> Option<String> {
    let names = ["requirements-", "requirements_", "requirements.", "requirements/"].map(|prefix| format!("{prefix}{group}.txt"));
    names.iter().map(|name| tree::join(directory, name)).filter_map(|file| tree::normalize(&file)).find(|file| tree.is_file(file))
}
