//! TOML files of the project, with failures that point at the line.

use crate::error::{Failure, Kind, Result};

use super::tree::Tree;

/// Reads a file; `None` if there is none.
pub(super) fn read(tree: &Tree, path: &str) -> Result<Option<toml::Table>> {
    let Some(text) = tree.text(path) else { return Ok(None) };
    text.parse::<toml::Table>().map(Some).map_err(|error| failure(path, &text, &error))
}

fn failure(path: &str, text: &str, error: &toml::de::Error) -> Failure {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let said = error.message().lines().next().unwrap_or("it is not TOML").to_owned();
    let source = text.lines().nth(line - 1).unwrap_or_default();
    Failure::new(Kind::BadFile, format!("{path}:{line}:{column}: {said}"))
        .details([source.to_owned(), format!("{}^", " ".repeat(column - 1))])
}

/// The value at a path of keys.
pub(super) fn at<'a>(table: &'a toml::Table, keys: &[&str]) -> Option<&'a toml::Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.as_table()?.get(*key))
}

/// The keys of the table at a path.
pub(super) fn keys(table: &toml::Table, path: &[&str]) -> Vec<String> {
    at(table, path).and_then(toml::Value::as_table).map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// A name as package tools compare it: `Dev_Tools` and `dev-tools` are one.
pub(super) fn normalized(name: &str) -> String {
    let mut plain = String::new();
    for c in name.trim().chars() {
        if matches!(c, '-' | '_' | '.') {
            if !plain.ends_with('-') {
                plain.push('-');
            }
        } else {
            plain.extend(c.to_lowercase());
        }
    }
    plain
}
