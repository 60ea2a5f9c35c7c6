//! `parity requests show`

use std::process::ExitCode;

use super::{Context, Requests, nothing};
use crate::error::Result;
use crate::requests::Filter;
use crate::requests::show::{View, json, text};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its number in the list [default: the newest]
    #[arg(value_name = "ID")]
    id: Option<i64>,

    /// Bodies and statements to their end
    #[arg(long)]
    whole: bool,

    /// Show passwords, tokens and cookies as well; on a terminal only
    #[arg(long)]
    show_secrets: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<ExitCode> {
    let requests = Requests::of(context, args.show_secrets)?;
    let store = requests.store()?;
    let id = match args.id {
        Some(id) => id,
        None => {
            let (newest, _) = store.list(&Filter { last: Some(1), ..Filter::default() })?;
            newest.first().ok_or_else(nothing)?.expose().id
        }
    };
    let shown = requests.redaction.exchange(&requests.get(&store, id)?);
    if context.ui.is_json() {
        context.ui.result(&json(&shown).to_string());
    } else {
        let samples = store.samples(id)?.map(|samples| samples.count);
        context.ui.result(&text(&shown, &View { host: Some(&context.root), whole: args.whole, samples }));
    }
    Ok(ExitCode::SUCCESS)
}
