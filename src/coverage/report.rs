//! What the report's program says, read as what an untrusted container says: of limited size, and shown only through `ui`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Changed;
use crate::error::{Failure, Kind, Result};

/// What has been measured.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// coverage.py's.
    #[serde(default)]
    pub version: String,
    /// How many processes have measured something.
    #[serde(default)]
    pub processes: u32,
    /// Branches are measured too.
    #[serde(default)]
    pub branch: bool,
    /// By their paths in the project.
    #[serde(default)]
    pub files: BTreeMap<String, File>,
    #[serde(default)]
    pub(super) notes: Vec<(String, String)>,
    /// What the project's own settings ask for.
    #[serde(default)]
    pub fail_under: Option<f64>,
    #[serde(default)]
    pub skip_covered: bool,
    /// With `--attach`, files that had been imported before: of these no line counts that an import runs.
    #[serde(default)]
    pub imported_before: Vec<String>,
    /// With `--attach`, files that have changed since lines of them ran: of these only what has run since counts.
    #[serde(default)]
    pub stale: Vec<String>,
    /// There is nothing to report on, and why.
    #[serde(default)]
    pub(super) empty: Option<String>,
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// One file of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct File {
    pub executed: BTreeSet<u32>,
    pub missing: BTreeSet<u32>,
    /// Ways on from a line, and those that were not taken: from a line to a line, or below 0 out of the function.
    #[serde(default)]
    pub branches: usize,
    #[serde(default)]
    pub missing_branches: Vec<(i64, i64)>,
}

/// Something that the measuring ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note<'a> {
    /// coverage.py did not begin in a process.
    Failed(&'a str),
    /// What was measured could not be written down.
    Unsaved(&'a str),
    /// The application traces by `sys.settrace` itself.
    Trace,
    /// The application runs coverage.py itself.
    Coverage,
    /// Only lines are measured: this Python does not tell of branches.
    Branches(&'a str),
    /// A plug-in is left out.
    Plugin(&'a str),
}

impl Report {
    /// # Errors
    /// What is no report; what coverage.py says is wrong; nothing that was measured.
    pub fn read(said: &[u8]) -> Result<Self> {
        let unreadable = |why: &dyn std::fmt::Display| {
            Failure::new(Kind::Other, "coverage's report cannot be read").cause(why).hint("type the command again")
        };
        let report: Self = serde_json::from_slice(said).map_err(|error| unreadable(&error))?;
        let is_inside = |path: &String| !path.is_empty() && !path.starts_with('/') && !path.split('/').any(|part| part == "..");
        if let Some(error) = &report.error {
            return Err(Failure::new(Kind::Other, "coverage.py cannot report on what was measured").cause(error));
        }
        if report.empty.is_some() || report.files.is_empty() {
            return Err(report.nothing());
        }
        // What is elsewhere, as a package of the project's that is installed, is in the reports of coverage.py's alone.
        Ok(Self { files: report.files.into_iter().filter(|(path, _)| is_inside(path)).collect(), ..report })
    }

    /// Why nothing was measured, as far as it is known.
    fn nothing(&self) -> Failure {
        let failure = Failure::new(Kind::Other, "nothing was measured");
        let began = self.notes().find_map(|note| match note {
            Note::Failed(why) => Some(why),
            _ => None,
        });
        match (began, &self.empty) {
            (Some(why), _) => failure.cause(format!("coverage.py did not begin: {why}")),
            (None, _) if self.processes == 0 => failure
                .cause("no process of the server has written down anything")
                .hint("does the server end by itself? `parity smoke` tells"),
            (None, why) => {
                let failure = failure.cause(why.clone().unwrap_or_else(|| "no line of the project has run".into()));
                failure.hint(if self.imported_before.is_empty() {
                    "are `source`, `include` and `omit` in the settings of coverage.py as they should be?"
                } else {
                    "make requests while it measures"
                })
            }
        }
    }

    pub fn notes(&self) -> impl Iterator<Item = Note<'_>> {
        self.notes.iter().filter_map(|(what, detail)| match what.as_str() {
            "failed" => Some(Note::Failed(detail)),
            "unsaved" => Some(Note::Unsaved(detail)),
            "trace" => Some(Note::Trace),
            "coverage" => Some(Note::Coverage),
            "branches" => Some(Note::Branches(detail)),
            "plugin" => Some(Note::Plugin(detail)),
            _ => None,
        })
    }

    /// Only the lines that have changed, without branches, and only files with such.
    #[must_use]
    pub fn of_changed(&self, changed: &Changed) -> Self {
        let files = self.files.iter().filter_map(|(path, file)| {
            let lines = changed.lines(path)?;
            let executed: BTreeSet<u32> = file.executed.iter().filter(|line| lines.contains(line)).copied().collect();
            let missing: BTreeSet<u32> = file.missing.iter().filter(|line| lines.contains(line)).copied().collect();
            let any = !executed.is_empty() || !missing.is_empty();
            any.then(|| (path.clone(), File { executed, missing, ..File::default() }))
        });
        Self { files: files.collect(), branch: false, ..self.clone() }
    }

    pub fn percent(&self) -> f64 {
        let (ran, all) = self.files.values().map(File::share).fold((0, 0), |(ran, all), (also, of)| (ran + also, all + of));
        percent(ran, all)
    }
}

impl File {
    pub fn statements(&self) -> usize {
        self.executed.len() + self.missing.len()
    }

    pub fn percent(&self) -> f64 {
        let (ran, all) = self.share();
        percent(ran, all)
    }

    /// What ran of all that can: statements, and ways on from them.
    fn share(&self) -> (usize, usize) {
        let taken = self.branches.saturating_sub(self.missing_branches.len());
        (self.executed.len() + taken, self.statements() + self.branches)
    }
}

fn percent(ran: usize, all: usize) -> f64 {
    if all == 0 { 100.0 } else { 100.0 * ran as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_as_coverage_does() {
        let said = br#"{"version": "7", "notes": [["plugin", "x"], ["?", ""]], "processes": 2, "branch": true, "files": {
            "a.py": {"executed": [1, 2, 3], "missing": [5], "branches": 4, "missing-branches": [[3, 5], [3, -1]], "percent": 62.5},
            "../b.py": {"executed": [], "missing": [1]}, "/usr/c.py": {"executed": [], "missing": [1]}}}"#;
        let report = Report::read(said).unwrap();
        assert_eq!(report.files.keys().collect::<Vec<_>>(), ["a.py"]);
        assert!((report.percent() - 62.5).abs() < 1e-9);
        assert_eq!(report.notes().collect::<Vec<_>>(), [Note::Plugin("x")]);
    }

    #[test]
    fn nothing_says_why() {
        let cause = |said: &str| Report::read(said.as_bytes()).unwrap_err().causes.join(" ");
        assert!(cause(r#"{"empty": "No data to report."}"#).contains("no process"));
        assert!(cause(r#"{"notes": [["failed", "OSError: full"]]}"#).contains("did not begin: OSError: full"));
        assert!(cause(r#"{"processes": 1, "files": {}}"#).contains("no line"));
        assert!(cause(r#"{"error": "Couldn't"}"#).contains("Couldn't"));
        assert!(!cause("[]").is_empty());
    }
}
