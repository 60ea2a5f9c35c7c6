//! `parity up`, after the plan is settled and the image is there: from what runs now to a server that answers.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::create::{create, static_directory, wish};
use super::decide::{Decision, Wish, decide};
use super::follow::Follower;
use super::onlooker::{Heir, Onlooker};
use super::reload::{self, Current, Following, Key, Listens, Server, Session};
use super::siblings::{self, Whose};
use super::stop::{HASTY, stop_and_remove, tidy};
use super::wait::{self, Awaited, ended, until_ready, why_unreachable};
use super::{Interrupts, User, container_name, image, leftovers, owner, ready, succession, unreadable};
use crate::engine::container::{self, LogStart, Observed};
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Plan;
use crate::units::Secret;

/// Where a session works: the engine, what the user types and reads, the container's name.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "whoever is reported to need not be shown")]
pub struct Place<'a> {
    pub engine: &'a Engine,
    pub interrupts: &'a Interrupts,
    pub report: &'a dyn Report,
    pub name: &'a str,
    pub user: User,
}

/// What a session in the foreground does beside showing the log.
#[derive(Debug, Default)]
pub struct Foreground<'a> {
    /// It serves what is saved.
    pub following: Option<Following<'a>>,
    /// What the user types.
    pub keys: Option<&'a mut mpsc::Receiver<Key>>,
    /// Whoever is told of the container as soon as it runs. The application is not asked for an answer then: a prompt may
    /// be what it waits for, and the question would be the request that a breakpoint stops.
    pub started: Option<oneshot::Sender<String>>,
    /// What this session served from when it lost its engine, to go on with where that is back.
    pub kept: Option<&'a mut Option<Current>>,
}

/// How the server is started.
#[derive(Debug)]
pub struct Up<'a> {
    pub plan: &'a Plan,
    /// Values of the application's environment.
    pub secrets: &'a [(String, Secret)],
    /// The image, on the engine.
    pub image: &'a str,
    pub user: User,
    /// Leave it running and return.
    pub detach: bool,
    /// With `detach`: return only when it answers.
    pub wait: bool,
    /// Replace a server that runs already.
    pub recreate: bool,
}

/// Runs the server. In the foreground it returns when the server has ended and is removed.
///
/// # Errors
/// Whatever keeps the application from answering; nothing is left then.
pub async fn up(engine: &Engine, up: &Up<'_>, mut foreground: Foreground<'_>, interrupts: &Interrupts, report: &dyn Report) -> Result<()> {
    let begun = Instant::now();
    let kept = foreground.kept.take();
    let is_resumed = kept.as_ref().is_some_and(|kept| kept.is_some());
    let name = container_name(&up.plan.name, &up.plan.root);
    let wish = wish(up, &name)?;
    let unreadable = wish.bind.is_some().then(|| tokio::task::spawn_blocking(look_for_unreadable(up)));
    let digest = digest_of(&wish);
    let mut tries = RACES;
    let Got { id, claim, view, network, own } = loop {
        match server(engine, up, &name, &wish, kept.as_ref().and_then(|kept| (*kept).clone()), interrupts, report).await {
            // Two commands were about to do the same. An engine keeps a name for what it does not show yet.
            Err(failure) if failure.kind == Kind::NameTaken && tries > 0 => {
                tries -= 1;
                let pause = async {
                    tokio::time::sleep(RACE_PAUSE).await;
                    Ok(())
                };
                interrupts.or(pause).await?;
            }
            got => break got?,
        }
    };
    let listens = Listens::of(&wish);
    let mut current = match own.filter(|own| own.id == id) {
        Some(own) => own,
        None => Current { id, view, url: String::new(), digest, image: up.image.to_owned(), network, listens },
    };
    if matches!(claim, Claim::Adopted) {
        // What its session was in the middle of.
        siblings::remove_all_but(engine, &up.plan.root, &name, &current.containers(), Whose::Anybodys).await?;
    }
    if let Some(looked) = unreadable
        && let Ok(Some(warning)) = looked.await
    {
        report.report(warning);
    }
    let place = Place { engine, interrupts, report, name: &name, user: up.user };
    let mut claim = claim;
    let result = run(place, up, foreground, &mut current, &mut claim, is_resumed, begun).await;
    let is_lost = matches!(&result, Err(failure) if failure.kind == Kind::EngineLost);
    let goes = match claim {
        Claim::None => false,
        // This session goes on with it.
        _ if is_lost && kept.is_some() && interrupts.count() == 0 => false,
        // It ran before this command, and goes on after it, unless this is its session now.
        Claim::Adopted => !up.detach,
        // A detached server stays, unless it never came to answer.
        Claim::Created => !up.detach || result.is_err(),
    };
    if goes {
        let _ = siblings::remove_all_but(engine, &up.plan.root, &name, &current.containers(), Whose::Ours).await;
        let removed = stop_and_remove(engine, &current.id, HASTY, interrupts, (interrupts.count() + 1).min(2), report).await;
        let swept = siblings::remove_all_but(engine, &up.plan.root, &name, &[], Whose::Ours).await;
        tidy(engine, &name, current.view.as_deref(), static_directory(up.plan).as_deref()).await;
        if result.is_ok() {
            removed.and(swept)?;
        }
    }
    if let Some(kept) = kept {
        *kept = Some(current).filter(|_| is_lost);
    }
    result
}

/// How often a command looks again that was about to create what another one has created meanwhile.
const RACES: u32 = 10;
const RACE_PAUSE: Duration = Duration::from_millis(200);

/// A server to serve from.
struct Got {
    id: String,
    claim: Claim,
    view: Option<PathBuf>,
    /// The container whose network it listens in, if that is another one.
    network: Option<String>,
    /// What this session served from before, if that is it.
    own: Option<Current>,
}

/// Finds a server that does, or makes one. `kept`: what this session served from before.
async fn server(
    engine: &Engine,
    up: &Up<'_>,
    name: &str,
    wish: &container::Wish,
    kept: Option<Current>,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Got> {
    let digest = digest_of(wish);
    let found = interrupts.or(siblings::server(engine, &up.plan.root, name)).await?;
    // This session's own server, after the engine was away for a while, is nobody else's.
    let mut owner_lives = found.as_ref().and_then(|found| found.owner.as_deref()).is_some_and(owner::is_anothers);
    let mut successions = 0;
    if let Some(found) = found.as_ref().filter(|found| found.state == container::State::Running && !owner_lives)
        && let Some(label) = &found.owner
    {
        let (owner, count) = interrupts.or(succession::owner_of(engine, &found.id, label)).await?;
        (owner_lives, successions) = (owner::is_anothers(&owner), count);
    }
    interrupts.or(leftovers::sweep(engine)).await?;
    // Nobody watched while the engine was away: what changed meanwhile is switched to, from what runs.
    let own = kept.filter(|kept| found.as_ref().is_some_and(|found| found.id == kept.id));
    let decision = match (&own, &found) {
        (Some(own), Some(found)) if found.state == container::State::Running => {
            Decision::Adopt { id: own.id.clone(), cause: "the engine is back, and the server has gone on".into() }
        }
        _ => decide(Wish { plan: &digest, recreate: up.recreate }, found.as_ref(), owner_lives),
    };
    let mut view = found.as_ref().and_then(|found| found.view.clone());
    let (id, claim) = match decision {
        Decision::Watch { id, cause } => {
            report.report(Event::Note { text: cause });
            (id, Claim::None)
        }
        Decision::Adopt { id, cause } => {
            report.report(Event::Note { text: cause });
            if !up.detach {
                // Where somebody else is faster, both look after it, and the one that ends first ends it.
                interrupts.or(succession::take(engine, &id, successions)).await?;
            }
            (id, Claim::Adopted)
        }
        Decision::Replace { id, cause } => {
            report.report(Event::Note { text: cause });
            // Those in its network go before it.
            let keep: Vec<&str> = found.iter().flat_map(|found| [found.id.as_str(), found.lender()]).collect();
            interrupts.or(siblings::remove_all_but(engine, &up.plan.root, name, &keep, Whose::Anybodys)).await?;
            interrupts.or(replace(engine, &id, name, found.as_ref())).await?;
            interrupts.or(siblings::remove_all_but(engine, &up.plan.root, name, &[], Whose::Anybodys)).await?;
            let former_port = found.as_ref().and_then(Observed::port);
            let created = create(engine, wish, up, former_port, report).await?;
            view = created.view;
            (created.id, Claim::Created)
        }
        Decision::Create => {
            interrupts.or(siblings::remove_all_but(engine, &up.plan.root, name, &[], Whose::Anybodys)).await?;
            let created = create(engine, wish, up, None, report).await?;
            view = created.view;
            (created.id, Claim::Created)
        }
    };
    let network = if matches!(claim, Claim::Created) { None } else { found.as_ref().and_then(|found| found.network.clone()) };
    Ok(Got { id, claim, view, network, own })
}

/// Looks for files of the project that the server may not read. Engines work longer on a container than this does.
fn look_for_unreadable(up: &Up<'_>) -> impl FnOnce() -> Option<Event> + Send + use<> {
    let (root, user) = (up.plan.root.clone(), up.user);
    let rules = reload::rules_without_following(up.plan);
    move || {
        let found = unreadable::look(&root, user, |directory| reload::skips(&rules, &root, directory));
        unreadable::warning(&root, &found)
    }
}

/// The digest of all that a container is made from.
pub fn digest_of(wish: &container::Wish) -> String {
    wish.labels.iter().find(|(name, _)| name == label::PLAN).map(|(_, digest)| digest.clone()).unwrap_or_default()
}

/// What this command has to do with the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Another terminal looks after it.
    None,
    /// It ran already, and nobody else looks after it.
    Adopted,
    Created,
}

/// How long two commands that both remove a container may take to agree that it is gone, in steps.
const GONE_STEPS: u32 = 60;
const STEP: Duration = Duration::from_millis(50);

async fn replace(engine: &Engine, id: &str, name: &str, found: Option<&Observed>) -> Result<()> {
    if found.is_some_and(|found| found.state == container::State::Running) {
        engine.stop(id, HASTY).await?;
    }
    engine.remove(id).await?;
    // The session that owned it may be removing it as well; its name is free only when that is done.
    for _ in 0..GONE_STEPS {
        if engine.observe(id).await?.is_none() {
            break;
        }
        tokio::time::sleep(STEP).await;
    }
    if let Some(found) = found {
        tidy(engine, name, found.view.as_deref(), None).await;
    }
    Ok(())
}

async fn run(
    place: Place<'_>,
    up: &Up<'_>,
    foreground: Foreground<'_>,
    current: &mut Current,
    claim: &mut Claim,
    is_resumed: bool,
    begun: Instant,
) -> Result<()> {
    let Place { engine, interrupts, report, .. } = place;
    let Foreground { following, keys, started, .. } = foreground;
    let prompts = started.is_some();
    let id = current.id.clone();
    let id = id.as_str();
    let observed = interrupts.or(engine.observe(id)).await?;
    let owner = observed.as_ref().and_then(|observed| observed.owner.clone());
    let url = observed.and_then(|observed| observed.url);
    if up.detach && !up.wait {
        // A server that ends at once is told; one that takes its time is not waited for.
        let url = url.ok_or_else(|| ended(None))?;
        report.report(Event::Serving { url, took: None });
        keep_images(engine, up, report).await;
        return Ok(());
    }
    let read = |from| Follower::new(engine.logs(id, true, from), wait::reader(up.plan));
    // What a server said before this command has been read elsewhere.
    let mut log = read(if matches!(claim, Claim::Created) { LogStart::Beginning } else { LogStart::LastLines(0) });
    let Some(url) = url else {
        return Err(why_unreachable(engine, &mut log, id, interrupts, report).await);
    };
    let awaited = |url: &str| Awaited::of(up.plan, id, url);
    current.url.clone_from(&url);
    let listening = url.clone();
    // What is saved from now on is served, also if that is before the first answer.
    let (session, heir) = match following {
        Some(following) if matches!(claim, Claim::None) => (None, owner.map(|owner| (following, owner))),
        Some(following) => (Session::begin(following)?, None),
        None => (None, None),
    };
    if let Some(started) = started {
        // Nobody waits for it any more when the session is ending.
        let _ = started.send(id.to_owned());
    } else {
        match until_ready(engine, &awaited(&url), &mut log, interrupts, report).await {
            // What cannot be imported now may be fixed by the next save.
            Err(failure) if failure.kind == Kind::App && session.is_some() && runs(engine, id).await => {
                report.report(Event::Serving { url, took: None });
                report.report(Event::Warning { text: failure.message, hint: Some(reload::FIX_IT.into()) });
            }
            answered => {
                answered?;
                image::was_served(&up.plan.root);
                report.report(Event::Serving { url, took: Some(begun.elapsed()) });
            }
        }
    }
    if up.detach {
        keep_images(engine, up, report).await;
        return Ok(());
    }
    if keys.is_some() && !prompts {
        let keys = match (&session, &claim) {
            (Some(_), _) => reload::KEYS,
            (None, Claim::None) => "q leaves it running, as Ctrl-C does",
            (None, _) => "R records requests, w shows them, o opens the browser, d debugs, p profiles, c measures coverage, q quits",
        };
        report.report(Event::Note { text: keys.into() });
    }
    // A prompt may be what the application waits for: then it is Apache that answers.
    let aside = async {
        if prompts {
            ready::listens(&listening).await;
            report.report(Event::Serving { url: listening.clone(), took: None });
            tokio::time::sleep(FIRST_PROMPT).await;
        }
        keep_images(engine, up, report).await;
    };
    let stay = async {
        if let Some(session) = session {
            let server = match claim {
                _ if is_resumed => Server::TakenOver,
                Claim::Adopted => Server::Adopted,
                Claim::None | Claim::Created => Server::Started,
            };
            return session.follow(place, keys, current, &mut log, server).await;
        }
        let heir = heir.map(|(following, owner)| Heir::new(engine, following, id, owner));
        Onlooker { place, up, prompts, heir }.stay(current, claim, keys, log).await
    };
    beside(aside, stay).await
}

/// Does the work to its end, and something beside it as far as there is time.
async fn beside<T>(aside: impl Future<Output = ()>, work: impl Future<Output = T>) -> T {
    let (mut aside, mut work) = (Box::pin(aside), Box::pin(work));
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = &mut aside => {}
    }
    work.await
}

/// The first prompt is waited for, and has the machine and the engine to itself.
const FIRST_PROMPT: Duration = Duration::from_secs(1);
/// How long a command that leaves the server running stays to remove images. The engine goes on by itself.
const DETACHED_KEEPING: Duration = Duration::from_secs(2);

/// Notes which image serves the project, and removes those that have served it before, but for some.
async fn keep_images(engine: &Engine, up: &Up<'_>, report: &dyn Report) {
    let kept = image::keep(engine, up.plan, up.image, report);
    if up.detach {
        let _ = tokio::time::timeout(DETACHED_KEEPING, kept).await;
    } else {
        kept.await;
    }
}

pub async fn optional<T>(future: Option<impl Future<Output = T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

pub async fn runs(engine: &Engine, id: &str) -> bool {
    matches!(engine.observe(id).await, Ok(Some(found)) if found.state == container::State::Running)
}

/// How long the end of a container may take to show, in steps.
const END_STEPS: u32 = 10;
const END_STEP: Duration = Duration::from_millis(100);

/// Is a container gone, or about to be, in which something broke off?
pub async fn has_ended(engine: &Engine, id: &str) -> bool {
    for _ in 0..END_STEPS {
        if !runs(engine, id).await {
            return true;
        }
        tokio::time::sleep(END_STEP).await;
    }
    false
}

/// What became of a server that ended although nobody asked this session to stop.
#[derive(Debug)]
pub enum After {
    /// Another container serves now.
    TakenOver(Box<Observed>),
    /// Under this URL; `parity restart` was typed elsewhere.
    StartedAgain { url: String, from: LogStart },
    /// `parity down` was, or `docker stop`.
    Stopped,
}

/// Is it nobody's failure that a container ended? `docker stop` and `parity down` are meant, also where the engine kills what does
/// not stop in time.
///
/// # Errors
/// `Kind::App`: it was killed, or removed without having been stopped.
async fn is_meant(engine: &Engine, id: &str) -> Result<()> {
    let Some(found) = engine.observe(id).await? else {
        // An engine that tells nothing of it may have been told to stop it.
        return if engine.was_stopped(id).await == Some(false) { Err(removed()) } else { Ok(()) };
    };
    if found.exit_code != Some(KILLED) || engine.was_stopped(id).await == Some(true) {
        return Ok(());
    }
    let how = found.how_it_ended().unwrap_or_default();
    let failure = Failure::new(Kind::App, format!("the server was killed ({how})"));
    Err(if found.out_of_memory {
        failure.hint("`docker stats` shows what containers take; fewer `processes`, or more memory for the engine or the container, may do")
    } else {
        failure.hint(
            "`docker kill`, or the kernel where this machine's memory ran out: `journalctl -k` says so; `parity down` ends it in order",
        )
    })
}

fn removed() -> Failure {
    Failure::new(Kind::App, "the server's container was removed while it ran, by another program")
        .hint("`docker rm --force` does that, and drops the requests under way; `parity down` ends it in order")
}

/// The same for the container that holds a server's port and has ended at this moment. `parity down` removes it as it is, when it has
/// stopped the server.
///
/// # Errors
/// As [`is_meant`].
pub async fn is_meant_after_all(engine: &Engine, holder: &str, server: &str) -> Result<()> {
    tokio::time::sleep(STEP * RESTART_STEPS).await;
    match is_meant(engine, holder).await {
        Err(_) if engine.was_stopped(server).await == Some(true) => Ok(()),
        meant => meant,
    }
}

/// The exit code of what was killed by SIGKILL.
const KILLED: i64 = 137;

/// How long a restart may leave a container stopped, in steps.
const RESTART_STEPS: u32 = 40;

pub async fn after_the_end(place: Place<'_>, current: &Current) -> Result<After> {
    let Place { engine, name, .. } = place;
    let id = current.id.as_str();
    for _ in 0..RESTART_STEPS {
        // Another terminal's new server is none that took over from this one.
        let now = engine.observe(name).await?.filter(|now| now.id != id && now.lender() == current.lender());
        if let Some(now) = now.filter(|now| now.url.is_some()) {
            return Ok(After::TakenOver(Box::new(now)));
        }
        let Some(found) = engine.observe(id).await? else {
            // The engine tells of the last second when it is over.
            if engine.was_stopped(id).await == Some(true) {
                return Ok(After::Stopped);
            }
            tokio::time::sleep(STEP).await;
            continue;
        };
        if let (container::State::Running, Some(url)) = (found.state, found.url.clone()) {
            return Ok(After::StartedAgain { url, from: found.log_of_this_run() });
        }
        if found.exit_code.is_some_and(|code| !matches!(code, 0 | KILLED | 143)) {
            let how = found.how_it_ended().unwrap_or_default();
            return Err(Failure::new(Kind::App, format!("the server ended by itself ({how})")).hint("what it said last is above"));
        }
        // Ended as by a signal: stopped, or between the two halves of a restart.
        tokio::time::sleep(STEP).await;
    }
    is_meant(engine, id).await.map(|()| After::Stopped)
}
