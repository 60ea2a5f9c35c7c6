//! Asks recorded requests again, and compares the answers with the recorded ones.
//!
//! Cookies and tokens that were given in the course of what was recorded are replaced by those of the replay
//! ([`crate::requests::mapping`]).

use std::cell::RefCell;
use std::time::Duration;

use crate::render::record::REPLAY;
use crate::requests::alike::{Difference, differences, is_same};
use crate::requests::har::{digest, kept};
use crate::requests::mapping::Mapping;
use crate::requests::message::split_status;
use crate::requests::model::value;
use crate::requests::scrub::Scrubber;
use crate::requests::{Body, Exchange, Recorded, Redacted, Redaction, Summary, body, withheld};
use crate::smoke::client::{Answer, Client, DEADLINE, MOST_BODY};
use crate::smoke::question::Question;

/// Headers that belong to a connection, or are made anew.
const OWN: [&str; 10] =
    ["host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "te", "trailer", "expect", "proxy-connection"];
/// Methods that change nothing.
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// May a request be asked again where that may do harm?
pub fn is_safe(method: &str) -> bool {
    SAFE.contains(&method)
}

/// The headers of a recorded request that another connection passes on.
pub fn passed_on(recorded: &Exchange) -> impl Iterator<Item = &(String, String)> {
    recorded.request_headers.iter().filter(|(name, _)| !OWN.contains(&name.to_ascii_lowercase().as_str()))
}

/// One who asks.
#[derive(Debug)]
pub struct Replay<'a> {
    client: &'a Client,
    redaction: &'a Redaction,
    scrubber: &'a Scrubber,
    /// Cookies, authorization and the like are sent.
    with_secrets: bool,
    /// The server records, and is told that this is a replay.
    is_recorded: bool,
    mapping: RefCell<Mapping>,
    /// For requests that were stored without secrets.
    given: RefCell<withheld::Given>,
}

/// An answer of now.
#[derive(Debug)]
pub struct Answered {
    pub now: Recorded,
    /// Its body is longer than what is kept of it.
    pub cut: bool,
    pub took: Duration,
}

/// What came of one request.
#[derive(Debug)]
pub struct Outcome {
    pub request: Redacted<Summary>,
    /// Its status and how long it took; otherwise why there is none.
    pub answer: Result<(u16, Duration), String>,
    pub differences: Vec<Difference>,
    /// Why the body was not compared, or the request was not what it was.
    pub remark: Option<String>,
}

impl Outcome {
    pub fn is_alike(&self) -> bool {
        self.answer.is_ok() && self.differences.is_empty()
    }
}

impl<'a> Replay<'a> {
    pub fn new(client: &'a Client, redaction: &'a Redaction, scrubber: &'a Scrubber) -> Self {
        Self {
            client,
            redaction,
            scrubber,
            with_secrets: false,
            is_recorded: false,
            mapping: RefCell::default(),
            given: RefCell::default(),
        }
    }

    /// Sends cookies, authorization and the like.
    #[must_use]
    pub fn with_secrets(self, with_secrets: bool) -> Self {
        Self { with_secrets, ..self }
    }

    /// Tells a server that records.
    #[must_use]
    pub fn recorded(self, is_recorded: bool) -> Self {
        Self { is_recorded, ..self }
    }

    /// Asks one again, and compares the answer with the recorded one.
    pub async fn one(&self, recorded: &Recorded) -> Outcome {
        let before = recorded.expose();
        let request = self.redaction.summary(&Recorded::new(before.summary()));
        let scrubbed = || before.scrubbed.then(|| "a value of `env` was in it, which is not stored".to_owned());
        let mut remark = withheld::told(before, &self.given.borrow()).or_else(scrubbed);
        let Answered { now, cut, took } = match self.ask(recorded).await {
            Ok(answered) => answered,
            Err(why) => return Outcome { request, answer: Err(why), differences: Vec::new(), remark },
        };
        let got = (now.expose().status.unwrap_or_default(), took);
        let mut differences = if is_same(before, now.expose()) {
            Vec::new()
        } else {
            let (one, other) = self.redaction.pair(recorded, &now);
            differences(&one, &other)
        };
        if cut {
            remark = Some("its body is larger than 4 MiB, and was not compared".into());
            differences.retain(|difference| difference.what != "body");
        }
        Outcome { request, answer: Ok(got), differences, remark }
    }

    /// Asks one again.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, recorded: &Recorded) -> Result<Answered, String> {
        let before = recorded.expose();
        let sent = self.mapping.borrow().apply(before);
        if sent.request_body.size > 0 && sent.request_body.content.is_none() {
            return Err("its body was not kept: it is larger than record-body-limit".into());
        }
        let answer = self.client.ask(&self.question(&sent), DEADLINE).await.map_err(|trouble| trouble.to_string())?;
        let now = exchange(&sent, &answer, self.client.base().as_str());
        self.given.borrow_mut().learn(&now);
        self.mapping.borrow_mut().learn(before, &now, self.redaction.names());
        // What is not stored of one is not to be seen in the other.
        Ok(Answered { now: Recorded::new(self.scrubber.exchange(now)), cut: answer.cut, took: answer.took })
    }

    fn question(&self, sent: &Exchange) -> Question {
        let base = self.client.base().as_str();
        let origin = url::Url::parse(base).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let (names, given) = (self.redaction.names(), self.given.borrow());
        let header = |(name, value): &(String, String)| {
            if !self.with_secrets && names.is_secret(name) {
                return None;
            }
            let value = &if sent.without_secrets { withheld::header(name, value, &given)? } else { value.clone() };
            // Where the page came from is where it comes from now.
            let value = match name.to_ascii_lowercase().as_str() {
                "origin" | "referer" if !sent.origin.is_empty() => value.replacen(&sent.origin, &origin, 1),
                _ => value.clone(),
            };
            Some((name.clone(), value))
        };
        let mut headers: Vec<_> = passed_on(sent).filter_map(header).collect();
        headers.extend(self.is_recorded.then(|| (REPLAY.to_owned(), "1".to_owned())));
        Question {
            method: sent.method.clone(),
            path: sent.target.clone(),
            headers,
            cookies: Vec::new(),
            body: sent.request_body.content.clone().unwrap_or_default(),
            follow: false,
        }
    }
}

/// An answer in the form of what was recorded. What the server has packed on the way is unpacked.
pub fn exchange(sent: &Exchange, answer: &Answer, base: &str) -> Exchange {
    let (status, reason) = split_status(Some(&answer.status_line()));
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let mut response_body = kept(Some(answer.body.to_vec()), 0, MOST_BODY as u64);
    if value(&sent.response_headers, "content-encoding").is_none()
        && let Some(unpacked) = body::content(&response_body, &headers)
    {
        headers.retain(|(name, _)| name != "content-encoding");
        response_body = kept(Some(unpacked), 0, u64::MAX);
    }
    response_body.sha256 = response_body.content.as_deref().map(digest);
    if answer.cut {
        response_body = Body { size: response_body.size, ..Body::default() };
    }
    Exchange {
        status,
        reason,
        response_headers: headers,
        response_body,
        origin: url::Url::parse(base).map(|url| url.origin().ascii_serialization()).unwrap_or_default(),
        error: None,
        statements: Vec::new(),
        templates: Vec::new(),
        environ: Vec::new(),
        ..sent.clone()
    }
}
