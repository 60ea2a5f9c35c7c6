//! `server-differences`: requests that development servers and Apache treat differently, and what this one does with them.

mod trial;
mod words;

use std::time::Duration;

use serde::Deserialize;

use super::Done;
use super::ask::{Answer, Ask, Lost};
use crate::plan::Plan;
use crate::runtime::protocol::probe;
use crate::smoke::outcome::Finding;
use trial::{TRIALS, Trial, pages, requests, seeing};
use words::{concerns, words};

const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that the server closes after an answer is closed by then.
const CLOSING: Duration = Duration::from_secs(1);

/// What the application was given, as the validator says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Saw {
    method: String,
    path: String,
    headers: Vec<String>,
    /// The value of the header that is sent twice.
    repeated: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Got {
    /// `None`: it was not answered.
    status: Option<u16>,
    /// Names, in lower case.
    headers: Vec<String>,
    /// `None`: it never got to the application.
    saw: Option<Saw>,
}

/// What became of both requests of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    trial: Trial,
    /// The plain one, `GET /parity-probe`.
    asked: String,
    plain: Got,
    got: Got,
}

/// Makes each kind of request once, after one like it that is plain. `Err`: no plain request reaches the application, and why.
pub async fn look(address: &str, plan: &Plan, done: &[Done]) -> Result<Vec<Tried>, String> {
    let mut asker = Asker { address, known: Vec::new() };
    let mount = plan.server.mount_point.trim_end_matches('/');
    let answered = done.iter().filter(|done| done.passed && done.ask.method == "GET").map(|done| &done.ask);
    let pages = pages(mount, answered);
    let mut reached = None;
    for page in &pages {
        if asker.plain(&seeing(page.clone())).await.saw.is_some() {
            reached = Some(page);
            break;
        }
    }
    let Some(page) = reached else {
        let got = asker.plain(&seeing(pages[0].clone())).await;
        return Err(format!("{} {}, like all that was tried: nothing reaches the application", pages[0], got.by_apache()));
    };
    let limit = *plan.server.limit_request_body;
    let mut all = Vec::new();
    for trial in TRIALS {
        let is_moot = match trial {
            Trial::LargeBody => limit == 0,
            Trial::AfterError => *plan.server.keep_alive_timeout == 0,
            _ => false,
        };
        if is_moot {
            continue;
        }
        let (plain, tried) = requests(trial, page, limit);
        let asked = plain.to_string();
        let plain = asker.plain(&plain).await;
        // What never gets there without it says nothing with it.
        let got = if plain.saw.is_some() { Got::of(tried.send(address, patience(trial)).await) } else { Got::default() };
        all.push(Tried { trial, asked, plain, got });
    }
    Ok(all)
}

fn patience(trial: Trial) -> Duration {
    if trial == Trial::AfterError { CLOSING } else { PATIENCE }
}

/// Asks plain requests, each once.
struct Asker<'a> {
    address: &'a str,
    known: Vec<(Ask, Got)>,
}

impl Asker<'_> {
    async fn plain(&mut self, ask: &Ask) -> Got {
        if let Some((_, got)) = self.known.iter().find(|(known, _)| known == ask) {
            return got.clone();
        }
        let got = Got::of(ask.send(self.address, PATIENCE).await);
        self.known.push((ask.clone(), got.clone()));
        got
    }
}

impl Got {
    fn of(got: Result<Answer, Lost>) -> Self {
        let Ok(answer) = got else { return Self::default() };
        let saw = answer.header(probe::SAW).and_then(|saw| serde_json::from_str(saw).ok());
        Self { status: Some(answer.status), saw, headers: answer.headers.into_iter().map(|(name, _)| name).collect() }
    }

    fn by_apache(&self) -> String {
        match self.status {
            // mod_wsgi's, for an application that raises before it says anything.
            Some(500) => "ends with 500 before the application answers".into(),
            Some(status) => format!("is answered with {status} by Apache"),
            None => "is not answered".into(),
        }
    }
}

/// What keeps checks from being answered by the application, and what this server does differently from others: in one line,
/// unless `each` is to be told.
pub fn judge(all: &[Tried], plan: &Plan, done: &[Done], each: bool) -> (Vec<Finding>, Vec<Finding>) {
    let (mut wrong, mut remarks, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for tried in all {
        let Some((text, hint)) = words(tried, plan) else { continue };
        for done in done.iter().filter(|done| concerns(tried.trial, done, plan)) {
            wrong.push(Finding::new(format!("{}: {text}", done.ask)).hint(&hint));
        }
        if !tried.trial.is_common() {
            names.push(tried.trial.name());
            remarks.push(Finding::new(text).hint(hint));
        }
    }
    if !wrong.is_empty() {
        return (wrong, Vec::new());
    }
    if !each && !remarks.is_empty() {
        let names = names.join(", ");
        remarks = vec![Finding::new(format!(
            "no check meets what this server does differently from development servers (`-v` tells how): {names}"
        ))];
    }
    remarks.extend(untried(all));
    (wrong, remarks)
}

/// Trials that tell nothing, by the plain request that never gets to the application.
fn untried(all: &[Tried]) -> Vec<Finding> {
    let mut found: Vec<(&Tried, Vec<&str>)> = Vec::new();
    for tried in all.iter().filter(|tried| tried.plain.saw.is_none()) {
        match found.iter_mut().find(|(first, _)| first.asked == tried.asked) {
            Some((_, names)) => names.push(tried.trial.name()),
            None => found.push((tried, vec![tried.trial.name()])),
        }
    }
    let told = |(first, names): (&Tried, Vec<&str>)| {
        let how = first.plain.by_apache();
        Finding::new(format!("{} {how} and never reaches the application, so this was not tried: {}", first.asked, names.join(", ")))
    };
    found.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests;
