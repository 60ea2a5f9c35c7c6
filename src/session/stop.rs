//! Stopping a server, so that nothing is left.

use super::Interrupts;
use crate::engine::Engine;
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
