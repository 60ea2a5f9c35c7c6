//! Apache's and mod_wsgi's log lines, understood: levels, put-together tracebacks, noise, hints.
//!
//! A state machine from bytes to records; no terminal and no clock in it. [`Reader`] is the way in.

mod absent;
mod apache;
mod deaths;
mod frames;
mod hints;
mod lines;
pub mod native;
mod paths;
mod reader;
mod request;
pub mod services;
mod stacks;
mod start;
mod text;
mod traceback;
mod unexplained;
mod writing;

use std::fmt;
use std::time::Instant;

use serde::Serialize;

use apache::{Entry, Speaker};

pub use crate::runtime::protocol::Finding;
pub use lines::Lines;
pub use paths::Paths;
pub use reader::{Reader, Stream};
pub use request::Request;
pub use start::{StartLine, StartState};
pub use writing::Setting;

/// One thing the server said: a line, or several that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    pub kind: RecordKind,
    /// The message without Apache's prefix, one entry a line, paths translated to the host's.
    pub lines: Vec<Line>,
    /// What to do about it, for known mistakes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// For [`RecordKind::Start`] the line itself, for [`RecordKind::Hook`] the beginning of the hook that printed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<StartLine>,
    /// For [`RecordKind::Finding`] the finding itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// For [`RecordKind::Requests`] the requests themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
}

/// A line of a record. The only control characters in it are tabs and colours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub text: String,
    /// Not the project's own: a frame of a library in a traceback, mod_wsgi's words around it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dim: bool,
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
    /// Requests that were answered at about the same moment; it has no lines of its own.
    Requests,
    /// Apache or mod_wsgi: an error.
    Error,
    Warning,
    Info,
    /// Apache or mod_wsgi saying what it always says; dimmed.
    Noise,
    /// A line of the start script's own protocol (hooks); never shown as it is.
    Start,
    /// A line that a hook printed before Apache started.
    Hook,
    /// What the validator of `parity smoke` found; never shown as it is.
    Finding,
}

impl Record {
    /// Has another container's server taken over from the one that said this last?
    pub fn is_retired(&self) -> bool {
        self.hook.as_ref().is_some_and(|line| line.state == StartState::Retired)
    }

    /// A record without a hint.
    pub fn new(kind: RecordKind, lines: impl IntoIterator<Item = impl Into<Line>>) -> Self {
        Self { kind, lines: lines.into_iter().map(Into::into).collect(), hint: None, hook: None, finding: None, requests: Vec::new() }
    }
}

impl Line {
    pub fn dimmed(text: impl Into<String>) -> Self {
        Self { text: text.into(), dim: true }
    }
}

impl<T: Into<String>> From<T> for Line {
    fn from(text: T) -> Self {
        Self { text: text.into(), dim: false }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A line that the application printed while it ran in mod_wsgi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    pub pid: u32,
    pub thread: u64,
    /// The time of day where the server is. Microseconds.
    pub at: i64,
    pub heard: Instant,
    /// Without control characters and colours.
    pub text: String,
    /// mod_wsgi 6 marks what the application prints.
    pub marked: bool,
    /// It is mod_wsgi's, and what it knows of an exception follows.
    pub reports: bool,
}

/// Reads such a line of Apache's error log; `None`: it is another one, or in a format of the user's own.
pub fn printed(line: &str) -> Option<Printed> {
    let entry = Entry::read(line)?;
    let reports = entry.speaker == Speaker::Announcement;
    if !reports && entry.speaker != Speaker::Application {
        return None;
    }
    Some(Printed {
        pid: entry.pid,
        thread: entry.tid,
        at: i64::try_from(entry.at?).ok()?,
        heard: Instant::now(),
        text: text::neutralise(&text::plain(&entry.text)),
        marked: entry.context.script,
        reports,
    })
}

/// What to do about all that a program has printed which then failed, for known mistakes.
pub fn advice(lines: impl IntoIterator<Item = String>) -> Option<String> {
    hints::find(&Record::new(RecordKind::Traceback, lines), &hints::Scene::default())
}

/// What to do about a server that answers to one name alone.
pub fn only_by_name(name: &str) -> String {
    format!(
        "`server-name: {name}` lets nobody in by another name: write `allow-localhost: true` in parity.yaml to use it here, or ask for {name}"
    )
}

/// Why the application could not be imported, so that waiting for an answer is in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportFailure {
    /// It raised something, or there is nothing to import.
    Raised,
    /// Its process ended: `exit code 3`, `SIGSEGV`, if that is known.
    Ended { how: Option<String> },
    /// It took longer than `startup-timeout` allows: that many seconds.
    Late { seconds: String },
}

/// What this record says of that; `None` for any other.
pub fn import_failure(record: &Record) -> Option<ImportFailure> {
    let words = match record.kind {
        RecordKind::Traceback => apache::IMPORT_FAILED,
        RecordKind::Error => apache::NOTHING_TO_RUN,
        _ => return None,
    };
    // mod_wsgi's words come first and are dimmed in a traceback; what follows is the application's, and may say anything.
    record.lines.iter().take_while(|line| line.dim || record.kind == RecordKind::Error).find_map(|line| {
        if let Some((_, rest)) = line.text.split_once(deaths::WHILE_IMPORTING) {
            return Some(ImportFailure::Ended { how: rest.strip_prefix(": ").map(str::to_owned) });
        }
        // Its stack follows.
        let late = line.text.split_once(deaths::TOO_LATE).filter(|_| record.kind == RecordKind::Traceback);
        if let Some((_, rest)) = late {
            return Some(ImportFailure::Late { seconds: rest.split_whitespace().next().unwrap_or_default().to_owned() });
        }
        let raised = words.iter().any(|word| line.text.contains(word)) && !apache::is_preload(&line.text);
        raised.then_some(ImportFailure::Raised)
    })
}

#[cfg(test)]
mod tests;
