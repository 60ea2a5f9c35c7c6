//! `parity down`

use std::process::ExitCode;

use super::context::Context;
use crate::error::Result;
use crate::events::Report;
use crate::session::{Interrupts, stop};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stop the servers of every project on this engine
    #[arg(long)]
    all: bool,

    /// Seconds for the server to finish its requests
    #[arg(short, long, value_name = "SECONDS", default_value_t = stop::PATIENT)]
    timeout: u32,
}

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let engine = interrupts.or(context.engine()).await?;
    let found = if args.all { engine.observe_all().await? } else { engine.observe(&context.container()).await?.into_iter().collect() };
    if found.is_empty() {
        context.ui.note("nothing is running");
    }
    for container in found {
        context.ui.note(format!("stopping {}", container.name));
        stop::stop_and_remove(&engine, &container.id, args.timeout, &interrupts, 1, context.ui).await?;
        stop::tidy(&container.name, container.static_directory.as_deref());
    }
    Ok(ExitCode::SUCCESS)
}
