//! The loop: it listens to everything at once and never works while it should listen.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;

use super::agent::{Agent, Loaded, Order, Said};
use super::machine::{Effect, Input, Machine, Outcome};
use super::watching::Watching;
use super::{Current, Following, Inputs, Key, MEND_IT, Replan, files, job, switch, takeover};
use crate::changes::{Action, Verdict};
use crate::engine::container::{self, LogStart};
use crate::error::{Failure, Kind, Result};
use crate::events::Event;
use crate::logs::{self, Paths, Reader, Record};
use crate::plan::{OnError, Plan, Reload};
use crate::session::follow::{Follower, Seen};
use crate::session::up::{After, Place, after_the_end, optional, runs};
use crate::session::upload;
use crate::session::wait::{Awaited, until_ready};
use crate::units::Secret;
use crate::watch::{Burst, Change, Limits, Notice, is_git_at_work};

/// How long the first attempts to reach the agent may take; after that it is said, and tried less often.
const AGENT_PAUSE: Duration = Duration::from_millis(300);

struct Work<'a> {
    place: Place<'a>,
    replan: Replan<'a>,
    keys: Option<&'a mut mpsc::Receiver<Key>>,
    plan: Plan,
    secrets: Vec<(String, Secret)>,
    watching: Watching,
    burst: Burst,
    verdicts: BTreeMap<String, Verdict>,
    machine: Machine,
    agent: Option<Agent>,
    /// When the agent is to be started next, and how often that has failed.
    start_agent: Option<(Instant, u32)>,
    /// The project's files that the application has imported.
    loaded: HashSet<String>,
    /// When the last file of the reload under way was saved.
    saved: Instant,
    /// A switch to another container, with the word for what asked for it.
    switching: Option<LocalBoxFuture<'a, Result<switch::Ready, switch::NotReady>>>,
    /// What asked for it.
    wanted: Option<switch::Wanted>,
    restart_wanted: bool,
    /// What could not be applied, and may be with the code that is saved next.
    unapplied: Option<switch::Wanted>,
    /// Servers that have been taken over from, and finish their requests.
    retiring: FuturesUnordered<LocalBoxFuture<'a, ()>>,
    /// The end of the container that holds the port.
    lender: Option<LocalBoxFuture<'a, ()>>,
    jobs: FuturesUnordered<LocalBoxFuture<'a, Event>>,
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
        adopted: bool,
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
            loaded: HashSet::new(),
            saved: Instant::now(),
            switching: None,
            wanted: None,
            restart_wanted: false,
            unapplied: None,
            retiring: FuturesUnordered::new(),
            lender: None,
            jobs: FuturesUnordered::new(),
        };
        if adopted {
            work.step(Input::Doubt);
        }
        work.look_after_lender(current);
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
                notice = self.watching.next() => self.noticed(notice, current)?,
                said = optional(self.agent.as_mut().map(Agent::next)) => {
                    self.heard(said);
                    if std::mem::take(&mut self.restart_wanted) {
                        self.start_switch(switch::Wanted::restart(), current);
                    }
                }
                () = at(self.burst.soon()) => self.hurry(),
                () = at(self.burst.due()) => self.settle(current),
                () = at(self.start_agent.map(|(moment, _)| moment)) => self.connect(current).await,
                key = optional(self.keys.as_mut().map(|keys| keys.recv())) => match key {
                    Some(Key::Quit) => return Ok(()),
                    Some(Key::Reload) => { self.saved = Instant::now(); self.step(Input::Asked); }
                    Some(Key::Open) => self.open(current),
                    None => self.keys = None,
                },
                ready = optional(self.switching.as_mut()) => {
                    self.switching = None;
                    self.switched(ready, current, log).await?;
                }
                Some(event) = self.jobs.next() => self.place.report.report(event),
                Some(()) = self.retiring.next() => {}
                () = optional(self.lender.as_mut()) => {
                    self.place.report.report(Event::Note { text: "the container that holds the port was removed from elsewhere".into() });
                    return Ok(());
                }
                seen = log.next(self.place.report) => match seen? {
                    // The next request tries again; so does the next save.
                    Seen::ImportFailed | Seen::HookFailed(_) | Seen::Retired => {}
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
                        After::Stopped | After::TakenOver { .. } => {
                            self.place.report.report(Event::Note { text: "the server was stopped from elsewhere".into() });
                            return Ok(());
                        }
                    },
                },
            }
        }
    }

    fn follow_log(&self, current: &Current, log: &mut Follower, from: LogStart) {
        *log = Follower::new(self.place.engine.logs(&current.id, true, from), Reader::new(Paths::of_project(&self.plan.root)));
    }

    /// Waits for a server that was started anew. One that cannot import the application, as is said then, waits for the
    /// next save.
    async fn answers(&self, current: &Current, log: &mut Follower) -> Result<Option<Failure>> {
        let awaited = Awaited {
            id: current.id.clone(),
            url: current.url.clone(),
            app: self.plan.app.value.to_string(),
            seconds: self.plan.timeout.value,
        };
        match until_ready(self.place.engine, &awaited, log, self.place.interrupts, self.place.report).await {
            Ok(()) => Ok(None),
            Err(failure) if failure.kind == Kind::App && runs(self.place.engine, &current.id).await => Ok(Some(failure)),
            Err(failure) => Err(failure),
        }
    }

    fn noticed(&mut self, notice: Notice, current: &Current) -> Result<()> {
        match notice {
            Notice::Changed(changes) => changes.into_iter().for_each(|change| self.changed(change)),
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
        let now = Instant::now();
        let inside = |path: &str| self.loaded.contains(path) || self.loaded.iter().any(|file| is_below(file, path));
        let verdict = self.watching.verdict(&change, &inside);
        if upload::is_wanted(&self.plan) {
            self.upload(&change);
        }
        if matches!(verdict.action, Action::Ignore) {
            return;
        }
        if verdict.action == Action::Reload {
            self.saved = now;
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

    fn heard(&mut self, said: Option<Said>) {
        let Some(said) = said else {
            self.agent = None;
            return self.step(Input::AgentLost);
        };
        match &said {
            Said::Hello(loaded) | Said::Loaded(loaded) | Said::Serving(loaded) => self.note_loaded(loaded),
            Said::Waiting { .. } => {
                self.place.report.report(Event::Note { text: "no standby process is ready yet: waiting for one".into() });
            }
            Said::Unseen { files, .. } => self.place.report.report(Event::Warning {
                text: format!("the container does not see {} as saved", files.join(", ")),
                hint: Some("the engine's mount is late or does not follow; `--sync` uploads what is saved instead".into()),
            }),
            Said::Overdue { seconds, .. } => self.place.report.report(Event::Warning {
                text: format!("the application was not imported within {seconds} seconds: starting again"),
                hint: Some("`startup-timeout` gives it longer".into()),
            }),
            Said::RestartWanted => self.restart_wanted = true,
            Said::Refused { why } => self.place.report.report(Event::Warning { text: format!("the reload went wrong: {why}"), hint: None }),
            Said::Other => {}
        }
        self.step(Input::Agent(said));
    }

    fn note_loaded(&mut self, loaded: &Loaded) {
        if !loaded.read.is_empty() {
            self.loaded = loaded.read.iter().cloned().collect();
            self.watching.also(&loaded.read);
        }
    }

    fn step(&mut self, input: Input) {
        for effect in self.machine.step(input) {
            match effect {
                Effect::Prepare { generation, files } => {
                    let files = files::digests(&self.plan.root, &files);
                    self.order(Order::Prepare { generation, files });
                }
                Effect::Commit { generation } => self.order(Order::Commit { generation }),
                Effect::Discard { generation } => self.order(Order::Discard { generation }),
                Effect::Tell(outcome) => self.tell(outcome),
                Effect::StartAgent => self.start_agent = Some((Instant::now(), 0)),
            }
        }
    }

    fn order(&self, order: Order) {
        if let Some(agent) = &self.agent {
            agent.tell(order);
        }
    }

    fn tell(&self, outcome: Outcome) {
        let Outcome { generation, files, error, served, again } = outcome;
        let failed = error.map(|text| record_of(&text, &self.plan));
        self.place.report.report(Event::Reloaded { files, generation, took: self.saved.elapsed(), failed, served, again });
    }

    async fn connect(&mut self, current: &Current) {
        let Some((_, failed)) = self.start_agent.take() else { return };
        // What was saved while nobody could be told.
        let missed = async {
            if upload::is_wanted(&self.plan) {
                upload::upload(self.place.engine, &current.id, &self.plan).await?;
            }
            Agent::start(self.place.engine, &current.id).await
        };
        match self.place.interrupts.or(missed).await {
            Ok(agent) => self.agent = Some(agent),
            // The log's end says that the container is gone; the loop sees to that.
            Err(_) => self.start_agent = Some((Instant::now() + AGENT_PAUSE * (failed + 1).min(10), failed + 1)),
        }
    }

    fn open(&self, current: &Current) {
        if let Err(error) = open::that_detached(&current.url) {
            self.place.report.report(Event::Warning { text: format!("cannot open a browser: {error}"), hint: None });
        }
    }

    /// Begins to make ready what the changed files ask for. What is being made ready from their former content is given up.
    fn start_switch(&mut self, wanted: switch::Wanted, current: &Current) {
        let wanted = match self.wanted.take() {
            Some(before) => before.and(wanted),
            None => wanted,
        };
        self.wanted = Some(wanted.clone());
        self.unapplied = None;
        self.switching = Some(Box::pin(switch::make_ready(self.place, self.replan, current.clone(), wanted)));
    }

    async fn switched(&mut self, ready: Result<switch::Ready, switch::NotReady>, current: &mut Current, log: &mut Follower) -> Result<()> {
        let wanted = self.wanted.take();
        let mut ready = match ready {
            Ok(ready) => ready,
            Err(switch::NotReady { failure, .. }) if matches!(failure.kind, Kind::Interrupted | Kind::EngineLost) => return Err(failure),
            Err(switch::NotReady { failure, inputs }) => {
                // It may be mended in a file that only the new configuration names.
                if let Some(inputs) = inputs {
                    self.watching.renew(&inputs);
                }
                // Code that is saved may be what it lacks.
                self.unapplied = wanted.filter(|_| matches!(failure.kind, Kind::App | Kind::Hook | Kind::NotReady));
                self.not_applied(failure);
                return Ok(());
            }
        };
        let switch::Ready { step, .. } = &mut ready;
        match std::mem::replace(step, switch::Step::Nothing) {
            switch::Step::Nothing if ready.wanted.quiet => {
                self.adopt(ready.inputs);
                return Ok(());
            }
            switch::Step::Nothing => {
                self.adopt(ready.inputs);
                self.place.report.report(changed(ready.wanted, "nothing to restart".into(), ready.begun));
            }
            switch::Step::TakeOver(next) => self.taken_over(ready, *next, current, log).await?,
            switch::Step::Replace(wish, image, why) => self.replaced(ready, (&wish, &image, why), current, log).await?,
        }
        Ok(())
    }

    fn not_applied(&self, failure: Failure) {
        let failure = failure.hint("the running server is unaffected; save the file again when it is fixed");
        self.place.report.report(Event::NotApplied { failure });
    }

    /// From now on this is what is served.
    fn adopt(&mut self, inputs: Inputs) {
        self.watching.renew(&inputs);
        (self.plan, self.secrets) = (inputs.plan, inputs.secrets);
    }

    async fn taken_over(&mut self, ready: switch::Ready, next: takeover::Next, current: &mut Current, log: &mut Follower) -> Result<()> {
        let url = current.url.clone();
        let retired = match takeover::take_over(self.place, next, &ready.inputs.plan, &self.plan, current, log).await {
            Ok(retired) => retired,
            Err(failure) if matches!(failure.kind, Kind::Interrupted | Kind::EngineLost) => return Err(failure),
            Err(failure) => {
                self.not_applied(failure);
                return Ok(());
            }
        };
        let Place { engine, name, report, .. } = self.place;
        self.retiring.push(Box::pin(retired.end(engine.clone(), name.to_owned(), report)));
        self.look_after_lender(current);
        self.adopt(ready.inputs);
        self.restart_machine();
        if url != current.url {
            report.report(Event::Serving { url: current.url.clone(), took: None });
        }
        report.report(changed(ready.wanted, "switched, serving".into(), ready.begun));
        Ok(())
    }

    /// Notices when the container goes that holds the port for the one that serves.
    fn look_after_lender(&mut self, current: &Current) {
        let engine = self.place.engine;
        self.lender =
            current.network.clone().map(|id| -> LocalBoxFuture<'a, ()> { Box::pin(async move { takeover::ended(engine, &id).await }) });
    }

    /// The way in which connections are refused until the new server listens.
    async fn replaced(
        &mut self,
        ready: switch::Ready,
        (wish, image, why): (&container::Wish, &str, &str),
        current: &mut Current,
        log: &mut Follower,
    ) -> Result<()> {
        let (away, url) = (Instant::now(), current.url.clone());
        self.lender = None;
        let before = switch::Before { plan: &self.plan, secrets: &self.secrets };
        switch::switch(self.place, &ready, (wish, image), &before, current).await?;
        self.follow_log(current, log, LogStart::Beginning);
        let switch::Ready { inputs, wanted, begun, .. } = ready;
        self.adopt(inputs);
        {
            self.restart_machine();
            let answered = self.answers(current, log).await?;
            if url != current.url {
                self.place.report.report(Event::Serving { url: current.url.clone(), took: None });
            }
            if let Some(failure) = answered {
                self.place.report.report(Event::Warning { text: failure.message, hint: Some(MEND_IT.into()) });
            }
        }
        let done = format!("switched, away for {} ms because {why}, serving", away.elapsed().as_millis());
        self.place.report.report(changed(wanted, done, begun));
        Ok(())
    }

    /// Another container has another agent, which must be asked what there is.
    fn restart_machine(&mut self) {
        if let Some(reload) = &self.plan.reload {
            self.machine = machine_for(&self.plan, reload);
        }
        self.agent = None;
        self.start_agent = Some((Instant::now(), 0));
    }
}

fn changed(wanted: switch::Wanted, done: String, begun: Instant) -> Event {
    Event::Changed { files: wanted.files, done, cause: wanted.cause, took: Some(begun.elapsed()) }
}

fn machine_for(plan: &Plan, reload: &Reload) -> Machine {
    Machine::new(*reload.on_error == OnError::Keep, !*reload.standby, *plan.server.processes > 1)
}

/// Settings, WSGI modules and `manage.py` say how an application is to be served, which parity reads in them.
fn is_read_by_parity(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    path.contains("settings") || matches!(name, "manage.py" | "wsgi.py")
}

fn is_below(file: &str, directory: &str) -> bool {
    file.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// A traceback as the log would have it.
fn record_of(text: &str, plan: &Plan) -> Record {
    let mut reader = Reader::new(Paths::of_project(&plan.root));
    let mut records = reader.feed(logs::Stream::Stderr, text.as_bytes());
    records.extend(reader.flush());
    let mut lines = Vec::new();
    let mut hint = None;
    for record in records {
        lines.extend(record.lines);
        hint = hint.or(record.hint);
    }
    Record { hint, ..Record::new(logs::RecordKind::Traceback, lines) }
}
