//! What differs between two requests and their answers.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::details;
use crate::requests::alike::differences;
use crate::requests::show::{repeated, traceback};
use crate::requests::{Body, Exchange, Redacted};
use crate::units::quantity;

/// Equal lines around those that differ.
const CONTEXT: usize = 3;
/// Lines of a part that are shown.
const MOST_LINES: usize = 2000;
const PATIENCE: Duration = Duration::from_millis(500);

/// `pair`: secrets of one are hidden in both.
pub fn json(one: &Redacted, other: &Redacted, root: &Path) -> Value {
    let parts: Vec<Value> = parts(one, root)
        .into_iter()
        .zip(parts(other, root))
        .map(|((title, one), (_, other))| json!({"title": title, "lines": lines(&one, &other)}))
        .collect();
    // As a replay judges: times, ids and tokens are no difference.
    let judged: Vec<String> = differences(one, other).into_iter().map(|difference| difference.what).collect();
    json!({"one": one.id, "other": other.id, "parts": parts, "judged": judged})
}

fn parts(exchange: &Exchange, root: &Path) -> [(&'static str, String); 4] {
    let status = exchange.status.map_or_else(|| "no answer".to_owned(), |status| format!("{status} {}", exchange.reason));
    let passed = |first: String, headers: &[(String, String)], body: &Body| {
        let mut text = first;
        for (name, value) in headers {
            text += &format!("\n{name}: {value}");
        }
        let body = details::text(&headers.to_vec(), body).unwrap_or_else(|why| format!("({}: {why})", quantity::bytes(body.size)));
        if body.is_empty() { text } else { format!("{text}\n\n{body}") }
    };
    let statement = |one: &crate::requests::show::Repeated<'_>| match one.times {
        1 => one.sql.to_owned(),
        times => format!("{times}× {}", one.sql),
    };
    [
        ("Request", passed(format!("{} {}", exchange.method, exchange.target), &exchange.request_headers, &exchange.request_body)),
        ("Response", passed(status, &exchange.response_headers, &exchange.response_body)),
        ("Exception", exchange.error.as_ref().map(|error| traceback(error, Some(root))).unwrap_or_default()),
        ("SQL", repeated(&exchange.statements).iter().map(statement).collect::<Vec<_>>().join("\n")),
    ]
}

/// `[" ", "equal"]`, `["-", "before"]`, `["+", "after"]`, `["…", ""]` where equal ones are left out; none at all: both are equal.
fn lines(one: &str, other: &str) -> Vec<[String; 2]> {
    // A last line is the same whether another one follows it or not.
    let ended = |text: &str| if text.is_empty() { String::new() } else { format!("{text}\n") };
    let (one, other) = (ended(one), ended(other));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(&one, &other);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if at > 0 {
            lines.push(["…".into(), String::new()]);
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Equal => " ",
                ChangeTag::Delete => "-",
                ChangeTag::Insert => "+",
            };
            lines.push([sign.into(), change.value().trim_end_matches(['\n', '\r']).into()]);
        }
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if more > 0 {
        lines.push(["…".into(), format!("{more} more lines")]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_are_left_out_but_for_those_around() {
        let one: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let other = one.replace("10\n", "ten\n");
        let shown: Vec<String> = lines(&one, &other).into_iter().map(|[sign, text]| sign + &text).collect();
        assert_eq!(shown, [" 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13"]);
        assert!(lines(&one, &one).is_empty());
        assert_eq!(lines("a", "a\nb"), [[" ", "a"], ["+", "b"]]);
        assert_eq!(lines("", "a"), [["+", "a"]]);
    }
}
