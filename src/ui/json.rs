//! JSON Lines: one event a line.

use serde_json::json;

use crate::error::Failure;
use crate::events::Event;
use crate::units::terminal;

pub fn line(event: &Event) -> String {
    let line = serde_json::to_string(event).unwrap_or_else(|error| json!({"event": "error", "message": error.to_string()}).to_string());
    safe(&line)
}

pub fn failure(failure: &Failure) -> String {
    let line = json!({
        "event": "error",
        "message": failure.message,
        "details": failure.details,
        "causes": failure.causes,
        "hints": failure.hints,
        "exit_code": failure.kind.exit_code(),
    });
    safe(&line.to_string())
}

/// The same value for a terminal: JSON may hold characters as they are that such a one acts on.
fn safe(line: &str) -> String {
    terminal::line(line).into_owned()
}
