//! Tries parity on projects as they are found: each is made by the script that its users would have used, and nothing in it is written for
//! parity. The program prints a table of what worked, with the seconds that it took. See `benches/README.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

mod layout;
mod trial;

#[path = "../measure/http.rs"]
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod http;
#[path = "../reload/patience.rs"]
#[allow(dead_code, reason = "the other benchmark uses the rest")]
mod patience;
#[path = "../reload/session.rs"]
#[allow(dead_code, reason = "the other benchmark uses the rest")]
mod session;
#[path = "../measure/stats.rs"]
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod stats;
#[path = "../measure/workplace.rs"]
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod workplace;

use std::error::Error;

use stats::Table;
use trial::{COLUMNS, Trial};

/// What does not work is told in its place.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: cargo bench --bench layouts -- [NAME…], where a name is that of a script in benches/layouts/generators";

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let layouts = layout::all()?;
    if wanted.iter().any(|wanted| !layouts.iter().any(|layout| layout.name == *wanted)) {
        return Err(USAGE.into());
    }
    patience::end_on_signals()?;
    println!("{}", workplace::machine());
    let mut table = Table::new(&COLUMNS);
    let mut failed = Vec::new();
    for layout in layouts.iter().filter(|layout| wanted.is_empty() || wanted.contains(&layout.name)) {
        let trial = Trial::of(layout);
        table.row([layout.name.clone()].into_iter().chain(trial.cells()));
        for failure in trial.failures() {
            eprintln!("{}: {failure}", layout.name);
            failed.push(layout.name.clone());
        }
    }
    table.print();
    if failed.is_empty() { Ok(()) } else { Err(format!("not everything worked: {}", failed.join(", ")).into()) }
}
