//! A server that takes over from another one: it listens beside it, in the same network.

use super::PORT;
use crate::plan::Plan;

/// There only where a server takes over from another.
pub const FILE: &str = "/etc/parity/takeover.conf";

/// Seconds that requests get where they may take any time.
const LONGEST: u32 = 60;

/// What such a server has beside the others' files: an address that it alone listens at, which only its own network reaches.
pub fn file(address: &str) -> (String, String) {
    let name = FILE.rsplit('/').next().unwrap_or(FILE);
    (name.into(), format!("Listen {address}:{PORT}\n"))
}

/// Seconds for requests that are under way when another server takes over: as long as one may take.
pub fn drain_seconds(plan: &Plan) -> u32 {
    match *plan.server.request_timeout {
        0 => LONGEST,
        seconds => seconds,
    }
}
