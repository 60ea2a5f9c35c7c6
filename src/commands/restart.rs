//! `parity restart`

use std::process::ExitCode;
use std::time::Instant;

use super::context::Context;
use crate::engine::container::{State, not_running};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::session::{Interrupts, ready, stop};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seconds for the server to finish its requests
    #[arg(short, long, value_name = "SECONDS", default_value_t = stop::PATIENT)]
    timeout: u32,

    /// Seconds to wait for the first answer afterwards
    #[arg(long, value_name = "SECONDS", default_value_t = crate::plan::TIMEOUT)]
    wait: u32,
}

/// Restarts the container with the settings that it was started with.
pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let begun = Instant::now();
    let engine = interrupts.or(context.engine()).await?;
    let name = context.container();
    let running = interrupts.or(engine.observe(&name)).await?.filter(|found| found.state == State::Running);
    let container = running.ok_or_else(|| not_running(&name))?;
    interrupts.or(engine.restart(&container.id, args.timeout)).await?;
    let url = interrupts.or(engine.observe(&container.id)).await?.and_then(|found| found.url);
    let url =
        url.ok_or_else(|| Failure::new(Kind::App, "the server ended when it was started again").hint("`parity logs` shows what it said"))?;
    let waited = std::time::Duration::from_secs(args.wait.into());
    let answered = interrupts.or(async { Ok(tokio::time::timeout(waited, ready::answer(&url)).await) }).await?;
    answered.map_err(|_| {
        Failure::new(Kind::NotReady, format!("no answer from {url} within {} seconds", args.wait)).hint("`parity logs` shows what it says")
    })?;
    context.ui.report(Event::Serving { url, took: Some(begun.elapsed()) });
    Ok(ExitCode::SUCCESS)
}
