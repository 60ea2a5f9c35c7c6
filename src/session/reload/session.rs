//! The loop: it listens to everything at once and never works while it should listen.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;

use super::agent::{Agent, Loaded, News, Order, Response, Said};
use super::ignored::Ignored;
use super::machine::{Effect, Input, Machine, Outcome};
use super::repeats::{self, Repeat, Repeats};
use super::watching::Watching;
use super::{Current, Following, Key, MEND_IT, Replan, files, job, switch};
use crate::changes::{Action, Basis, Touched, Verdict};
use crate::engine::container::LogStart;
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

/// Characters of a URL's path that are shown.
const MOST_OF_A_PATH: usize = 80;

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
    /// What the application has done with the project's files.
    touched: Touched,
    /// Files that are reloaded though the application may have written them: the user has a rule for them.
    insisted: HashSet<String>,
    ignored: Ignored,
    repeats: Repeats,
    /// When the last file of the reload under way was saved.
    saved: Instant,
    /// It was told that a standby is waited for, and nothing fresh has been served since.
    waiting_told: bool,
    /// A switch to another container, with the word for what asked for it.
    switching: Option<LocalBoxFuture<'a, Result<switch::Ready, switch::NotReady>>>,
    /// What asked for it.
    wanted: Option<switch::Wanted>,
    jobs: FuturesUnordered<LocalBoxFuture<'a, Event>>,
}

/// Where the server that a session looks after comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// It was started by this session.
    Started,
    /// It ran already, and code may have been saved since.
    Adopted,
    /// Another session has looked after it until a moment ago, and anything may have been saved since.
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
            touched: Touched::default(),
            insisted: HashSet::new(),
            ignored: Ignored::default(),
            repeats: Repeats::default(),
            saved: Instant::now(),
            waiting_told: false,
            switching: None,
            wanted: None,
            jobs: FuturesUnordered::new(),
        };
        if server != Server::Started {
            work.step(Input::Doubt);
        }
        if server == Server::TakenOver {
            work.start_switch(switch::Wanted::in_doubt(), current);
        }
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
                    if let Some(Said::Cut { responses }) = &said {
                        log.expect_cut(responses.len());
                    }
                    self.heard(said);
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
                seen = log.next(self.place.report) => match seen? {
                    // The next request tries again; so does the next save.
                    Seen::ImportFailed(_) | Seen::HookFailed(_) => {}
                    Seen::Ended => match self.place.interrupts.or(after_the_end(self.place.engine, &current.id)).await? {
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
                        After::Stopped => {
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
        let awaited = Awaited::of(&self.plan, &current.id, &current.url);
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
            Said::Refused { why } => self.place.report.report(Event::Warning { text: format!("the reload went wrong: {why}"), hint: None }),
            Said::Avoided(avoided) => self.place.report.report(super::avoided::warning(avoided)),
            Said::Begun { .. } | Said::Touched(_) | Said::Recovered { .. } | Said::Other => {}
        }
        self.step(Input::Agent(said));
        if self.machine.loading().is_none() {
            self.repeats.take().into_iter().for_each(|change| self.act(change));
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

    fn step(&mut self, input: Input) {
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
                Effect::StartAgent => self.start_agent = Some((Instant::now(), 0)),
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
        self.switching = Some(Box::pin(switch::make_ready(self.place, self.replan, current.clone(), wanted)));
    }

    async fn switched(&mut self, ready: Result<switch::Ready, switch::NotReady>, current: &mut Current, log: &mut Follower) -> Result<()> {
        self.wanted = None;
        let ready = match ready {
            Ok(ready) => ready,
            Err(switch::NotReady { failure, .. }) if matches!(failure.kind, Kind::Interrupted | Kind::EngineLost) => return Err(failure),
            Err(switch::NotReady { failure, inputs }) => {
                // It may be mended in a file that only the new configuration names.
                if let Some(inputs) = inputs {
                    self.watching.renew(&inputs);
                }
                self.place
                    .report
                    .report(Event::NotApplied { failure: failure.hint("what runs goes on; save the file again when it is mended") });
                return Ok(());
            }
        };
        let (away, url) = (Instant::now(), current.url.clone());
        if let Some(wish) = &ready.wish {
            let before = switch::Before { plan: &self.plan, secrets: &self.secrets };
            switch::switch(self.place, &ready, wish, &before, current).await?;
            self.follow_log(current, log, LogStart::Beginning);
        }
        let switch::Ready { inputs, wish, wanted, begun } = ready;
        self.watching.renew(&inputs);
        (self.plan, self.secrets) = (inputs.plan, inputs.secrets);
        if wish.is_some() {
            self.restart_machine();
            let answered = self.answers(current, log).await?;
            if url != current.url {
                self.place.report.report(Event::Serving { url: current.url.clone(), took: None });
            }
            if let Some(failure) = answered {
                self.place.report.report(Event::Warning { text: failure.message, hint: Some(MEND_IT.into()) });
            }
        } else {
            self.reload_what_is_read(&wanted.files);
            if wanted.quiet {
                return Ok(());
            }
        }
        let done = match wish {
            Some(_) => format!("switched, away for {} ms, serving", away.elapsed().as_millis()),
            None => "nothing to restart".into(),
        };
        self.place.report.report(Event::Changed { files: wanted.files, done, cause: wanted.cause, took: Some(begun.elapsed()) });
        Ok(())
    }

    /// Configuration that changes nothing for parity may change something for the application.
    fn reload_what_is_read(&mut self, files: &[String]) {
        let read: Vec<_> = files.iter().filter(|file| self.touched.reads(file) && !is_read_by_parity(file)).cloned().collect();
        if !read.is_empty() {
            self.saved = Instant::now();
            read.into_iter().for_each(|file| self.step(Input::Changed(file)));
            self.step(Input::Settled);
        }
    }

    /// Another container has another agent, which must be asked what there is.
    fn restart_machine(&mut self) {
        if let Some(reload) = &self.plan.reload {
            self.machine = machine_for(&self.plan, reload);
        }
        // Another configuration may have the application write other files.
        self.touched.written.clear();
        self.agent = None;
        self.start_agent = Some((Instant::now(), 0));
    }
}

fn machine_for(plan: &Plan, reload: &Reload) -> Machine {
    Machine::new(*reload.on_error == OnError::Keep, !*reload.standby, *plan.server.processes > 1)
}

/// Settings, WSGI modules and `manage.py` say how an application is to be served, which parity reads in them.
fn is_read_by_parity(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    path.contains("settings") || matches!(name, "manage.py" | "wsgi.py")
}

/// What was cut off, for people. The paths are the container's word, and may hold anything.
fn cut(responses: &[Response]) -> String {
    let one = |response: &Response| {
        let path: String = response.path.chars().take(MOST_OF_A_PATH).collect();
        let tenths = response.milliseconds / 100;
        let seconds = if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() };
        format!("streaming for {seconds} s: {}", path.escape_debug())
    };
    match responses {
        [response] => format!("cut a response that had been {}", one(response)),
        _ => format!("cut {} responses that had been {}", responses.len(), responses.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off() {
        let response = |path: &str, milliseconds| Response { path: path.into(), milliseconds };
        assert_eq!(cut(&[response("/events", 12_345)]), "cut a response that had been streaming for 12 s: /events");
        let two = [response("/a", 640), response("/b\u{1b}[2J", 9_990)];
        assert_eq!(cut(&two), "cut 2 responses that had been streaming for 0.6 s: /a, streaming for 9.9 s: /b\\u{1b}[2J");
    }
}
