//! Measures what it takes until saved code is served: `parity up --reload-on-changes` beside the reloaders that people use.
//!
//! All run in containers of the same image, on copies of the same project, and take turns in the same run. The program
//! prints tables in Markdown and judges nothing. See `benches/README.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

mod bytecode;
mod clients;
mod floor;
mod idle;
mod lineup;
mod load;
mod options;
mod patience;
mod peers;
mod projects;
mod saved;
mod server;
mod serving;
mod session;
mod source;
mod tally;
mod torture;
mod usage;

#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../measure/docker.rs"]
mod docker;
#[path = "../measure/http.rs"]
mod http;
#[path = "../measure/requests.rs"]
mod requests;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../measure/stats.rs"]
mod stats;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../measure/workplace.rs"]
mod workplace;

use std::error::Error;

use lineup::LineUp;
use options::Options;

/// Whatever goes wrong with one peer is told in its place; anything else ends the run.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One table: its name on the command line, and what measures it.
type Section = (&'static str, fn(&mut LineUp, &Options) -> Result<()>);

const TABLES: &[Section] = &[("saved", saved::run), ("load", load::run), ("bytecode", bytecode::run), ("idle", idle::run)];

/// The same of a table that starts its servers itself.
type Own = (&'static str, fn(&Options) -> Result<()>);

/// They are made when they are named only.
const OWN_TABLES: &[Own] = &[("serving", serving::run), ("torture", torture::run)];

fn main() -> Result<()> {
    let options = Options::from(std::env::args().skip(1))?;
    patience::end_on_signals()?;
    println!("{}", workplace::machine());
    for (_, run) in OWN_TABLES.iter().filter(|(name, _)| options.tables.iter().any(|wanted| wanted == name)) {
        run(&options)?;
    }
    let wanted = |name: &str| options.tables.is_empty() || options.tables.iter().any(|wanted| wanted == name);
    let tables: Vec<_> = TABLES.iter().filter(|(name, _)| wanted(name)).collect();
    for project in options.projects.iter().filter(|_| !tables.is_empty()) {
        println!("## {}\n", project.title);
        let mut lineup = LineUp::of(project, &options.peers, options.processes)?;
        for (_, run) in &tables {
            run(&mut lineup, &options)?;
        }
        lineup.print_absent();
    }
    Ok(())
}
