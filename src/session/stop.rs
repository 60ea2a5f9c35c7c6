//! Stopping a server, so that nothing is left.

use std::path::Path;
use std::time::Duration;

use super::Interrupts;
use crate::engine::{Engine, ownership};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};

/// Seconds that a server gets to end by itself when Ctrl-C ends the session.
pub const HASTY: u32 = 1;
/// Seconds that `parity down` gives it.
pub const PATIENT: u32 = 10;
/// Seconds that the engine gets beyond those for its own work.
const GRACE: u64 = 20;

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
    let work = async {
        tokio::select! {
            biased;
            () = interrupts.reached(hurry) => engine.kill(id).await?,
            stopped = engine.stop(id, seconds) => stopped?,
        }
        engine.remove(id).await
    };
    // An engine that hangs must not hold the user's terminal.
    match tokio::time::timeout(Duration::from_secs(u64::from(seconds) + GRACE), work).await {
        Ok(done) => done?,
        Err(_) => {
            return Err(Failure::new(Kind::EngineLost, "the engine does not stop the server")
                .cause(format!("no answer within {} seconds", u64::from(seconds) + GRACE))
                .hint("`parity down` tries again, once `docker ps` answers"));
        }
    }
    report.report(Event::Stopped);
    Ok(())
}

/// Takes away what was made on this machine for a container that is gone: its view of root's project, and, unless
/// another container of the name needs it, the mount point of static files if that is empty.
pub async fn tidy(engine: &Engine, name: &str, view: Option<&Path>, static_directory: Option<&Path>) {
    if let Some(view) = view {
        ownership::unmount(view);
    }
    if !matches!(engine.observe(name).await, Ok(None)) {
        return;
    }
    if let Some(directory) = static_directory {
        // It fails on a directory that has something in it, which is what is wanted.
        let _ = std::fs::remove_dir(directory);
    }
}
