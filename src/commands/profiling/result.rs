//! What becomes of a profile: a table, files, a verdict.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::load::summary;
use super::serve::Seen;
use super::{Args, Format};
use crate::commands::context::Context;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::profiling::compare::{self, FEW};
use crate::profiling::imports::Imports;
use crate::profiling::{Profile, collapsed, flamegraph, json, pstats, speedscope, table};
use crate::requests::store;
use crate::ui::Table;
use crate::units::{files, quantity};

/// Bytes of a profile that is compared with.
const MOST: u64 = 256 << 20;
/// The exit code where a request takes longer, as `parity replay` has it for what differs.
const SLOWER: u8 = 2;

/// A profile of an earlier run.
///
/// # Errors
/// It is none.
pub fn read(path: &Path) -> Result<Profile> {
    let failed = || Failure::new(Kind::BadFile, format!("cannot read {}", path.display()));
    let bytes = files::read(path, MOST).map_err(|error| failed().caused_by(&error))?;
    let hint = "`parity profile --as json --output FILE` writes one";
    json::read(&String::from_utf8_lossy(&bytes)).map_err(|why| failed().cause(why).hint(hint))
}

/// # Errors
/// A file that cannot be written; nothing was seen.
pub fn show(context: &Context<'_>, args: &Args, seen: &Seen, before: Option<&Profile>) -> Result<ExitCode> {
    let Seen { profile, tally } = seen;
    if !tally.is_empty() {
        context.ui.note(summary(tally));
    }
    if profile.counts.is_empty() {
        return Err(nothing(seen));
    }
    let title = context.container();
    match args.written_as {
        Some(format) => {
            let content = content(profile, format, &title, before);
            match &args.output {
                Some(path) => {
                    write(path, &content)?;
                    context.ui.note(format!("wrote {}", path.display()));
                }
                None => context.ui.result(String::from_utf8_lossy(&content).trim_end()),
            }
        }
        None if context.ui.is_json() => context.ui.result(json::write(profile).trim_end()),
        None => {
            let cells = match before {
                Some(before) => compare::cells(before, profile, args.rows),
                None => table::cells(profile, args.by.into(), args.rows),
            };
            let mut table = Table::default();
            cells.into_iter().for_each(|row| {
                table.row(row);
            });
            context.ui.result(&table.to_string());
            let path = place(context)?;
            write(&path, &content(profile, Format::Flamegraph, &title, before))?;
            context.ui.note(format!("flame graph: {}", path.display()));
        }
    }
    tell(context, profile);
    match before {
        Some(before) => Ok(verdict(context, args, before, profile)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// What the application's import costs.
///
/// # Errors
/// It fails.
pub fn show_imports(context: &Context<'_>, imports: &Imports) -> Result<ExitCode> {
    if let Some(error) = &imports.error {
        return Err(Failure::new(Kind::App, "the application cannot be imported").cause(error.clone()));
    }
    if context.ui.is_json() {
        context.ui.result(&serde_json::to_string(imports).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::default();
    imports.cells().into_iter().for_each(|row| {
        table.row(row);
    });
    context.ui.result(&table.to_string());
    let count = imports.modules.len();
    context.ui.note(format!(
        "{count} modules in {}; those that take less than a hundredth of it are not shown",
        quantity::micros(imports.micros)
    ));
    Ok(ExitCode::SUCCESS)
}

fn content(profile: &Profile, format: Format, title: &str, before: Option<&Profile>) -> Vec<u8> {
    match format {
        Format::Flamegraph => flamegraph::write(profile, title, before).into_bytes(),
        Format::Speedscope => speedscope::write(profile, title).into_bytes(),
        Format::Collapsed => collapsed::write(profile).into_bytes(),
        Format::Pstats => pstats::write(profile),
        Format::Json => json::write(profile).into_bytes(),
    }
}

/// Where the flame graph of the project's last profile is: not in the project, where a save may mean something.
fn place(context: &Context<'_>) -> Result<PathBuf> {
    let store = store::path(&context.environment, &context.container())?;
    let directory = store.ancestors().nth(2).unwrap_or(Path::new("/")).join("profiles");
    let failed = |error: std::io::Error| Failure::new(Kind::Other, format!("cannot make {}", directory.display())).caused_by(&error);
    std::fs::create_dir_all(&directory).map_err(failed)?;
    Ok(directory.join(format!("{}.html", context.container())))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    files::write_to(path, content).map_err(|error| {
        let kind = if error.kind() == std::io::ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Other };
        Failure::new(kind, format!("cannot write {}", path.display())).caused_by(&error)
    })
}

/// There is nothing to show.
fn nothing(seen: &Seen) -> Failure {
    let failure = Failure::new(Kind::Other, "nothing was seen: no request was under way at any sample");
    match seen.profile.requests() {
        0 => failure.hint("make some requests while it profiles: `parity profile -n 50 -- /path` does"),
        _ => failure.hint("they are short: make more of them (`-n`), or take more samples (`--rate`)"),
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How much there is to a profile.
fn tell(context: &Context<'_>, profile: &Profile) {
    let total = profile.total();
    let [cpu, wait, gil, queue] = [total.cpu, total.wait, total.gil, total.queue].map(quantity::micros);
    context.ui.note(format!(
        "{} that took {} together: CPU {cpu}, waiting {wait}, GIL {gil}, no CPU {queue}",
        counted(profile.requests(), "request", "requests"),
        quantity::micros(total.wall()),
    ));
    context.ui.note(format!(
        "{} of {}, {:.0} a second of {:.0} asked for",
        counted(total.samples, "sample", "samples"),
        counted(profile.processes.len() as u64, "process", "processes"),
        profile.achieved(),
        profile.rate
    ));
    if context.ui.is_verbose() {
        for (process, why) in profile.processes.iter().filter_map(|process| Some((process.pid, process.inside.as_ref()?))) {
            context.ui.note(format!("process {process} was sampled by a thread of its own, as its memory was not read from beside: {why}"));
        }
    }
    let warn = |text: String, hint: Option<&str>| {
        context.ui.report(Event::Warning { text, hint: hint.map(String::from) });
    };
    if total.samples < FEW {
        warn(
            format!("only {}: the shares say little", counted(total.samples, "sample", "samples")),
            Some("make more requests (`-n`), or longer (`--duration`)"),
        );
    }
    if profile.processes.iter().any(|process| !process.states) {
        warn("the kernel does not say which threads wait: waiting and the GIL are told apart by CPU time alone".into(), None);
    }
    let unseen = profile.unseen() as f64 * 100.0 / total.wall().max(1) as f64;
    if unseen > 10.0 {
        warn(
            format!(
                "{unseen:.0} % of the time was not seen: these requests end before Python lets the profiler look, which takes up to 5 ms"
            ),
            Some("shares of routes and processes are right; those of functions are of requests that take longer"),
        );
    }
    if profile.cut > 0 {
        warn(format!("{} stacks were cut off: the application has more of them than are kept", profile.cut), None);
    }
}

/// Does a request take longer than before?
fn verdict(context: &Context<'_>, args: &Args, before: &Profile, now: &Profile) -> ExitCode {
    let Some(growth) = compare::growth(before, now) else {
        context
            .ui
            .report(Event::Warning { text: "one of the profiles has no request that ended, so they are not compared".into(), hint: None });
        return ExitCode::SUCCESS;
    };
    let each = |profile| compare::of_a_request(profile).unwrap_or(0.0) / 1e3;
    let (then, today) = (each(before), each(now));
    context.ui.note(format!("a request takes {today:.2} ms of CPU and waiting, and took {then:.2} ms: {growth:+.1} %"));
    if !compare::is_telling(before, now) {
        context.ui.report(Event::Warning {
            text: format!("one of the profiles has fewer than {FEW} samples: that may be chance"),
            hint: Some("make more requests (`-n`)".into()),
        });
    }
    match args.fail_over {
        Some(most) if growth > most => ExitCode::from(SLOWER),
        _ => ExitCode::SUCCESS,
    }
}
