//! One JSON document on one line.

use serde_json::{Value, json};

use super::{Comparison, Difference};
use crate::compare::Cause;
use crate::compare::side::Compared;

pub fn render(comparison: &Comparison) -> String {
    let count = comparison.count();
    let groups: Vec<Value> = comparison
        .groups()
        .iter()
        .map(|group| {
            let mut told = difference(group.difference);
            told["requests"] = json!(group.requests);
            told
        })
        .collect();
    let document = json!({
        "first": comparison.first,
        "second": comparison.second,
        "equal": count.equal,
        "differ": count.differ,
        "skipped": count.skipped,
        "seconds": (comparison.took.as_secs_f64() * 1000.0).round() / 1000.0,
        "groups": groups,
        "requests": comparison.requests.iter().map(request).collect::<Vec<_>>(),
    });
    format!("{document}\n")
}

fn difference(difference: &Difference) -> Value {
    let cause = difference.cause.as_ref();
    json!({
        "what": difference.what,
        "cause": cause.map(|cause| cause.name()),
        "explanation": cause.map(|cause| cause.words()),
        "declared": match cause {
            Some(Cause::Declared { what, .. }) => Some(what),
            _ => None,
        },
        "paths": difference.paths,
        "lines": difference.lines,
    })
}

fn request(request: &Compared) -> Value {
    json!({
        "id": request.id,
        "method": request.method,
        "target": request.target,
        "name": request.name,
        "first": request.first,
        "second": request.second,
        "equal": !request.differs() && request.skipped.is_none(),
        "skipped": request.skipped,
        "remark": request.remark,
        "differences": request.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}
