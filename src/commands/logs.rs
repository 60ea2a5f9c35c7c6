//! `parity logs`

use std::process::ExitCode;

use super::context::Context;
use super::flags::ServerFlags;
use crate::engine::container::{LogStart, State, not_running};
use crate::error::{Kind, Result};
use crate::logs::{Paths, Reader};
use crate::plan::Profile;
use crate::session::follow::Records;
use crate::session::{Interrupts, services, siblings, wait};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Go on showing what comes, until Ctrl-C
    #[arg(short, long)]
    follow: bool,

    /// Only the last lines
    #[arg(short = 'n', long, value_name = "LINES")]
    tail: Option<u32>,
}

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let engine = interrupts.or(context.engine()).await?;
    let name = context.container();
    let container = interrupts.or(siblings::server(&engine, &context.root, &name)).await?.ok_or_else(|| not_running(&name))?;
    let follow = args.follow && container.state == State::Running;
    // A project that is not understood at this moment has a log all the same.
    let mut plan = context.settle(&ServerFlags::default(), Profile::Up).ok().map(|settled| settled.plan);
    if let Some(plan) = &mut plan {
        services::of_container(&engine, plan, &container).await;
    }
    let reader = || plan.as_ref().map_or_else(|| Reader::new(Paths::of_project(&context.root)), wait::reader);
    let read = |id: &str| Records::new(engine.logs(id, follow, LogStart::Beginning), reader());
    let mut records = match args.tail {
        Some(lines) => Records::new(engine.logs(&container.id, follow, LogStart::LastLines(lines)), reader().from_midway()),
        None => read(&container.id),
    };
    let (lender, mut shown) = (container.lender().to_owned(), container.id.clone());
    let show = async {
        loop {
            while let Some(record) = records.next().await?.filter(|record| !record.is_retired()) {
                context.ui.log_result(record);
            }
            // Another container's server may have taken over.
            match engine.observe(&name).await?.filter(|now| follow && now.id != shown && now.lender() == lender) {
                Some(now) => (records, shown) = (read(&now.id), now.id),
                None => return Ok(()),
            }
        }
    };
    let shown = async {
        tokio::select! {
            shown = show => shown,
            () = context.ui.until_unread() => Ok(()),
        }
    };
    match interrupts.or(shown).await {
        // Ctrl-C is how following ends.
        Err(failure) if failure.kind == Kind::Interrupted => Ok(ExitCode::SUCCESS),
        other => other.map(|()| ExitCode::SUCCESS),
    }
}
