//! `parity requests export`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Context, Requests, Selection, nothing};
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::requests::{Redacted, check, curl, har, pytest};
use crate::units::files;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Their numbers in the list [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<i64>,

    #[command(flatten)]
    way: Way,

    #[command(flatten)]
    selection: Selection,

    /// Write passwords, tokens and cookies as well; on a terminal only
    #[arg(long, conflicts_with = "har")]
    show_secrets: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Way {
    /// As HAR, for browsers and other tools; `-` writes to standard output
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,

    /// As command lines of curl
    #[arg(long)]
    curl: bool,

    /// As checks of `parity smoke`, for `smoke:` in parity.yaml
    #[arg(long)]
    smoke: bool,

    /// As a module of tests for pytest
    #[arg(long)]
    pytest: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<ExitCode> {
    let requests = Requests::of(context, args.show_secrets)?;
    let store = requests.store()?;
    let recorded = if args.ids.is_empty() {
        store.all(&args.selection.filter())?
    } else if args.selection.is_all() {
        args.ids.iter().map(|id| requests.get(&store, *id)).collect::<Result<_>>()?
    } else {
        return Err(Failure::new(Kind::Usage, "cannot combine IDs with filters").hint("use one or the other"));
    };
    let shown: Vec<Redacted> = recorded.iter().map(|recorded| requests.redaction.exchange(recorded)).collect();
    if shown.is_empty() {
        return Err(nothing());
    }
    let all = |one: fn(&Redacted) -> String, between: &str| shown.iter().map(one).collect::<Vec<_>>().join(between);
    let Way { har, curl, smoke, .. } = &args.way;
    match har {
        Some(file) if file == Path::new("-") => context.ui.result(String::from_utf8_lossy(&har::export(&shown)).trim_end()),
        Some(file) => {
            files::write_to(file, har::export(&shown)).map_err(|error| {
                let kind = if error.kind() == std::io::ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Other };
                Failure::new(kind, format!("cannot write {}", file.display())).caused_by(&error)
            })?;
            context.ui.note(format!("wrote {} to {}", counted(shown.len()), file.display()));
        }
        None if *curl => context.ui.result(&all(curl::command, "\n\n")),
        None if *smoke => context.ui.result(&all(check::check, "\n")),
        None => context.ui.result(pytest::module(&shown).trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn counted(count: usize) -> String {
    format!("{count} {}", if count == 1 { "request" } else { "requests" })
}
