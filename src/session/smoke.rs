//! The server of `parity smoke`, `coverage`, `compare` and `profile`: there as long as some work on it takes, and no longer.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::watch;

use super::create::{create, static_directory, wish};
use super::follow::{Follower, Seen};
use super::interrupts::interrupted;
use super::stop::tidy;
use super::up::{Up, runs};
use super::wait::{self, Awaited, until_ready, why_unreachable};
use super::{Interrupts, User, container_name, image, is_alive, siblings, user_for};
use crate::engine::container::{LogStart, not_running};
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::logs::{Paths, Reader, Record};
use crate::plan::{Plan, Profile};
use crate::units::Secret;

/// The engine gets so long to remove a container.
const REMOVAL: Duration = Duration::from_secs(20);

/// Work that is interrupted gets so long to end by itself.
const GRACE: Duration = Duration::from_millis(300);

/// Whoever reads the log: called with each record as it arrives.
pub type Sink = Arc<dyn Fn(Record) + Send + Sync>;

/// What a server is started from, and who hears of it.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "whoever is reported to need not be shown")]
pub struct Start<'a> {
    pub engine: &'a Engine,
    /// Of the `smoke`, `coverage` or profiler's profile.
    pub plan: &'a Plan,
    /// Values of the application's environment.
    pub secrets: &'a [(String, Secret)],
    /// The image, on the engine, with the code in it.
    pub image: &'a str,
    /// What that is told to run, where the code is in the image.
    pub command: &'a [String],
    pub interrupts: &'a Interrupts,
    pub report: &'a dyn Report,
    pub log: Sink,
    /// Looks at a container in which the application cannot be imported, before it is removed.
    pub post_mortem: &'a dyn Fn(String) -> LocalBoxFuture<'a, ()>,
}

/// Whose a server is.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The command, in whose words hints are told.
    pub command: &'static str,
    /// The project's directory, where the plan is about a copy of it.
    pub project: &'a Path,
    /// Who its processes run as.
    pub user: User,
}

/// In the names of servers of `parity compare`.
const COMPARE: &str = "compare";

/// A server that answers.
#[derive(Debug)]
pub struct Server {
    pub url: String,
    /// The container's.
    pub id: String,
    pub name: String,
    /// From its start to the first answer; `None` where it ran before.
    pub ready_after: Option<Duration>,
    ended: watch::Receiver<bool>,
}

/// What becomes of the server after the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Remove,
    /// Left for somebody to look at.
    Keep,
}

impl Server {
    /// Has the server ended by itself?
    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Returns when it has ended.
    pub async fn end(&self) {
        let mut ended = self.ended.clone();
        // The follower that tells lives until the end.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// Starts the server, waits for its first answer, lets some work be done, and removes it: whether the work ends well or not,
/// is interrupted, or panics.
///
/// # Errors
/// Whatever keeps the application from answering, and the work's own failures.
pub async fn with_server<T>(start: &Start<'_>, work: impl AsyncFnOnce(&Server) -> Result<(T, Fate)>) -> Result<T> {
    let plan = start.plan;
    let user = if plan.profile.is_baked() { User::PRODUCTION } else { user_for(&plan.root) };
    with_server_of(start, Whose { command: plan.profile.name(), project: &plan.root, user }, work).await
}

/// The same for another command, and for a server that is not production's.
///
/// # Errors
/// As [`with_server`].
pub async fn with_server_of<T>(start: &Start<'_>, whose: Whose<'_>, work: impl AsyncFnOnce(&Server) -> Result<(T, Fate)>) -> Result<T> {
    let Start { engine, plan, interrupts, report, .. } = start;
    let servers = container_name(&plan.name, whose.project);
    interrupts.or(remove_leftovers(engine, whose, plan, &format!("{servers}-{COMPARE}-"), *report)).await?;
    let name = format!("{servers}-{}-{:08x}", whose.command, some_number());
    let up = Up { plan, secrets: start.secrets, image: start.image, user: whose.user, detach: false, wait: false, recreate: false };
    let begun = Instant::now();
    let mut wish = wish(&up, &name)?;
    if !start.command.is_empty() {
        wish.command = start.command.to_vec();
    }
    for (name, value) in &mut wish.labels {
        if name == label::PROJECT {
            *value = whose.project.to_string_lossy().into_owned();
        }
    }
    let created = create(engine, &wish, &up, None, *report).await?;
    let session = async {
        let server = match ready(start, whose, &created.id, &name, begun).await {
            Err(failure) if failure.kind == Kind::App && runs(engine, &created.id).await => {
                (start.post_mortem)(created.id.clone()).await;
                return Err(failure);
            }
            ready => ready?,
        };
        work(&server).await.map(|done| (done, server.url.clone()))
    };
    // The work may end by itself, and say how far it came. For a profile the first Ctrl-C is how it ends.
    let hurry = async {
        interrupts.reached(1).await;
        if plan.profile == Profile::Profiler {
            return interrupts.reached(2).await;
        }
        let _ = tokio::time::timeout(GRACE, interrupts.reached(2)).await;
    };
    let done = AssertUnwindSafe(async {
        tokio::select! {
            biased;
            done = session => done,
            () = hurry => Err(interrupted()),
        }
    });
    let done = done.catch_unwind().await;
    if let Ok(Ok(((_, Fate::Keep), url))) = &done {
        report.report(Event::Note {
            text: format!("left running at {url}; `parity down {name}` removes it, and so does the next `parity {}`", plan.profile.name()),
        });
    } else {
        let removed = remove(engine, &created.id, whose.command).await;
        tidy(engine, &name, created.view.as_deref(), unused(engine, plan).await.as_deref()).await;
        if matches!(done, Ok(Ok(_))) {
            removed?;
        }
    }
    match done {
        Ok(done) => done.map(|((value, _), _)| value),
        Err(panic) => resume_unwind(panic),
    }
}

/// The container that `parity up` runs for a project. It goes on when this ends.
///
/// # Errors
/// `Kind::NotRunning`.
pub async fn running(engine: &Engine, plan: &Plan, log: Sink) -> Result<Server> {
    let name = container_name(&plan.name, &plan.root);
    let found = siblings::server(engine, &plan.root, &name).await?.ok_or_else(|| not_running(&name))?;
    let lender = found.lender().to_owned();
    let (id, url) = (found.id, found.url.ok_or_else(|| not_running(&name))?);
    let follower = Follower::new(engine.logs(&id, true, LogStart::LastLines(0)), wait::reader(plan));
    let ended = go_on_anywhere(engine.clone(), (name.clone(), lender, id.clone()), follower, log, Paths::of_project(&plan.root));
    Ok(Server { url, id, name, ready_after: None, ended })
}

/// How a container that ended by itself did, in words.
pub async fn how_it_ended(engine: &Engine, server: &Server) -> String {
    match engine.observe(&server.id).await {
        Ok(Some(found)) => found.how_it_ended().map_or_else(|| "the server ended".into(), |how| format!("the server ended ({how})")),
        Ok(None) => "the server was removed by somebody else".into(),
        Err(_) => "the server ended".into(),
    }
}

/// A number that no other `parity` takes at this moment.
fn some_number() -> u32 {
    RandomState::new().hash_one(std::process::id()) as u32
}

async fn ready(start: &Start<'_>, whose: Whose<'_>, id: &str, name: &str, begun: Instant) -> Result<Server> {
    let Start { engine, plan, interrupts, report, log, .. } = start;
    let recorder = Recorder { log: Arc::clone(log), unsaid: Mutex::default(), report: *report };
    let mut follower = Follower::new(engine.logs(id, true, LogStart::Beginning), reader(plan));
    let url = interrupts.or(engine.observe(id)).await?.and_then(|observed| observed.url);
    let answered = match url {
        None => Err(why_unreachable(engine, &mut follower, id, interrupts, &recorder).await),
        Some(url) => {
            let answered = until_ready(engine, &Awaited::of(plan, id, &url), &mut follower, interrupts, &recorder).await;
            answered.map(|other| other.unwrap_or(url))
        }
    };
    let url = match answered {
        Ok(url) => url,
        Err(failure) => {
            recorder.say_all();
            return Err(in_words_of(whose.command, failure));
        }
    };
    image::was_served(whose.project);
    let ready_after = Some(begun.elapsed());
    Ok(Server { url, id: id.to_owned(), name: name.to_owned(), ready_after, ended: go_on(follower, Arc::clone(log)) })
}

/// What reads the log of a server whose code is in its image. Each request is looked at by itself.
fn reader(plan: &Plan) -> Reader {
    wait::reader(plan).with_every_hint()
}

/// Goes on reading a log as long as there is one.
fn go_on(mut follower: Follower, log: Sink) -> watch::Receiver<bool> {
    let (end, ended) = watch::channel(false);
    tokio::spawn(async move {
        let silent = Silent(log);
        while let Ok(Seen::ImportFailed(_) | Seen::HookFailed(_)) = follower.next(&silent).await {}
        // Nobody may be left who wants to know.
        let _ = end.send(true);
    });
    ended
}

/// The same with the log of each server that takes over.
fn go_on_anywhere(
    engine: Engine,
    (name, lender, mut id): (String, String, String),
    mut follower: Follower,
    log: Sink,
    paths: Paths,
) -> watch::Receiver<bool> {
    let (end, ended) = watch::channel(false);
    tokio::spawn(async move {
        let silent = Silent(log);
        loop {
            while let Ok(Seen::ImportFailed(_) | Seen::HookFailed(_)) = follower.next(&silent).await {}
            let Ok(Some(now)) = engine.observe(&name).await else { break };
            if now.id == id || now.lender() != lender {
                break;
            }
            follower = Follower::new(engine.logs(&now.id, true, LogStart::Beginning), Reader::new(paths.clone()));
            id = now.id;
        }
        // Nobody may be left who wants to know.
        let _ = end.send(true);
    });
    ended
}

/// Lines of a server that never answers: the last ones say why.
const MOST_UNSAID: usize = 10_000;

/// What the server says before it answers is of interest only if it never does.
struct Recorder<'a> {
    log: Sink,
    unsaid: Mutex<VecDeque<Event>>,
    report: &'a dyn Report,
}

impl Report for Recorder<'_> {
    fn report(&self, event: Event) {
        match &event {
            Event::Log { record } => (self.log)(record.clone()),
            Event::HookOutput { .. } => {}
            _ => return self.report.report(event),
        }
        let mut unsaid = self.unsaid.lock().unwrap_or_else(PoisonError::into_inner);
        if unsaid.len() >= MOST_UNSAID {
            unsaid.pop_front();
        }
        unsaid.push_back(event);
    }
}

impl Recorder<'_> {
    fn say_all(&self) {
        let unsaid = std::mem::take(&mut *self.unsaid.lock().unwrap_or_else(PoisonError::into_inner));
        unsaid.into_iter().for_each(|event| self.report.report(event));
    }
}

/// Only the log is of interest.
struct Silent(Sink);

impl Report for Silent {
    fn report(&self, event: Event) {
        if let Event::Log { record } = event {
            (self.0)(record);
        }
    }
}

/// The hints of `parity up` with this command's name.
fn in_words_of(command: &str, mut failure: Failure) -> Failure {
    for hint in &mut failure.hints {
        *hint = hint.replace("`parity up", &format!("`parity {command}"));
    }
    failure
}

/// Removes what an earlier command left that was killed, or that was asked to. `compares`: how the names of servers of `parity compare`
/// begin, which may have any profile.
async fn remove_leftovers(engine: &Engine, whose: Whose<'_>, plan: &Plan, compares: &str, report: &dyn Report) -> Result<()> {
    for left in engine.observe_project(whose.project).await? {
        let is_compares = left.name.starts_with(compares);
        let is_left = (is_compares || left.profile == Profile::Smoke.name() || left.profile == whose.command)
            && !left.owner.as_deref().is_some_and(is_alive);
        if is_left {
            let command = if is_compares { COMPARE } else { left.profile.as_str() };
            report.report(Event::Note { text: format!("removing {}, which an earlier `parity {command}` left", left.name) });
            remove(engine, &left.id, command).await?;
            tidy(engine, &left.name, left.view.as_deref(), unused(engine, plan).await.as_deref()).await;
        }
    }
    Ok(())
}

/// The directory that was made on this machine for static files, unless another server of the project has its own mounted there.
async fn unused(engine: &Engine, plan: &Plan) -> Option<PathBuf> {
    let directory = static_directory(plan)?;
    let others = engine.observe_project(&plan.root).await.ok()?;
    others.iter().all(|other| other.static_directory.is_none()).then_some(directory)
}

/// By force: how it ends by itself is what the probe of that name looks at.
async fn remove(engine: &Engine, id: &str, command: &str) -> Result<()> {
    match tokio::time::timeout(REMOVAL, engine.remove(id)).await {
        Ok(removed) => removed,
        Err(_) => Err(Failure::new(Kind::EngineLost, "the engine does not remove the server")
            .cause(format!("no answer within {} seconds", REMOVAL.as_secs()))
            .hint(format!("the next `parity {command}` tries again, once `docker ps` answers"))),
    }
}
