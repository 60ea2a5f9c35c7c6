//! The loop: it listens to everything at once and never works while it should listen.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;

use super::agent::{Agent, Heard};
use super::applying::is_read_by_parity;
use super::connecting::Connecting;
use super::ignored::Ignored;
use super::machine::{Effect, Input, Machine, Outcome};
use super::repeats::{self, Repeat, Repeats};
use super::revival::Revival;
use super::telling::{cut, record_of};
use super::watching::Watching;
use super::{Current, Following, Key, Replan, files, job, switch, takeover};
use crate::changes::{Action, Basis, Touched, Verdict};
use crate::engine::container::LogStart;
use crate::error::{Failure, Kind, Result};
use crate::events::Event;
use crate::plan::{OnError, Plan, Reload};
use crate::runtime::protocol::{Loaded, News, Order, Said};
use crate::session::browser::open_browser;
use crate::session::follow::{Follower, Seen};
use crate::session::up::{After, Place, after_the_end, is_meant_after_all, optional, runs};
use crate::session::wait::{self, Awaited, until_ready};
use crate::session::{siblings, unreadable, upload};
use crate::units::Secret;
use crate::watch::{Burst, Change, Limits, Notice, is_git_at_work};

/// What the loop keeps in mind.
pub(super) struct Work<'a> {
    pub(super) place: Place<'a>,
    pub(super) replan: Replan<'a>,
    pub(super) keys: Option<&'a mut mpsc::Receiver<Key>>,
    pub(super) plan: Plan,
    pub(super) secrets: Vec<(String, Secret)>,
    pub(super) watching: Watching,
    pub(super) burst: Burst,
    pub(super) verdicts: BTreeMap<String, Verdict>,
    pub(super) machine: Machine,
    pub(super) agent: Option<Agent>,
    /// When the agent is to be started next, and how often that has failed.
    pub(super) start_agent: Option<(Instant, u32)>,
    pub(super) connecting: Option<Connecting<'a>>,
    pub(super) revival: Revival,
    /// What the application has done with the project's files.
    pub(super) touched: Touched,
    /// Files that are reloaded though the application may have written them: the user has a rule for them.
    pub(super) insisted: HashSet<String>,
    pub(super) ignored: Ignored,
    /// Files that the server may not read, as has been told.
    pub(super) unreadable: HashSet<String>,
    pub(super) repeats: Repeats,
    /// When the last file of the reload under way was saved.
    pub(super) saved: Instant,
    /// It was told that a standby is waited for, and nothing fresh has been served since.
    pub(super) waiting_told: bool,
    /// A switch to another container, with the word for what asked for it.
    pub(super) switching: Option<LocalBoxFuture<'a, Result<switch::Ready, switch::NotReady>>>,
    /// What asked for it.
    pub(super) wanted: Option<switch::Wanted>,
    pub(super) restart_wanted: bool,
    /// What could not be applied, and may be with the code that is saved next.
    pub(super) unapplied: Option<switch::Wanted>,
    /// Servers that have been taken over from, and finish their requests.
    pub(super) retiring: FuturesUnordered<LocalBoxFuture<'a, ()>>,
    /// The end of the container that holds the port.
    pub(super) lender: Option<LocalBoxFuture<'a, ()>>,
    pub(super) jobs: FuturesUnordered<LocalBoxFuture<'a, Event>>,
}

/// May the server read a file?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readable {
    Yes,
    No,
    /// It could not before.
    Again,
}

/// Where the server that a session looks after comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// It was started by this session.
    Started,
    /// It ran already, and code may have been saved since.
    Adopted,
    /// Nobody has looked after it for a moment, and anything may have been saved since, settings as well.
    TakenOver,
}

/// A session that watches already and does not act yet.
#[derive(Debug)]
pub struct Session<'a> {
    following: Following<'a>,
    reload: Reload,
    watching: Watching,
}

impl<'a> Session<'a> {
    /// Begins to watch the project. `None`: it is not to be followed.
    ///
    /// # Errors
    /// It cannot be watched.
    pub fn begin(following: Following<'a>) -> Result<Option<Self>> {
        let Some(reload) = following.inputs.plan.reload.clone() else { return Ok(None) };
        let watching = Watching::begin(&following.inputs, *reload.polling)?;
        Ok(Some(Self { following, reload, watching }))
    }

    /// Serves what is saved, and what was since it watches, until the session ends. `current` says which container serves
    /// then.
    ///
    /// # Errors
    /// The engine's; a watcher that cannot go on.
    pub async fn follow(
        self,
        place: Place<'_>,
        keys: Option<&mut mpsc::Receiver<Key>>,
        current: &mut Current,
        log: &mut Follower,
        server: Server,
    ) -> Result<()> {
        let Self { following: Following { inputs, replan }, watching, reload } = self;
        let mut work = Work {
            machine: machine_for(&inputs.plan, &reload),
            place,
            replan,
            keys,
            plan: inputs.plan,
            secrets: inputs.secrets,
            watching,
            burst: Burst::new(Limits::default()),
            verdicts: BTreeMap::new(),
            agent: None,
            start_agent: Some((Instant::now(), 0)),
            connecting: None,
            revival: Revival::default(),
            touched: Touched::default(),
            insisted: HashSet::new(),
            ignored: Ignored::default(),
            unreadable: HashSet::new(),
            repeats: Repeats::default(),
            saved: Instant::now(),
            waiting_told: false,
            switching: None,
            wanted: None,
            restart_wanted: false,
            unapplied: None,
            retiring: FuturesUnordered::new(),
            lender: None,
            jobs: FuturesUnordered::new(),
        };
        if server != Server::Started {
            work.step(Input::Doubt);
            // Whoever looked after it may have ended in the middle of a switch. What keeps this from being done comes to light below.
            if let Some(lender) = &current.network {
                let _ = place.interrupts.or(takeover::retire(place.engine, lender)).await;
            }
        }
        if server == Server::TakenOver {
            work.start_switch(switch::Wanted::in_doubt(), current);
        }
        work.look_after_lender(current);
        let (engine, root, name) = (place.engine.clone(), work.plan.root.clone(), place.name.to_owned());
        work.retiring.push(Box::pin(siblings::remove_late(engine, root, name)));
        work.run(current, log).await
    }
}

async fn at(moment: Option<Instant>) {
    optional(moment.map(|moment| tokio::time::sleep_until(moment.into()))).await;
}

impl<'a> Work<'a> {
    async fn run(&mut self, current: &mut Current, log: &mut Follower) -> Result<()> {
        loop {
            tokio::select! {
                biased;
                // Ctrl-C is how a foreground server is meant to end.
                () = self.place.interrupts.reached(1) => return Ok(()),
                // What is saved while all is uploaded is for the agent to be told of.
                notice = self.watching.next(), if self.connecting.is_none() => self.noticed(notice, current)?,
                heard = optional(self.agent.as_mut().map(Agent::next)) => {
                    match &heard {
                        Some(Heard::Said(Said::Cut { responses })) => log.expect_cut(responses.len()),
                        Some(Heard::Said(Said::Loaded(loaded) | Said::Serving(loaded))) if loaded.error.is_some() => log.has_explained(),
                        _ => {}
                    }
                    self.heard(heard);
                    if std::mem::take(&mut self.restart_wanted) {
                        self.start_switch(switch::Wanted::restart(), current);
                    }
                }
                () = at(self.burst.soon()) => self.hurry(),
                () = at(self.burst.due()) => self.settle(current),
                () = at(self.start_agent.map(|(moment, _)| moment)) => self.connect(current),
                started = optional(self.connecting.as_mut().map(|connecting| &mut connecting.started)) => self.connected(started),
                key = optional(self.keys.as_mut().map(|keys| keys.recv())) => match key {
                    Some(Key::Quit) => return Ok(()),
                    Some(Key::Reload) => { self.saved = Instant::now(); self.step(Input::Asked); }
                    Some(Key::Open) => open_browser(&current.url, self.place.report),
                    None => self.keys = None,
                },
                ready = optional(self.switching.as_mut()) => {
                    self.switching = None;
                    self.switched(ready, current, log).await?;
                }
                Some(event) = self.jobs.next() => self.place.report.report(event),
                Some(()) = self.retiring.next() => {}
                () = optional(self.lender.as_mut()) => {
                    self.place.interrupts.or(is_meant_after_all(self.place.engine, current.lender(), &current.id)).await?;
                    self.place.report.report(Event::Note { text: "the container that holds the port was removed from elsewhere".into() });
                    return Ok(());
                }
                seen = log.next(self.place.report) => match seen? {
                    // The next request tries again; so does the next save.
                    Seen::ImportFailed(_) | Seen::HookFailed(_) | Seen::Retired => {}
                    Seen::Ended => match self.place.interrupts.or(after_the_end(self.place, current)).await? {
                        After::StartedAgain { url, from } => {
                            self.place.report.report(Event::Note { text: "the server was restarted from elsewhere".into() });
                            current.url = url;
                            if upload::is_wanted(&self.plan) {
                                upload::upload(self.place.engine, &current.id, &self.plan).await?;
                            }
                            self.follow_log(current, log, from);
                            if self.answers(current, log).await?.is_none() {
                                self.place.report.report(Event::Serving { url: current.url.clone(), took: None });
                            }
                        }
                        // No other session has a server take over from this one's.
                        After::Stopped | After::TakenOver(_) => {
                            self.place.report.report(Event::Note { text: "the server was stopped from elsewhere".into() });
                            return Ok(());
                        }
                    },
                },
            }
        }
    }

    pub(super) fn follow_log(&self, current: &Current, log: &mut Follower, from: LogStart) {
        *log = Follower::new(self.place.engine.logs(&current.id, true, from), wait::reader(&self.plan));
    }

    /// Waits for a server that was started anew. One that cannot import the application, as is said then, waits for the
    /// next save.
    pub(super) async fn answers(&self, current: &Current, log: &mut Follower) -> Result<Option<Failure>> {
        let awaited = Awaited::of(&self.plan, &current.id, &current.url);
        match until_ready(self.place.engine, &awaited, log, self.place.interrupts, self.place.report).await {
            Ok(_) => Ok(None),
            Err(failure) if failure.kind == Kind::App && runs(self.place.engine, &current.id).await => Ok(Some(failure)),
            Err(failure) => Err(failure),
        }
    }

    fn noticed(&mut self, notice: Notice, current: &Current) -> Result<()> {
        match notice {
            Notice::Changed(changes) => changes.into_iter().for_each(|change| self.changed(change)),
            Notice::Attributes(paths) => paths.into_iter().for_each(|path| self.attributes(path)),
            Notice::Lost => {
                self.place.report.report(Event::Note { text: "more changed than the system could tell: reloading to be sure".into() });
                self.saved = Instant::now();
                self.step(Input::Doubt);
                self.start_switch(switch::Wanted::in_doubt(), current);
            }
            Notice::Polling { why, hint } => {
                self.place.report.report(Event::Warning { text: format!("looking for changes every half second: {why}"), hint });
            }
            Notice::Failed { why } => {
                return Err(Failure::new(Kind::Other, format!("the project cannot be watched any longer: {why}"))
                    .hint("type `parity up --reload-on-changes` again"));
            }
        }
        Ok(())
    }

    fn changed(&mut self, change: Change) {
        if let Some(change) = self.unless_repeated(change) {
            self.act(change);
        }
    }

    /// A change, unless it is one that the import under way brings about each time.
    fn unless_repeated(&mut self, change: Change) -> Option<Change> {
        if !self.touched.opened.contains(&change.path) || self.touched.imported.contains(&change.path) {
            return Some(change);
        }
        let Some(generation) = self.machine.loading() else {
            self.repeats.between(&change.path);
            return Some(change);
        };
        match self.repeats.during(&change, generation) {
            Repeat::Act => Some(change),
            Repeat::Wait => None,
            Repeat::PassOver { first } => {
                if first {
                    self.place.report.report(repeats::warning(&change.path));
                }
                None
            }
        }
    }

    /// Somebody has changed who may read a file.
    fn attributes(&mut self, path: String) {
        let change = Change { path, gone: false };
        if self.watching.verdict(&change, &self.touched).action != Action::Ignore {
            // What failed since it could not be read can be tried again.
            if self.tell_unreadable(&change) == Readable::Again {
                self.changed(change);
            }
        }
    }

    /// Tells of a file that the server may not read, once.
    fn tell_unreadable(&mut self, change: &Change) -> Readable {
        let root = &self.plan.root;
        if upload::is_wanted(&self.plan) || change.gone || !unreadable::is_unreadable(&root.join(&change.path), self.place.user) {
            return if self.unreadable.remove(&change.path) { Readable::Again } else { Readable::Yes };
        }
        if self.unreadable.insert(change.path.clone()) {
            unreadable::warning(root, &[change.path.clone()].into()).into_iter().for_each(|event| self.place.report.report(event));
        }
        Readable::No
    }

    fn act(&mut self, change: Change) {
        let now = Instant::now();
        let verdict = self.watching.verdict(&change, &self.touched);
        if upload::is_wanted(&self.plan) {
            self.upload(&change);
        }
        if matches!(verdict.action, Action::Ignore) {
            let sure = !self.touched.imported.is_empty();
            return self.place.report.report(self.ignored.event(&change, verdict, sure));
        }
        self.tell_unreadable(&change);
        if verdict.action == Action::Reload {
            self.saved = now;
            if verdict.basis == Basis::Rule {
                self.insisted.insert(change.path.clone());
            } else {
                self.insisted.remove(&change.path);
            }
            self.step(Input::Changed(change.path.clone()));
        }
        self.verdicts.insert(change.path.clone(), verdict);
        self.burst.add(change, now);
    }

    fn upload(&self, change: &Change) {
        let (Some(agent), false) = (&self.agent, self.watching.skips(&change.path)) else { return };
        job::upload(&self.plan.root, change).into_iter().for_each(|order| agent.tell(order));
    }

    /// One file was saved, and it may well have been all.
    fn hurry(&mut self) {
        self.burst.take_soon();
        if !is_git_at_work(&self.plan.root) {
            self.step(Input::Soon);
        }
    }

    /// A burst is over, unless git is still at it.
    fn settle(&mut self, current: &Current) {
        let Some(changes) = self.burst.take(Instant::now(), is_git_at_work(&self.plan.root)) else { return };
        let mut reload = false;
        let mut switch = Vec::new();
        let (mut collect, mut clear) = (Vec::new(), false);
        let mut commands: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Change { path, gone } in changes {
            let Some(verdict) = self.verdicts.remove(&path) else { continue };
            match verdict.action {
                Action::Ignore => {}
                Action::Served => self.place.report.report(Event::Changed {
                    files: vec![path],
                    done: "nothing to do".into(),
                    cause: verdict.cause,
                    took: None,
                }),
                Action::Reload => {
                    reload = true;
                    if is_read_by_parity(&path) {
                        switch.push(switch::Wanted::by_code(vec![path]));
                    }
                }
                Action::Collect => {
                    clear |= gone;
                    collect.push(path);
                }
                Action::Exec(command) => commands.entry(command).or_default().push(path),
                Action::Rebuild | Action::Reconfigure | Action::Restart | Action::Replace => switch.push(switch::Wanted::by(path, verdict)),
            }
        }
        if reload {
            self.step(Input::Settled);
            switch.extend(self.unapplied.take());
        }
        if let (false, Some(plan)) = (collect.is_empty(), self.plan.collect_static.as_ref()) {
            self.jobs.push(Box::pin(job::collect(self.place.engine.clone(), current.id.clone(), plan.value.clone(), collect, clear)));
        }
        if let Some(wanted) = switch.into_iter().reduce(switch::Wanted::and) {
            self.start_switch(wanted, current);
        }
        for (command, files) in commands {
            self.jobs.push(Box::pin(job::run(self.place.engine.clone(), current.id.clone(), command, files)));
        }
    }

    fn heard(&mut self, heard: Option<Heard>) {
        let said = match heard {
            Some(Heard::Said(said)) => said,
            Some(Heard::Unreadable(why)) => return self.tell_no_message(&why),
            Some(Heard::Broken(text)) => return self.revival.broke(text),
            None => return self.lost_agent(),
        };
        if let Said::Touched(news) = said {
            return self.note_touched(news);
        }
        match &said {
            Said::Own { files, .. } => files.iter().for_each(|file| {
                let cause = "the application has just written it, or opened it since".into();
                self.place.report.report(Event::Ignored { file: file.clone(), cause, hint: None });
            }),
            Said::Hello(loaded) | Said::Loaded(loaded) | Said::Serving(loaded) => self.note_loaded(loaded),
            Said::Waiting { .. } if std::mem::replace(&mut self.waiting_told, true) => {}
            Said::Waiting { .. } => {
                self.place.report.report(Event::Note { text: "no standby process is ready yet: waiting for one".into() });
            }
            Said::Cut { responses } => self.place.report.report(Event::Note { text: cut(responses) }),
            Said::Unseen { files, .. } => self.place.report.report(Event::Warning {
                text: format!("the container does not see {} as saved", files.join(", ")),
                hint: Some("the engine's mount is late or does not follow; `--sync` uploads what is saved instead".into()),
            }),
            Said::RestartWanted => self.restart_wanted = true,
            Said::Refused { why } => self.place.report.report(Event::Warning { text: format!("the reload went wrong: {why}"), hint: None }),
            Said::Avoided(avoided) => self.place.report.report(super::avoided::warning(avoided)),
            Said::Begun { .. } | Said::Touched(_) | Said::Recovered { .. } | Said::Memory { .. } | Said::Files(_) => {}
        }
        self.step(Input::Agent(said));
        if self.machine.loading().is_none() {
            self.repeats.take().into_iter().for_each(|change| self.act(change));
        }
    }

    fn lost_agent(&mut self) {
        self.agent = None;
        self.revival.ended(Instant::now());
        if let Some((text, hint)) = self.revival.words() {
            self.place.report.report(Event::Warning { text, hint });
        }
        self.step(Input::AgentLost);
    }

    fn tell_no_message(&mut self, why: &str) {
        if self.revival.tells(why) {
            let text = format!("cannot read what the agent in the container says: {why}");
            let hint = "a server that another version of parity has started is replaced by `parity down` and `parity up`";
            self.place.report.report(Event::Warning { text, hint: Some(hint.into()) });
        }
    }

    fn note_loaded(&mut self, loaded: &Loaded) {
        if !loaded.read.is_empty() {
            self.touched.imported = loaded.read.iter().cloned().collect();
            self.watching.also(&loaded.read);
        }
    }

    /// What processes open and write is kept for the session: the next ones are likely to do the same.
    fn note_touched(&mut self, News { opened, written, read, stale }: News) {
        self.watching.also(&opened);
        self.watching.also(&read);
        self.touched.imported.extend(read);
        self.touched.opened.extend(opened);
        self.touched.written.extend(written);
        // Saved before it was known that the application reads them.
        stale.into_iter().for_each(|path| self.changed(Change { gone: !self.plan.root.join(&path).exists(), path }));
    }

    pub(super) fn step(&mut self, input: Input) {
        for effect in self.machine.step(input) {
            match effect {
                Effect::Prepare { generation, files } => {
                    let named = files::digests(&self.plan.root, &files);
                    let all_named = named.len() == files.len() && !files.iter().any(|file| self.insisted.contains(file));
                    let unless_own = all_named && self.machine.unless_own();
                    self.order(Order::Prepare { generation, files: named, unless_own });
                }
                Effect::Commit { generation } => self.order(Order::Commit { generation }),
                Effect::Discard { generation } => self.order(Order::Discard { generation }),
                Effect::Tell(outcome) => self.tell(outcome),
                Effect::TellRecovered => {
                    self.place.report.report(Event::Note { text: "serving: the import that failed has worked on another try".into() });
                }
                Effect::StartAgent => self.start_agent = Some((Instant::now() + self.revival.pause(), 0)),
            }
        }
    }

    fn order(&self, order: Order) {
        if let Some(agent) = &self.agent {
            agent.tell(order);
        }
    }

    fn tell(&mut self, outcome: Outcome) {
        let Outcome { generation, mut files, error, served, again, newer } = outcome;
        self.waiting_told &= newer;
        // What the application wrote meanwhile is not what asked for it.
        files.retain(|file| !self.touched.has_written(file) || self.insisted.contains(file));
        let failed = error.map(|text| record_of(&text, &self.plan));
        self.place.report.report(Event::Reloaded { files, generation, took: self.saved.elapsed(), failed, served, again, newer });
    }
}

pub(super) fn machine_for(plan: &Plan, reload: &Reload) -> Machine {
    Machine::new(*reload.on_error == OnError::Keep, !*reload.standby, *plan.server.processes > 1)
}
