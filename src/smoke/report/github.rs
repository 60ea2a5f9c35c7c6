//! Annotations of GitHub's workflows: a failure is shown at the line of its check.

use std::path::Path;

use super::{message, place, summary, whole};
use crate::smoke::outcome::{Outcome, Status, Suite};

/// Annotations, what was skipped, and the summary.
pub fn render(suite: &Suite, prefix: &Path) -> String {
    let mut lines = annotations(suite, prefix);
    for outcome in &suite.outcomes {
        if let Status::Skipped(reason) = &outcome.status {
            lines.push(command("notice", outcome, prefix, &format!("skipped: {reason}")));
        }
    }
    lines.push(anstream::adapter::strip_str(&summary(suite)).to_string());
    lines.into_iter().map(|line| line + "\n").collect()
}

/// One for each failure.
pub fn annotations(suite: &Suite, prefix: &Path) -> Vec<String> {
    let failed = suite.outcomes.iter().filter(|outcome| outcome.has_failed());
    failed.map(|outcome| command("error", outcome, prefix, &text(outcome))).collect()
}

/// The message first; the place is said already.
fn text(outcome: &Outcome) -> String {
    let message = message(outcome);
    let told = [place(outcome).map(|place| format!("at {place}")), Some(message.clone())];
    let rest = whole(outcome).into_iter().filter(|line| !told.contains(&Some(line.clone())));
    std::iter::once(message).chain(rest).collect::<Vec<_>>().join("\n")
}

fn command(kind: &str, outcome: &Outcome, prefix: &Path, text: &str) -> String {
    let mut properties = Vec::new();
    if let Some(place) = &outcome.place {
        properties.push(format!("file={}", property(&prefix.join(&place.path).display().to_string())));
        properties.push(format!("line={}", place.line));
    }
    properties.push(format!("title={}", property(&outcome.name)));
    format!("::{kind} {}::{}", properties.join(","), data(text))
}

/// What GitHub undoes in a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
