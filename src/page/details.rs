//! One request with all that is known of it.

use std::path::Path;

use serde_json::{Value, json};

use crate::requests::body::{self, Nature};
use crate::requests::model::{Headers, media_type};
use crate::requests::show::{FEW_SAMPLES, on_host, pretty, repeated, traceback};
use crate::requests::{Body, Redacted, curl, har};

/// Characters of a body that a browser shows at once.
const MOST_TEXT: usize = 200_000;
const MOST_STATEMENTS: usize = 500;

/// `seen`: what a profiler has seen of it: how many samples, and what a flame graph is drawn from.
pub fn json(exchange: &Redacted, seen: Option<(u64, Value)>, root: &Path) -> Value {
    let time = exchange.timings;
    let sql: u64 = exchange.statements.iter().map(|statement| statement.micros).sum();
    let statements = repeated(&exchange.statements);
    json!({
        "id": exchange.id,
        "began": exchange.began / 1000,
        "method": exchange.method,
        "target": exchange.target,
        "url": exchange.url(),
        "protocol": exchange.protocol,
        "status": exchange.status,
        "reason": exchange.reason,
        "remarks": remarks(exchange),
        "request": {"headers": exchange.request_headers, "body": body(&exchange.request_headers, &exchange.request_body)},
        "response": {"headers": exchange.response_headers, "body": body(&exchange.response_headers, &exchange.response_body)},
        "error": exchange.error.as_ref().map(|error| json!({
            "type": error.kind, "text": error.text, "traceback": traceback(error, Some(root)),
            "locals": error.locals.iter().map(|frame| json!({
                "place": on_host(&format!("\"{}\", line {}", frame.file, frame.line), Some(root)), "function": frame.function, "locals": frame.locals,
            })).collect::<Vec<_>>(),
        })),
        // Of one that was imported only the whole is known.
        "timings": json!({
            "queue": time.queue, "total": time.total, "cpu": time.cpu, "gil": time.gil, "sql": sql.min(time.total), "measured": !exchange.imported,
        }),
        "profile": seen.map(|(count, graph)| json!({"samples": count, "few": count < FEW_SAMPLES, "graph": graph})),
        "statements": {
            "count": exchange.statements.len() as u64 + exchange.more_statements,
            "micros": sql,
            "hidden": statements.len().saturating_sub(MOST_STATEMENTS),
            "all": statements.iter().take(MOST_STATEMENTS).map(|one| json!({"sql": one.sql, "times": one.times, "micros": one.micros})).collect::<Vec<_>>(),
        },
        "templates": exchange.templates,
        "log": {"lines": exchange.log.iter().map(|line| on_host(line, Some(root))).collect::<Vec<_>>(), "more": exchange.more_log},
        "environ": exchange.environ,
        "curl": curl::command(exchange),
        "replay": format!("parity replay {}", exchange.id),
        "debug": format!("parity debug --replay {}", exchange.id),
    })
}

fn remarks(exchange: &Redacted) -> Vec<String> {
    let mut remarks = Vec::new();
    if exchange.imported {
        remarks.push("from a HAR file".into());
    } else {
        remarks.push(format!("process {}", exchange.pid));
        remarks.extend(exchange.slot.as_ref().map(|slot| format!("group {slot}")));
        remarks.extend((!exchange.complete).then(|| "the answer broke off".into()));
    }
    remarks.extend(exchange.scrubbed.then(|| "a value of `env` was in it, and is not stored".into()));
    remarks.extend(exchange.without_secrets.then(|| "its secrets are not stored (record-secrets: false)".into()));
    remarks
}

fn body(headers: &Headers, body: &Body) -> Value {
    let mut value = json!({"bytes": body.size, "type": media_type(headers)});
    match text(headers, body) {
        Ok(text) => {
            let end = text.char_indices().nth(MOST_TEXT).map_or(text.len(), |(end, _)| end);
            value["text"] = text[..end].into();
            value["hidden"] = (text.len() - end).into();
        }
        Err(why) => value["missing"] = why.into(),
    }
    value
}

/// A body as people read it, or why that cannot be shown.
pub fn text(headers: &Headers, body: &Body) -> Result<String, String> {
    match body.content.as_deref().map(body::text) {
        Some(Some(text)) => Ok(pretty(text, Nature::of(headers))),
        Some(None) => Err("it is not text".into()),
        None if body.size == 0 => Ok(String::new()),
        None => Err(har::missing(body)),
    }
}
