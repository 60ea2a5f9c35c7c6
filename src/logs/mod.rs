//! Apache's and mod_wsgi's log lines, understood: levels, put-together tracebacks, noise, hints.
//!
//! A state machine from lines to records; no terminal and no clock in it.

use serde::Serialize;

/// One thing the server said: a line, or several that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    pub kind: RecordKind,
    /// The message without Apache's prefix, one entry a line, paths translated to the host's.
    pub lines: Vec<String>,
    /// What to do about it, for known mistakes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What a record is, which decides how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// What the application wrote to stdout, stderr or `wsgi.errors`.
    Application,
    /// A Python traceback, whole.
    Traceback,
    /// A line of the access log.
    Access,
    /// Apache or mod_wsgi: an error.
    Error,
    Warning,
    Info,
    /// Apache or mod_wsgi saying what it always says; dimmed.
    Noise,
    /// A line of the start script's own protocol (hooks); never shown as it is.
    Start,
}
