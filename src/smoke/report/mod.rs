//! Outcomes as people and programs read them. Each format is a function from a suite to text.

mod github;
mod human;
mod json;
mod junit;
mod tap;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::outcome::{Finding, Outcome, Suite};
use super::text::visible;
use crate::logs::Record;
use crate::units::terminal;

pub use human::{lines as human_lines, summary};

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    Human,
    Json,
    Tap,
    Junit,
    Github,
}

impl ReportFormat {
    pub const NAMES: [(&'static str, Self); 5] =
        [("human", Self::Human), ("json", Self::Json), ("tap", Self::Tap), ("junit", Self::Junit), ("github", Self::Github)];

    /// The whole report. `prefix` is where the project is in its repository, for annotations.
    pub fn render(self, suite: &Suite, prefix: &Path) -> String {
        let text = match self {
            Self::Human => {
                let lines = suite.outcomes.iter().flat_map(human::lines).chain([summary(suite)]);
                anstream::adapter::strip_str(&lines.map(|line| line + "\n").collect::<String>()).to_string()
            }
            Self::Json => json::render(suite),
            Self::Tap => tap::render(suite),
            Self::Junit => junit::render(suite),
            Self::Github => github::render(suite, prefix),
        };
        // Each format says texts of a server in its own way; none of them may act on a terminal that the report is shown on.
        terminal::coloured(&text).into_owned()
    }
}

/// Annotations alone, for a log that GitHub reads.
pub fn annotations(suite: &Suite, prefix: &Path) -> Vec<String> {
    github::annotations(suite, prefix)
}

/// A finding as plain lines: what, below it the details and the hint. No line begins with a text of the server's, which
/// a CI system may take for a command.
fn finding_lines(finding: &Finding) -> Vec<String> {
    let mut lines = vec![visible(&finding.text)];
    lines.extend(finding.details.iter().flat_map(|text| text.lines()).map(|line| format!("│ {}", visible(line))));
    lines.extend(finding.hint.iter().map(|hint| format!("hint: {}", visible(hint))));
    lines
}

/// A record as plain lines, without colours.
fn record_lines(record: &Record) -> Vec<String> {
    let plain = |text: &str| visible(&anstream::adapter::strip_str(text).to_string());
    let lines = record.lines.iter().map(|line| plain(&line.text));
    lines.chain(record.hint.iter().map(|hint| format!("hint: {}", plain(hint)))).collect()
}

/// Everything about a failure as plain lines, for formats that take one text.
fn whole(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(place(outcome).map(|place| format!("at {place}")));
    if let Some(request) = &outcome.request {
        let answer = outcome.answer.as_ref().map(|answer| format!(" → {answer}")).unwrap_or_default();
        lines.push(visible(&format!("{request}{answer}")));
    }
    lines.extend(outcome.findings.iter().flat_map(finding_lines));
    if !outcome.log.is_empty() {
        lines.push("the server's log:".into());
        lines.extend(outcome.log.iter().flat_map(record_lines).map(|line| format!("│ {line}")));
    }
    lines
}

/// `smoke.yaml:12`
fn place(outcome: &Outcome) -> Option<String> {
    outcome.place.as_ref().map(|place| format!("{}:{}", place.path.display(), place.line))
}

/// The first finding, for formats that have one line for a message.
fn message(outcome: &Outcome) -> String {
    match &outcome.findings[..] {
        [] => "failed".into(),
        [one] => visible(&one.text),
        [first, rest @ ..] => format!("{} (and {} more)", visible(&first.text), rest.len()),
    }
}
