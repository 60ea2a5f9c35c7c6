//! What the `up` profile has beside production's files to serve saved code: the slots, and the programs that see to them.

use serde_json::json;

use crate::error::Result;
use crate::plan::{Plan, Reload};
use crate::units::{EntryPoint, layout};

/// The name of production's only group of daemon processes.
const GROUP: &str = "parity";

/// Groups of daemon processes that take turns. One serves, one is ready for the next save, one finishes its requests and
/// starts anew.
pub const SLOTS: [&str; 3] = ["g0", "g1", "g2"];

/// The one that serves first, and its generation, as the file says it that requests are routed by.
pub const FIRST: &str = "g0 1";

/// The process groups of a plan.
pub fn groups(plan: &Plan) -> &'static [&'static str] {
    match &plan.reload {
        None => &[GROUP],
        Some(Reload { standby, .. }) if !**standby => &SLOTS[..1],
        Some(_) => &SLOTS,
    }
}

/// What each process of a slot runs, and the agent with its parts.
const PROGRAMS: [(&str, &str); 9] = [
    ("slot.py", include_str!("../../images/reload/slot.py")),
    ("audit.py", include_str!("../../images/reload/audit.py")),
    ("ring.wsgi", include_str!("../../images/reload/ring.wsgi")),
    ("agent.py", include_str!("../../images/reload/agent.py")),
    ("slots.py", include_str!("../../images/reload/slots.py")),
    ("files.py", include_str!("../../images/reload/files.py")),
    ("reloading.py", include_str!("../../images/reload/reloading.py")),
    ("renewing.py", include_str!("../../images/reload/renewing.py")),
    ("takeover.py", include_str!("../../images/reload/takeover.py")),
];

/// The files for `/etc/parity`, by name. None of them is in an image.
pub fn files(plan: &Plan) -> Result<Vec<(String, String)>> {
    let Some(reload) = &plan.reload else { return Ok(Vec::new()) };
    let script = match &plan.app.value {
        EntryPoint::Script { path, .. } => Some(format!("{}/{path}", layout::APP)),
        EntryPoint::Module { .. } => None,
    };
    let settings = json!({
        "slots": groups(plan),
        "processes": *plan.server.processes,
        "preload": *reload.preload,
        "startup_timeout": match *plan.server.startup_timeout { 0 => u32::MAX, seconds => seconds },
        "project": layout::APP,
        "root": plan.root,
        "script": script,
    });
    let programs = PROGRAMS.map(|(name, text)| (name.into(), text.into()));
    Ok([("reload.json".into(), settings.to_string())].into_iter().chain(programs).collect())
}
