//! Measures what parity promises, side by side with what it is measured against.
//!
//! Peers take turns in the same run, so that whatever else the machine does hits both. The program prints tables
//! in Markdown and judges nothing: a wall-clock time on a shared machine is no test. See `benches/README.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

mod commands;
mod debug;
mod docker;
mod http;
mod rebuild;
mod requests;
mod size;
mod smoke;
mod stats;
mod throughput;
mod up;
mod watch;
mod workplace;

use std::error::Error;

/// Whatever goes wrong ends the run: there is nobody to handle it.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One group of measurements: its name on the command line, and what runs it.
type Section = (&'static str, fn(usize) -> Result<()>);

const SECTIONS: &[Section] = &[
    ("up", up::run),
    ("commands", commands::run),
    ("rebuild", rebuild::run),
    ("size", size::run),
    ("throughput", throughput::run),
    ("watch", watch::run),
    ("debug", debug::run),
    ("smoke", smoke::run),
];

/// Fewer rounds say nothing about a p90.
const ROUNDS: usize = 10;

const USAGE: &str =
    "usage: cargo bench --bench measure -- [--rounds N] [up] [commands] [rebuild] [size] [throughput] [watch] [debug] [smoke]";

fn main() -> Result<()> {
    if std::env::args().nth(1).is_some_and(|argument| argument == watch::CHILD) {
        return watch::in_child(std::env::args().skip(2));
    }
    let (rounds, wanted) = arguments(std::env::args().skip(1))?;
    println!("{}", workplace::machine());
    for (name, run) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            run(rounds)?;
        }
    }
    Ok(())
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<(usize, Vec<String>)> {
    let mut rounds = ROUNDS;
    let mut wanted = Vec::new();
    while let Some(word) = given.next() {
        match word.as_str() {
            // Cargo says it to every benchmark.
            "--bench" => {}
            "--rounds" => rounds = given.next().and_then(|number| number.parse().ok()).ok_or(USAGE)?,
            name if SECTIONS.iter().any(|(known, _)| *known == name) => wanted.push(word),
            _ => return Err(USAGE.into()),
        }
    }
    Ok((rounds, wanted))
}
