//! From a server that was started to one that answers, or to the reason why it does not.

use std::time::Duration;

use super::follow::{Follower, Seen};
use super::interrupts::interrupted;
use super::patience::{Late, Patience};
use super::{Interrupts, ready};
use crate::engine::Engine;
use crate::engine::container::State;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::logs::services::Reach;
use crate::logs::{self, ImportFailure, Paths, Reader, Setting};
use crate::plan::{Plan, Store};
use crate::project::{Framework, Service, Services};

/// The server that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The container's.
    pub id: String,
    pub url: String,
    /// What it runs, for messages.
    pub app: String,
    /// Before it is given up.
    pub seconds: u32,
    /// Before each hook is given up; 0 for never. Its time is not the server's.
    pub hook_seconds: u32,
    /// What an error as its first answer most likely means.
    pub first: FirstAnswer,
    /// Before its process gives up importing the application, and says where that hangs; 0 for never.
    pub import_seconds: u32,
}

impl Awaited {
    /// What a plan says of a container.
    pub fn of(plan: &Plan, id: &str, url: &str) -> Self {
        Self {
            id: id.to_owned(),
            url: url.to_owned(),
            app: plan.app.value.to_string(),
            seconds: plan.timeout.value,
            hook_seconds: plan.hook_timeout.value,
            import_seconds: plan.server.startup_timeout.value,
            first: FirstAnswer { django: is_django(plan), only_name: only_name(plan) },
        }
    }
}

/// What decides about the first answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstAnswer {
    pub django: bool,
    /// The only name that the server answers to.
    pub only_name: Option<String>,
}

impl FirstAnswer {
    /// What is worth telling of an answer, beside that the server serves.
    fn event(&self, url: &str, status: u16) -> Option<Event> {
        let hint = match (status, &self.only_name) {
            (400, _) if self.django => Some(
                "Django answers so to names that ALLOWED_HOSTS has not: add \"localhost\" and \"127.0.0.1\" to it in the settings that are used here".into(),
            ),
            (403, Some(name)) => Some(logs::only_by_name(name)),
            // Many applications have nothing there.
            (404, _) => return Some(Event::Note { text: format!("{url} answers 404: the application has nothing at that path") }),
            (400 | 403 | 500.., _) => None,
            _ => return None,
        };
        Some(Event::Warning { text: format!("{url} answers with an error: HTTP {status}"), hint })
    }
}

fn is_django(plan: &Plan) -> bool {
    plan.framework.as_ref().is_some_and(|framework| matches!(framework.value, Framework::Django(_)))
}

fn only_name(plan: &Plan) -> Option<String> {
    plan.server.server_name.value.clone().filter(|_| !plan.server.allow_localhost.value)
}

/// What reads the log of a plan's server.
pub fn reader(plan: &Plan) -> Reader {
    let setting = Setting {
        baked: plan.profile.is_baked(),
        writable: plan.writable.iter().map(|directory| directory.value.clone()).collect(),
        empty: plan.stored(Store::Memory).map(str::to_owned).collect(),
        django: is_django(plan),
        only_name: only_name(plan),
        services: plan.services.as_ref().map(|services| beside(plan, services)),
    };
    Reader::in_setting(Paths::of_project(&plan.root), setting)
}

fn beside(plan: &Plan, services: &Services) -> logs::services::Services {
    let service = |service: &Service| logs::services::Service {
        names: std::iter::once(&service.name).chain(&service.aliases).cloned().collect(),
        ports: service.ports.clone(),
    };
    let reach = match &plan.network {
        Some(network) => Reach::Network(network.value.clone()),
        None if plan.joined.is_empty() => Reach::None,
        None => Reach::Joined,
    };
    logs::services::Services { file: services.file.clone(), all: services.all.iter().map(service).collect(), reach }
}

/// Waits for the application's first answer, and reports meanwhile what the server says. Gives the URL to ask from then on, if it
/// is another: Django may know the server's name and not its address.
///
/// # Errors
/// `Kind::App` as soon as the log says that the application cannot be imported, or when the server ends;
/// `Kind::Hook`; `Kind::NotReady` after the deadline.
pub async fn until_ready(
    engine: &Engine,
    awaited: &Awaited,
    log: &mut Follower,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Option<String>> {
    until_answered(engine, awaited, ready::answer(&awaited.url), log, interrupts, report).await
}

/// The same for a server that nobody else reaches yet: it is asked at an address that only its own network has.
///
/// # Errors
/// As [`until_ready`].
pub async fn until_ready_inside(
    engine: &Engine,
    awaited: &Awaited,
    address: &str,
    log: &mut Follower,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Option<String>> {
    until_answered(engine, awaited, ready::answer_inside(engine, &awaited.id, &awaited.url, address), log, interrupts, report).await
}

async fn until_answered(
    engine: &Engine,
    awaited: &Awaited,
    answer: impl Future<Output = u16>,
    log: &mut Follower,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Option<String>> {
    let Awaited { id, url, seconds, .. } = awaited;
    let deadline = Patience { server: *seconds, hook: awaited.hook_seconds }.ends(log.before());
    tokio::pin!(deadline, answer);
    log.asks(url);
    tokio::select! {
        biased;
        () = interrupts.reached(1) => Err(interrupted()),
        seen = log.next(report) => Err(match seen? {
            Seen::ImportFailed(why) => cannot_import(&awaited.app, why),
            Seen::HookFailed(failure) => failure,
            Seen::Ended | Seen::Retired => how_it_ended(engine, id).await,
        }),
        status = &mut answer => {
            log.is_answered(status);
            if status == 500 {
                // The answer may be faster than the log that says why.
                let said = tokio::time::timeout(Duration::from_millis(500), log.next(report)).await;
                match said {
                    Ok(Ok(Seen::ImportFailed(why))) => return Err(cannot_import(&awaited.app, why)),
                    Ok(Ok(Seen::Ended | Seen::Retired)) => return Err(how_it_ended(engine, id).await),
                    _ => {}
                }
            }
            let by_name = match status {
                400 if awaited.first.django => by_name(url).await,
                _ => None,
            };
            if let Some(event) = by_name.as_deref().map(only_by_name).or_else(|| awaited.first.event(url, status)) {
                report.report(event);
            }
            Ok(by_name)
        }
        late = &mut deadline => {
            if let Late::Hook(hook) = late {
                return Err(late_hook(&hook, awaited.hook_seconds));
            }
            let failure = Failure::new(Kind::NotReady, format!("no answer from {url} within {seconds} seconds"))
                .hint("what the server said is above; give it longer with `--timeout SECONDS`");
            // Else an import that hangs would have been told by now.
            let may_import = awaited.import_seconds == 0 || awaited.import_seconds >= *seconds;
            let shorter = (*seconds / 2).max(1);
            Err(if may_import {
                failure.hint(format!("where the application hangs, if it is still being imported, is told with `--startup-timeout {shorter}`"))
            } else {
                failure
            })
        }
    }
}

/// The URL that Django answers to where it does not answer to the address, as with `ALLOWED_HOSTS = ["localhost"]`.
async fn by_name(url: &str) -> Option<String> {
    let status = ready::answer_by_name(url, "localhost").await?;
    ready::with_host(url, "localhost").filter(|_| status != 400)
}

fn only_by_name(url: &str) -> Event {
    Event::Warning {
        text: format!("open {url}: ALLOWED_HOSTS has \"localhost\", and not \"127.0.0.1\""),
        hint: Some("add \"127.0.0.1\" to it for the other tools that ask there".into()),
    }
}

/// The failure for a hook that takes too long.
pub fn late_hook(hook: &str, seconds: u32) -> Failure {
    Failure::new(Kind::Hook, format!("{hook} did not end within {seconds} seconds, and was stopped"))
        .hint("its output is above; give it longer with `hook-timeout: SECONDS` in parity.yaml, or any time with 0")
}

/// The failure that `why` is. What was reported of it before this is above.
pub fn cannot_import(app: &str, why: ImportFailure) -> Failure {
    let failure = |message| Failure::new(Kind::App, message);
    match why {
        ImportFailure::Raised => {
            failure(format!("the application {app} cannot be imported")).hint("the traceback is above; fix it and type `parity up` again")
        }
        ImportFailure::Ended { how } => {
            let how = how.map(|how| format!(" ({how})")).unwrap_or_default();
            failure(format!("the application {app} cannot be imported: its process ended{how}"))
                .hint("what it printed last is above; fix it and type `parity up` again")
        }
        ImportFailure::Late { seconds } => failure(format!("the application {app} was not imported within {seconds} seconds"))
            .hint("the stack above shows where it was then; fix it, or give it longer with `--startup-timeout SECONDS`"),
    }
}

pub fn ended(how: Option<String>) -> Failure {
    let how = how.map(|how| format!(" ({how})")).unwrap_or_default();
    Failure::new(Kind::App, format!("the server ended before it answered{how}"))
        .hint("what it said is above; `parity up --verbose` shows all of it")
}

async fn how_it_ended(engine: &Engine, id: &str) -> Failure {
    match engine.observe(id).await {
        Ok(Some(found)) => ended(found.how_it_ended()),
        Ok(None) => Failure::new(Kind::App, "the server was removed by somebody else before it answered"),
        Err(failure) => failure,
    }
}

/// How long the log of a server that is gone may take to come to its end.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// Why nobody can reach a server that was started: it is gone already, and its log says why, or it has no port.
pub async fn why_unreachable(engine: &Engine, log: &mut Follower, id: &str, interrupts: &Interrupts, report: &dyn Report) -> Failure {
    let read = async {
        loop {
            match log.next(report).await {
                Ok(Seen::HookFailed(failure)) | Err(failure) => return failure,
                Ok(Seen::ImportFailed(_)) => {}
                Ok(Seen::Ended | Seen::Retired) => return how_it_ended(engine, id).await,
            }
        }
    };
    let why = async {
        match engine.observe(id).await? {
            Some(found) if found.state == State::Running => {
                Err(Failure::new(Kind::Other, "the server runs, and no port of it is published")
                    .cause("the engine publishes none in its network, as in one of the kinds `macvlan` and `ipvlan`")
                    .hint("name a network of the kind `bridge` in `network`; `docker network ls` shows of which kind each is"))
            }
            _ => Ok(tokio::time::timeout(LAST_WORDS, read).await.unwrap_or_else(|_| ended(None))),
        }
    };
    interrupts.or(Box::pin(why)).await.unwrap_or_else(|failure| failure)
}
