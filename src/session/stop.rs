//! Stopping a server, so that nothing is left.

use std::path::Path;

use super::Interrupts;
use crate::engine::{Engine, ownership};
use crate::error::Result;
use crate::events::{Event, Report};

/// Seconds that a server gets to end by itself when Ctrl-C ends the session.
pub const HASTY: u32 = 1;
/// Seconds that `parity down` gives it.
pub const PATIENT: u32 = 10;

/// Stops and removes a container. The `hurry`th signal kills it at once.
///
/// # Errors
/// The engine's; a container that is gone already is none.
pub async fn stop_and_remove(
    engine: &Engine,
    id: &str,
    seconds: u32,
    interrupts: &Interrupts,
    hurry: u32,
    report: &dyn Report,
) -> Result<()> {
    tokio::select! {
        biased;
        () = interrupts.reached(hurry) => engine.kill(id).await?,
        stopped = engine.stop(id, seconds) => stopped?,
    }
    engine.remove(id).await?;
    report.report(Event::Stopped);
    Ok(())
}

/// Takes away what was made on this machine for a container that is gone: the view of root's project, and the
/// mount point of static files if it is empty.
pub fn tidy(container: &str, static_directory: Option<&Path>) {
    ownership::unmount(&ownership::place(container));
    if let Some(directory) = static_directory {
        // It fails on a directory that has something in it, which is what is wanted.
        let _ = std::fs::remove_dir(directory);
    }
}
