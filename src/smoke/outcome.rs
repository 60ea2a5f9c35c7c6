//! What became of a check, a probe or the project's own tests; what every report is made of.

use std::path::PathBuf;
use std::time::Duration;

use crate::logs::Record;

/// Where something was written, for annotations. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Relative to the project where it is inside it.
    pub path: PathBuf,
    pub line: usize,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A check of `smoke:`.
    Check,
    /// A built-in probe.
    Probe,
    /// The project's own tests, behind `--`.
    Tests,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Passed,
    Failed,
    /// It was not done, and why.
    Skipped(String),
}

/// Something that is not as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What, in one line: lower case, no full stop.
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// Lines shown as they are below the text: a diff, answers that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One line of a report, and what is below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub name: String,
    pub what: What,
    pub place: Option<Place>,
    pub status: Status,
    pub took: Duration,
    /// What was wrong. A passed probe may have remarks here.
    pub findings: Vec<Finding>,
    /// What the server said meanwhile.
    pub log: Vec<Record>,
    /// `POST /login/`
    pub request: Option<String>,
    /// `302 Found, text/html, 0 bytes`
    pub answer: Option<String>,
    /// The number of its request in the store, where it was recorded.
    pub recorded: Option<i64>,
}

/// All outcomes of a run, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suite {
    /// What was asked: the base URL.
    pub url: String,
    /// What ran there, where parity ran it.
    pub image: Option<Image>,
    pub outcomes: Vec<Outcome>,
    /// How many requests were recorded, where that was wanted.
    pub recorded: Option<u64>,
    pub took: Duration,
}

/// The image that was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Image {
    /// What it is, whatever it is named: `sha256:…`.
    pub id: String,
    /// Its names: where it came from, and those that it was given because nothing failed.
    pub names: Vec<String>,
    /// What registries have it as: `registry.example.com/team/app@sha256:…`.
    pub digests: Vec<String>,
}

/// How many ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Finding {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    #[must_use]
    pub fn details(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.details.extend(lines.into_iter().map(Into::into));
        self
    }
}

impl Outcome {
    fn new(name: impl Into<String>, what: What, status: Status) -> Self {
        Self {
            name: name.into(),
            what,
            place: None,
            status,
            took: Duration::ZERO,
            findings: Vec::new(),
            log: Vec::new(),
            request: None,
            answer: None,
            recorded: None,
        }
    }

    pub fn passed(name: impl Into<String>, what: What, took: Duration) -> Self {
        Self { took, ..Self::new(name, what, Status::Passed) }
    }

    pub fn failed(name: impl Into<String>, what: What, took: Duration, findings: Vec<Finding>) -> Self {
        Self { took, findings, ..Self::new(name, what, Status::Failed) }
    }

    /// Not done, with the reason in a few words: `turned off by smoke-skip`.
    pub fn skipped(name: impl Into<String>, what: What, reason: impl Into<String>) -> Self {
        Self::new(name, what, Status::Skipped(reason.into()))
    }

    pub fn has_failed(&self) -> bool {
        self.status == Status::Failed
    }
}

impl Suite {
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for outcome in &self.outcomes {
            match outcome.status {
                Status::Passed => count.passed += 1,
                Status::Failed => count.failed += 1,
                Status::Skipped(_) => count.skipped += 1,
            }
        }
        count
    }
}
