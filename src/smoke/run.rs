//! Asks the checks, in order; neighbours that only read may be asked at once.

use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::capture::capture;
use super::check::{Check, Missing, Parsed, Values};
use super::client::{Answer, Client, DEADLINE};
use super::evaluate::evaluate;
use super::journal::Journal;
use super::mismatch::Mismatch;
use super::outcome::{Finding, Outcome, Place, Status, What};
use super::question::Question;
use super::redact::Redactor;
use super::text::quoted;
use crate::logs::{Record, RecordKind};
use crate::render::record::REPLAY;
use crate::requests::Marks;

/// Between two tries of a check that fails.
const PAUSE: Duration = Duration::from_millis(250);
/// A request gets so much longer than its `max-ms`.
const BEYOND: Duration = Duration::from_secs(5);

/// What a 500 is worth of which the log says nothing.
const UNEXPLAINED: &str = "the application has logged nothing of it: with `--record` tracebacks are kept, and `parity requests show` shows them; \
                           where DEBUG is off, Django logs them only with a handler of your own in LOGGING";

/// How checks are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Requests at once.
    pub jobs: usize,
    pub fail_fast: bool,
    /// A failing check is repeated for so long.
    pub retry: Duration,
}

/// What is done before each check is asked, which has that name.
pub type Before<'a> = &'a dyn Fn(String) -> LocalBoxFuture<'a, ()>;

/// What checks are run with.
#[allow(missing_debug_implementations, reason = "what is done before need not be shown")]
pub struct Runner<'a, 'b> {
    pub client: &'a Client,
    /// The server's log, where there is one.
    pub journal: Option<&'a Journal>,
    pub redactor: &'a Redactor,
    pub rules: Rules,
    pub before: Option<Before<'b>>,
    /// The server records, and is told which request is which check's.
    pub marks: Option<&'a Marks>,
}

/// What went over the wire for a check, for those who ask the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// With every header that was sent but `Host`.
    pub question: Question,
    /// `None`: there was no answer.
    pub status: Option<u16>,
    /// The check passed.
    pub passed: bool,
}

/// What was recorded is in the store by then.
const STORED: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_millis(20);

/// A check that was done or skipped.
struct Done {
    mark: Option<String>,
    outcome: Outcome,
    exchange: Option<Exchange>,
    captured: Vec<(String, Value)>,
}

/// A check, and why it is skipped, if it is.
#[derive(Debug, Clone)]
pub struct Chosen<'a> {
    pub check: &'a Check,
    pub skip: Option<String>,
}

impl Runner<'_, '_> {
    /// Runs checks and gives each outcome as soon as it and those before it are known.
    pub async fn run(&self, checks: &[Chosen<'_>], mut each: impl FnMut(Outcome, Option<Exchange>)) {
        let mut values = Values::from([("url".to_owned(), Value::String(self.client.base().as_str().to_owned()))]);
        let mut rest = checks;
        while !rest.is_empty() {
            // A check that changes something is a batch of its own.
            let readers = rest.iter().take_while(|chosen| chosen.check.only_reads()).count();
            let (batch, behind) = rest.split_at(readers.max(1));
            let mut failed = None;
            {
                let shared = &values;
                let asked = stream::iter(batch).map(|chosen| self.one(chosen, checks, shared));
                let mut asked = asked.buffered(self.rules.jobs.max(1));
                let mut done = 0;
                let mut captured = Vec::new();
                while let Some(one) = asked.next().await {
                    done += 1;
                    let has_failed = one.outcome.has_failed();
                    captured.extend(one.captured);
                    each(one.outcome, one.exchange);
                    if has_failed && self.rules.fail_fast {
                        failed = Some(done);
                        break;
                    }
                }
                drop(asked);
                for chosen in batch {
                    // What was captured before under the name is not this check's.
                    values.retain(|name, _| !chosen.check.capture.iter().any(|(captured, _)| captured == name));
                }
                values.extend(captured);
            }
            if let Some(done) = failed {
                for chosen in batch[done..].iter().chain(behind) {
                    each(skipped(chosen.check, "an earlier check failed (--fail-fast)"), None);
                }
                return;
            }
            rest = behind;
        }
    }

    async fn one(&self, chosen: &Chosen<'_>, all: &[Chosen<'_>], values: &Values) -> Done {
        let check = chosen.check;
        let nothing = |outcome| Done { mark: None, outcome: self.redactor.outcome(outcome), exchange: None, captured: Vec::new() };
        if let Some(reason) = &chosen.skip {
            return nothing(skipped(check, reason.clone()));
        }
        if let Some(before) = self.before {
            before(check.name.clone()).await;
        }
        let begun = Instant::now();
        loop {
            let done = match self.attempt(check, values).await {
                Ok(done) => done,
                Err(Missing(name)) => return nothing(skipped(check, lacking(&name, check, all))),
            };
            if !done.outcome.has_failed() || begun.elapsed() + PAUSE >= self.rules.retry {
                let recorded = if done.outcome.has_failed() { self.recorded(done.mark.as_deref()).await } else { None };
                return Done { outcome: self.redactor.outcome(Outcome { recorded, ..done.outcome }), ..done };
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The number of a request in the store.
    async fn recorded(&self, mark: Option<&str>) -> Option<i64> {
        let (marks, mark) = self.marks.zip(mark)?;
        let begun = Instant::now();
        loop {
            let id = marks.id(mark);
            if id.is_some() || begun.elapsed() > STORED {
                return id;
            }
            tokio::time::sleep(STEP).await;
        }
    }

    async fn attempt(&self, check: &Check, values: &Values) -> Result<Done, Missing> {
        let question = Question::of(&check.request, values)?;
        let deadline = check.expect.max_ms.map_or(DEADLINE, |most| DEADLINE.max(Duration::from_millis(most.into()) + BEYOND));
        let complete = self.client.complete(&question);
        let sent = Instant::now();
        let mark = self.marks.map(Marks::next);
        let mut asked = question.clone();
        asked.headers.extend(mark.iter().map(|mark| (REPLAY.to_owned(), mark.clone())));
        let answered = self.client.ask(&asked, deadline).await;
        let took = sent.elapsed();
        let mut findings = Vec::new();
        let mut captured = Vec::new();
        match &answered {
            Err(trouble) => findings.push(Finding::new(self.redactor.clean(&trouble.to_string()))),
            Ok(answer) => {
                let wrong = evaluate(&check.expect, answer, values)?;
                findings.extend(wrong.iter().map(|mismatch: &Mismatch| mismatch.finding(self.redactor)));
                for (name, from) in &check.capture {
                    match capture(from, answer, self.client) {
                        Ok(value) => captured.push((name.clone(), value)),
                        Err(why) => findings.push(Finding::new(self.redactor.clean(&format!("no value for {}: {why}", quoted(name))))),
                    }
                }
            }
        }
        let mut log = Vec::new();
        if let Some(journal) = self.journal
            && (!findings.is_empty() || !check.log.is_empty())
        {
            let broken = answered.as_ref().is_ok_and(|answer| answer.status == 500) && !findings.is_empty();
            let is_complete = |records: &[Record]| {
                let traced = || records.iter().any(|record| record.kind == RecordKind::Traceback);
                check.log.present.iter().all(|pattern| records.iter().any(|record| says(record, pattern))) && (!broken || traced())
            };
            log = journal.about(sent, sent + took, is_complete).await;
            findings.extend(self.look(check, &log));
            if broken
                && self.marks.is_none()
                && !explains(&log)
                && let Some(finding) = findings.first_mut()
            {
                finding.hint.get_or_insert_with(|| UNEXPLAINED.into());
            }
        }
        if findings.is_empty() {
            log.clear();
        } else {
            captured.clear();
        }
        let status = if findings.is_empty() { Status::Passed } else { Status::Failed };
        if status == Status::Passed && self.journal.is_none() && !check.log.is_empty() {
            findings.push(Finding::new("its `log` was not looked at: there is no log with --url"));
        }
        let answered = answered.ok();
        let passed = status == Status::Passed;
        let exchange = Some(Exchange { question: complete, status: answered.as_ref().map(|answer| answer.status), passed });
        let answer = answered.as_ref().map(Answer::summary);
        let request = Some(format!("{} {}", question.method, question.path));
        let outcome =
            Outcome { place: place(check), status, log, request, answer, ..Outcome::failed(&check.name, What::Check, took, findings) };
        Ok(Done { mark, outcome, exchange, captured })
    }

    /// What `log:` says to the records.
    fn look(&self, check: &Check, log: &[Record]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for pattern in &check.log.absent {
            if let Some(record) = log.iter().find(|record| says(record, pattern)) {
                let line = record.lines.iter().find(|line| pattern.value.is_match(&line.text)).or(record.lines.first());
                let line = line.map(|line| self.redactor.clean(&line.text)).unwrap_or_default();
                findings.push(Finding::new(format!("the log has {}: {}", quoted(&pattern.text), quoted(&line))));
            }
        }
        for pattern in &check.log.present {
            if !log.iter().any(|record| says(record, pattern)) {
                findings.push(Finding::new(format!("the log does not have {}", quoted(&pattern.text))));
            }
        }
        findings
    }
}

/// Does the log say something that may be why a request failed?
fn explains(log: &[Record]) -> bool {
    use RecordKind::{Application, Error, Traceback, Warning};
    log.iter().any(|record| matches!(record.kind, Application | Error | Traceback | Warning))
}

/// Is it in a line of the record, or across several?
fn says(record: &Record, pattern: &Parsed<regex::Regex>) -> bool {
    let lines: Vec<&str> = record.lines.iter().map(|line| line.text.as_str()).collect();
    lines.iter().any(|line| pattern.value.is_match(line)) || pattern.value.is_match(&lines.join("\n"))
}

fn place(check: &Check) -> Option<Place> {
    check.place.as_ref().map(|(path, line)| Place { path: path.clone(), line: *line })
}

/// A check that was not asked.
pub fn skipped(check: &Check, reason: impl Into<String>) -> Outcome {
    Outcome { place: place(check), ..Outcome::skipped(&check.name, What::Check, reason) }
}

/// Which check should have captured a value.
fn lacking(name: &str, check: &Check, all: &[Chosen<'_>]) -> String {
    let above = all.iter().take_while(|chosen| chosen.check.name != check.name);
    let from = above.filter(|chosen| chosen.check.capture.iter().any(|(known, _)| known == name)).last();
    match from {
        Some(from) => format!("it needs {}, which the check {} did not capture", quoted(name), quoted(&from.check.name)),
        None => format!("it needs {}, which no check captured", quoted(name)),
    }
}

#[cfg(test)]
mod tests;
