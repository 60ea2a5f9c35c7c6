//! The command line.

use std::str::FromStr;

use crate::peers::{self, Project};
use crate::{Result, TABLES};

/// What is measured, and how often.
#[derive(Debug)]
pub struct Options {
    /// Turns of each peer.
    pub rounds: usize,
    /// Requests in the store.
    pub count: usize,
    /// Megabytes of the HAR file.
    pub megabytes: usize,
    /// Empty: all.
    pub tables: Vec<&'static str>,
    pub projects: Vec<&'static Project>,
}

impl Options {
    pub fn from(mut given: impl Iterator<Item = String>) -> Result<Self> {
        let mut options =
            Self { rounds: 8, count: 100_000, megabytes: 500, tables: Vec::new(), projects: peers::PROJECTS.iter().collect() };
        while let Some(word) = given.next() {
            match word.as_str() {
                // Cargo says it to every benchmark.
                "--bench" => {}
                "--rounds" => options.rounds = value(&mut given)?,
                "--count" => options.count = value(&mut given)?,
                "--megabytes" => options.megabytes = value(&mut given)?,
                "--tables" => options.tables = list(&mut given, |name| TABLES.iter().map(|table| table.0).find(|table| *table == name))?,
                "--projects" => options.projects = list(&mut given, peers::project)?,
                _ => return Err(usage().into()),
            }
        }
        Ok(options)
    }
}

fn value<T: FromStr>(given: &mut impl Iterator<Item = String>) -> Result<T> {
    given.next().and_then(|word| word.parse().ok()).ok_or_else(|| usage().into())
}

fn list<T>(given: &mut impl Iterator<Item = String>, known: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let words = given.next().unwrap_or_default();
    words.split(',').map(|word| known(word).ok_or_else(|| usage().into())).collect()
}

fn usage() -> String {
    let tables: Vec<_> = TABLES.iter().map(|table| table.0).collect();
    let projects: Vec<_> = peers::PROJECTS.iter().map(|project| project.name).collect();
    format!(
        "usage: cargo bench --bench instruments -- [--rounds N] [--count N] [--megabytes N] [--tables {}] [--projects {}]",
        tables.join(","),
        projects.join(",")
    )
}
