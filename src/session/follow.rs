//! Reads a server's output as it comes and tells what it means for the session.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use tokio::sync::watch;

use super::own_question::OwnQuestion;
use super::patience::Before;
use super::stuck::Stuck;
use crate::engine::container::Output;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::logs::{self, ImportFailure, Reader, Record, RecordKind, StartLine, StartState};
use crate::project;

/// A traceback is complete when nothing more has come for so long.
const QUIET: Duration = Duration::from_millis(40);

/// What Apache says when a process ends in the middle of a response.
const CUT: &str = "WSGI0119";
/// It says so by then.
const CUT_WITHIN: Duration = Duration::from_secs(3);

/// A container's log, record by record.
pub struct Records {
    output: Pin<Box<dyn Stream<Item = Result<Output>> + Send>>,
    reader: Reader,
    /// The reader holds nothing back: there is nothing to wake up for before the server says more.
    idle: bool,
    waiting: VecDeque<Record>,
}

impl Records {
    pub fn new(output: impl Stream<Item = Result<Output>> + Send + 'static, reader: Reader) -> Self {
        Self { output: Box::pin(output.fuse()), reader, idle: true, waiting: VecDeque::new() }
    }

    /// The next record; `None` after the last one.
    ///
    /// # Errors
    /// The engine's.
    pub async fn next(&mut self) -> Result<Option<Record>> {
        loop {
            if let Some(record) = self.waiting.pop_front() {
                return Ok(Some(record));
            }
            let piece = if self.idle { Ok(self.output.next().await) } else { tokio::time::timeout(QUIET, self.output.next()).await };
            self.idle = piece.is_err();
            let records = match piece {
                Err(_) => self.reader.flush(),
                Ok(Some(piece)) => match piece? {
                    Output::Stdout(bytes) => self.reader.feed(logs::Stream::Stdout, &bytes),
                    Output::Stderr(bytes) => self.reader.feed(logs::Stream::Stderr, &bytes),
                },
                Ok(None) => {
                    let rest = self.reader.flush();
                    if rest.is_empty() {
                        return Ok(None);
                    }
                    rest
                }
            };
            self.waiting.extend(records);
        }
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("idle", &self.idle).finish_non_exhaustive()
    }
}

/// Follows one container's log for a session.
#[derive(Debug)]
pub struct Follower {
    records: Records,
    /// The command of the hook that began last.
    command: String,
    /// What runs before the server, for whoever waits for it.
    before: watch::Sender<Before>,
    /// Until when so many records tell of responses that parity itself cut off, and has told of.
    cut: (Instant, usize),
    own: OwnQuestion,
    stuck: Stuck,
    /// The project.
    root: PathBuf,
}

/// Something in the log that the session must act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The application cannot be imported; what is known of that has been reported.
    ImportFailed(ImportFailure),
    /// A hook failed; its output has been reported.
    HookFailed(Failure),
    /// The server ended.
    Ended,
    /// Another container's server has taken over, and this container only holds the port.
    Retired,
}

impl Follower {
    pub fn new(output: impl Stream<Item = Result<Output>> + Send + 'static, reader: Reader) -> Self {
        let (before, _) = watch::channel(Before::Server(tokio::time::Instant::now()));
        let root = reader.paths().host.clone();
        Self {
            records: Records::new(output, reader),
            command: String::new(),
            before,
            cut: (Instant::now(), 0),
            own: OwnQuestion::default(),
            stuck: Stuck::default(),
            root,
        }
    }

    /// What runs before the server, from now on.
    pub fn before(&self) -> watch::Receiver<Before> {
        self.before.send_if_modified(|before| {
            let is_server = matches!(before, Before::Server(_));
            if is_server {
                *before = Before::Server(tokio::time::Instant::now());
            }
            is_server
        });
        self.before.subscribe()
    }

    /// Responses are about to be cut off, and Apache will say so.
    pub fn expect_cut(&mut self, responses: usize) {
        self.cut = (Instant::now() + CUT_WITHIN, responses);
    }

    /// Why requests fail is told elsewhere.
    pub fn has_explained(&mut self) {
        self.records.reader.has_explained();
    }

    /// parity itself is about to ask for this URL.
    pub fn asks(&mut self, url: &str) {
        self.own = OwnQuestion::at(url);
    }

    pub fn is_answered(&mut self, status: u16) {
        self.own.answered(status);
    }

    fn is_cut(&mut self, record: &Record) -> bool {
        let (until, left) = &mut self.cut;
        let is_cut = *left > 0 && Instant::now() < *until && record.lines.iter().any(|line| line.text.contains(CUT));
        *left -= usize::from(is_cut);
        is_cut
    }

    /// Reports what the server says until something must be acted on.
    ///
    /// # Errors
    /// `Kind::EngineLost` when the engine stops answering.
    pub async fn next(&mut self, report: &dyn Report) -> Result<Seen> {
        loop {
            let record = self.records.next().await.map_err(|mut failure| {
                if failure.kind == Kind::Other {
                    failure.kind = Kind::EngineLost;
                }
                failure
            })?;
            let Some(record) = record else { return Ok(Seen::Ended) };
            if let Some(seen) = self.tell(record, report) {
                return Ok(seen);
            }
        }
    }

    fn tell(&mut self, record: Record, report: &dyn Report) -> Option<Seen> {
        match (record.kind, &record.hook) {
            (RecordKind::Start, Some(line)) => return self.hook(line, record.hint.clone(), report),
            (RecordKind::Hook, Some(line)) => {
                let hook = id_of(line);
                for line in &record.lines {
                    report.report(Event::HookOutput { hook: hook.clone(), line: line.text.clone() });
                }
                return None;
            }
            (RecordKind::Error, _) if self.is_cut(&record) => return None,
            (RecordKind::Application, _) if self.own.is_told_by(&record) => return None,
            _ if self.stuck.is_told_again_by(&record) => return None,
            _ => {}
        }
        let import_failed = logs::import_failure(&record);
        report.report(Event::Log { record });
        import_failed.map(Seen::ImportFailed)
    }

    fn hook(&mut self, line: &StartLine, hint: Option<String>, report: &dyn Report) -> Option<Seen> {
        let id = id_of(line);
        // The end of a hook need not repeat the command.
        let command = if line.command.is_empty() { self.command.clone() } else { line.command.clone() };
        let is_users = matches!(line.hook.as_str(), "start" | "release");
        let title = if is_users { format!("hook: {command}") } else { command.clone() };
        let what = if is_users { format!("the {} hook `{command}`", line.hook) } else { format!("`{command}`") };
        let now = tokio::time::Instant::now();
        match line.state {
            StartState::Retired => Some(Seen::Retired),
            StartState::Begin => {
                self.before.send_replace(Before::Hook(what, now));
                self.command = command;
                report.report(Event::StageStarted { id, title });
                None
            }
            StartState::End { status, millis } => {
                self.before.send_replace(Before::Server(now));
                let took = Duration::from_millis(millis);
                if status == 0 {
                    report.report(Event::StageDone { id, title, detail: None, took });
                    return None;
                }
                report.report(Event::StageFailed { id, title, took });
                let failure = Failure::new(Kind::Hook, format!("{what} ended with exit code {status}"))
                    .hint("its output is above; it runs in the container, before Apache starts");
                let again = "release hooks are run by each deployment, and at each start of `parity up`: one must do no harm where it was done before";
                let hint =
                    project::windows_line_ends(&self.root, &command).or(hint).or_else(|| (line.hook == "release").then(|| again.into()));
                Some(Seen::HookFailed(hint.into_iter().fold(failure, Failure::hint)))
            }
        }
    }
}

fn id_of(line: &StartLine) -> String {
    format!("{}-{}", line.hook, line.index)
}
