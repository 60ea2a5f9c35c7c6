//! What looks at a server of the production image from beside the application: its files, and the arguments by which the server knows
//! of it. No image has them.

use super::archive;
use super::httpd::application_group;
use super::reload;
use crate::error::Result;
use crate::plan::{Plan, Profile};

/// The script's exit code where the files cannot be unpacked, as the image's entry point has it. They go to a directory in memory.
const SCRIPT: &str = "mkdir -p \"$0\" && printf %s \"$1\" | base64 -d | tar -xzC \"$0\" || exit 92; shift; \
                      [ ! -e /etc/parity/release.sh ] || sh /etc/parity/release.sh || exit; exec sh /etc/parity/start.sh \"$@\"";

/// What the production image is told to run instead of its server alone: what is released before a deployment, then the server, in whose
/// processes `script` is run when they have imported the application.
///
/// # Errors
/// An `application-group` that cannot be written.
pub fn command(plan: &Plan, directory: &str, files: &[(&str, &str)], script: &str) -> Result<Vec<String>> {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    // The same groups as in the image, which has one: nothing is reloaded in it.
    let groups = reload::groups(&Plan { profile: Profile::Production, reload: None, ..plan.clone() });
    let import =
        format!("WSGIImportScript {directory}/{script} process-group={} application-group={}", groups[0], application_group(&plan.server)?);
    Ok(["sh", "-c", SCRIPT, directory, &archive(&files), "-c", &import].map(String::from).to_vec())
}
