//! `parity logs`

use std::process::ExitCode;

use super::context::Context;
use crate::engine::container::{LogStart, State, not_running};
use crate::error::{Kind, Result};
use crate::logs::{Paths, Reader};
use crate::session::Interrupts;
use crate::session::follow::Records;

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
    let engine = context.engine().await?;
    let name = context.container();
    let container = engine.observe(&name).await?.ok_or_else(|| not_running(&name))?;
    let follow = args.follow && container.state == State::Running;
    let output = engine.logs(&container.id, follow, args.tail.map_or(LogStart::Beginning, LogStart::LastLines));
    let mut records = Records::new(output, Reader::new(Paths::of_project(&context.root)));
    let show = async {
        while let Some(record) = records.next().await? {
            context.ui.log_result(record);
        }
        Ok(())
    };
    match interrupts.or(show).await {
        // Ctrl-C is how following ends.
        Err(failure) if failure.kind == Kind::Interrupted => Ok(ExitCode::SUCCESS),
        other => other.map(|()| ExitCode::SUCCESS),
    }
}
