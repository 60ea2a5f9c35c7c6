//! From one server to another without a refused connection: the new one's container listens in the network of the first one,
//! which holds the published port. Connections go to the old one until the new one has answered; then the old one finishes
//! its requests.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::agent::{Agent, Heard};
use super::{Current, Inputs, files, held};
use crate::engine::Engine;
use crate::engine::container::{self, LogStart};
use crate::engine::label;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Plan;
use crate::render::{self, takeover};
use crate::runtime;
use crate::runtime::protocol::{Order, Said};
use crate::session::create::create;
use crate::session::follow::{Follower, Seen};
use crate::session::siblings;
use crate::session::stop::tidy;
use crate::session::up::{Place, Up, digest_of};
use crate::session::wait::{self, Awaited, until_ready_inside};

/// A server that has answered, and that nobody but this session reaches yet.
#[derive(Debug)]
pub struct Next {
    id: String,
    view: Option<PathBuf>,
    digest: String,
    image: String,
    /// The container in whose network it listens.
    lender: String,
    log: Follower,
}

/// Why there is none.
#[derive(Debug)]
pub enum Refused {
    /// Its application wants what the running one holds: a lock, a port, a database.
    Held,
    /// This engine cannot have a container in the network of another.
    Engine(Failure),
    Failed(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// May the server of a plan listen where the one that runs does?
pub fn is_possible(plan: &Plan, wish: &container::Wish, current: &Current) -> bool {
    plan.lends_network() && current.listens == Listens::of(wish)
}

/// Where a container's server is reached. That cannot change while it is taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listens {
    publish: Option<(String, u16)>,
    debug_port: Option<u16>,
    network: Option<String>,
    lends_network: bool,
}

impl Listens {
    pub fn of(wish: &container::Wish) -> Self {
        Self {
            publish: wish.publish.clone(),
            debug_port: wish.debug_port,
            network: wish.network.clone(),
            lends_network: wish.lends_network,
        }
    }
}

/// Starts a container beside the one that serves, and waits until its server has answered. Nothing is left of it if that fails.
///
/// # Errors
/// Whatever keeps it from answering; the running server is unaffected.
pub async fn start(place: Place<'_>, inputs: &Inputs, wish: &container::Wish, up: &Up<'_>, current: &Current) -> Result<Next, Refused> {
    let Place { engine, report, name, .. } = place;
    let lender = current.lender().to_owned();
    let address = address();
    let mut files = render::profile_files(&inputs.plan)?;
    files.push(takeover::file(&address));
    let mut wish = container::Wish {
        name: siblings::next(name),
        command: vec!["@FILES".into(), render::archive(&files)],
        joins: Some(lender.clone()),
        ..wish.clone()
    };
    wish.labels.push((label::NETWORK.into(), lender.clone()));
    let created = create(engine, &wish, up, None, report).await.map_err(|failure| match failure.kind {
        Kind::Other | Kind::NameTaken => Refused::Engine(failure),
        _ => Refused::Failed(failure),
    })?;
    let mut log = Follower::new(engine.logs(&created.id, true, LogStart::Beginning), wait::reader(&inputs.plan));
    let listening = Overheard { report, held: AtomicBool::new(false) };
    let awaited = Awaited::of(&inputs.plan, &created.id, &current.url);
    match until_ready_inside(engine, &awaited, &address, &mut log, place.interrupts, &listening).await {
        Ok(_) => {}
        Err(failure) => {
            remove(engine, name, &created.id, created.view).await?;
            let held = failure.kind == Kind::App && listening.held.into_inner();
            return Err(if held { Refused::Held } else { Refused::Failed(failure) });
        }
    }
    Ok(Next { id: created.id, view: created.view, digest: digest_of(&wish), image: up.image.to_owned(), lender, log })
}

async fn remove(engine: &Engine, name: &str, id: &str, view: Option<PathBuf>) -> Result<()> {
    let removed = engine.remove(id).await;
    tidy(engine, name, view.as_deref(), None).await;
    removed
}

/// An address of the network's own, which nobody else there listens at.
fn address() -> String {
    let [a, b, c, ..] = RandomState::new().hash_one(std::process::id()).to_le_bytes();
    format!("127.{}.{b}.{}", a.max(1), c.clamp(1, 254))
}

/// How often a server that is about to take over may be told of newer code.
const TRIES: u32 = 5;
/// How long it may take to load it.
const LOADING: Duration = Duration::from_secs(60);

/// Has the new server load what was saved since it imported the project: never does it answer with older code than the old one.
///
/// # Errors
/// It does not.
async fn catch_up(engine: &Engine, next: &Next, plan: &Plan) -> Result<Agent> {
    let mut agent = Agent::start(engine, &next.id).await?;
    for _ in 0..TRIES {
        let loaded = loop {
            match said(&mut agent).await? {
                Said::Hello(loaded) => break loaded,
                _ => continue,
            }
        };
        if loaded.stale.is_empty() {
            break;
        }
        let generation = loaded.generation + 1;
        agent.tell(Order::Prepare { generation, files: files::digests(&plan.root, &loaded.stale), unless_own: false });
        agent.tell(Order::Commit { generation });
        while !matches!(said(&mut agent).await?, Said::Serving(loaded) if loaded.generation == generation) {}
        agent.tell(Order::Hello);
    }
    Ok(agent)
}

async fn said(agent: &mut Agent) -> Result<Said> {
    let lost = || Failure::new(Kind::Other, "the new server does not say which code it has loaded");
    match tokio::time::timeout(LOADING, agent.next()).await {
        Ok(Some(Heard::Said(said))) => Ok(said),
        Ok(Some(Heard::Unreadable(why) | Heard::Broken(why))) => Err(lost().cause(why)),
        Ok(None) | Err(_) => Err(lost()),
    }
}

/// What has been taken over from.
#[derive(Debug)]
pub struct Retired {
    id: String,
    view: Option<PathBuf>,
    /// Its container stays, with the port.
    lends: bool,
    log: Follower,
    seconds: u32,
}

/// Sends new connections to the new server. `current` and `log` are its own then.
///
/// # Errors
/// It cannot take over. The old server is as it was then, unless the engine is lost.
pub async fn take_over(
    place: Place<'_>,
    next: Next,
    plan: &Plan,
    before: &Plan,
    current: &mut Current,
    log: &mut Follower,
) -> Result<Retired> {
    let Place { engine, interrupts, name, .. } = place;
    let taken = async {
        // One agent at a time: the loop starts its own.
        drop(catch_up(engine, &next, plan).await?);
        let argv = runtime::program(&["takeover", "take"]);
        match engine.run(&next.id, argv).await? {
            (0, _) => {}
            // Both get connections; both answer.
            (_, said) => tell_both_get(place.report, &said),
        }
        let lends = current.network.is_none();
        engine.rename(&current.id, &if lends { siblings::network(name) } else { siblings::old(name, &current.id) }).await?;
        engine.rename(&next.id, name).await?;
        Ok(lends)
    };
    let lends = match interrupts.or(taken).await {
        Ok(lends) => lends,
        Err(failure) => {
            remove(engine, name, &next.id, next.view).await?;
            return Err(failure);
        }
    };
    let url = engine.observe(&next.id).await?.and_then(|found| found.url).unwrap_or_else(|| current.url.clone());
    let new = Current {
        id: next.id,
        view: next.view,
        url,
        digest: next.digest,
        image: next.image,
        network: Some(next.lender),
        listens: current.listens.clone(),
    };
    let old = std::mem::replace(current, new);
    let log = std::mem::replace(log, next.log);
    Ok(Retired { id: old.id, view: old.view, lends, log, seconds: takeover::drain_seconds(before) })
}

fn tell_both_get(report: &dyn Report, said: &str) {
    let text = format!("the old server gets connections until it ends: {}", said.lines().last().unwrap_or_default());
    report.report(Event::Warning { text, hint: None });
}

/// Seconds that a server gets beyond those for its requests.
const GRACE: u64 = 10;

impl Retired {
    /// Lets the old server finish its requests, and shows what it says meanwhile. Its container is removed then, unless it has
    /// the port. Whatever goes wrong here is for the end of the session to clear up.
    pub async fn end(self, engine: Engine, name: String, report: &dyn Report) {
        let Self { id, view, lends, mut log, seconds } = self;
        let told = if lends { retire(&engine, &id).await } else { engine.drain(&id).await };
        if told.is_ok() {
            let ends = async { while let Ok(Seen::ImportFailed(_) | Seen::HookFailed(_)) = log.next(report).await {} };
            let _ = tokio::time::timeout(Duration::from_secs(u64::from(seconds) + GRACE), ends).await;
        }
        if !lends {
            let _ = remove(&engine, &name, &id, view).await;
        }
    }
}

/// Has the server of a container that holds the port close it and finish its requests, if it has not. Only the shell that started Apache
/// is left then.
///
/// # Errors
/// The engine's.
pub async fn retire(engine: &Engine, lender: &str) -> Result<()> {
    let argv = ["/bin/sh", "-c", ": >/run/parity/retired && kill -WINCH 1"].map(String::from).to_vec();
    engine.run(lender, argv).await.map(|_| ())
}

/// Returns when a container has ended. An engine that is lost tells nobody.
pub async fn ended(engine: &Engine, id: &str) {
    use futures_util::StreamExt;
    let mut output = Box::pin(engine.logs(id, true, LogStart::LastLines(0)));
    loop {
        match output.next().await {
            Some(Ok(_)) => {}
            Some(Err(_)) => return std::future::pending().await,
            None => return,
        }
    }
}

/// Listens for what an application says that cannot have what another one holds.
struct Overheard<'a> {
    report: &'a dyn Report,
    held: AtomicBool,
}

impl Report for Overheard<'_> {
    fn report(&self, event: Event) {
        if let Event::Log { record } = &event
            && record.lines.iter().any(|line| held::is_held(&line.text))
        {
            self.held.store(true, Ordering::Relaxed);
        }
        self.report.report(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_the_loopback_network_and_not_the_usual_one() {
        for _ in 0..100 {
            let address: std::net::Ipv4Addr = address().parse().unwrap();
            assert!(address.is_loopback() && address.octets()[1] > 0, "{address}");
        }
    }
}
