//! The state machine from what the container prints to records.

use std::collections::VecDeque;

use super::apache::{self, Context, Entry, Speaker};
use super::deaths::Deaths;
use super::hints::{self, Hints};
use super::lines::Lines;
use super::stacks::Stacks;
use super::text::{neutralise, plain};
use super::traceback::Traceback;
use super::unexplained::Unexplained;
use super::{Finding, Paths, Record, RecordKind, Request, Setting, StartLine, StartState};

/// Threads whose tracebacks may be open at once; the oldest is given out first.
const OPEN: usize = 64;

/// Lines of a hook that are kept for the hint when it fails.
const HOOK_LINES: usize = 200;

/// A traceback that got no line for so long is complete, by the server's own time. Microseconds.
const COMPLETE_AFTER: u64 = 200_000;

/// Where bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Who writes: lines of one writer come in order, writers come in any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Bare(Stream),
    Thread { pid: u32, tid: u64 },
}

/// Reads a container's output. How the bytes are cut into calls makes no difference to the records.
#[derive(Debug)]
pub struct Reader {
    paths: Paths,
    stdout: Lines,
    stderr: Lines,
    /// Tracebacks that may not be complete, the oldest first.
    open: Vec<(Writer, Traceback)>,
    /// Announcements that were given out before their traceback came: it needs them to be understood.
    announced: Vec<(Writer, Vec<String>)>,
    /// An error of Apache's configuration, whose second line must come.
    continued: Option<Record>,
    hook: Option<StartLine>,
    /// The last lines of that hook, for what they say together.
    said: VecDeque<String>,
    deaths: Deaths,
    stacks: Stacks,
    hints: Hints,
    unexplained: Unexplained,
}

impl Reader {
    pub fn new(paths: Paths) -> Self {
        Self::in_setting(paths, Setting::default())
    }

    /// Of a server that runs elsewhere than in the project itself.
    pub fn in_setting(paths: Paths, setting: Setting) -> Self {
        let scene = hints::Scene { setting, paths: paths.clone() };
        Self {
            paths,
            stdout: Lines::default(),
            stderr: Lines::default(),
            open: Vec::new(),
            announced: Vec::new(),
            continued: None,
            hook: None,
            said: VecDeque::new(),
            deaths: Deaths::default(),
            stacks: Stacks::default(),
            hints: Hints::of_scene(scene),
            unexplained: Unexplained::default(),
        }
    }

    /// Where the project is.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Gives a hint also where the same was given not long ago.
    #[must_use]
    pub fn with_every_hint(mut self) -> Self {
        self.hints.give_every();
        self
    }

    /// For a log whose beginning is not read: what it said of a failed request may lie there.
    #[must_use]
    pub fn from_midway(mut self) -> Self {
        self.unexplained.has_explained();
        self
    }

    /// Why requests fail from now on is told elsewhere.
    pub fn has_explained(&mut self) {
        self.unexplained.has_explained();
    }

    /// Takes the next bytes of a stream; gives the records that they complete.
    pub fn feed(&mut self, stream: Stream, bytes: &[u8]) -> Vec<Record> {
        let mut lines = Vec::new();
        match stream {
            Stream::Stdout => self.stdout.feed(bytes, |line| lines.push(line)),
            Stream::Stderr => self.stderr.feed(bytes, |line| lines.push(line)),
        }
        let mut out = Vec::new();
        for line in lines {
            self.line(stream, &line, &mut out);
        }
        out
    }

    /// Gives out what is held back, unfinished lines too: call it at the end, and when nothing came for about 50 ms.
    pub fn flush(&mut self) -> Vec<Record> {
        let mut out = Vec::new();
        if let Some(rest) = self.stdout.take_rest() {
            self.line(Stream::Stdout, &rest, &mut out);
        }
        if let Some(rest) = self.stderr.take_rest() {
            self.line(Stream::Stderr, &rest, &mut out);
        }
        if let Some(record) = self.continued.take() {
            self.give(record, &mut out);
        }
        self.finish_stacks(&mut out);
        for (writer, traceback) in std::mem::take(&mut self.open) {
            if let Some(texts) = traceback.only_announced() {
                self.announced.push((writer, texts.to_vec()));
            }
            self.finish(traceback, &mut out);
        }
        let excess = self.announced.len().saturating_sub(OPEN);
        self.announced.drain(..excess);
        out
    }

    fn line(&mut self, stream: Stream, bytes: &[u8], out: &mut Vec<Record>) {
        let line = String::from_utf8_lossy(bytes);
        if let Some(start) = StartLine::read(&line) {
            self.start(start, out);
        } else if let Some(finding) = Finding::read(&line) {
            self.finding(finding, out);
        } else if let Some(requests) = Request::read(&line) {
            let empty: [&str; 0] = [];
            let hint = self.unexplained.hint(&requests);
            out.extend((!requests.is_empty()).then(|| Record { requests, hint, ..Record::new(RecordKind::Requests, empty) }));
        } else if let Some(hook) = self.hook.clone() {
            let text = self.paths.translate_python(&neutralise(&line));
            self.said.push_back(text.clone());
            if self.said.len() > HOOK_LINES {
                self.said.pop_front();
            }
            self.give(Record { hook: Some(hook), ..Record::new(RecordKind::Hook, [text]) }, out);
        } else if let Some(entry) = Entry::read(&line) {
            self.entry(entry, out);
        } else {
            self.bare(stream, &line, out);
        }
    }

    fn start(&mut self, mut line: StartLine, out: &mut Vec<Record>) {
        let begun = self.hook.take();
        match line.state {
            StartState::Begin => self.hook = Some(line.clone()),
            StartState::End { .. } if line.command.is_empty() => line.command = begun.map(|begun| begun.command).unwrap_or_default(),
            StartState::End { .. } | StartState::Retired => {}
        }
        let said = std::mem::take(&mut self.said);
        let failed = matches!(line.state, StartState::End { status, .. } if status != 0);
        let hint = failed.then(|| self.hints.of_output(said)).flatten();
        let text = neutralise(&line.command);
        out.push(Record { hook: Some(line), hint, ..Record::new(RecordKind::Start, [text]) });
    }

    fn finding(&mut self, mut finding: Finding, out: &mut Vec<Record>) {
        finding.text = neutralise(&finding.text);
        if let Some((path, line)) = finding.place.as_deref().and_then(|place| place.rsplit_once(':')) {
            finding.place = Some(format!("{}:{line}", self.paths.translate(path)));
        }
        let text = finding.text.clone();
        self.give(Record { finding: Some(finding), ..Record::new(RecordKind::Finding, [text]) }, out);
    }

    /// A line of Apache's error log.
    fn entry(&mut self, entry: Entry, out: &mut Vec<Record>) {
        let writer = Writer::Thread { pid: entry.pid, tid: entry.tid };
        let text = neutralise(&entry.text);
        // A busy server never has the quiet moment in which the caller flushes.
        self.close_idle(entry.at, out);
        match entry.speaker {
            Speaker::Application => self.application(writer, &text, &entry.context, entry.at, out),
            Speaker::Announcement => {
                let (context, at) = (entry.context, entry.at);
                if !self.opened(writer).is_some_and(|traceback| traceback.announce(&text, &context, at)) {
                    self.close(writer, out);
                    let mut texts = self.take_announced(writer);
                    texts.push(text);
                    self.open(writer, Traceback::announced(texts, context, at), out);
                }
            }
            Speaker::Server(kind) => {
                self.close(writer, out);
                self.take_announced(writer);
                if self.stacks.take(entry.pid, &text) {
                    return;
                }
                if self.stacks.is_of(entry.pid) {
                    self.finish_stacks(out);
                }
                let (kind, text) = self.deaths.hear(entry.pid, kind, text);
                let text = self.paths.translate_words(&text);
                self.give(Record::new(kind, [text]), out);
            }
        }
    }

    /// A line without Apache's prefix: a program of its own, an access log, or Apache before it has a log.
    fn bare(&mut self, stream: Stream, line: &str, out: &mut Vec<Record>) {
        let writer = Writer::Bare(stream);
        let text = neutralise(line);
        if stream == Stream::Stderr
            && let Some(mut record) = self.continued.take()
        {
            record.lines.push(self.paths.translate_words(&text).into());
            return self.give(record, out);
        }
        if stream == Stream::Stdout && apache::is_access(&text) {
            return self.give(Record::new(RecordKind::Access, [text]), out);
        }
        let Some(kind) = apache::bare(&text) else {
            return self.application(writer, &text, &Context::default(), None, out);
        };
        self.close(writer, out);
        let record = Record::new(kind, [self.paths.translate_words(&text)]);
        if stream == Stream::Stderr && apache::continues(&text) {
            self.continued = Some(record);
        } else {
            self.give(record, out);
        }
    }

    /// What the application printed, or a line of a traceback.
    fn application(&mut self, writer: Writer, text: &str, context: &Context, at: Option<u64>, out: &mut Vec<Record>) {
        let uncoloured = plain(text);
        if self.opened(writer).is_some_and(|traceback| traceback.take(&uncoloured, context, at)) {
            return;
        }
        self.close(writer, out);
        let announced = self.take_announced(writer);
        let Some(traceback) = Traceback::begin(&uncoloured, context, at) else {
            let text = self.paths.translate_python(text);
            return self.give(Record::new(RecordKind::Application, [text]), out);
        };
        let traceback = if announced.is_empty() {
            traceback
        } else {
            let mut traceback = Traceback::announced(announced, context.clone(), at);
            traceback.take(&uncoloured, context, at);
            traceback
        };
        self.open(writer, traceback, out);
    }

    fn opened(&mut self, writer: Writer) -> Option<&mut Traceback> {
        self.open.iter_mut().find(|(who, _)| *who == writer).map(|(_, traceback)| traceback)
    }

    fn open(&mut self, writer: Writer, traceback: Traceback, out: &mut Vec<Record>) {
        if self.open.len() >= OPEN {
            let (_, oldest) = self.open.remove(0);
            self.finish(oldest, out);
        }
        self.open.push((writer, traceback));
    }

    fn close(&mut self, writer: Writer, out: &mut Vec<Record>) {
        if let Some(at) = self.open.iter().position(|(who, _)| *who == writer) {
            let (_, traceback) = self.open.remove(at);
            self.finish(traceback, out);
        }
    }

    fn close_idle(&mut self, now: Option<u64>, out: &mut Vec<Record>) {
        let idle =
            |traceback: &Traceback| matches!((traceback.last(), now), (Some(last), Some(now)) if now.abs_diff(last) > COMPLETE_AFTER);
        while let Some(at) = self.open.iter().position(|(_, traceback)| idle(traceback)) {
            let (_, traceback) = self.open.remove(at);
            self.finish(traceback, out);
        }
    }

    fn take_announced(&mut self, writer: Writer) -> Vec<String> {
        match self.announced.iter().position(|(who, _)| *who == writer) {
            Some(at) => self.announced.remove(at).1,
            None => Vec::new(),
        }
    }

    fn finish_stacks(&mut self, out: &mut Vec<Record>) {
        if let Some(record) = self.stacks.finish(&self.paths) {
            self.give(record, out);
        }
    }

    fn finish(&mut self, traceback: Traceback, out: &mut Vec<Record>) {
        let finished = traceback.finish(&self.paths);
        self.give(finished.record, out);
        for _ in 0..finished.blanks {
            self.give(Record::new(RecordKind::Application, [""]), out);
        }
    }

    fn give(&mut self, mut record: Record, out: &mut Vec<Record>) {
        self.unexplained.hear(record.kind);
        record.hint = self.hints.of(&record);
        out.push(record);
    }
}
