//! The probe of `parity diff --live`: in a container of the production image by the server's arguments, in one of `parity up` through the
//! debugger's way in. No image has it.

use serde_json::json;

use super::{PORT, instrument};
use crate::error::Result;
use crate::fidelity::MOST_BYTES;
use crate::plan::Plan;
use crate::runtime::{ASKING, PROBE};

/// Where the probe is, and what it leaves.
const DIRECTORY: &str = "/run/parity/fidelity";

/// What the production image is told to run instead of its server alone.
///
/// # Errors
/// An `application-group` that cannot be written.
pub fn command(plan: &Plan) -> Result<Vec<String>> {
    instrument::command(plan, DIRECTORY, &[("probe.py".to_owned(), PROBE.to_owned())], Some("probe.py"))
}

/// What is run in a container to have its server looked at. `running`: the server does not have the probe, which is to be its input.
pub fn ask(plan: &Plan, running: bool) -> Vec<String> {
    let settings = json!({
        "ring": running,
        "port": PORT,
        "path": *plan.health.path,
        "host": *plan.health.host,
        "most": MOST_BYTES + 1,
    });
    ["/opt/venv/bin/python", "-IS", "-c", ASKING, &settings.to_string()].map(String::from).to_vec()
}
