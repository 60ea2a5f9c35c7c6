//! The settings that command lines name, `manage.py … --settings=NAME` and `DJANGO_SETTINGS_MODULE=NAME …`: in hooks, and in the files
//! in which a project keeps the commands that it is worked on with. Pure.

use std::sync::LazyLock;

use regex::Regex;

use super::tree::{self, Tree};
use crate::units::Sourced;

/// The files that are looked at, beside `manage.py` and in the project's root.
const FILES: &[&str] = &[
    "Procfile",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    "Taskfile.yml",
    "package.json",
    "pyproject.toml",
    "Dockerfile",
];

/// A settings module that a command line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub module: String,
    /// `Makefile:3`
    pub place: String,
    pub rank: Rank,
}

/// The more surely a command says how the project is run, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// parity runs it itself.
    Hook,
    /// It starts a server, or sets the variable for whatever comes after it.
    Serves,
    Other,
}

static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?:--settings(?:=|\s+)|\bDJANGO_SETTINGS_MODULE(?:\s*[:?]?=\s*|\s+|:\s*))["']?((?:[\w.]|\$\w|\$\([\w.-]+\)|\$\{[\w.:-]+\}|\{\{\s*\w+\s*\}\})+)"#,
    )
});
static SERVES: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:runserver(?:_plus)?|gunicorn|uwsgi|waitress-serve|mod_wsgi-express|granian)\b|^\s*(?:export\s+|ENV\s+)?DJANGO_SETTINGS_MODULE\b",
    )
});
/// Settings for tests are not those that the project is run with.
static TESTS: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:py)?test\b|\bcoverage\b|\btox\b"));
/// `NAME = value` of make, just and shells.
static DEFINES: LazyLock<Regex> = LazyLock::new(|| regex(r#"^\s*(?:export\s+|ARG\s+|ENV\s+)?(\w+)\s*[:?]?=\s*["']?([\w.-]+)["']?\s*$"#));
/// `$(NAME)`, `${NAME}`, `${NAME:-value}`, `$NAME`, `{{NAME}}`.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| regex(r"\$\((\w+)\)|\$\{(\w+)(?::?-([\w.]*))?\}|\$(\w+)|\{\{\s*(\w+)\s*\}\}"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant, compiled by the tests")
}

/// What hooks and files name, the surest first and otherwise in the order of [`FILES`]. Whether there is such a module is not looked at.
pub(super) fn settings(tree: &Tree, home: &str, hooks: &[Sourced<String>]) -> Vec<Mention> {
    let mut found: Vec<Mention> =
        hooks.iter().flat_map(|hook| mentions(&hook.value, |_| hook.origin.to_string(), |_| Rank::Hook)).collect();
    let directories = if home.is_empty() { vec![""] } else { vec![home, ""] };
    for file in directories.into_iter().flat_map(|directory| FILES.iter().map(move |name| tree::join(directory, name))) {
        let Some(text) = tree.text(&file) else { continue };
        let rank = |line: &str| if SERVES.is_match(line) { Rank::Serves } else { Rank::Other };
        found.extend(mentions(&text, |line| format!("{file}:{line}"), rank));
    }
    found.sort_by_key(|mention| mention.rank);
    found
}

fn mentions(text: &str, place: impl Fn(usize) -> String, rank: impl Fn(&str) -> Rank) -> Vec<Mention> {
    let lines = || text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    let defined = |name: &str| {
        lines().filter_map(|(_, line)| DEFINES.captures(line)).find(|found| &found[1] == name).map(|found| found[2].to_owned())
    };
    let expand = |name: &str| {
        let mut known = true;
        let expanded = VARIABLE.replace_all(name, |found: &regex::Captures<'_>| {
            let variable = [1, 2, 4, 5].iter().find_map(|group| found.get(*group)).map_or("", |name| name.as_str());
            let value = defined(variable).or_else(|| found.get(3).map(|default| default.as_str().to_owned()));
            known &= value.is_some();
            value.unwrap_or_default()
        });
        known.then(|| expanded.trim_end_matches('.').to_owned())
    };
    lines()
        .filter(|(_, line)| !TESTS.is_match(line))
        .flat_map(|(index, line)| NAMES.captures_iter(line).map(move |found| (index, line, found[1].to_owned())))
        .filter_map(|(index, line, name)| Some(Mention { module: expand(&name)?, place: place(index + 1), rank: rank(line) }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<(String, usize)> {
        mentions(text, |line| line.to_string(), |_| Rank::Other)
            .into_iter()
            .map(|found| (found.module, found.place.parse().unwrap()))
            .collect()
    }

    #[test]
    fn every_way_to_name_them() {
        for line in [
            "python manage.py migrate --settings=shop.dev",
            "\tpython manage.py runserver --settings shop.dev 0.0.0.0:8000",
            "web: DJANGO_SETTINGS_MODULE=shop.dev gunicorn shop.wsgi",
            "  \"start\": \"DJANGO_SETTINGS_MODULE='shop.dev' python manage.py runserver\",",
            "ENV DJANGO_SETTINGS_MODULE shop.dev",
            "export DJANGO_SETTINGS_MODULE := shop.dev",
            "start = {cmd = \"python manage.py runserver --settings=shop.dev\"}",
            "env = { DJANGO_SETTINGS_MODULE = \"shop.dev\" }",
            "      DJANGO_SETTINGS_MODULE: shop.dev",
            "run: ; python manage.py runserver --settings=shop.${MODE:-dev}",
        ] {
            assert_eq!(named(line), [("shop.dev".to_owned(), 1)], "{line}");
        }
        let make = "MODE ?= dev\nSETTINGS = shop.dev\nrun:\n\tpython manage.py runserver --settings=$(SETTINGS)\nmigrate:\n\tpython manage.py migrate --settings=shop.${MODE}\n";
        assert_eq!(named(make), [("shop.dev".to_owned(), 4), ("shop.dev".to_owned(), 6)]);
        for line in [
            "# manage.py --settings=shop.dev",
            "python manage.py test --settings=shop.test",
            "pytest --ds=x",
            "run --settings=$(NOBODY_KNOWS)",
            "x",
        ] {
            assert_eq!(named(line), [], "{line}");
        }
    }
}
