//! The page of recorded requests: what `parity requests open` serves to a browser on this machine.
//!
//! ```text
//! hyper (serve) → entry: who asks? → route: what for? → list, details, diff: JSON of what redaction lets pass
//!                                                   ↘ replay, which the caller does
//! ```
//!
//! All but [`serve`] is a function from a request's head to an answer. `docs/security.md` says who may ask, and why the token is
//! neither in the path nor in a cookie.

mod details;
mod diff;
mod entry;
mod list;
mod route;
mod serve;
mod token;

use std::path::PathBuf;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::error::{Failure, Kind, Result};
use crate::requests::{Recorded, Redaction, Store};
use crate::units::terminal;
use entry::Entry;
use route::{Asset, Route};

pub use serve::serve;

/// Nothing but the page's own files is loaded, nothing in a text becomes markup, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

type Answer = Response<Full<Bytes>>;

/// What is shown, and to whom.
#[derive(Debug)]
pub struct Page {
    /// The store, which may not be there yet.
    path: PathBuf,
    redaction: Redaction,
    /// The project's directory on this machine.
    root: PathBuf,
    entry: Entry,
}

/// What a request came to.
#[derive(Debug)]
enum Step {
    Answer(Answer),
    /// The request with this number is to be asked again.
    Replay(i64),
    /// Look for a text in all requests.
    Search(String),
}

impl Page {
    /// # Errors
    /// The system has no random numbers.
    pub fn new(path: PathBuf, redaction: Redaction, root: PathBuf) -> Result<Self> {
        Ok(Self { path, redaction, root, entry: Entry::new()? })
    }

    /// What a person opens, as often as they like.
    pub fn link(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}/#{}", self.entry.token())
    }

    /// What a browser is started with: other users see its command line, so this opens the page only once.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn link_for_once(&self, port: u16) -> Result<String> {
        Ok(format!("http://127.0.0.1:{port}/#once-{}", self.entry.ticket()?))
    }

    fn step(&self, asked: &Parts) -> Step {
        match self.entry.check_sender(asked).and_then(|()| route::route(asked)) {
            Err(refusal) => Step::Answer(refused(refusal)),
            Ok(Route::Asset(asset)) => Step::Answer(file(asset)),
            Ok(Route::Exchange) => Step::Answer(match self.entry.exchange(asked) {
                Ok(token) => data(StatusCode::OK, &json!({"token": token})),
                Err(refusal) => refused(refusal),
            }),
            Ok(route) => match self.entry.check_token(asked) {
                Err(refusal) => Step::Answer(refused(refusal)),
                Ok(()) => self.data(&route),
            },
        }
    }

    fn data(&self, route: &Route) -> Step {
        let found = match route {
            &Route::List { after } => self.list(after),
            Route::Search { text } => return Step::Search(text.clone()),
            &Route::Details(id) => self.details(id),
            &Route::Diff(one, other) => self.diff(one, other),
            &Route::Replay(id) => return Step::Replay(id),
            Route::Asset(_) | Route::Exchange => Ok(Value::Null),
        };
        Step::Answer(answer(found))
    }

    fn list(&self, after: i64) -> Result<Value> {
        let name = self.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut list = match Store::find(&self.path)? {
            Some(store) => list::json(&store, &self.redaction, after)?,
            None => list::empty(),
        };
        list["project"] = name.into();
        Ok(list)
    }

    /// Goes through all bodies, in a thread of its own: whoever serves the page may have other things to do.
    async fn search(&self, text: String) -> Result<Value> {
        let path = self.path.clone();
        let search = move || Store::find(&path)?.map(|store| list::with_text(&store, &text)).transpose();
        let found =
            tokio::task::spawn_blocking(search).await.map_err(|error| Failure::new(Kind::Other, "the search failed").caused_by(&error))?;
        Ok(json!({"ids": found?.unwrap_or_default()}))
    }

    fn diff(&self, one: i64, other: i64) -> Result<Value> {
        let (one, other) = self.redaction.pair(&self.get(one)?, &self.get(other)?);
        Ok(diff::json(&one, &other, &self.root))
    }

    fn details(&self, id: i64) -> Result<Value> {
        let recorded = self.redaction.exchange(&self.get(id)?);
        let seen = Store::find(&self.path)?.map_or(Ok(None), |store| store.flame_graph(id))?;
        Ok(details::json(&recorded, seen, &self.root))
    }

    fn get(&self, id: i64) -> Result<Recorded> {
        let missing = || Failure::new(Kind::Usage, format!("there is no recorded request {id} any more"));
        Store::find(&self.path)?.ok_or_else(missing)?.get(id)?.ok_or_else(missing)
    }
}

/// Why somebody gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal(StatusCode, &'static str);

fn refused(Refusal(status, why): Refusal) -> Answer {
    data(status, &json!({"error": why}))
}

fn answer(found: Result<Value>) -> Answer {
    match found {
        Ok(value) => data(StatusCode::OK, &value),
        Err(failure) => {
            let status = match failure.kind {
                Kind::Usage => StatusCode::NOT_FOUND,
                Kind::NotRunning => StatusCode::CONFLICT,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            data(status, &json!({"error": failure.message, "causes": failure.causes, "hints": failure.hints}))
        }
    }
}

fn file(asset: &Asset) -> Answer {
    respond(StatusCode::OK, asset.kind, Bytes::from_static(asset.text.as_bytes()))
}

fn data(status: StatusCode, value: &Value) -> Answer {
    let mut value = value.clone();
    show_active(&mut value);
    respond(status, "application/json", value.to_string().into())
}

/// Control characters and those that change the order of others are written out, as on the terminal: what is seen, and copied to one, is all
/// that is there.
fn show_active(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(terminal::is_active) => *text = terminal::plain(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(show_active),
        Value::Object(values) => values.values_mut().for_each(show_active),
        _ => {}
    }
}

fn respond(status: StatusCode, kind: &str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE.as_str(), kind);
    set(header::CONTENT_SECURITY_POLICY.as_str(), POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff");
    set(header::REFERRER_POLICY.as_str(), "no-referrer");
    set(header::CACHE_CONTROL.as_str(), "no-store");
    set(header::X_FRAME_OPTIONS.as_str(), "DENY");
    set("cross-origin-resource-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    answer
}

#[cfg(test)]
mod tests;
