//! What happens, as values. The domain reports them; only `ui` writes.

use std::time::Duration;

use serde::Serialize;

use crate::error::Failure;
use crate::logs::Record;

/// One thing that happened. JSON Lines output is these, one a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Something the user should know.
    Note { text: String },
    /// Something that may be wrong, and what to do about it.
    Warning { text: String, hint: Option<String> },
    /// A stage of the work begins: `id` names it in later events.
    StageStarted { id: String, title: String },
    /// A stage says where it is.
    StageProgress { id: String, text: String },
    /// A stage ended well. `detail` says how: `cached`, `pulled`, `12 packages`.
    StageDone {
        id: String,
        title: String,
        detail: Option<String>,
        #[serde(rename = "seconds", serialize_with = "seconds")]
        took: Duration,
    },
    /// A stage failed; the failure itself is reported by the command.
    StageFailed {
        id: String,
        title: String,
        #[serde(rename = "seconds", serialize_with = "seconds")]
        took: Duration,
    },
    /// The application answers.
    /// The URL is the command's result: people get it on stdout, alone on its line.
    Serving {
        url: String,
        /// `None`: nobody waited for the answer.
        #[serde(rename = "seconds", serialize_with = "maybe_seconds", skip_serializing_if = "Option::is_none")]
        took: Option<Duration>,
    },
    /// What was saved is served, or cannot be.
    Reloaded {
        files: Vec<String>,
        generation: u64,
        /// From the last save until every new request was answered by it.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        took: Duration,
        /// The traceback that keeps it from being served.
        #[serde(skip_serializing_if = "Option::is_none")]
        failed: Option<Record>,
        /// Not, where the last good code still serves.
        served: bool,
        /// The reload before this one failed as well.
        again: bool,
        /// More was saved since, and is not served yet.
        newer: bool,
    },
    /// A changed file asked for something else than a reload, which was done.
    Changed {
        files: Vec<String>,
        done: String,
        cause: String,
        #[serde(rename = "seconds", serialize_with = "maybe_seconds", skip_serializing_if = "Option::is_none")]
        took: Option<Duration>,
    },
    /// A file was saved, and nothing is done about it. `hint`: what to do where that is not what is wanted.
    Ignored {
        file: String,
        cause: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// A changed file asked for something that cannot be done; the running server is unaffected.
    NotApplied {
        #[serde(flatten)]
        failure: Failure,
    },
    /// A line or a traceback of the server's log.
    Log { record: Record },
    /// A line that a hook printed.
    HookOutput { hook: String, line: String },
    /// The server was stopped and its container removed.
    Stopped,
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((took.as_secs_f64() * 1000.0).round() / 1000.0)
}

fn maybe_seconds<S: serde::Serializer>(took: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match took {
        Some(took) => seconds(took, serializer),
        None => serializer.serialize_none(),
    }
}

/// Where events go.
pub trait Report: Sync {
    fn report(&self, event: Event);

    fn note(&self, text: impl Into<String>)
    where
        Self: Sized,
    {
        self.report(Event::Note { text: text.into() });
    }
}
