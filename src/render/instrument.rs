//! What looks at a server of the production image from beside the application: its files, and the arguments by which the server knows
//! of it. No image has them.

use super::archive;
use super::httpd::application_group;
use super::reload;
use crate::error::Result;
use crate::plan::{Plan, Profile};

/// The script's exit code where the files cannot be unpacked, as the image's entry point has it. They go to a directory in memory.
const SCRIPT: &str = "mkdir -p \"$0\" && printf %s \"$1\" | base64 -d | tar -xzC \"$0\" || exit 92; shift; \
                      [ ! -e /etc/parity/release.sh ] || sh /etc/parity/release.sh || exit; exec bash /etc/parity/start.sh \"$@\"";

/// The file that configures the server instead of the image's own, if there is one.
pub const CONFIGURATION: &str = "httpd.conf";

/// What the production image is told to run instead of its server alone: what is released before a deployment, then the server, in whose
/// processes `script` is run when they have imported the application, unless the configuration among the files says when.
///
/// # Errors
/// An `application-group` that cannot be written.
pub fn command(plan: &Plan, directory: &str, files: &[(String, String)], script: Option<&str>) -> Result<Vec<String>> {
    // The same groups as in the image, which has one: nothing is reloaded in it.
    let groups = reload::groups(&Plan { profile: Profile::Production, reload: None, ..plan.clone() });
    let group = application_group(&plan.server)?;
    let import =
        script.map(|script| format!("WSGIImportScript {directory}/{script} process-group={} application-group={group}", groups[0]));
    // Of several files Apache takes the last.
    let file = format!("{directory}/{CONFIGURATION}");
    let further = if files.iter().any(|(name, _)| name == CONFIGURATION) { vec!["-f", &file] } else { vec![] };
    let archive = archive(files);
    let words =
        ["bash", "-c", SCRIPT, directory, &archive].into_iter().chain(further).chain(import.iter().flat_map(|import| ["-c", import]));
    Ok(words.map(String::from).collect())
}
