//! The list: a row for each request, as small as can be.

use serde_json::{Value, json};

use crate::error::Result;
use crate::requests::{Filter, Redacted, Redaction, Store, Summary};

/// The newest so many are listed.
const MOST_ROWS: usize = 50_000;

/// Rows that came after one, the oldest first, and what tells the page that others are gone.
pub fn json(store: &Store, redaction: &Redaction, after: i64) -> Result<Value> {
    let filter = Filter { after: Some(after), last: Some(MOST_ROWS), ..Filter::default() };
    let (found, total) = store.list(&filter)?;
    let rows: Vec<Value> = found.iter().map(|summary| row(&redaction.summary(summary))).collect();
    let (oldest, newest) = store.ends()?.unwrap_or_default();
    Ok(json!({"rows": rows, "total": total.min(MOST_ROWS as u64), "oldest": oldest, "newest": newest}))
}

/// The numbers of those that have a text anywhere in them, in whichever case.
pub fn with_text(store: &Store, text: &str) -> Result<Vec<i64>> {
    let filter = Filter { text: Some(text.into()), last: Some(MOST_ROWS), ..Filter::default() };
    Ok(store.list(&filter)?.0.iter().map(|summary| summary.expose().id).collect())
}

/// Nothing has been recorded.
pub fn empty() -> Value {
    json!({"rows": [], "total": 0, "oldest": 0, "newest": 0})
}

fn row(summary: &Redacted<Summary>) -> Value {
    json!([
        summary.id,
        summary.began / 1000,
        summary.method,
        summary.target,
        summary.status,
        summary.micros,
        summary.size,
        summary.statements,
        summary.error
    ])
}
