//! `parity logs`

use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;

use super::context::Context;
use crate::engine::container::{LogStart, Output, State, not_running};
use crate::error::{Kind, Result};
use crate::logs::{Paths, Reader, Stream};
use crate::session::Interrupts;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Go on showing what comes, until Ctrl-C
    #[arg(short, long)]
    follow: bool,

    /// Only the last lines
    #[arg(short = 'n', long, value_name = "LINES")]
    tail: Option<u32>,
}

/// Milliseconds without output after which a traceback counts as whole.
const QUIET: Duration = Duration::from_millis(40);

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let engine = context.engine().await?;
    let name = context.container();
    let container = engine.observe(&name).await?.ok_or_else(|| not_running(&name))?;
    let follow = args.follow && container.state == State::Running;
    let mut reader = Reader::new(Paths::of_project(&context.root));
    let mut output = std::pin::pin!(engine.logs(&container.id, follow, args.tail.map_or(LogStart::Beginning, LogStart::LastLines)));
    let show = async {
        // Nothing is held back by the reader: it sleeps until there is more.
        let mut idle = true;
        loop {
            let piece = if idle { Ok(output.next().await) } else { tokio::time::timeout(QUIET, output.next()).await };
            idle = piece.is_err();
            let records = match piece {
                Err(_) => reader.flush(),
                Ok(Some(piece)) => match piece? {
                    Output::Stdout(bytes) => reader.feed(Stream::Stdout, &bytes),
                    Output::Stderr(bytes) => reader.feed(Stream::Stderr, &bytes),
                },
                Ok(None) => break,
            };
            records.into_iter().for_each(|record| context.ui.log_result(record));
        }
        reader.flush().into_iter().for_each(|record| context.ui.log_result(record));
        Ok(())
    };
    match interrupts.or(show).await {
        // Ctrl-C is how following ends.
        Err(failure) if failure.kind == Kind::Interrupted => Ok(ExitCode::SUCCESS),
        other => other.map(|()| ExitCode::SUCCESS),
    }
}
