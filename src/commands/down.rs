//! `parity down`

use std::path::Path;
use std::process::ExitCode;

use super::context::Context;
use crate::engine::Engine;
use crate::engine::container::Observed;
use crate::error::Result;
use crate::events::Report;
use crate::plan::Profile;
use crate::session::siblings::{self, Role};
use crate::session::{Interrupts, is_alive, leftovers, stop};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server's name in `parity status --all`, for a project whose directory is gone
    #[arg(conflicts_with = "all")]
    name: Option<String>,

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
    let mut found = interrupts.or(wanted(context, &engine, &args)).await?;
    if found.is_empty() {
        context.ui.note("nothing is running");
    }
    // The port is held as long as somebody listens there.
    found.sort_by_key(|found| siblings::role(&found.name));
    for container in found {
        if siblings::role(&container.name) != Role::Server {
            interrupts.or(engine.remove(&container.id)).await?;
            stop::tidy(&engine, &container.name, container.view.as_deref(), container.static_directory.as_deref()).await;
            continue;
        }
        context.ui.note(format!("stopping {}", container.name));
        stop::stop_and_remove(&engine, &container.id, args.timeout, &interrupts, 1, context.ui).await?;
        stop::tidy(&engine, &container.name, container.view.as_deref(), container.static_directory.as_deref()).await;
    }
    interrupts.or(leftovers::sweep_all(&engine)).await?;
    Ok(ExitCode::SUCCESS)
}

/// What is to be stopped.
async fn wanted(context: &Context<'_>, engine: &Engine, args: &Args) -> Result<Vec<Observed>> {
    Ok(if args.all {
        engine.observe_all().await?
    } else if let Some(name) = &args.name {
        match engine.observe(name).await?.filter(|found| !found.project.is_empty()) {
            Some(found) => siblings::beside(engine, Path::new(&found.project), name, &[]).await?,
            None => Vec::new(),
        }
    } else {
        // A `parity smoke`, `coverage`, `profile` or `release` that runs looks after its container itself.
        let themselves = [Profile::Smoke, Profile::Coverage, Profile::Profiler, Profile::Release];
        let by_itself = |found: &Observed| themselves.iter().any(|profile| found.profile == profile.name());
        let is_ours = |found: &Observed| !by_itself(found) || !found.owner.as_deref().is_some_and(is_alive);
        engine.observe_project(&context.root).await?.into_iter().filter(is_ours).collect()
    })
}
