//! The built-in probes: what development servers hide, looked for on the running server.
//!
//! Each has a part that asks and a pure one that judges what was seen.

pub mod ask;
mod concurrency;
mod load;
mod multi_process;
mod server_differences;
mod shutdown;
mod slow_clients;
mod wsgi_compliance;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::journal::Journal;
use super::outcome::{Finding, Outcome, What};
use super::run::Exchange;
use crate::engine::Engine;
use crate::error::{Failure, Result};
use crate::logs::{self, Paths, Record, RecordKind};
use crate::plan::Plan;
use crate::runtime::protocol::probe;
use crate::session::smoke::{Server, Sink};
use ask::Ask;

pub use multi_process::one_cannot_import;

/// What the server says about a request arrives until so long after its answer.
const SETTLING: Duration = Duration::from_millis(150);
/// A server that still answers does so in that time.
const PATIENCE: Duration = Duration::from_secs(5);
/// The probes that need answers.
const ASKING: [&str; 4] = ["concurrency", "multi-process", "server-differences", "shutdown"];
/// Words of the log that tell of a process that crashed.
const CRASHES: [&str; 4] =
    ["Truncated or oversized response", "exit signal Segmentation fault", "exit signal Abort", "exit signal Bus error"];

/// A request that a check has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub ask: Ask,
    /// `None`: it got no answer.
    pub status: Option<u16>,
    /// Its check passed.
    pub passed: bool,
}

impl Done {
    /// What was asked of a server for checks.
    pub fn all(url: &str, exchanges: Vec<Exchange>) -> Vec<Self> {
        let mount = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or_default();
        let mount = mount.trim_end_matches('/');
        let here = exchanges.into_iter().filter(|exchange| exchange.question.path.starts_with('/'));
        let done = here.map(|Exchange { question, status, passed }| {
            let path = format!("{mount}{}", question.path);
            Self { ask: Ask { method: question.method, path, headers: question.headers, body: question.body }, status, passed }
        });
        done.collect()
    }
}

/// What the validator said, as it arrives. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Validator(Arc<Mutex<Vec<logs::Finding>>>);

impl Validator {
    /// Where a server's log goes: what the validator says is kept here, all else in the journal.
    pub fn sink(&self, journal: &Journal) -> Sink {
        let (said, journal) = (Arc::clone(&self.0), journal.clone());
        Arc::new(move |record: Record| match record.finding {
            Some(finding) => said.lock().unwrap_or_else(PoisonError::into_inner).push(finding),
            None => journal.push(record),
        })
    }

    fn said(&self) -> Vec<logs::Finding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the probes look at.
#[derive(Debug)]
pub struct Ground<'a> {
    pub engine: &'a Engine,
    pub server: &'a Server,
    /// It is this command's own, of the `smoke` profile; else the one of `parity up`.
    pub own: bool,
    pub plan: &'a Plan,
    pub journal: &'a Journal,
    pub validator: &'a Validator,
    /// Names of the variables of whoever runs this.
    pub shell: &'a BTreeSet<String>,
    /// Remarks are told at length.
    pub verbose: bool,
}

/// Does one probe. A reason says why it cannot be done here, or is not wanted.
pub async fn run(ground: &Ground<'_>, done: &[Done], name: &str, unwanted: Option<String>) -> Outcome {
    let begun = Instant::now();
    let mut reason = unwanted.or_else(|| ground.cannot(name).map(String::from));
    if reason.is_none() && ASKING.contains(&name) && ground.is_silent().await {
        reason = Some("the server does not answer any more".into());
    }
    if let Some(reason) = reason {
        return Outcome::skipped(name, What::Probe, reason);
    }
    match ground.probe(done, name).await {
        Ok(Looked::At { wrong, remarks }) if wrong.is_empty() => {
            Outcome { findings: remarks, ..Outcome::passed(name, What::Probe, begun.elapsed()) }
        }
        Ok(Looked::At { wrong, .. }) => Outcome::failed(name, What::Probe, begun.elapsed(), wrong),
        Ok(Looked::Not(reason)) => Outcome::skipped(name, What::Probe, reason),
        Err(failure) => Outcome::failed(name, What::Probe, begun.elapsed(), vec![broken(failure)]),
    }
}

/// Where the server cannot import the application: what `load` says of it, if a development server can.
pub async fn cannot_load(engine: &Engine, container: &str, plan: &Plan, shell: &BTreeSet<String>) -> Option<Outcome> {
    let begun = Instant::now();
    let seen = load::look(engine, container, plan).await.ok()?;
    let (wrong, _) = load::judge(&seen, shell, &Paths::of_project(&plan.root));
    seen.only_the_server_fails().then(|| Outcome::failed("load", What::Probe, begun.elapsed(), wrong))
}

/// What a probe came to.
enum Looked {
    At { wrong: Vec<Finding>, remarks: Vec<Finding> },
    Not(String),
}

impl From<(Vec<Finding>, Vec<Finding>)> for Looked {
    fn from((wrong, remarks): (Vec<Finding>, Vec<Finding>)) -> Self {
        Looked::At { wrong, remarks }
    }
}

/// A probe that could not do its work.
fn broken(failure: Failure) -> Finding {
    let finding = Finding::new(failure.message).details(failure.causes).details(failure.details);
    match failure.hints.into_iter().next() {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}

impl Ground<'_> {
    /// A server whose threads all wait for each other would be asked in vain, for long.
    async fn is_silent(&self) -> bool {
        Ask::get("/").send(&self.address(), PATIENCE).await.is_err()
    }

    /// Why a probe cannot work on what `parity up` runs.
    fn cannot(&self, name: &str) -> Option<&'static str> {
        const VALIDATOR: &str = "it needs the validator, which the server of `parity up` does not have";
        match name {
            _ if self.server.has_ended() => Some("the server has ended"),
            _ if self.own => None,
            "shutdown" => Some("it ends the server, which `parity up` looks after"),
            "wsgi-compliance" | "multi-process" | "server-differences" => Some(VALIDATOR),
            _ => None,
        }
    }

    async fn probe(&self, done: &[Done], name: &str) -> Result<Looked> {
        let address = self.address();
        let processes = *self.plan.server.processes as usize;
        match name {
            "wsgi-compliance" => {
                tokio::time::sleep(SETTLING).await;
                Ok(wsgi_compliance::judge(&self.validator.said()).into())
            }
            "concurrency" => {
                let begun = Instant::now();
                let requests = self.safe_requests(done);
                let mut seen = concurrency::look(&address, &requests, processes, *self.plan.server.threads as usize).await;
                tokio::time::sleep(SETTLING).await;
                seen.crashes = self.crashes(begun);
                let (wrong, mut remarks) = concurrency::judge(&requests, &seen);
                // The server of `parity up` has somebody who uses it.
                if self.own && wrong.is_empty() {
                    let waited = slow_clients::look(&address).await;
                    let server = &self.plan.server;
                    remarks.extend(slow_clients::judge(waited, *server.slow_clients, *server.header_timeout));
                }
                Ok((wrong, remarks).into())
            }
            "multi-process" => {
                let seen = multi_process::look(&address, &self.safe_requests(done), processes).await;
                Ok(match multi_process::processes(&seen) {
                    0 | 1 => Looked::Not("only one process answered".into()),
                    _ => (multi_process::judge(&seen), Vec::new()).into(),
                })
            }
            "load" => {
                let seen = load::look(self.engine, &self.server.id, self.plan).await?;
                Ok(load::judge(&seen, self.shell, &Paths::of_project(&self.plan.root)).into())
            }
            "server-differences" => Ok(match server_differences::look(&address, self.plan, done).await {
                Ok(tried) => server_differences::judge(&tried, self.plan, done, self.verbose).into(),
                Err(why) => Looked::Not(why),
            }),
            _ => {
                let seen = shutdown::look(self.engine, self.server, &address, &self.safe_requests(done)).await?;
                Ok((shutdown::judge(&seen), Vec::new()).into())
            }
        }
    }

    /// `127.0.0.1:8000`
    fn address(&self) -> String {
        let rest = self.server.url.strip_prefix("http://").unwrap_or(&self.server.url);
        rest.split('/').next().unwrap_or(rest).to_owned()
    }

    /// What can be asked again and again: requests of checks that only read, and the front page.
    fn safe_requests(&self, done: &[Done]) -> Vec<Ask> {
        let mount = self.plan.server.mount_point.trim_end_matches('/');
        let front = Ask::get(format!("{mount}/"));
        let safe = done
            .iter()
            .filter(|done| done.status.is_some() && matches!(done.ask.method.as_str(), "GET" | "HEAD"))
            .map(|done| done.ask.clone());
        let mut all: Vec<Ask> = Vec::new();
        for ask in safe.chain([front]) {
            if !all.contains(&ask) {
                all.push(ask);
            }
        }
        if self.own { all.into_iter().map(|ask| ask.with(probe::ASKS, probe::WHO)).collect() } else { all }
    }

    fn crashes(&self, from: Instant) -> Vec<String> {
        let records = self.journal.between(from, Instant::now());
        let errors = records.into_iter().filter(|record| record.kind == RecordKind::Error).flat_map(|record| record.lines);
        errors.map(|line| line.text).filter(|text| CRASHES.iter().any(|crash| text.contains(crash))).take(3).collect()
    }
}
