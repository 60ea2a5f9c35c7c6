//! What commands that were killed, and containers that somebody else removed, have left on this machine.

use std::thread;

use crate::engine::{Engine, ownership};
use crate::error::Result;
use crate::units::scratch;

/// Takes away the views of root's projects that no container has any more, and in the background the directories for
/// temporary files of processes that have ended.
///
/// # Errors
/// The engine's, which is asked only where there are views that may be left.
pub async fn sweep(engine: &Engine) -> Result<()> {
    thread::spawn(remove_scratch);
    remove_views(engine).await
}

/// The same, and returns when all is done.
///
/// # Errors
/// The engine's.
pub async fn sweep_all(engine: &Engine) -> Result<()> {
    let views = remove_views(engine).await;
    let _ = tokio::task::spawn_blocking(remove_scratch).await;
    views
}

async fn remove_views(engine: &Engine) -> Result<()> {
    if engine.is_local() {
        ownership::left(engine).await?.iter().for_each(|view| ownership::unmount(view));
    }
    Ok(())
}

fn remove_scratch() {
    for left in scratch::left() {
        // What cannot be removed now may be the next time.
        let _ = scratch::remove(&left);
    }
}
