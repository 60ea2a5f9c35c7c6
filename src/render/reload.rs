//! What the `up` profile has beside production's files to serve saved code: the slots, and the programs that see to them.

use serde_json::json;

use crate::error::Result;
use crate::plan::{Plan, Reload};
use crate::render::PORT;
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
const PROGRAMS: &[(&str, &str)] = &[
    ("slot.py", include_str!("../../images/reload/slot.py")),
    ("audit.py", include_str!("../../images/reload/audit.py")),
    ("touched.py", include_str!("../../images/reload/touched.py")),
    ("underway.py", include_str!("../../images/reload/underway.py")),
    ("imports.py", include_str!("../../images/reload/imports.py")),
    ("ahead.py", include_str!("../../images/reload/ahead.py")),
    ("bytecode.py", include_str!("../../images/reload/bytecode.py")),
    ("likeness.py", include_str!("../../images/reload/likeness.py")),
    ("namespaces.py", include_str!("../../images/reload/namespaces.py")),
    ("reading.py", include_str!("../../images/reload/reading.py")),
    ("prepared.py", include_str!("../../images/reload/prepared.py")),
    ("silence.py", include_str!("../../images/reload/silence.py")),
    ("planning.py", include_str!("../../images/reload/planning.py")),
    ("passing.py", include_str!("../../images/reload/passing.py")),
    ("ring.wsgi", include_str!("../../images/reload/ring.wsgi")),
    ("agent.py", include_str!("../../images/reload/agent.py")),
    ("deaths.py", include_str!("../../images/reload/deaths.py")),
    ("slots.py", include_str!("../../images/reload/slots.py")),
    ("notes.py", include_str!("../../images/reload/notes.py")),
    ("files.py", include_str!("../../images/reload/files.py")),
    ("reloading.py", include_str!("../../images/reload/reloading.py")),
    ("renewing.py", include_str!("../../images/reload/renewing.py")),
    ("held.txt", include_str!("../../images/reload/held.txt")),
    ("doubting.py", include_str!("../../images/reload/doubting.py")),
    ("draining.py", include_str!("../../images/reload/draining.py")),
    ("takeover.py", include_str!("../../images/reload/takeover.py")),
];

/// The files for `/etc/parity`, by name. None of them is in an image.
pub fn files(plan: &Plan) -> Result<Vec<(String, String)>> {
    let Some(reload) = &plan.reload else { return Ok(Vec::new()) };
    let (script, package) = match &plan.app.value {
        EntryPoint::Script { path, .. } => (Some(format!("{}/{path}", layout::APP)), None),
        EntryPoint::Module { module, .. } => (None, module.split('.').next()),
        // It changes with the image alone.
        EntryPoint::Installed { path, .. } => (None, path.rsplit("-packages/").next().and_then(|path| path.split('/').next())),
    };
    let settings = json!({
        "slots": groups(plan),
        "processes": *plan.server.processes,
        "preload": *reload.preload,
        "graceful_timeout": *plan.server.graceful_timeout,
        "project": layout::APP,
        "root": plan.root,
        "script": script,
        // What is asked for as the application is never imported ahead of time.
        "package": package,
        "port": PORT,
    });
    let programs = PROGRAMS.iter().map(|(name, text)| ((*name).into(), (*text).into()));
    Ok([("reload.json".into(), settings.to_string())].into_iter().chain(programs).collect())
}
