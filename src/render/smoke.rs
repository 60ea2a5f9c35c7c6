//! The validator, for a container of the production image: its files, and the arguments by which the server knows of it.
//! No image has them.

use super::archive;
use super::httpd::application_group;
use super::reload;
use crate::error::Result;
use crate::plan::{Plan, Profile};

/// Where the files are unpacked: in memory, beside what Apache writes.
const DIRECTORY: &str = "/run/parity/smoke";
/// The script's exit code where the files cannot be unpacked, as the image's entry point has it.
const SCRIPT: &str = "mkdir -p \"$0\" && printf %s \"$1\" | base64 -d | tar -xzC \"$0\" || exit 92; shift; \
                      [ ! -e /etc/parity/release.sh ] || sh /etc/parity/release.sh || exit; exec bash /etc/parity/start.sh \"$@\"";

/// What the production image is told to run instead of its server alone: what is released before a deployment, then the server with
/// the validator.
///
/// # Errors
/// An `application-group` that cannot be written.
pub fn command(plan: &Plan) -> Result<Vec<String>> {
    let files = [
        ("instrument.py", include_str!("../../images/smoke/instrument.py")),
        ("validator.py", include_str!("../../images/smoke/validator.py")),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()));
    // The same groups as in the image, which has one: nothing is reloaded in it.
    let groups = reload::groups(&Plan { profile: Profile::Production, reload: None, ..plan.clone() });
    let script = format!(
        "WSGIImportScript {DIRECTORY}/instrument.py process-group={} application-group={}",
        groups[0],
        application_group(&plan.server)?
    );
    Ok(["bash", "-c", SCRIPT, DIRECTORY, &archive(&files), "-c", &script].map(String::from).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{profile_files, testing};

    #[test]
    fn the_servers_files_are_productions() {
        let files = |profile| profile_files(&Plan { profile, ..testing::django() }).unwrap();
        assert_eq!(files(Profile::Production), files(Profile::Smoke));
    }

    #[test]
    fn the_validator_comes_by_arguments() {
        let command = command(&testing::everything()).unwrap();
        assert_eq!(
            command.last().unwrap(),
            "WSGIImportScript /run/parity/smoke/instrument.py process-group=parity application-group=\"shop\""
        );
        assert!(command.iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }
}
