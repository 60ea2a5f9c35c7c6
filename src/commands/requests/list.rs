//! `parity requests`: a line for each.

use std::process::ExitCode;
use std::time::SystemTime;

use super::{Context, Requests, Selection, Store};
use crate::error::Result;
use crate::events::Report;
use crate::requests::list::{TITLES, cells, json};
use crate::ui::Table;

/// Lines for people who did not say how many.
const USUAL: usize = 50;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    #[command(flatten)]
    selection: Selection,

    /// Show secrets in URLs; on a terminal only
    #[arg(long)]
    show_secrets: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<ExitCode> {
    let requests = Requests::of(context, args.show_secrets)?;
    let mut filter = args.selection.filter();
    let is_cut = filter.last.is_none() && !context.ui.is_json();
    if is_cut {
        // One more tells whether there are more.
        filter.last = Some(USUAL + 1);
    }
    let (mut found, total) = match Store::find(&requests.path)? {
        Some(store) => store.list(&filter)?,
        None => (Vec::new(), 0),
    };
    let has_more = is_cut && found.len() > USUAL;
    if has_more {
        found.remove(0);
    }
    let shown = found.iter().map(|summary| requests.redaction.summary(summary));
    if context.ui.is_json() {
        shown.for_each(|summary| context.ui.result(&json(&summary).to_string()));
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        context.ui.note(match total {
            0 => "no requests are recorded: `parity up --record` records them".to_owned(),
            total => format!("none of the {total} recorded requests matches"),
        });
        return Ok(ExitCode::SUCCESS);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
    let mut table = Table::default();
    table.row(TITLES);
    for summary in shown {
        table.row(cells(&summary, now));
    }
    context.ui.result(&table.to_string());
    if has_more {
        context.ui.note(format!("the newest {USUAL} of {total} recorded requests: `--last {total}` lists more"));
    }
    Ok(ExitCode::SUCCESS)
}
