//! The validator, for a container of the production image: its files, and the arguments by which the server knows of it.
//! No image has them.

use super::archive;
use super::httpd::{self, application_group};
use super::reload;
use crate::error::Result;
use crate::plan::{Plan, Profile};

/// Where the files are unpacked: in memory, beside what Apache writes.
const DIRECTORY: &str = "/run/parity/smoke";
/// The script's exit code where the files cannot be unpacked, as the image's entry point has it.
const SCRIPT: &str = "mkdir -p \"$0\" && printf %s \"$1\" | base64 -d | tar -xzC \"$0\" || exit 92; shift; \
                      [ ! -e /etc/parity/release.sh ] || sh /etc/parity/release.sh || exit; exec sh /etc/parity/start.sh \"$@\"";

/// What configures the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configuration {
    /// What is in the image.
    Image,
    /// What the plan says, for a server that is another one than the image's.
    Plan,
}

/// What the production image is told to run instead of its server alone: what is released before a deployment, then the server with
/// the validator.
///
/// # Errors
/// An `application-group` that cannot be written, and with [`Configuration::Plan`] any other setting.
pub fn command(plan: &Plan, configuration: Configuration) -> Result<Vec<String>> {
    let mut files = vec![
        ("instrument.py".to_owned(), include_str!("../../images/smoke/instrument.py").to_owned()),
        ("validator.py".to_owned(), include_str!("../../images/smoke/validator.py").to_owned()),
    ];
    // The same groups as in the image, which has one: nothing is reloaded in it.
    let production = Plan { profile: Profile::Production, reload: None, ..plan.clone() };
    let groups = reload::groups(&production);
    let script = format!(
        "WSGIImportScript {DIRECTORY}/instrument.py process-group={} application-group={}",
        groups[0],
        application_group(&plan.server)?
    );
    let file = format!("{DIRECTORY}/httpd.conf");
    // Of several files Apache takes the last.
    let further = match configuration {
        Configuration::Image => vec![],
        Configuration::Plan => {
            files.push(("httpd.conf".into(), httpd::render(&production)?));
            vec!["-f", &file]
        }
    };
    let archive = archive(&files);
    let words = ["sh", "-c", SCRIPT, DIRECTORY, &archive].into_iter().chain(further).chain(["-c", &script]);
    Ok(words.map(String::from).collect())
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
            "WSGIImportScript /run/parity/smoke/instrument.py process-group=parity application-group=\"shop\""
        );
        assert_eq!(command.len(), 7);
        assert!(command.iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }

    #[test]
    fn another_configuration_comes_by_arguments_as_well() {
        let command = command(&testing::everything(), Configuration::Plan).unwrap();
        assert_eq!(command[5..7], ["-f", "/run/parity/smoke/httpd.conf"]);
        assert!(command.iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }
}
