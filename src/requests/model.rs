//! A request and what came of it.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Header fields in their order.
pub type Headers = Vec<(String, String)>;

/// A request with its answer, as it passed between the server and the application.
///
/// It is in a [`Recorded`] or a [`Redacted`], and has no way to be shown by itself.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exchange {
    /// Its number in the store; 0 for one that is not there.
    #[serde(skip)]
    pub id: i64,
    /// Microseconds since 1970.
    pub began: i64,
    pub method: String,
    /// Path and query, as they came over the wire.
    pub target: String,
    /// `http://127.0.0.1:8000`, as the client had it.
    pub origin: String,
    /// `HTTP/1.1`
    pub protocol: String,
    pub request_headers: Headers,
    pub request_body: Body,
    /// `None`: the application gave none.
    pub status: Option<u16>,
    pub reason: String,
    pub response_headers: Headers,
    pub response_body: Body,
    /// What left the application, or what its framework made an error page of.
    pub error: Option<Raised>,
    /// The application came to the end of its answer.
    pub complete: bool,
    pub timings: Timings,
    /// What the application was called with beside the headers.
    pub environ: Vec<(String, String)>,
    pub statements: Vec<Statement>,
    /// Statements of which nothing is known but that they were.
    pub more_statements: u64,
    pub templates: Vec<String>,
    /// What the application wrote to the server's log meanwhile.
    pub log: Vec<String>,
    /// Lines before those, which are not kept.
    pub more_log: u64,
    pub pid: u32,
    /// The thread that answered, as the server's log names it.
    #[serde(skip)]
    pub thread: u64,
    /// What the server calls it: Apache's `%L`.
    #[serde(skip)]
    pub server_id: Option<String>,
    /// What [`super::Marks`] knows it by.
    #[serde(skip)]
    pub mark: Option<String>,
    /// The group of processes that answered, where there are several.
    pub slot: Option<String>,
    /// A value of the application's environment was in it, and is not stored.
    pub scrubbed: bool,
    /// Its secrets are not stored: `***` is in their place (`record-secrets: false`).
    pub without_secrets: bool,
    /// It comes from a HAR file.
    pub imported: bool,
}

/// What is known of a body.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// Bytes that passed.
    pub size: u64,
    /// Of one whose content is not kept.
    pub sha256: Option<String>,
    /// The server sent a file by itself.
    pub file: bool,
    /// `None`: it is not kept.
    #[serde(skip)]
    pub content: Option<Vec<u8>>,
}

/// An exception.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    #[serde(rename = "type")]
    pub kind: String,
    pub text: String,
    pub traceback: String,
    /// Where `record-locals` is on, the innermost frame last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locals: Vec<Frame>,
}

/// A frame of a traceback, and what its variables held.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub file: String,
    pub line: u32,
    pub function: String,
    pub locals: Vec<(String, String)>,
}

/// Microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// From the call of the application to the end of its answer.
    pub total: u64,
    /// Of that on a processor.
    pub cpu: u64,
    /// Before that, from the server's acceptance of the request.
    pub queue: u64,
    /// Of the total, waiting for the interpreter's lock.
    pub gil: u64,
}

/// A statement that was sent to a database, without its parameters.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub sql: String,
    pub micros: u64,
    /// `postgresql`
    pub database: String,
}

/// What a list shows.
#[derive(Clone, Default, PartialEq)]
pub struct Summary {
    pub id: i64,
    pub began: i64,
    pub method: String,
    pub target: String,
    pub status: Option<u16>,
    pub micros: u64,
    pub size: u64,
    pub statements: u64,
    /// The exception's type.
    pub error: Option<String>,
}

/// Something with secrets in it. It can be stored and sent again, and not be shown: there is neither `Display` nor `Serialize`, and
/// `Debug` says nothing.
#[derive(Clone, PartialEq)]
pub struct Recorded<T = Exchange>(T);

impl<T> Recorded<T> {
    pub fn new(what: T) -> Self {
        Self(what)
    }

    /// What it is. The store, replay and [`super::Redaction`] have a reason to call this.
    pub fn expose(&self) -> &T {
        &self.0
    }

    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Recorded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorded(…)")
    }
}

/// The same without its secrets, or with those that the user wants to see. Only [`super::Redaction`] makes one.
#[derive(Clone, PartialEq)]
pub struct Redacted<T = Exchange>(T);

impl<T> Redacted<T> {
    pub(super) fn new(what: T) -> Self {
        Self(what)
    }
}

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redacted(…)")
    }
}

macro_rules! silent {
    ($($type:ty),+) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    )+};
}

silent!(Exchange, Body, Raised, Frame, Statement, Summary);

impl Exchange {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The whole URL.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin, self.target)
    }

    pub fn summary(&self) -> Summary {
        Summary {
            id: self.id,
            began: self.began,
            method: self.method.clone(),
            target: self.target.clone(),
            status: self.status,
            micros: self.timings.total,
            size: self.response_body.size,
            statements: self.statements.len() as u64 + self.more_statements,
            error: self.error.as_ref().map(|error| error.kind.clone()),
        }
    }

    /// Bytes that it takes in the store, about.
    pub fn bytes(&self) -> u64 {
        let content = |body: &Body| body.content.as_ref().map_or(0, Vec::len) as u64;
        content(&self.request_body) + content(&self.response_body)
    }
}

/// The values of a header.
pub fn values<'h>(headers: &'h [(String, String)], name: &str) -> impl Iterator<Item = &'h str> {
    headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The first of them.
pub fn value<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    values(headers, name).next()
}

/// `text/html` of `text/html; charset=utf-8`, in small letters.
pub fn media_type(headers: &[(String, String)]) -> String {
    let value = value(headers, "content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
