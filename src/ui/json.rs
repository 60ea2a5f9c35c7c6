//! JSON Lines: one event a line.

use serde_json::json;

use crate::error::Failure;
use crate::events::Event;

pub fn line(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_else(|error| json!({"event": "error", "message": error.to_string()}).to_string())
}

pub fn failure(failure: &Failure) -> String {
    json!({
        "event": "error",
        "message": failure.message,
        "details": failure.details,
        "causes": failure.causes,
        "hints": failure.hints,
        "exit_code": failure.kind.exit_code(),
    })
    .to_string()
}
