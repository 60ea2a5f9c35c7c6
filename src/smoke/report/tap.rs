//! The Test Anything Protocol. Version 13 is what all readers know.

use std::fmt::Write;

use super::{message, whole};
use crate::smoke::outcome::{Outcome, Status, Suite, What};
use crate::smoke::text::visible;

pub fn render(suite: &Suite) -> String {
    let mut text = format!("TAP version 13\n1..{}\n", suite.outcomes.len());
    if let Some(image) = &suite.image {
        let _ = writeln!(text, "# {}", super::human::image(image).replace('\n', " "));
    }
    for (at, outcome) in suite.outcomes.iter().enumerate() {
        let result = if outcome.has_failed() { "not ok" } else { "ok" };
        let skip = match &outcome.status {
            Status::Skipped(reason) => format!(" # SKIP {}", visible(reason).replace('\n', " ")),
            _ => String::new(),
        };
        let _ = writeln!(text, "{result} {} - {}{skip}", at + 1, description(outcome));
        if outcome.has_failed() {
            diagnostic(&mut text, outcome);
        }
    }
    text
}

/// A `#` would begin a directive.
fn description(outcome: &Outcome) -> String {
    let kind = match outcome.what {
        What::Check => "",
        What::Probe => "probe ",
        What::Tests => "tests ",
    };
    format!("{kind}{}", visible(&outcome.name)).replace(['\n', '\t'], " ").replace('\\', "\\\\").replace('#', "\\#")
}

/// A block of YAML. JSON's texts are YAML's.
fn diagnostic(text: &mut String, outcome: &Outcome) {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let _ = writeln!(text, "  ---\n  message: {}\n  duration_ms: {}", quoted(&message(outcome)), outcome.took.as_millis());
    text.push_str("  details:\n");
    for line in whole(outcome).iter().flat_map(|text| text.lines()) {
        let _ = writeln!(text, "    - {}", quoted(line));
    }
    text.push_str("  ...\n");
}
