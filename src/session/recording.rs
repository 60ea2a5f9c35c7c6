//! Records the requests of a session: takes what the container's recorder says and stores it.
//!
//! A collector in each container that serves under the name hands on what the processes record, as a command whose stdout is read
//! here. A thread of its own writes to the store, so that a slow disk holds up nobody but the queue. The container is not trusted
//! (`docs/security.md`): its messages are data, of limited length and number.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use bollard::container::LogOutput;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::engine::container::State;
use crate::engine::exec::Command;
use crate::error::{Failure, Result};
use crate::events::{Event, Report};
use crate::render::record::COLLECTOR;
use crate::requests::message::{Frames, Message, read};
use crate::requests::scrub::Scrubber;
use crate::requests::{Keep, Recorded, Store};

/// Between two looks for a container that serves under the name.
const PAUSE: Duration = Duration::from_millis(500);
/// What is under way when the server ends arrives by then.
const ENDING: Duration = Duration::from_secs(2);
/// Pieces of output, each of some messages, that wait for the disk.
const MOST_WAITING: usize = 16;
/// Requests that are stored in one step.
const MOST_AT_ONCE: usize = 200;

/// A container that has just begun has not unpacked its files yet.
const WAIT: &str = "i=0; while [ ! -e /run/parity/unpacked ]; do sleep 0.02; i=$((i+1)); [ $i -lt 500 ] || exit 1; done; \
                    exec /opt/venv/bin/python -I -S \"$0\"";

/// What is recorded goes here.
#[derive(Debug)]
pub struct Recording {
    messages: mpsc::Sender<Vec<Vec<u8>>>,
    told: mpsc::UnboundedReceiver<Told>,
    writer: JoinHandle<u64>,
    name: String,
}

/// What the thread that writes has to say.
#[derive(Debug)]
enum Told {
    Failed(Failure),
    Lost(u64),
}

/// How it is stored.
#[derive(Debug)]
pub struct Settings {
    pub path: PathBuf,
    pub keep: Keep,
    pub scrubber: Scrubber,
    /// The name that the server has.
    pub name: String,
}

impl Recording {
    /// Opens the store.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn begin(settings: Settings) -> Result<Self> {
        let Settings { path, keep, scrubber, name } = settings;
        let store = Store::open(&path)?;
        let (messages, taken) = mpsc::channel(MOST_WAITING);
        let (tell, told) = mpsc::unbounded_channel();
        let writer = std::thread::Builder::new().name("requests".into()).spawn(move || write(store, taken, keep, &scrubber, &tell));
        let writer = writer.map_err(|error| Failure::new(crate::error::Kind::Other, "cannot start to record").caused_by(&error))?;
        Ok(Self { messages, told, writer, name })
    }

    /// Serves and records. What is recorded is stored when this returns.
    pub async fn beside<T>(self, engine: &Engine, report: &dyn Report, served: impl Future<Output = T>) -> T {
        let Self { messages, mut told, writer, name } = self;
        let ended = {
            let mut followed = Followed { engine, name: &name, messages, known: BTreeSet::new(), collectors: FuturesUnordered::new() };
            tokio::pin!(served);
            let ended = loop {
                tokio::select! {
                    ended = &mut served => break ended,
                    () = followed.step() => {}
                    Some(said) = told.recv() => tell(report, said),
                }
            };
            let _ = tokio::time::timeout(ENDING, followed.rest()).await;
            ended
        };
        let stored = tokio::task::spawn_blocking(move || writer.join().unwrap_or_default()).await.unwrap_or_default();
        while let Ok(said) = told.try_recv() {
            tell(report, said);
        }
        if stored > 0 {
            let requests = if stored == 1 { "request" } else { "requests" };
            report.report(Event::Note { text: format!("recorded {stored} {requests}: `parity requests` lists them") });
        }
        ended
    }
}

fn tell(report: &dyn Report, said: Told) {
    report.report(match said {
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
    name: &'a str,
    messages: mpsc::Sender<Vec<Vec<u8>>>,
    known: BTreeSet<String>,
    collectors: FuturesUnordered<futures_util::future::LocalBoxFuture<'a, String>>,
}

impl Followed<'_> {
    /// Waits for something to happen, and sees to it.
    async fn step(&mut self) {
        tokio::select! {
            Some(ended) = self.collectors.next() => {
                // It may be of a container that goes on.
                self.known.remove(&ended);
                tokio::time::sleep(PAUSE).await;
            }
            () = tokio::time::sleep(PAUSE) => {}
        }
        if let Ok(Some(found)) = self.engine.observe(self.name).await
            && found.state == State::Running
            && self.known.insert(found.id.clone())
        {
            self.collectors.push(Box::pin(collect(self.engine, found.id, self.messages.clone())));
        }
    }

    async fn rest(mut self) {
        while self.collectors.next().await.is_some() {}
    }
}

/// Passes on what a container's collector says, until it ends. Returns the container.
async fn collect(engine: &Engine, container: String, messages: mpsc::Sender<Vec<Vec<u8>>>) -> String {
    let argv = ["sh", "-c", WAIT, COLLECTOR].map(String::from).to_vec();
    let command = Command { argv, tty: false, stdin: true, env: Vec::new(), working_directory: Some("/".into()) };
    let Ok(mut running) = engine.exec(&container, &command).await else { return container };
    let mut begun = Frames::default();
    while let Some(Ok(piece)) = running.output.next().await {
        if let LogOutput::StdOut { message } | LogOutput::Console { message } = piece {
            let whole = begun.feed(&message);
            if !whole.is_empty() && messages.send(whole).await.is_err() {
                return container;
            }
        }
    }
    container
}

/// Stores what comes. Returns how many requests that were.
fn write(
    mut store: Store,
    mut messages: mpsc::Receiver<Vec<Vec<u8>>>,
    keep: Keep,
    scrubber: &Scrubber,
    tell: &mpsc::UnboundedSender<Told>,
) -> u64 {
    let (mut stored, mut failing, mut unstored) = (0, false, 0);
    while let Some(first) = messages.blocking_recv() {
        let mut batch = Vec::new();
        let mut lost = 0;
        let mut next = Some(first);
        while let Some(whole) = next {
            for message in whole {
                match read(&message) {
                    Some(Message::Recorded(recorded)) => batch.push(Recorded::new(scrubber.exchange(recorded.into_exposed()))),
                    Some(Message::Lost(count)) => lost += count,
                    Some(Message::Collecting) | None => {}
                }
            }
            next = if batch.len() < MOST_AT_ONCE { messages.try_recv().ok() } else { None };
        }
        if !batch.is_empty() {
            match store.insert(&batch, keep) {
                Ok(ids) => {
                    stored += ids.len() as u64;
                    failing = false;
                    lost += std::mem::take(&mut unstored);
                }
                Err(failure) => {
                    unstored += batch.len() as u64;
                    if !std::mem::replace(&mut failing, true) {
                        let _ = tell.send(Told::Failed(failure));
                    }
                }
            }
        }
        if lost > 0 {
            let _ = tell.send(Told::Lost(lost));
        }
    }
    if unstored > 0 {
        let _ = tell.send(Told::Lost(unstored));
    }
    stored
}
