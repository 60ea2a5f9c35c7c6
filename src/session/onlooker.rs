//! A terminal that shows what a server says and does not serve what is saved: nothing is watched, or another terminal does
//! that. It goes on with the watching where that one dies.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;

use super::browser::open_browser;
use super::follow::{Follower, Seen};
use super::reload::{self, Current, Following, Key, Server, Session};
use super::siblings::{self, Whose};
use super::up::{After, Claim, Place, Up, after_the_end, optional, runs};
use super::wait::{self, Awaited, cannot_import, until_ready};
use super::{owner, succession};
use crate::engine::Engine;
use crate::engine::container::LogStart;
use crate::error::Result;
use crate::events::{Event, Report};
use crate::logs::ImportFailure;

/// How often to look whether the session that looks after a server still lives.
const OWNER_POLL: Duration = Duration::from_secs(1);

/// Shows what a server says.
pub struct Onlooker<'a, 'p> {
    pub place: Place<'p>,
    pub up: &'p Up<'p>,
    /// Its processes open a prompt where they fail.
    pub prompts: bool,
    pub heir: Option<Heir<'a, 'p>>,
}

/// What it takes to go on where another session dies.
pub struct Heir<'a, 'p> {
    engine: &'p Engine,
    following: Following<'a>,
    /// Ends when that session has: with `true` where this one is the first to notice.
    orphaned: LocalBoxFuture<'p, bool>,
}

impl<'a, 'p> Heir<'a, 'p> {
    pub fn new(engine: &'p Engine, following: Following<'a>, container: &str, owner: String) -> Self {
        Self { engine, following, orphaned: Box::pin(orphaned(engine, container.to_owned(), owner)) }
    }

    /// Another container serves, of a session with this label.
    fn looks_at(&mut self, container: &str, owner: String) {
        self.orphaned = Box::pin(orphaned(self.engine, container.to_owned(), owner));
    }
}

impl Onlooker<'_, '_> {
    /// Stays until the server or the user ends it.
    pub async fn stay(
        self,
        current: &mut Current,
        claim: &mut Claim,
        mut keys: Option<&mut mpsc::Receiver<Key>>,
        mut log: Follower,
    ) -> Result<()> {
        let Self { place, up, prompts, mut heir } = self;
        let Place { engine, interrupts, report, name, .. } = place;
        let read = |id: &str, from| Follower::new(engine.logs(id, true, from), wait::reader(up.plan));
        loop {
            tokio::select! {
                biased;
                // Ctrl-C is how a foreground server is meant to end.
                () = interrupts.reached(1) => {
                    left(claim, report);
                    return Ok(());
                }
                key = optional(keys.as_mut().map(|keys| keys.recv())) => match key {
                    Some(Key::Quit) => {
                        left(claim, report);
                        return Ok(());
                    }
                    Some(Key::Open) => open_browser(&current.url, report),
                    Some(Key::Reload) => {}
                    None => keys = None,
                },
                taken = optional(heir.as_mut().map(|heir| &mut heir.orphaned)) => {
                    let Some(Heir { following, .. }) = heir.take().filter(|_| taken) else { continue };
                    report.report(Event::Note { text: "the session that served what is saved has died: this one goes on with it (Ctrl-C stops the server)".into() });
                    // It may have died in the middle of a switch.
                    siblings::remove_all_but(engine, &up.plan.root, name, &current.containers(), Whose::Ours).await?;
                    let _ = engine.rename(&current.id, name).await;
                    if let Some(session) = Session::begin(following)? {
                        *claim = Claim::Adopted;
                        if keys.is_some() {
                            report.report(Event::Note { text: reload::KEYS.into() });
                        }
                        return session.follow(place, keys, current, &mut log, Server::TakenOver).await;
                    }
                },
                seen = log.next(report) => match seen? {
                    // The next process ends as well, and opens no prompt.
                    Seen::ImportFailed(why @ (ImportFailure::Ended { .. } | ImportFailure::Late { .. })) if prompts => {
                        return Err(cannot_import(&up.plan.app.value.to_string(), why));
                    }
                    // The next request tries again; the session goes on.
                    Seen::ImportFailed(_) | Seen::HookFailed(_) => {}
                    Seen::Ended | Seen::Retired => match interrupts.or(after_the_end(place, current)).await? {
                        After::TakenOver(new) => {
                            *current = current.taken_over_by(&new);
                            log = read(&current.id, LogStart::Beginning);
                            if let (Some(heir), Some(owner)) = (&mut heir, new.owner) {
                                heir.looks_at(&current.id, owner);
                            }
                            report.report(Event::Note { text: "another server took over".into() });
                        }
                        After::StartedAgain { url, from } => {
                            log = read(&current.id, from);
                            report.report(Event::Note { text: "the server was restarted from elsewhere".into() });
                            // Whoever restarted it is told when that fails; this session goes on.
                            if until_ready(engine, &Awaited::of(up.plan, &current.id, &url), &mut log, interrupts, report).await.is_ok() {
                                report.report(Event::Serving { url, took: None });
                            }
                        }
                        After::Stopped => {
                            report.report(Event::Note { text: "the server was stopped from elsewhere".into() });
                            return Ok(());
                        }
                    },
                },
            }
        }
    }
}

/// Returns `true` when nobody looks after a running server any more, and this session is the first to notice; `false` when
/// it has ended, which the log's end tells.
async fn orphaned(engine: &Engine, id: String, label: String) -> bool {
    let mut owner = label.clone();
    loop {
        tokio::time::sleep(OWNER_POLL).await;
        if owner::is_alive(&owner) {
            continue;
        }
        if !runs(engine, &id).await {
            return false;
        }
        // What fails here fails because the container is just ending, or is tried again.
        let Ok((last, count)) = succession::owner_of(engine, &id, &label).await else { continue };
        if last == owner::me() || !owner::is_alive(&last) && succession::take(engine, &id, count).await.unwrap_or(false) {
            return true;
        }
        owner = last;
    }
}

/// The end that the user wants. A server that another terminal looks after goes on.
fn left(claim: &Claim, report: &dyn Report) {
    if matches!(claim, Claim::None) {
        report.report(Event::Note { text: "left it running".into() });
    }
}
