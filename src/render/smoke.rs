//! The validator, and the recorder where that is wanted, for a container of the production image.

use super::httpd;
use super::instrument;
use super::record;
use crate::error::Result;
use crate::plan::{Plan, Profile};
use crate::runtime::{self, Instrument};

/// Where the files are unpacked: in memory, beside what Apache writes.
const DIRECTORY: &str = "/run/parity/smoke";

/// What configures the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configuration {
    /// What is in the image.
    Image,
    /// What the plan says, for a server that is another one than the image's.
    Plan,
}

/// What the production image is told to run instead of its server alone.
///
/// # Errors
/// An `application-group` that cannot be written, and with [`Configuration::Plan`] any other setting.
pub fn command(plan: &Plan, configuration: Configuration) -> Result<Vec<String>> {
    let record = plan.record.is_some().then_some(Instrument::Record);
    let mut files = runtime::files(&[Instrument::Validator].into_iter().chain(record).collect());
    files.extend(record::beside(plan));
    if configuration == Configuration::Plan {
        files.push((
            instrument::CONFIGURATION.to_owned(),
            httpd::render(&Plan { profile: Profile::Production, reload: None, ..plan.clone() })?,
        ));
    }
    instrument::command(plan, DIRECTORY, &files, Some(runtime::SCRIPT))
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
        let command = command(&testing::everything(), Configuration::Image).unwrap();
        assert_eq!(
            command.last().unwrap(),
            "WSGIImportScript /run/parity/smoke/instruments.py process-group=parity application-group=\"shop\""
        );
        assert_eq!(command.len(), 7);
        assert!(command.iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }

    #[test]
    fn the_recorder_comes_beside_it_and_is_in_no_image() {
        let record = Some(crate::plan::Record {
            origin: crate::units::Origin::Default,
            extent: crate::config::Extent { body_limit: 1, locals: false },
        });
        let plan = Plan { profile: Profile::Smoke, record, ..testing::django() };
        assert_eq!(profile_files(&plan).unwrap(), profile_files(&Plan { record: None, ..plan.clone() }).unwrap());
        let length = |plan: &Plan| command(plan, Configuration::Image).unwrap()[4].len();
        assert!(length(&plan) > length(&Plan { record: None, ..plan.clone() }) + 5000);
        assert!(length(&plan) < 100_000, "the kernel takes no longer arguments");
    }

    #[test]
    fn another_configuration_comes_by_arguments_as_well() {
        let command = command(&testing::everything(), Configuration::Plan).unwrap();
        assert_eq!(command[5..7], ["-f", "/run/parity/smoke/httpd.conf"]);
        assert!(command.iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }
}
