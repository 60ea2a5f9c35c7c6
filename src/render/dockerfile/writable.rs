//! The directories that the application writes to, in the image that is deployed.
//!
//! They belong to www-data, which the image runs as, and may be written by whatever user it is run with instead.

use super::refuse;
use crate::error::Result;
use crate::plan::Plan;
use crate::render::quote::{RunCommand, ShellWord};
use crate::units::{layout, path};

const SETTING: &str = "writable";
/// A container has one user; which one, is known when it starts.
const MODE: &str = "777";

/// Gives what the project has in such directories to the server's user; `None`: none of them is in the project.
pub(super) fn give_away(plan: &Plan) -> Result<Option<RunCommand>> {
    let inside: Vec<_> = plan.writable.iter().filter(|directory| path::is_at_or_below(directory, layout::APP)).collect();
    let words = |directories: &[&str]| -> Result<String> {
        directories.iter().map(|directory| Ok(format!(" {}", ShellWord::new(SETTING, directory)?))).collect()
    };
    let all: Vec<&str> = inside.iter().map(|directory| directory.value.as_str()).collect();
    if all.is_empty() {
        return Ok(None);
    }
    let mut command = format!("mkdir -p{all}; chown -R 33:33{all}", all = words(&all)?);
    // The code is nobody else's to change.
    let data: Vec<&str> = all.into_iter().filter(|directory| !plan.holds_code(directory)).collect();
    if !data.is_empty() {
        command += &format!("; chmod -R a+rwX{}", words(&data)?);
    }
    RunCommand::new(SETTING, &command).map(Some)
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
