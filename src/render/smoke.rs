//! The validator, for a container of the production image.

use super::instrument;
use crate::error::Result;
use crate::plan::Plan;

/// Where the files are unpacked: in memory, beside what Apache writes.
const DIRECTORY: &str = "/run/parity/smoke";

/// What the production image is told to run instead of its server alone.
///
/// # Errors
/// An `application-group` that cannot be written.
pub fn command(plan: &Plan) -> Result<Vec<String>> {
    let files = [
        ("instrument.py", include_str!("../../images/smoke/instrument.py")),
        ("validator.py", include_str!("../../images/smoke/validator.py")),
    ];
    instrument::command(plan, DIRECTORY, &files, "instrument.py")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Profile;
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
