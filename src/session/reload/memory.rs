//! What the slots of a server cost.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::agent::ARGV;
use crate::engine::Engine;
use crate::error::Result;

/// A group of processes that takes its turn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Slot {
    /// Its share of the memory that processes have in common is counted, where the system tells it.
    pub kilobytes: u64,
    pub processes: u32,
    /// Requests go there.
    pub active: bool,
    /// The code in it cannot be imported.
    #[serde(default)]
    pub failing: bool,
}

#[derive(Debug, Deserialize)]
struct Answer {
    slots: BTreeMap<String, Slot>,
}

/// The slots of a running container by their names; none where it says nothing that can be understood.
///
/// # Errors
/// The engine's.
pub async fn slots(engine: &Engine, container: &str) -> Result<BTreeMap<String, Slot>> {
    let argv = ARGV.into_iter().chain(["memory"]).map(String::from).collect();
    let (_, said) = engine.run(container, argv).await?;
    Ok(said.lines().find_map(|line| serde_json::from_str::<Answer>(line).ok()).map(|answer| answer.slots).unwrap_or_default())
}
