//! `parity smoke`: what would be deployed is started, asked, and gone again.

mod ending;
mod probes;
mod servers;
mod validator;
mod writing;

use serde_json::Value;

use crate::common::{BUILD_PATIENCE, Parity, Ran};
use crate::engine;
use crate::project::TestProject;

const PROBES: [&str; 6] = ["wsgi-compliance", "concurrency", "multi-process", "load", "server-differences", "shutdown"];

/// A project that is smoked. The images of what would be deployed go with it.
#[derive(Debug)]
pub struct Smoked {
    // After the project is gone nothing uses them.
    project: TestProject,
    _images: Images,
}

#[derive(Debug)]
struct Images(std::path::PathBuf);

impl Drop for Images {
    fn drop(&mut self) {
        let repository = format!("localhost/{}", parity::session::container_name(&parity::plan::name_of(&self.0), &self.0));
        engine::with(async |engine| engine.remove_images(&repository, |_| true).await.unwrap());
    }
}

impl std::ops::Deref for Smoked {
    type Target = TestProject;

    fn deref(&self) -> &TestProject {
        &self.project
    }
}

impl Smoked {
    pub fn copy(name: &str) -> Self {
        Self::of(TestProject::copy(name))
    }

    pub fn of(project: TestProject) -> Self {
        let images = Images(project.root.clone());
        Self { project, _images: images }
    }

    /// One of the applications with a mistake, or the one without, and its parity.yaml from there on.
    fn bug(app: &str, file: &str) -> Self {
        let project = Self::copy("smoke-bugs");
        project.write("parity.yaml", &format!("app: {app}:application\n{file}"));
        project
    }

    pub fn smoke(&self, flags: &[&str]) -> Parity {
        let arguments: Vec<&str> = ["smoke"].iter().chain(flags).copied().collect();
        self.parity(&arguments).patience(BUILD_PATIENCE)
    }

    /// Runs the checks and some of the probes to the end, and nothing is left.
    #[track_caller]
    fn report(&self, probes: &[&str]) -> Report {
        let skip = PROBES.iter().filter(|probe| !probes.contains(probe)).flat_map(|probe| ["--skip", *probe]);
        let flags: Vec<&str> = ["--format", "json"].into_iter().chain(skip).collect();
        let ran = self.smoke(&flags).run();
        self.nothing_is_left();
        Report::of(ran)
    }
}

/// What a run has reported.
#[derive(Debug)]
struct Report {
    json: Value,
    ran: Ran,
}

impl Report {
    #[track_caller]
    fn of(ran: Ran) -> Self {
        let json = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"));
        Self { json, ran }
    }

    #[track_caller]
    fn outcome(&self, name: &str) -> &Value {
        let outcomes = self.json["outcomes"].as_array().unwrap();
        outcomes.iter().find(|outcome| outcome["name"] == name).unwrap_or_else(|| panic!("no {name} in {}", self.ran))
    }

    /// The findings of an outcome that failed, as one text.
    #[track_caller]
    fn failed(&self, name: &str) -> String {
        let outcome = self.outcome(name);
        assert_eq!(outcome["status"], "failed", "{name}: {}", self.ran);
        outcome["findings"].to_string()
    }

    #[track_caller]
    fn passed(&self, name: &str) {
        assert_eq!(self.outcome(name)["status"], "passed", "{name}: {}", self.ran);
    }

    /// Why an outcome was skipped.
    #[track_caller]
    fn skipped(&self, name: &str) -> &str {
        let outcome = self.outcome(name);
        assert_eq!(outcome["status"], "skipped", "{name}: {}", self.ran);
        outcome["reason"].as_str().unwrap()
    }
}
