//! `parity requests`

mod clear;
mod export;
mod import;
mod list;
mod open;
mod selection;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use super::context::Context;
use super::flags::ServerFlags;
use crate::config;
use crate::error::{Failure, Kind, Result};
use crate::requests::scrub::Scrubber;
use crate::requests::{Names, OnTerminal, Recorded, Redaction, Store, store};

pub use selection::Selection;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    list: list::Args,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show a request with headers, bodies, exception, SQL and timings
    Show(show::Args),
    /// Open a page of them in the browser: live list, details, differences of two, replay
    Open(open::Args),
    /// Remove the given requests, or all
    Clear(clear::Args),
    /// Export requests as HAR, curl commands, checks for parity.yaml, or tests for pytest
    Export(export::Args),
    /// Import requests from a HAR file of a browser or proxy
    Import(import::Args),
}

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    match args.command {
        None => list::run(context, &args.list),
        Some(Command::Show(args)) => show::run(context, &args),
        Some(Command::Open(args)) => Box::pin(open::run(context, &args)).await,
        Some(Command::Clear(args)) => clear::run(context, &args),
        Some(Command::Export(args)) => export::run(context, &args),
        Some(Command::Import(args)) => import::run(context, &args),
    }
}

/// The store of a project, and how what is in it is shown.
pub struct Requests {
    pub path: PathBuf,
    pub record: config::Record,
    pub redaction: Redaction,
    /// Knows the values of the application's environment, of which none is stored.
    pub scrubber: Scrubber,
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Requests {
    /// # Errors
    /// Those of the configuration: it says what may not be shown.
    pub fn of(context: &Context<'_>, show_secrets: bool) -> Result<Self> {
        let config = context.config(&ServerFlags::default())?;
        let redaction = Redaction::new(Names::new(config.record.redact()));
        let redaction = if show_secrets { redaction.revealing(on_terminal()?) } else { redaction };
        let scrubber = Scrubber::new(config.env.iter().map(|(_, value)| &value.value));
        let path = store::path(&context.environment, &context.container())?;
        Ok(Self { path, record: config.record, redaction, scrubber })
    }

    /// The store; a failure where nothing has been recorded.
    pub fn store(&self) -> Result<Store> {
        Store::find(&self.path)?.ok_or_else(nothing)
    }

    pub fn get(&self, store: &Store, id: i64) -> Result<Recorded> {
        store.get(id)?.ok_or_else(|| {
            Failure::new(Kind::Usage, format!("there is no recorded request {id}"))
                .hint("`parity requests` lists them; the oldest ones go when there are more than `record-keep` says")
        })
    }
}

fn on_terminal() -> Result<OnTerminal> {
    OnTerminal::check()
        .ok_or_else(|| Failure::new(Kind::Usage, "--show-secrets works on a terminal only").hint("without it secrets are shown as `***`"))
}

fn nothing() -> Failure {
    Failure::new(Kind::Usage, "no requests are recorded")
        .hint("`parity up --record` records them; `parity requests import FILE.har` imports others")
}
