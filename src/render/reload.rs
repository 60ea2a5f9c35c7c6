//! What the `up` profile has beside production's files to serve saved code: the slots, and the programs that see to them.

use crate::error::Result;
use crate::plan::{Plan, Reload};
use crate::render::PORT;
use crate::runtime::protocol::{self, Message};
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

/// `reload.json`, which the agent and the processes of the slots read; `None`: nothing is reloaded.
///
/// # Errors
/// None of a plan.
pub fn settings(plan: &Plan) -> Result<Option<String>> {
    let Some(reload) = &plan.reload else { return Ok(None) };
    let (script, package) = match &plan.app.value {
        EntryPoint::Script { path, .. } => (Some(format!("{}/{path}", layout::APP)), None),
        EntryPoint::Module { module, .. } => (None, module.split('.').next()),
        // It changes with the image alone.
        EntryPoint::Installed { path, .. } => (None, path.rsplit("-packages/").next().and_then(|path| path.split('/').next())),
    };
    let settings = protocol::Config {
        slots: groups(plan).iter().map(|name| (*name).to_owned()).collect(),
        processes: *plan.server.processes,
        preload: *reload.preload,
        graceful_timeout: *plan.server.graceful_timeout,
        project: layout::APP.into(),
        root: plan.root.display().to_string(),
        script,
        // What is asked for as the application is never imported ahead of time.
        package: package.map(String::from),
        port: PORT,
    };
    Ok(Some(settings.to_text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::protocol::testing::example;

    #[test]
    fn requests_go_to_the_first_slot_first() {
        assert_eq!(example("words", "first"), FIRST);
        assert_eq!(example("words", "port"), PORT);
        assert_eq!(FIRST.split_once(' '), Some((SLOTS[0], "1")));
    }
}
