//! The containers of one `parity up`. There is one, until another one's server takes over: then there are two for a moment,
//! and from then on one that serves and the first, which holds the network with the published port.
//!
//! The one that serves has the project's name; the others have it with a word behind it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::owner;
use super::stop::tidy;
use crate::engine::Engine;
use crate::engine::container::{Observed, State, not_running};
use crate::error::Result;

/// What a container is to the server that has the project's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Not ready to take over yet.
    Next,
    /// Finishes its requests.
    Old,
    Server,
    /// Holds the port for the one that serves. It goes last: the others' network is its own.
    Network,
}

/// The name of the container that is about to take over.
pub fn next(name: &str) -> String {
    format!("{name}-next")
}

/// The name of the container that holds the port.
pub fn network(name: &str) -> String {
    format!("{name}-network")
}

/// The name of one that finishes its requests.
pub fn old(name: &str, id: &str) -> String {
    format!("{name}-{}-old", id.get(..8).unwrap_or(id))
}

/// A server's own name ends with a digest, so it cannot be taken for another's.
pub fn role(name: &str) -> Role {
    match name.rsplit_once('-').map(|(_, word)| word) {
        Some("next") => Role::Next,
        Some("old") => Role::Old,
        Some("network") => Role::Network,
        _ => Role::Server,
    }
}

/// Is it one of those that serve under a name, or have served, or will?
pub fn belongs(found: &str, name: &str) -> bool {
    found == name || (role(found) != Role::Server && found.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
}

/// Every container under a name but those to be kept, in the order in which they may be removed.
///
/// # Errors
/// The engine's.
pub async fn beside(engine: &Engine, root: &Path, name: &str, keep: &[&str]) -> Result<Vec<Observed>> {
    let mut found = engine.observe_project(root).await?;
    found.retain(|found| belongs(&found.name, name) && !keep.contains(&found.id.as_str()));
    found.sort_by_key(|found| role(&found.name));
    Ok(found)
}

/// How long there may be no server under a name while another one takes over, in steps.
const GONE_STEPS: u32 = 60;
const STEP: Duration = Duration::from_millis(50);

/// The server that has the name, as soon as it has started. While another one takes over there is none for a moment.
///
/// # Errors
/// The engine's.
pub async fn server(engine: &Engine, root: &Path, name: &str) -> Result<Option<Observed>> {
    for _ in 0..GONE_STEPS {
        let found = engine.observe_started(name).await?;
        let lives = |found: &Observed| found.owner.as_deref().is_some_and(owner::is_anothers);
        if found.is_some() || !beside(engine, root, name, &[]).await?.iter().any(lives) {
            return Ok(found);
        }
        tokio::time::sleep(STEP).await;
    }
    Ok(None)
}

/// The same, where it runs.
///
/// # Errors
/// `Kind::NotRunning`; the engine's.
pub async fn running(engine: &Engine, root: &Path, name: &str) -> Result<Observed> {
    server(engine, root, name).await?.filter(|found| found.state == State::Running).ok_or_else(|| not_running(name))
}

/// Removes a container by its name, if it is there.
///
/// # Errors
/// The engine's.
pub async fn remove(engine: &Engine, name: &str) -> Result<()> {
    let Some(found) = engine.observe(name).await? else { return Ok(()) };
    engine.remove(&found.id).await?;
    tidy(engine, name, found.view.as_deref(), None).await;
    Ok(())
}

/// Whose containers are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those that this session has made, or one that lives no more.
    Ours,
    /// Also those of a session whose server is being replaced.
    Anybodys,
}

/// Removes those that stand beside the server, with what was made on this machine for them.
///
/// # Errors
/// The engine's.
pub async fn remove_all_but(engine: &Engine, root: &Path, name: &str, keep: &[&str], whose: Whose) -> Result<()> {
    for found in beside(engine, root, name, keep).await? {
        if role(&found.name) == Role::Server || (whose == Whose::Ours && found.owner.as_deref().is_some_and(owner::is_anothers)) {
            continue;
        }
        engine.remove(&found.id).await?;
        tidy(engine, name, found.view.as_deref(), None).await;
    }
    Ok(())
}

/// An engine goes on with what a session has asked of it that was killed since: by then it has, also one with much to do.
const LATE: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(60)];

/// Removes a container that was to take over, but whose session lives no more and never saw it.
pub async fn remove_late(engine: Engine, root: PathBuf, name: String) {
    for late in LATE {
        tokio::time::sleep(late).await;
        let Ok(found) = beside(&engine, &root, &name, &[]).await else { continue };
        for found in found.iter().filter(|found| role(&found.name) == Role::Next && found.owner.as_deref().is_some_and(is_dead)) {
            // The next switch needs its name, and removes it if this cannot.
            if engine.remove(&found.id).await.is_ok() {
                tidy(&engine, &name, found.view.as_deref(), None).await;
            }
        }
    }
}

fn is_dead(owner: &str) -> bool {
    !owner::is_alive(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_a_container_is_to_the_server() {
        let name = "parity-old-network-0a1b2c3d";
        assert_eq!(role(name), Role::Server);
        let names = [next(name), old(name, "0123456789abcdef"), network(name)];
        assert_eq!(names[1], "parity-old-network-0a1b2c3d-01234567-old");
        assert_eq!(names.each_ref().map(|name| role(name)), [Role::Next, Role::Old, Role::Network]);
        assert!(names.iter().all(|found| belongs(found, name)));
        for other in ["parity-old-network-0a1b2c3d-trial", "parity-old-network-0a1b2c3d-smoke-12345678", "parity-old-network-0a1b2c3"] {
            assert!(!belongs(other, name), "{other}");
        }
        assert!(!belongs(&network("parity-old-network-0a1b2c3d5"), name));
    }
}
