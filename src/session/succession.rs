//! Who looks after a server whose session died: the first of those that notice.
//!
//! The label of a running container cannot be changed, so the container keeps a list, `/run/parity/owner.001` and on: each
//! file is made by one session only, and names it as the label would.

use super::owner;
use crate::engine::Engine;
use crate::error::Result;

/// The one that looks after a container: whoever took it over last, or the one that started it.
///
/// # Errors
/// The engine's.
pub async fn owner_of(engine: &Engine, container: &str, label: &str) -> Result<(String, usize)> {
    let owners = list(engine, container).await?;
    Ok((owners.last().cloned().unwrap_or_else(|| label.to_owned()), owners.len()))
}

async fn list(engine: &Engine, container: &str) -> Result<Vec<String>> {
    let script = "cat /run/parity/owner.* 2>/dev/null || :";
    let (_, said) = engine.run(container, ["/bin/sh", "-c", script].map(String::from).to_vec()).await?;
    Ok(said.lines().filter(|line| !line.is_empty()).map(String::from).collect())
}

/// Takes a container over after so many others. `false`: somebody else was faster.
///
/// # Errors
/// The engine's.
pub async fn take(engine: &Engine, container: &str, after: usize) -> Result<bool> {
    let file = format!("/run/parity/owner.{:03}", after + 1);
    // With `-C` the shell makes the file itself or fails.
    let argv = ["/bin/sh", "-Cc", r#"printf '%s\n' "$1" > "$0""#, &file, &owner::me()].map(String::from).to_vec();
    Ok(engine.run(container, argv).await?.0 == 0)
}
