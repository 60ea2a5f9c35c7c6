//! Has the probe look around in a server, and fetches what it has seen.

use std::time::Duration;

use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::fidelity::{MOST_BYTES, Seen};
use crate::plan::Plan;
use crate::render;
use crate::runtime::PROBE;

/// For all of it: the processes take the probe, a request is answered, and what was seen of it is printed.
const PATIENCE: Duration = Duration::from_secs(90);

/// `running`: a server of `parity up`, whose processes do not have the probe.
///
/// # Errors
/// A request that does not reach the application, and whatever the container says that is not what a probe sees.
pub async fn look(engine: &Engine, container: &str, plan: &Plan, running: bool) -> Result<Seen> {
    let probe = if running { PROBE.as_bytes() } else { &[] };
    let asked = engine.ask(container, render::fidelity::ask(plan, running), probe, MOST_BYTES);
    let said = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| {
        Failure::new(Kind::NotReady, "the probe does not answer").cause(format!("it was waited for {} seconds", PATIENCE.as_secs()))
    })?;
    let hint = "`health-check` in parity.yaml names the page that is asked for";
    Seen::parse(&said.map_err(|failure| failure.hint(hint))?)
}
