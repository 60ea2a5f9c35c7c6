//! The packages that people use most, each in a small application: does what is saved serve, and nothing else?
//!
//! Each application runs twice, with and without modules that are imported ahead of time, and is saved in all its files
//! in turn. What goes wrong with the first alone is the fault of importing ahead of time.

mod applications;
mod follow;
mod trial;

use crate::options::Options;
use crate::stats::{Samples, Table};
use crate::{Result, patience};

pub use applications::{ALL, Application, named};
use trial::Trial;

/// How both are started.
const VARIANTS: [&[&str]; 2] = [&[], &["--no-preload"]];

/// What was seen of one of them.
#[derive(Debug, Clone, Default)]
struct Seen {
    times: Samples,
    saves: usize,
    answers: u64,
    wrongs: Wrongs,
    /// Modules that were there before the application was imported, and in the end.
    modules: Option<(u32, u32)>,
    /// Lines on the terminal that do not tell that what was saved is served.
    said: Vec<String>,
}

/// Saves after which something was wrong, and answers that were.
#[derive(Debug, Clone, Default)]
struct Wrongs {
    stale: Wrong,
    failed: Wrong,
    never: Wrong,
    /// The first failure of each kind, and the files whose saves had any of the three.
    what: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Wrong {
    saves: usize,
    answers: u64,
}

impl Wrong {
    fn add(&mut self, answers: u64) {
        self.saves += usize::from(answers > 0);
        self.answers += answers;
    }

    fn cell(self) -> String {
        if self.saves == 0 { "0".into() } else { format!("{} ({})", self.saves, self.answers) }
    }
}

impl Wrongs {
    fn any(&self) -> bool {
        self.stale.saves + self.failed.saves + self.never.saves > 0
    }

    /// `0 0 0`, or what was stale, failed and never.
    fn cell(&self) -> String {
        format!("{} {} {}", self.stale.saves, self.failed.saves, self.never.saves)
    }
}

pub fn run(options: &Options) -> Result<()> {
    println!("## Packages that people use, each in a small application: {} saves of each\n", options.saves);
    let mut rows = Vec::new();
    let mut lock = None;
    for application in &options.packages {
        match trial(application, options, &mut lock) {
            Ok(seen) => {
                let [with, without] = &seen;
                eprintln!("{}: {}, {} --no-preload", application.package, with.wrongs.cell(), without.wrongs.cell());
                rows.push((application, seen));
            }
            Err(error) if patience::interrupted() => return Err(error),
            Err(error) => {
                eprintln!("{}: {error}", application.package);
                println!("{} was not tried: {}\n", application.package, error.to_string().lines().next().unwrap_or_default());
            }
        }
    }
    print(&rows);
    Ok(())
}

fn trial(application: &'static Application, options: &Options, lock: &mut Option<String>) -> Result<[Seen; 2]> {
    let mut trials = Vec::new();
    for flags in VARIANTS {
        let trial = Trial::start(application, flags, lock.as_deref())?;
        lock.get_or_insert(trial.lock()?);
        trials.push(trial);
    }
    for save in 0..options.saves {
        for trial in &mut trials {
            trial.settle(save)?;
            trial.save(options.save)?;
        }
    }
    let mut seen = trials.into_iter().map(Trial::end);
    seen.next().zip(seen.next()).map(|(with, without)| [with, without]).ok_or_else(|| "two were started".into())
}

fn print(rows: &[(&&'static Application, [Seen; 2])]) {
    let head =
        ["", "stale", "failed", "never", "imported ahead", "p50", "p50 --no-preload", "stale, failed, never --no-preload", "also said"];
    let mut table = Table::new(&head);
    let mut totals: [Seen; 2] = Default::default();
    for (application, [with, without]) in rows {
        for (total, seen) in totals.iter_mut().zip([with, without]) {
            total.add(seen);
        }
        let [p50, p50_without] = [with, without].map(|seen| format!("{:.1}", seen.times.percentile(50.0)));
        let wrongs = [with.wrongs.stale, with.wrongs.failed, with.wrongs.never].map(Wrong::cell);
        let row = [application.package.to_owned()].into_iter().chain(wrongs);
        table.row(row.chain([share(with, without), p50, p50_without, without.wrongs.cell(), with.said.len().to_string()]));
    }
    table.print();
    for (title, total) in ["parity", "parity --no-preload"].iter().zip(&totals) {
        let [stale, failed, never] = [total.wrongs.stale, total.wrongs.failed, total.wrongs.never];
        println!(
            "{title}: of {} saves of {} applications, {} were followed by stale answers, {} by failed ones, {} were not served in time; of {} \
             answers {} were stale and {} failed.\n",
            total.saves,
            rows.len(),
            stale.saves,
            failed.saves,
            never.saves,
            total.answers,
            stale.answers,
            failed.answers,
        );
    }
    for (application, variants) in rows {
        for (title, seen) in ["", " --no-preload"].iter().zip(variants) {
            if seen.wrongs.any() || !seen.said.is_empty() {
                println!("{}{title}:\n", application.package);
                seen.wrongs.what.iter().for_each(|what| println!("- {what}"));
                seen.said.iter().for_each(|line| println!("- said: {line}"));
                println!();
            }
        }
    }
}

/// Of the modules that the application imports, those that were there before it was: `41 of 57`.
fn share(with: &Seen, without: &Seen) -> String {
    match (with.modules, without.modules) {
        // What is there without importing ahead of time is parity's own.
        (Some((before, after)), Some((own, _))) => format!("{} of {}", before.saturating_sub(own), after.saturating_sub(own)),
        _ => "?".into(),
    }
}

impl Seen {
    fn add(&mut self, other: &Seen) {
        self.saves += other.saves;
        self.answers += other.answers;
        for (total, wrong) in [
            (&mut self.wrongs.stale, other.wrongs.stale),
            (&mut self.wrongs.failed, other.wrongs.failed),
            (&mut self.wrongs.never, other.wrongs.never),
        ] {
            total.saves += wrong.saves;
            total.answers += wrong.answers;
        }
    }
}
