//! The command line.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use crate::peers::{self, Peer};
use crate::projects::{self, Project};
use crate::source::Save;
use crate::torture::{self, Application};
use crate::{OWN_TABLES, Result, TABLES};

/// What is measured, and how often.
#[derive(Debug)]
pub struct Options {
    /// Saves of each peer in the first table.
    pub rounds: usize,
    /// Saves of each peer under load.
    pub reloads: usize,
    /// Runs of quick saves.
    pub runs: usize,
    /// Saves of each application of the torture.
    pub saves: usize,
    /// Of each peer that can have several.
    pub processes: u32,
    /// Another build of parity to compare with.
    pub versus: Option<PathBuf>,
    pub save: Save,
    /// None: all that compare peers.
    pub tables: Vec<String>,
    pub projects: Vec<&'static Project>,
    pub peers: Vec<&'static Peer>,
    pub packages: Vec<&'static Application>,
}

impl Options {
    pub fn from(mut given: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            rounds: 20,
            reloads: 30,
            runs: 12,
            saves: 5,
            processes: 1,
            versus: None,
            save: Save::Rename,
            tables: Vec::new(),
            projects: Vec::new(),
            peers: Vec::new(),
            packages: Vec::new(),
        };
        while let Some(word) = given.next() {
            match word.as_str() {
                // Cargo says it to every benchmark.
                "--bench" => {}
                "--rounds" => options.rounds = value(&mut given)?,
                "--reloads" => options.reloads = value(&mut given)?,
                "--runs" => options.runs = value(&mut given)?,
                "--saves" => options.saves = value(&mut given)?,
                "--processes" => options.processes = value::<NonZeroU32>(&mut given)?.get(),
                "--versus" => options.versus = Some(std::path::absolute(value::<PathBuf>(&mut given)?)?),
                "--save" => options.save = value(&mut given)?,
                "--tables" => options.tables = list(&mut given, |name| tables().find(|table| *table == name).map(String::from))?,
                "--packages" => options.packages = list(&mut given, torture::named)?,
                "--projects" => options.projects = list(&mut given, projects::named)?,
                name => options.peers.push(peers::named(name).ok_or_else(usage)?),
            }
        }
        if options.projects.is_empty() {
            options.projects = projects::ALL.iter().collect();
        }
        if options.peers.is_empty() {
            options.peers = peers::ALL.iter().collect();
        }
        if options.packages.is_empty() {
            options.packages = torture::ALL.iter().collect();
        }
        Ok(options)
    }
}

fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.0).chain(OWN_TABLES.iter().map(|table| table.0))
}

fn value<T: FromStr>(given: &mut impl Iterator<Item = String>) -> Result<T> {
    given.next().and_then(|word| word.parse().ok()).ok_or_else(|| usage().into())
}

fn list<T>(given: &mut impl Iterator<Item = String>, known: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let words = given.next().unwrap_or_default();
    words.split(',').map(|word| known(word).ok_or_else(|| usage().into())).collect()
}

fn usage() -> String {
    let names = |names: Vec<&str>, between| names.join(between);
    format!(
        "usage: cargo bench --bench reload -- [--rounds N] [--reloads N] [--runs N] [--saves N] [--processes N] [--versus PARITY] \
         [--save rename|in-place|backup] [--tables {}] [--projects {}] [--packages NAME,…] [PEER…]\npeers: {}",
        names(tables().collect(), ","),
        names(projects::ALL.iter().map(|project| project.name).collect(), ","),
        names(peers::ALL.iter().map(|peer| peer.name).collect(), " "),
    )
}
