//! The requests that a profile is made of, where parity makes them.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{Args, Which};
use crate::commands::context::Context;
use crate::commands::requests::Requests;
use crate::error::{Failure, Kind, Result};
use crate::replay::Replay;
use crate::requests::{Filter, Recorded};
use crate::smoke::check::Check;
use crate::smoke::client::{Base, Client, DEADLINE};
use crate::smoke::outcome::{Outcome, Status};
use crate::smoke::question::Question;
use crate::smoke::redact::Redactor;
use crate::smoke::run::{Chosen, Rules, Runner};
use crate::smoke::text::count;
use crate::units::at_once;

/// Requests, unless something else is asked for.
const MANY: u32 = 50;

/// Who makes requests.
pub enum Load {
    /// The user, until Ctrl-C.
    None,
    Questions {
        questions: Vec<Question>,
        number: Option<u32>,
        jobs: usize,
    },
    Checks {
        checks: Vec<Check>,
        number: u32,
        jobs: usize,
    },
    Recorded {
        requests: Box<Requests>,
        recorded: Vec<Recorded>,
        number: u32,
        jobs: usize,
    },
}

/// What came of them, in words: `200` or why there was no answer, and how often.
pub type Tally = BTreeMap<String, u64>;

impl Load {
    /// # Errors
    /// What is asked for is not there, or is no request.
    pub fn new(context: &Context<'_>, args: &Args) -> Result<Self> {
        let jobs = usize::from(args.jobs);
        let number = args.number.unwrap_or(1);
        if args.smoke {
            let config = context.config(&args.server)?;
            let mut checks = config.smoke;
            if checks.is_empty() {
                checks.push(Check::front_page());
            }
            return Ok(Self::Checks { checks, number, jobs });
        }
        if args.requests == Some(Which::Recorded) {
            let requests = Requests::of(context, false)?;
            let recorded = requests.store()?.all(&Filter::default())?;
            if recorded.is_empty() {
                return Err(Failure::new(Kind::Usage, "no requests are recorded").hint("`parity up --record` records them"));
            }
            return Ok(Self::Recorded { requests: Box::new(requests), recorded, number, jobs });
        }
        if args.path.is_empty() {
            if args.number.is_some() {
                return Err(Failure::new(Kind::Usage, "-n is the number of requests, but there is none to make")
                    .hint("name a path: `parity profile -n 50 -- /path`"));
            }
            return Ok(Self::None);
        }
        let questions = args.path.iter().map(|path| question(path)).collect::<Result<Vec<_>>>()?;
        let number = args.number.or_else(|| args.duration.is_none().then_some(MANY));
        Ok(Self::Questions { questions, number, jobs })
    }

    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Makes the requests.
    ///
    /// # Errors
    /// A URL that is none.
    pub async fn make(&self, url: &str, tally: &mut Tally) -> Result<()> {
        let mut tell = |said: String| *tally.entry(said).or_default() += 1;
        match self {
            Self::None => std::future::pending::<()>().await,
            Self::Questions { questions, number, jobs } => {
                let client = Client::without_cookies(Base::parse(url)?);
                let number = number.map_or(usize::MAX, |number| number as usize);
                let client = &client;
                let ask = |question| async move {
                    match client.ask(question, DEADLINE).await {
                        Ok(answer) => answer.status.to_string(),
                        Err(trouble) => trouble.to_string(),
                    }
                };
                let mut asked = std::pin::pin!(stream::iter(questions.iter().cycle().take(number)).map(ask).buffer_unordered(*jobs));
                while let Some(said) = asked.next().await {
                    tell(said);
                }
            }
            Self::Checks { checks, number, jobs } => {
                let redactor = Redactor::default();
                let rules = Rules { jobs: *jobs, fail_fast: false, retry: Duration::ZERO };
                let chosen: Vec<Chosen<'_>> = checks.iter().map(|check| Chosen { check, skip: None }).collect();
                for _ in 0..*number {
                    let client = Client::new(Base::parse(url)?);
                    let runner =
                        Runner { client: &client, journal: None, redactor: &redactor, rules: rules.clone(), before: None, marks: None };
                    runner.run(&chosen, |outcome, _| tell(words(&outcome))).await;
                }
            }
            Self::Recorded { requests, recorded, number, jobs } => {
                let url = url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization());
                let client = Client::without_cookies(Base::parse(&url)?);
                let replay = Replay::new(&client, &requests.redaction, &requests.scrubber).with_secrets(true);
                for _ in 0..*number {
                    let mut asked = std::pin::pin!(at_once::in_order(recorded.iter().map(|one| replay.one(one)), *jobs));
                    while let Some(outcome) = asked.next().await {
                        tell(outcome.answer.map_or_else(|why| why, |(status, _)| status.to_string()));
                    }
                }
            }
        }
        Ok(())
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome.status {
        Status::Passed => "a check passed".into(),
        Status::Failed => format!("{} failed", outcome.name),
        Status::Skipped(_) => format!("{} was skipped", outcome.name),
    }
}

/// `/path` or `POST /path`
fn question(text: &str) -> Result<Question> {
    let (method, path) = text.trim().split_once(' ').unwrap_or(("GET", text.trim()));
    let path = path.trim();
    if !path.starts_with('/') {
        let failure = Failure::new(Kind::Usage, format!("`{}` is not a path", text.escape_debug()));
        return Err(if path.starts_with('-') {
            failure.hint("options come before the `--`: `parity profile -n 50 --jobs 4 -- /path`")
        } else {
            failure.hint("write `/path` or `POST /path`")
        });
    }
    Ok(Question { method: method.to_ascii_uppercase(), ..Question::get(path) })
}

/// `48 × 200, 2 × 500`
pub fn summary(tally: &Tally) -> String {
    let all: u64 = tally.values().sum();
    let each: Vec<String> = tally.iter().map(|(said, times)| format!("{times} × {said}")).collect();
    format!("{}: {}", count(usize::try_from(all).unwrap_or(usize::MAX), "request", "requests"), each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_path() {
        let asked = |text| question(text).map(|question| (question.method, question.path));
        assert_eq!(asked("/a?b=c").unwrap(), ("GET".into(), "/a?b=c".into()));
        assert_eq!(asked("post /a").unwrap(), ("POST".into(), "/a".into()));
        assert!(asked("-n").unwrap_err().hints[0].contains("before the `--`"));
        assert!(asked("shop").unwrap_err().hints[0].contains("POST /path"));
    }

    #[test]
    fn what_came_of_them_is_told() {
        let tally: Tally = [("200".to_owned(), 48), ("500".to_owned(), 2)].into();
        assert_eq!(summary(&tally), "50 requests: 48 × 200, 2 × 500");
    }
}
