//! The directories that the application writes to, in the image that is deployed.
//!
//! They belong to www-data, which the image runs as, and may be written by whatever user it is run with instead.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::refuse;
use crate::error::Result;
use crate::plan::Plan;
use crate::render::quote::{RunCommand, ShellWord};
use crate::units::{layout, path};

const SETTING: &str = "writable";
/// A container has one user; which one, is known when it starts.
const MODE: &str = "777";

/// A copy of the project in which such directories belong to the server's user.
#[derive(Debug, Serialize)]
pub(super) struct GivenAway {
    /// Where it is, in a stage of its own. The name says what was given: an engine takes two copies for the same that differ in their
    /// files' owners alone, but not if they are copied from directories of other names.
    place: String,
    command: RunCommand,
}

/// Gives what the project has in such directories to the server's user; `None`: none of them is in the project.
pub(super) fn give_away(plan: &Plan) -> Result<Option<GivenAway>> {
    let inside: Vec<&str> =
        plan.writable.iter().map(|directory| directory.value.as_str()).filter(|path| path::is_at_or_below(path, layout::APP)).collect();
    if inside.is_empty() {
        return Ok(None);
    }
    // The code is nobody else's to change.
    let data: Vec<&str> = inside.iter().copied().filter(|directory| !plan.holds_code(directory)).collect();
    let digest = Sha256::digest(format!("{inside:?} {data:?}"));
    let place = digest[..4].iter().fold("/given-".to_owned(), |place, byte| format!("{place}{byte:02x}"));
    let words = |directories: &[&str]| -> Result<String> {
        let moved = |path: &&str| format!("{place}{}", path.strip_prefix(layout::APP).unwrap_or_default());
        directories.iter().map(|path| Ok(format!(" {}", ShellWord::new(SETTING, &moved(path))?))).collect()
    };
    let mut command = format!("mkdir -p{all}; chown -R 33:33{all}", all = words(&inside)?);
    if !data.is_empty() {
        command += &format!("; chmod -R a+rwX{}", words(&data)?);
    }
    Ok(Some(GivenAway { command: RunCommand::new(SETTING, &command)?, place }))
}

/// Makes parity's own directories nobody's, and those that are written to ready as they are in themselves.
pub(super) fn make_ready(plan: &Plan) -> Result<RunCommand> {
    let mut command = format!("chmod 755 {} {}", layout::ETC, layout::STATIC);
    if !plan.writable.is_empty() {
        let all: String =
            plan.writable.iter().map(|directory| Ok(format!(" {}", ShellWord::new(SETTING, directory)?))).collect::<Result<_>>()?;
        command += &format!("; mkdir -p{all}; chown 33:33{all}; chmod {MODE}{all}");
    }
    RunCommand::new(SETTING, &command)
}

/// The argument of `VOLUME`, in which an engine substitutes variables even in its JSON form.
pub(super) fn volumes(plan: &Plan) -> Result<Option<String>> {
    if plan.writable.is_empty() {
        return Ok(None);
    }
    let all: Vec<&str> = plan.writable.iter().map(|directory| directory.value.as_str()).collect();
    match all.iter().find(|directory| directory.contains(['$', '\\', '"']) || directory.contains(char::is_control)) {
        Some(directory) => Err(refuse(SETTING, directory, "holds a character that a Dockerfile reads as more than text")),
        None => Ok(Some(serde_json::Value::from(all).to_string())),
    }
}
