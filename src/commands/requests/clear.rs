//! `parity requests clear`

use std::process::ExitCode;

use super::{Context, Requests, Store};
use crate::error::Result;
use crate::events::Report;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Their numbers in the list [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<ExitCode> {
    let requests = Requests::of(context, false)?;
    let removed = match Store::find(&requests.path)? {
        Some(mut store) => store.clear(&args.ids)?,
        None => 0,
    };
    context.ui.note(match removed {
        1 => "removed 1 recorded request".to_owned(),
        removed => format!("removed {removed} recorded requests"),
    });
    Ok(ExitCode::SUCCESS)
}
