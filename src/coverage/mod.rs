//! Which lines of the project have run: what coverage.py says of it, as values and as text. Pure.

mod changed;
mod configuration;
mod github;
mod report;
mod text;

pub use changed::Changed;
pub use configuration::Configuration;
pub use github::annotations;
pub use report::{File, Note, Report};
pub use text::{Shown, lines, ranges};

use std::fmt;

/// A form of the report for programs, or for a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Html,
    Lcov,
    Xml,
    Json,
    /// coverage.py's own data, with the paths of this machine.
    Data,
    /// Annotations of GitHub's workflows.
    Github,
}

impl Format {
    pub const NAMES: [(&'static str, Self); 6] = [
        ("html", Self::Html),
        ("lcov", Self::Lcov),
        ("xml", Self::Xml),
        ("json", Self::Json),
        ("data", Self::Data),
        ("github", Self::Github),
    ];

    /// Does coverage.py write it?
    pub fn is_coverages(self) -> bool {
        self != Self::Github
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, format)| format == self).map_or("", |(name, _)| name))
    }
}
