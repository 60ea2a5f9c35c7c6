//! `parity requests import`

use std::path::PathBuf;
use std::process::ExitCode;

use super::export::counted;
use super::{Context, Requests, Store};
use crate::error::Result;
use crate::events::Report;
use crate::requests::Storing;
use crate::requests::har::{self, Limits};

/// Requests that are stored in one step.
const AT_ONCE: usize = 200;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A HAR file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<ExitCode> {
    let requests = Requests::of(context, false)?;
    let keep = requests.record.keep();
    let storing = Storing::new(requests.scrubber.clone(), &requests.record);
    let mut store = Store::open(&requests.path)?;
    let mut batch = Vec::new();
    let mut bytes = 0;
    let done = har::import(&args.file, Limits::new(requests.record.body_limit()), &mut |recorded| {
        let recorded = storing.exchange(recorded);
        bytes += recorded.expose().bytes();
        batch.push(recorded);
        if batch.len() >= AT_ONCE || bytes > 32 << 20 {
            bytes = 0;
            store.insert(&std::mem::take(&mut batch), keep)?;
        }
        Ok(())
    });
    // What came before a mistake is kept.
    store.insert(&batch, keep)?;
    let count = done?;
    context.ui.note(format!("imported {}", counted(usize::try_from(count).unwrap_or(usize::MAX))));
    if count > keep.requests {
        context.ui.note(format!("the newest {} of them are kept, as `record-keep` says", keep.requests));
    }
    Ok(ExitCode::SUCCESS)
}
