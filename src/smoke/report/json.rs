//! One JSON document on one line.

use serde_json::{Value, json};

use super::record_lines;
use crate::smoke::outcome::{Outcome, Status, Suite};

pub fn render(suite: &Suite) -> String {
    let count = suite.count();
    let outcomes: Vec<Value> = suite.outcomes.iter().map(outcome).collect();
    let document = json!({
        "url": suite.url,
        "image": suite.image,
        "passed": count.passed,
        "failed": count.failed,
        "skipped": count.skipped,
        "recorded": suite.recorded,
        "seconds": seconds(suite.took),
        "outcomes": outcomes,
    });
    format!("{document}\n")
}

fn outcome(outcome: &Outcome) -> Value {
    let (status, reason) = match &outcome.status {
        Status::Passed => ("passed", None),
        Status::Failed => ("failed", None),
        Status::Skipped(reason) => ("skipped", Some(reason)),
    };
    let log: Vec<Value> = outcome.log.iter().map(|record| json!({"kind": record.kind, "lines": record_lines(record)})).collect();
    json!({
        "name": outcome.name,
        "kind": outcome.what,
        "status": status,
        "reason": reason,
        "file": outcome.place.as_ref().map(|place| place.path.display().to_string()),
        "line": outcome.place.as_ref().map(|place| place.line),
        "seconds": seconds(outcome.took),
        "request": outcome.request,
        "answer": outcome.answer,
        "recorded": outcome.recorded,
        "findings": outcome.findings,
        "log": log,
    })
}

fn seconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}
