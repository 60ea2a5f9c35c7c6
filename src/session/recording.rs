//! Records the requests of a session: takes what the container's recorder says and stores it.
//!
//! A collector in each container that serves under the name hands on what the processes record, as a command whose stdout is read
//! here. A thread of its own writes to the store, so that a slow disk holds up nobody but the queue. The container is not trusted
//! (`docs/security.md`): its messages are data, of limited length and number.

mod writer;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bollard::container::LogOutput;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::config::Extent;
use crate::engine::Engine;
use crate::engine::container::{LogStart, Output, State};
use crate::engine::exec::Command;
use crate::error::{Failure, Result};
use crate::events::{Event, Report};
use crate::logs;
use crate::render::record::{self, COLLECTOR_OF_SMOKE, COLLECTORS};
use crate::requests::log::Lines;
use crate::requests::message::Frames;
use crate::requests::{Keep, Marks, Store, Storing, store};
use crate::session::up::optional;

/// Between two looks for a container that serves under the name.
const PAUSE: Duration = Duration::from_millis(500);
/// What is under way when the server ends arrives by then.
const ENDING: Duration = Duration::from_secs(2);
/// KiB of messages that wait for the thread that writes. Beyond that the container waits, whose queues have an end.
const MOST_WAITING: u32 = 64 << 10;
/// Lines of a server's log that may belong to requests whose recording begins.
const LINES_BEFORE: u32 = 1000;

/// A container that has just begun has not unpacked its files yet.
const WAIT: &str = "i=0; while [ ! -e /run/parity/unpacked ]; do sleep 0.02; i=$((i+1)); [ $i -lt 500 ] || exit 1; done; \
                    exec /opt/venv/bin/python -I -S \"$0\"";

/// After the recorder is turned off, for requests under way to arrive.
const SETTLING: Duration = Duration::from_millis(300);
/// A container that does not answer is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The requests of a session, while they are wanted.
#[derive(Debug)]
pub struct Recording {
    settings: Arc<Settings>,
    logged: Logged,
    open: Option<Open>,
}

/// How it is stored.
#[derive(Debug)]
pub struct Settings {
    /// `None`: there is no directory for it.
    pub path: Option<PathBuf>,
    pub keep: Keep,
    /// What is kept of each request.
    pub extent: Extent,
    pub storing: Storing,
    /// The name that the server has.
    pub name: String,
    /// It runs the production image, and began to record with its start; otherwise it is a server of `up` or `debug`.
    pub is_baked: bool,
    /// Of requests that somebody wants to find again.
    pub marks: Marks,
}

/// What servers have logged, until it is known of which requests.
type Logged = Arc<Mutex<Lines>>;

/// A store that is written to.
#[derive(Debug)]
struct Open {
    messages: Sender,
    told: mpsc::UnboundedReceiver<Told>,
    writer: JoinHandle<u64>,
}

/// Messages that came at once, and the room that they take.
#[derive(Debug)]
struct Piece {
    messages: Vec<Vec<u8>>,
    _room: OwnedSemaphorePermit,
}

/// Where they are put.
#[derive(Debug, Clone)]
struct Sender {
    pieces: mpsc::UnboundedSender<Piece>,
    room: Arc<Semaphore>,
}

impl Sender {
    fn new() -> (Self, mpsc::UnboundedReceiver<Piece>) {
        let (pieces, taken) = mpsc::unbounded_channel();
        (Self { pieces, room: Arc::new(Semaphore::new(MOST_WAITING as usize)) }, taken)
    }

    /// Waits until there is room. `None`: nobody takes it any more.
    async fn send(&self, messages: Vec<Vec<u8>>) -> Option<()> {
        let kib = messages.iter().map(Vec::len).sum::<usize>().div_ceil(1024);
        let room = Arc::clone(&self.room).acquire_many_owned(u32::try_from(kib).map_or(MOST_WAITING, |kib| kib.min(MOST_WAITING)));
        self.pieces.send(Piece { messages, _room: room.await.ok()? }).ok()
    }
}

/// What the thread that writes has to say.
#[derive(Debug)]
enum Told {
    /// A container's collector is there.
    Collecting,
    Failed(Failure),
    Lost(u64),
}

impl Recording {
    /// `on`: it begins at once, and opens the store.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn new(settings: Settings, on: bool) -> Result<Self> {
        let (settings, logged) = (Arc::new(settings), Logged::default());
        let open = on.then(|| Open::new(&settings, &logged)).transpose()?;
        Ok(Self { settings, logged, open })
    }

    /// Serves, and records while that is wanted: `turns` says when that changes. What is recorded is stored when this returns.
    pub async fn beside<T>(
        self,
        engine: &Engine,
        report: &dyn Report,
        mut turns: Option<&mut mpsc::Receiver<()>>,
        served: impl Future<Output = T>,
    ) -> T {
        let Self { settings, logged, mut open } = self;
        let mut followed = Followed {
            engine,
            settings: &settings,
            logged: &logged,
            switches: false,
            at_once: settings.is_baked,
            says_so: false,
            known: BTreeSet::new(),
            collectors: FuturesUnordered::new(),
        };
        let mut endings = FuturesUnordered::new();
        let ended = {
            tokio::pin!(served);
            loop {
                let messages = open.as_ref().map(|open| open.messages.clone());
                tokio::select! {
                    ended = &mut served => break ended,
                    () = followed.step(messages) => {}
                    Some(said) = optional(open.as_mut().map(|open| open.told.recv())) => match said {
                        Told::Collecting if std::mem::take(&mut followed.says_so) => {
                            report.report(Event::Note { text: "requests are recorded: R ends it".into() });
                        }
                        said => tell(report, said),
                    },
                    Some(()) = endings.next() => {}
                    Some(()) = optional(turns.as_mut().map(|turns| turns.recv())) => match open.take() {
                        None => match Open::new(&settings, &logged) {
                            Ok(new) => {
                                followed.turned_on();
                                open = Some(new);
                            }
                            Err(failure) => tell(report, Told::Failed(failure)),
                        },
                        Some(open) => endings.push(end(followed.turned_off(), open, report)),
                    },
                }
            }
        };
        // A server that goes on has no last word.
        let ending = if settings.is_baked { SETTLING } else { ENDING };
        let _ = tokio::time::timeout(ending, followed.rest()).await;
        while endings.next().await.is_some() {}
        if let Some(open) = open {
            open.close(report).await;
        }
        ended
    }
}

impl Open {
    fn new(settings: &Arc<Settings>, logged: &Logged) -> Result<Self> {
        let store = Store::open(settings.path.as_deref().ok_or_else(store::no_directory)?)?;
        let (messages, taken) = Sender::new();
        let (tell, told) = mpsc::unbounded_channel();
        let (settings, logged) = (Arc::clone(settings), Arc::clone(logged));
        let writer = std::thread::Builder::new().name("requests".into());
        let writer = writer.spawn(move || writer::write(store, taken, &settings, &logged, &tell));
        let writer = writer.map_err(|error| Failure::new(crate::error::Kind::Other, "cannot start to record").caused_by(&error))?;
        Ok(Self { messages, told, writer })
    }

    /// Returns when all is stored, and says how much that is.
    async fn close(self, report: &dyn Report) {
        let Self { messages, mut told, writer } = self;
        drop(messages);
        let stored = tokio::task::spawn_blocking(move || writer.join().unwrap_or_default()).await.unwrap_or_default();
        while let Ok(said) = told.try_recv() {
            tell(report, said);
        }
        if stored > 0 {
            let requests = if stored == 1 { "request" } else { "requests" };
            report.report(Event::Note { text: format!("recorded {stored} {requests}: `parity requests` lists them") });
        }
    }
}

/// Turns the recorder off and stores what it has said.
async fn end(off: impl Future<Output = ()>, open: Open, report: &dyn Report) {
    off.await;
    report.report(Event::Note { text: "recording ended".into() });
    open.close(report).await;
}

fn tell(report: &dyn Report, said: Told) {
    report.report(match said {
        Told::Collecting => return,
        Told::Failed(failure) => {
            let cause = failure.causes.first().map(|cause| format!(": {cause}")).unwrap_or_default();
            let hint = failure.hints.first().cloned();
            Event::Warning { text: format!("requests are not recorded: {}{cause}", failure.message), hint }
        }
        Told::Lost(1) => Event::Warning { text: "1 request was not recorded: there were more than could be taken".into(), hint: None },
        Told::Lost(count) => {
            Event::Warning { text: format!("{count} requests were not recorded: there were more than could be taken"), hint: None }
        }
    });
}

/// The containers whose requests are recorded.
struct Followed<'a> {
    engine: &'a Engine,
    settings: &'a Settings,
    logged: &'a Logged,
    /// The recorder was turned on or off since the session began: containers are told.
    switches: bool,
    /// Look for a container without waiting first.
    at_once: bool,
    /// Whoever turned it on is told when it is.
    says_so: bool,
    known: BTreeSet<String>,
    collectors: FuturesUnordered<LocalBoxFuture<'a, String>>,
}

impl<'a> Followed<'a> {
    /// Waits for something to happen, and sees to it.
    async fn step(&mut self, messages: Option<Sender>) {
        let Some(messages) = messages else { return std::future::pending().await };
        if !self.at_once {
            tokio::select! {
                Some(ended) = self.collectors.next() => {
                    // It may be of a container that goes on.
                    self.known.remove(&ended);
                    tokio::time::sleep(PAUSE).await;
                }
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        let found = self.engine.observe(&self.settings.name).await;
        self.at_once = false;
        if let Ok(Some(found)) = found
            && found.state == State::Running
            && self.known.insert(found.id.clone())
        {
            self.collectors.push(Box::pin(collect(self.engine, found.id, self.settings, self.logged, self.switches, messages)));
        }
    }

    fn turned_on(&mut self) {
        (self.switches, self.at_once, self.says_so) = (true, true, true);
    }

    /// What there is to do for the containers that record.
    fn turned_off(&mut self) -> impl Future<Output = ()> + use<'a> {
        self.switches = true;
        let (engine, extent, containers) = (self.engine, self.settings.extent, std::mem::take(&mut self.known));
        let mut collectors = std::mem::take(&mut self.collectors);
        async move {
            let off = async {
                for container in containers {
                    switch(engine, &container, false, extent).await;
                }
                tokio::time::sleep(SETTLING).await;
            };
            let collect = async { while collectors.next().await.is_some() {} };
            tokio::select! {
                () = off => {}
                () = async { collect.await; std::future::pending().await } => {}
            }
        }
    }

    async fn rest(mut self) {
        while self.collectors.next().await.is_some() {}
    }
}

/// Tells the processes of a container to record, or not to. Where that fails there is nothing to collect, and the container is ending.
async fn switch(engine: &Engine, container: &str, on: bool, extent: Extent) {
    let (argv, files) = record::switch(on, extent);
    let _ = tokio::time::timeout(PATIENCE, engine.ask(container, argv, files.as_bytes(), 0)).await;
}

/// Passes on what a container's collector says, until it ends. Returns the container.
async fn collect(engine: &Engine, container: String, settings: &Settings, logged: &Logged, switches: bool, messages: Sender) -> String {
    if switches {
        switch(engine, &container, true, settings.extent).await;
    }
    let [started, brought] = COLLECTORS;
    let argv: Vec<&str> = match switches {
        _ if settings.is_baked => vec!["/opt/venv/bin/python", "-I", "-S", COLLECTOR_OF_SMOKE],
        true => vec!["sh", "-c", WAIT, brought],
        false => vec!["sh", "-c", WAIT, started],
    };
    let argv = argv.into_iter().map(String::from).collect();
    let command = Command { argv, tty: false, stdin: true, env: Vec::new(), working_directory: Some("/".into()) };
    let Ok(mut running) = engine.exec(&container, &command).await else { return container };
    let frames = async {
        let mut begun = Frames::default();
        while let Some(Ok(piece)) = running.output.next().await {
            if let LogOutput::StdOut { message } | LogOutput::Console { message } = piece {
                let whole = begun.feed(&message);
                if !whole.is_empty() && messages.send(whole).await.is_none() {
                    return;
                }
            }
        }
    };
    let server = container.clone();
    let mut log = std::pin::pin!(hear(engine, &server, logged));
    tokio::select! {
        () = frames => {
            // What the server said last.
            let _ = tokio::time::timeout(SETTLING, log).await;
        }
        () = async { log.as_mut().await; std::future::pending().await } => {}
    }
    container
}

/// Takes what the application writes to the server's log, to its end.
async fn hear(engine: &Engine, container: &str, logged: &Logged) {
    let mut output = std::pin::pin!(engine.errors(container, LogStart::LastLines(LINES_BEFORE)));
    let mut lines = logs::Lines::default();
    while let Some(Ok(piece)) = output.next().await {
        let (Output::Stderr(piece) | Output::Stdout(piece)) = piece;
        lines.feed(&piece, |line| {
            if let Some(printed) = logs::printed(&String::from_utf8_lossy(&line)) {
                logged.lock().unwrap_or_else(PoisonError::into_inner).hear(printed);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_to_be_stored_has_an_end() {
        let (sender, mut pieces) = Sender::new();
        let large = || vec![vec![0; (MOST_WAITING as usize) << 9]];
        assert_eq!((sender.send(large()).await, sender.send(large()).await), (Some(()), Some(())));
        let third = sender.send(vec![vec![0]]);
        tokio::pin!(third);
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut third).await.is_err());
        drop(pieces.recv().await);
        assert_eq!(third.await, Some(()));
        // One that is larger than all the room has all of it.
        drop((pieces.recv().await, pieces.recv().await));
        assert_eq!(sender.send(vec![vec![0; (MOST_WAITING as usize) << 11]]).await, Some(()));
        drop(pieces);
        assert_eq!(sender.send(vec![vec![0]]).await, None);
    }

    #[test]
    fn without_a_directory_for_the_store_only_recording_fails() {
        let settings = || Settings {
            path: None,
            keep: Keep::default(),
            extent: Extent { body_limit: 1, locals: false },
            storing: Storing::default(),
            name: "x".into(),
            is_baked: false,
            marks: Marks::default(),
        };
        assert!(Recording::new(settings(), false).is_ok());
        assert!(Recording::new(settings(), true).unwrap_err().message.contains("no directory"));
    }
}
