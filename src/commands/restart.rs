//! `parity restart`

use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use super::context::Context;
use super::flags::ServerFlags;
use super::settled::Settled;
use crate::engine::container::Observed;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::logs::{Paths, Reader};
use crate::plan::{HOOK_TIMEOUT, Profile, TIMEOUT};
use crate::session::follow::Follower;
use crate::session::wait::{self, Awaited, FirstAnswer, until_ready};
use crate::session::{Interrupts, image, is_alive, reload, services, siblings, stop};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seconds for the server to finish its requests
    #[arg(short, long, value_name = "SECONDS", default_value_t = stop::PATIENT)]
    timeout: u32,
}

/// Restarts the container with the settings that it was started with, and says when those have changed since.
pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let begun = Instant::now();
    let engine = interrupts.or(context.engine()).await?;
    let name = context.container();
    let container = interrupts.or(siblings::running(&engine, &context.root, &name)).await?;
    // What the container runs is settled; a project that is not understood at this moment does not matter to it.
    let settled = context.settle(&ServerFlags::default(), Profile::Up).ok();
    if let Some(what) = changed(context, settled.as_ref(), &container) {
        let hint = Some("a restart does not apply that: `parity up -d` does".into());
        context.ui.report(Event::Warning { text: format!("{what} has changed since the server was started"), hint });
    }
    let seconds = settled.as_ref().map_or(TIMEOUT, |settled| settled.plan.timeout.value);
    if container.reloads
        && container.owner.as_deref().is_some_and(is_alive)
        && interrupts.or(reload::ask_for_restart(&engine, &container.id)).await?
    {
        let url = interrupts.or(reload::restarted(&engine, &name, &container.id, seconds)).await?;
        context.ui.report(Event::Serving { url, took: Some(begun.elapsed()) });
        return Ok(ExitCode::SUCCESS);
    }
    interrupts.or(engine.restart(&container.id, args.timeout)).await?;
    let started = interrupts.or(engine.observe(&container.id)).await?;
    let Some(started) = started.filter(|found| found.url.is_some()) else {
        return Err(Failure::new(Kind::App, "the server ended when it was started again").hint("`parity logs` shows what it said"));
    };
    let url = started.url.clone().unwrap_or_default();
    let awaited = match &settled {
        Some(settled) => Awaited::of(&settled.plan, &container.id, &url),
        None => Awaited {
            id: container.id.clone(),
            url,
            app: String::new(),
            seconds,
            hook_seconds: HOOK_TIMEOUT,
            import_seconds: TIMEOUT,
            first: FirstAnswer::default(),
        },
    };
    let log = engine.logs(&container.id, true, started.log_of_this_run());
    let reader = match settled {
        Some(mut settled) => {
            services::of_container(&engine, &mut settled.plan, &started).await;
            wait::reader(&settled.plan)
        }
        None => Reader::new(Paths::of_project(&context.root)),
    };
    let mut log = Follower::new(log, reader);
    until_ready(&engine, &awaited, &mut log, &interrupts, context.ui).await?;
    context.ui.report(Event::Serving { url: awaited.url, took: Some(begun.elapsed()) });
    Ok(ExitCode::SUCCESS)
}

/// What has changed since the container was made. Flags of that time are not known any more, so settings are not
/// compared: the files that have them are.
fn changed(context: &Context<'_>, settled: Option<&Settled>, container: &Observed) -> Option<String> {
    let image = settled.and_then(|settled| image::name(&settled.plan, &settled.how()).ok().flatten());
    if image.is_some_and(|image| image != container.image) {
        return Some("what the image is made from".into());
    }
    let made = container.created.map(SystemTime::from);
    let newer = |file: &str| {
        let changed = std::fs::metadata(context.root.join(file)).and_then(|file| file.modified()).ok();
        matches!((changed, made), (Some(changed), Some(made)) if changed > made)
    };
    FILES.iter().find(|file| newer(file)).map(|file| (*file).to_owned())
}

/// The files that settings come from.
const FILES: &[&str] = &["parity.yaml", "parity.yml", "parity.override.yaml", "parity.override.yml", ".env"];
