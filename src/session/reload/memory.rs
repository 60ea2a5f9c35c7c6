//! What the slots of a server cost.

use std::collections::BTreeMap;

use super::agent::argv;
use crate::engine::Engine;
use crate::error::Result;
use crate::runtime::protocol::{self, Said, Slot};

/// The slots of a running container by their names; none where it says nothing that can be understood.
///
/// # Errors
/// The engine's.
pub async fn slots(engine: &Engine, container: &str) -> Result<BTreeMap<String, Slot>> {
    let (_, said) = engine.run(container, argv(Some("memory"))).await?;
    let slots = said.lines().find_map(|line| match protocol::read(line.as_bytes()) {
        Ok(Said::Memory { slots }) => Some(slots),
        _ => None,
    });
    Ok(slots.unwrap_or_default())
}
