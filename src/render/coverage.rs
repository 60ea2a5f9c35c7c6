//! coverage.py in the processes of a container that is production's but for it: an instrument of [`crate::runtime`], and where things
//! are. No image of the project has any of it.

use serde_json::json;

use super::{httpd, instrument, profiler};
use crate::coverage::Configuration;
use crate::error::Result;
use crate::plan::Plan;
use crate::runtime::{self, Instrument};
use crate::units::layout;

/// What processes that run already are called by.
pub(super) const WORD: &str = "coverage";

/// Where the files are unpacked: in memory, beside what Apache writes.
pub const DIRECTORY: &str = "/run/parity/coverage";
/// coverage.py, in an image of its own.
pub const TOOL: &str = "/opt/coverage";
/// What the processes measure: a volume of the container's, which outlives its processes.
pub const DATA: &str = "/var/lib/parity/coverage";
/// Where the image is built that has [`HOOK`].
pub const SITE: &str = "/opt/coverage-site";
/// What a Python program does first, where the environment of a process that is measured says so (`coverage/child.py`).
pub const HOOK: &str = "import os; _p = os.environ.get(\"PARITY_COVERAGE\"); \
                        _p and exec(compile(open(_p).read(), _p, \"exec\"), {\"__name__\": \"parity_coverage\", \"__file__\": _p})";
/// Where all of it is in a server that `parity coverage --attach` measures: in memory.
pub const ATTACHED: &str = "/run/parity/coverage";
pub const ATTACHED_TOOL: &str = "/run/parity/coverage/tool";
/// Seconds between two times that it is written down.
const INTERVAL: f64 = 2.0;

/// What the image is told to run instead of its server alone. The instrument begins before the application is imported.
///
/// # Errors
/// A setting that cannot be written.
pub fn command(plan: &Plan, configuration: Option<&Configuration>, by_check: bool) -> Result<Vec<String>> {
    let mut files = runtime::files(&[Instrument::Coverage].into());
    let config = configuration.map(|found| found.name);
    let settings =
        json!({"data": DATA, "tool": TOOL, "project": layout::APP, "interval": INTERVAL, "config": config, "by-check": by_check});
    files.push(("coverage.json".into(), settings.to_string()));
    files.push((instrument::CONFIGURATION.into(), httpd::render(&Plan { reload: None, ..plan.clone() })?));
    files.extend(configuration.map(|found| (found.name.to_owned(), found.text.clone())));
    instrument::command(plan, DIRECTORY, &files, None)
}

/// What is run in the container of a server to have its processes measured, which begin then: it says on stdout what they say, and ends
/// with its stdin. `ending`: seconds for them to write down the last.
pub fn attached(configuration: Option<&Configuration>, data: &str, ending: u32) -> Vec<String> {
    let config = configuration.map(|found| found.name);
    let settings = json!({
        "data": data, "tool": ATTACHED_TOOL, "project": layout::APP, "interval": INTERVAL, "config": config, "root": ATTACHED,
    });
    let mut files = runtime::attached_coverage();
    let (name, session) = profiler::SESSION;
    files.push((name.to_owned(), session.to_owned()));
    files.extend(configuration.map(|found| (found.name.to_owned(), found.text.clone())));
    profiler::called(ATTACHED, WORD, &files, &settings, ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Profile;
    use crate::render::{profile_files, testing};

    #[test]
    fn it_begins_before_the_application() {
        let plan = Plan { profile: Profile::Coverage, reload: None, ..testing::everything() };
        let conf = httpd::render(&plan).unwrap();
        let at = |text: &str| conf.find(text).unwrap();
        assert!(at("WSGIImportScript /run/parity/coverage/instruments.py process-group=parity") < at("/etc/parity/handler.wsgi"));
        // But for that it is production's.
        let production = httpd::render(&Plan { profile: Profile::Production, ..plan.clone() }).unwrap();
        let without: Vec<&str> = conf.lines().filter(|line| !line.contains("instruments.py")).collect();
        assert_eq!(without, production.lines().collect::<Vec<_>>());
        let command = command(&plan, None, false).unwrap();
        assert_eq!(command[5..], ["-f", "/run/parity/coverage/httpd.conf"]);
        assert!(command.iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }

    #[test]
    fn what_a_server_that_runs_is_given_fits_into_arguments() {
        let configuration = Configuration { name: ".coveragerc", text: "[run]\n".into() };
        let command = attached(Some(&configuration), "/run/parity/coverage/7/data", 15);
        assert!(command.iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }

    #[test]
    fn no_image_has_it() {
        let files = profile_files(&Plan { profile: Profile::Production, ..testing::django() }).unwrap();
        assert!(files.iter().all(|(name, text)| !name.contains("coverage") && !text.contains("coverage")));
    }
}
