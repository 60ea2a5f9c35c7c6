//! Measures what it costs to look at requests, and how true what is seen is: parity's recorder, store, replay, profiler and coverage
//! beside what people use for the same.
//!
//! All run in containers of the same image, on copies of the same project, and take turns in the same run. The program prints tables
//! in Markdown and judges nothing. See `benches/README.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

mod costs;
mod coverage;
mod files;
mod listing;
mod load;
mod options;
mod page;
mod peers;
mod profile;
mod program;
mod record;
mod replay;
mod server;
mod shown;
mod state;

#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../measure/docker.rs"]
mod docker;
#[path = "../measure/http.rs"]
mod http;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../reload/patience.rs"]
mod patience;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../reload/session.rs"]
mod session;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../measure/stats.rs"]
mod stats;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../reload/usage.rs"]
mod usage;
#[allow(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../measure/workplace.rs"]
mod workplace;

use std::process::ExitCode;

use options::Options;

/// Whatever goes wrong with one peer is told in its place; anything else ends the run.
type Result<T> = std::result::Result<T, Error>;
type Error = Box<dyn std::error::Error>;

/// One table: its name on the command line, and what measures it.
type Section = (&'static str, fn(&Options) -> Result<()>);

const TABLES: &[Section] =
    &[("record", record::run), ("requests", listing::run), ("replay", replay::run), ("profile", profile::run), ("coverage", coverage::run)];

fn main() -> Result<ExitCode> {
    patience::end_on_signals()?;
    if !state::is_own() {
        return state::again_with_own();
    }
    let options = Options::from(std::env::args().skip(1))?;
    println!("{}", workplace::machine());
    for (name, run) in TABLES {
        if options.tables.is_empty() || options.tables.contains(name) {
            run(&options)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
