//! Asks: one side of a comparison, with its own cookies, tokens and captured values.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use futures_util::future::{OptionFuture, join3};
use serde_json::Value;

use super::ignore::Ignore;
use super::judge::{Answers, Difference, Got, differences};
use crate::plan;
use crate::replay::{Replay, exchange, is_safe};
use crate::requests::har::digest;
use crate::requests::scrub::Scrubber;
use crate::requests::{Body, Exchange, Recorded, Redacted, Redaction, Summary};
use crate::smoke::capture::capture;
use crate::smoke::check::{Check, Values};
use crate::smoke::client::{Client, DEADLINE};
use crate::smoke::question::Question;

/// A request that both sides are asked.
#[derive(Debug)]
pub enum Wanted {
    Recorded(Box<Recorded>),
    /// What a check of `smoke:` asks.
    Check(Box<Check>),
}

impl Wanted {
    pub fn method(&self) -> &str {
        match self {
            Self::Recorded(recorded) => &recorded.expose().method,
            Self::Check(check) => &check.request.method,
        }
    }

    /// May it be asked where that may do harm?
    pub fn is_safe(&self) -> bool {
        is_safe(self.method())
    }
}

/// A server that is asked.
#[derive(Debug)]
pub struct Side<'a> {
    client: &'a Client,
    replay: Replay<'a>,
    scrubber: &'a Scrubber,
    /// What answers to checks have brought.
    values: RefCell<Values>,
}

/// An answer before it is fit to be shown.
enum Asked {
    Answer {
        now: Box<Recorded>,
        cut: bool,
    },
    Nothing(String),
    /// It could not be asked: a check needs what another one should have captured.
    Skipped(String),
}

impl<'a> Side<'a> {
    pub fn new(client: &'a Client, redaction: &'a Redaction, scrubber: &'a Scrubber, with_secrets: bool, is_recorded: bool) -> Self {
        let url = ("url".to_owned(), Value::String(client.base().as_str().to_owned()));
        let replay = Replay::new(client, redaction, scrubber).with_secrets(with_secrets).recorded(is_recorded);
        Self { client, replay, scrubber, values: RefCell::new([url].into()) }
    }

    /// Asks, and where that changes nothing asks once more: what differs then is noise. Both sides are asked as often, so that what an
    /// application counts is the same.
    async fn ask(&self, wanted: &Wanted) -> (Asked, Option<Asked>) {
        let first = self.once(wanted).await;
        let again = wanted.is_safe() && matches!(first, Asked::Answer { .. });
        (first, OptionFuture::from(again.then(|| self.once(wanted))).await)
    }

    async fn once(&self, wanted: &Wanted) -> Asked {
        match wanted {
            Wanted::Recorded(recorded) => match self.replay.ask(recorded).await {
                Ok(answered) => Asked::Answer { now: answered.now.into(), cut: answered.cut },
                Err(why) => Asked::Nothing(why),
            },
            Wanted::Check(check) => self.check(check).await,
        }
    }

    async fn check(&self, check: &Check) -> Asked {
        let question = Question::of(&check.request, &self.values.borrow());
        let question = match question {
            Ok(question) => question,
            Err(missing) => return Asked::Skipped(format!("it needs `{}`, which no check captured", missing.0)),
        };
        let complete = self.client.complete(&question);
        let answer = match self.client.ask(&question, DEADLINE).await {
            Ok(answer) => answer,
            Err(trouble) => return Asked::Nothing(trouble.to_string()),
        };
        for (name, from) in &check.capture {
            let captured = capture(from, &answer, self.client);
            let mut values = self.values.borrow_mut();
            values.retain(|known, _| known != name);
            values.extend(captured.ok().map(|value| (name.clone(), value)));
        }
        let size = complete.body.len() as u64;
        let sent = Exchange {
            method: complete.method,
            target: complete.path,
            request_headers: complete.headers,
            request_body: Body { size, sha256: Some(digest(&complete.body)), content: Some(complete.body), ..Body::default() },
            ..Exchange::default()
        };
        let now = exchange(&sent, &answer, self.client.base().as_str());
        Asked::Answer { now: Recorded::new(self.scrubber.exchange(now)).into(), cut: answer.cut }
    }
}

/// What came of a request on both sides.
#[derive(Debug)]
pub struct Compared {
    /// Its number in the store; none of a check's.
    pub id: Option<i64>,
    pub method: String,
    pub target: String,
    /// The check's, where that is not method and path alone.
    pub name: Option<String>,
    /// `200`, or why there is no answer.
    pub first: String,
    pub second: String,
    pub differences: Vec<Difference>,
    /// Why it was not asked.
    pub skipped: Option<String>,
    /// Something of it was not compared, and why.
    pub remark: Option<&'static str>,
    pub took: Duration,
}

impl Compared {
    pub fn differs(&self) -> bool {
        !self.differences.is_empty()
    }
}

/// Two sides, and the twin of the first: another server from the same image with the same data.
#[derive(Debug)]
pub struct Sides<'a> {
    pub first: Side<'a>,
    pub twin: Option<Side<'a>>,
    pub second: Side<'a>,
    pub redaction: &'a Redaction,
    pub ignore: &'a Ignore,
    /// What `parity diff` says of the two sides.
    pub declared: &'a [plan::Difference],
}

impl Sides<'_> {
    /// Asks all of them, at once.
    pub async fn compare(&self, wanted: &Wanted) -> Compared {
        let begun = Instant::now();
        let twin = OptionFuture::from(self.twin.as_ref().map(|twin| twin.ask(wanted)));
        let (first, twin, second) = join3(self.first.ask(wanted), twin, self.second.ask(wanted)).await;
        let (first, again) = first;
        let (twin, twin_again) = twin.map_or((None, None), |(twin, again)| (Some(twin), again));
        let (second, second_again) = second;
        let mut compared = self.describe(wanted, &first, begun.elapsed());
        if let (Asked::Skipped(why), Asked::Skipped(_)) = (&first, &second) {
            compared.skipped = Some(why.clone());
            return compared;
        }
        let all = [Some(first), Some(second), again, twin, twin_again, second_again];
        let got = self.got(all);
        let [Some(first), Some(second), again, twin, twin_again, second_again] = &got else { return compared };
        if [first, second].iter().any(|got| matches!(got, Got::Answer { cut: true, .. })) {
            compared.remark = Some("the body is larger than 4 MiB, and was not compared");
        }
        // The second side fails now and then: that is no noise.
        let second = match second_again {
            Some(again) if fails(again) && !fails(second) => again,
            _ => second,
        };
        (compared.first, compared.second) = (first.words(), second.words());
        let answers = Answers { first, again: again.iter().collect(), twin: twin.iter().chain(twin_again).collect(), second };
        compared.differences = differences(&answers, self.ignore, self.declared);
        compared
    }

    /// All answers without their secrets: what is secret in one is hidden in all.
    fn got(&self, all: [Option<Asked>; 6]) -> [Option<Got>; 6] {
        let answers: Vec<&Recorded> = all
            .iter()
            .filter_map(|asked| match asked {
                Some(Asked::Answer { now, .. }) => Some(now.as_ref()),
                _ => None,
            })
            .collect();
        let mut shown: std::vec::IntoIter<Redacted> = self.redaction.all(&answers).into_iter();
        all.map(|asked| match asked? {
            Asked::Answer { cut, .. } => shown.next().map(|answer| Got::Answer { answer: answer.into(), cut }),
            Asked::Nothing(why) | Asked::Skipped(why) => Some(Got::Nothing(why)),
        })
    }

    fn describe(&self, wanted: &Wanted, first: &Asked, took: Duration) -> Compared {
        let summary = match (wanted, first) {
            (Wanted::Recorded(recorded), _) => recorded.expose().summary(),
            (Wanted::Check(_), Asked::Answer { now, .. }) => now.expose().summary(),
            (Wanted::Check(check), _) => Summary { method: check.request.method.clone(), target: check.name.clone(), ..Summary::default() },
        };
        let id = matches!(wanted, Wanted::Recorded(_)).then_some(summary.id).filter(|id| *id > 0);
        let shown = self.redaction.summary(&Recorded::new(summary));
        let name = match wanted {
            Wanted::Check(check) if !check.name.ends_with(&shown.target) => Some(check.name.clone()),
            _ => None,
        };
        Compared {
            id,
            method: shown.method.clone(),
            target: shown.target.clone(),
            name,
            first: String::new(),
            second: String::new(),
            differences: Vec::new(),
            skipped: None,
            remark: None,
            took,
        }
    }
}

fn fails(got: &Got) -> bool {
    match got {
        Got::Answer { answer, .. } => answer.status.is_none_or(|status| status >= 500),
        Got::Nothing(_) => true,
    }
}
