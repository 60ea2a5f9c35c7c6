//! `parity restart` where a session serves what is saved: it is asked for another container of the same, and this waits for it.

use std::time::{Duration, Instant};

use super::agent::argv;
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::session::siblings;

/// Between two looks at what runs.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a session may take to begin.
const BEGINS: Duration = Duration::from_secs(30);

/// How long a session that lives may take to listen to a server that has just taken over, in steps.
const LISTENS_STEPS: u32 = 50;

/// Asks the session that looks after a server. `false`: it does not listen.
///
/// # Errors
/// The engine's.
pub async fn ask_for_restart(engine: &Engine, container: &str) -> Result<bool> {
    let argv = argv(Some("restart"));
    for _ in 0..LISTENS_STEPS {
        if engine.run(container, Vec::clone(&argv)).await?.0 == 0 {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

/// Waits until another container serves under the name, at most `seconds` after it was made. Returns its URL.
///
/// # Errors
/// `Kind::App` when the new server was given up, `Kind::NotReady` when it takes too long.
pub async fn restarted(engine: &Engine, name: &str, before: &str, seconds: u32) -> Result<String> {
    let why = "its session in the other terminal says why; the running server is unaffected";
    let begun = Instant::now();
    let mut made = None;
    loop {
        let next = engine.observe(&siblings::next(name)).await?;
        let now = engine.observe(name).await?;
        if let Some(url) = now.filter(|now| now.id != before).and_then(|now| now.url) {
            return Ok(url);
        }
        match (&next, made) {
            (Some(_), None) => made = Some(Instant::now()),
            // Looked at before the name was: it may have got that in between.
            (None, Some(_)) if engine.observe(name).await?.is_some_and(|now| now.id == before) => {
                return Err(Failure::new(Kind::App, "the new server does not answer").hint(why));
            }
            _ => {}
        }
        let late = made.map_or(begun.elapsed() > BEGINS, |made| made.elapsed() > Duration::from_secs(seconds.into()) + BEGINS);
        if late {
            return Err(Failure::new(Kind::NotReady, "no new server took over").hint(why));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
