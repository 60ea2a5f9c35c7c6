//! Tracebacks put together from lines that come one by one.

use std::collections::VecDeque;

use super::apache::Context;
use super::{Line, Paths, Record, RecordKind, frames};

/// Of a longer traceback the middle is left out. Lines at its beginning, lines at its end, bytes at its end.
const HEAD: usize = 150;
const TAIL: usize = 250;
const TAIL_BYTES: usize = 512 * 1024;
const HEAD_BYTES: usize = 512 * 1024;

/// Lines of one report come at once: mod_wsgi writes them in a loop. Microseconds.
const ONE_REPORT: u64 = 20_000;

const LINKS: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

/// A traceback that may not be complete yet.
#[derive(Debug)]
pub struct Traceback {
    /// What mod_wsgi said before it. Empty: the application printed the traceback itself.
    announcements: Vec<String>,
    body: Body,
    state: State,
    context: Context,
    at: Option<u64>,
    /// Empty lines that belong to it only if something else does after them.
    blanks: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Only announced.
    Announced,
    /// Among frames; an exception must come.
    Frames,
    /// In an exception group, which is drawn as a tree.
    Group,
    /// The exception was there. More of its message may come, or another exception.
    After,
    /// Another traceback must come.
    Linked,
}

/// What a finished traceback leaves.
pub struct Finished {
    pub record: Record,
    /// Empty lines that turned out not to belong to it.
    pub blanks: usize,
}

impl Traceback {
    /// mod_wsgi says that something was raised.
    pub fn announced(texts: Vec<String>, context: Context, at: Option<u64>) -> Self {
        Self { announcements: texts, body: Body::default(), state: State::Announced, context, at, blanks: 0 }
    }

    /// A traceback that begins with this line; `None` if none does.
    pub fn begin(line: &str, context: &Context, at: Option<u64>) -> Option<Self> {
        let state = beginning(line).filter(|_| !frames::is_frame(line) || frames::is_place(line))?;
        let mut traceback = Self { state, ..Self::announced(Vec::new(), context.clone(), at) };
        traceback.body.push(line.to_owned());
        Some(traceback)
    }

    /// Another announcement of the same report. `false`: it belongs to something new.
    pub fn announce(&mut self, text: &str, context: &Context, at: Option<u64>) -> bool {
        let same = self.state == State::Announced && self.context.peer == context.peer;
        if same {
            self.announcements.push(text.to_owned());
            // The last one is marked as the traceback's lines are.
            self.context = context.clone();
            self.at = at;
        }
        same
    }

    /// Takes a line if it belongs to this traceback.
    pub fn take(&mut self, line: &str, context: &Context, at: Option<u64>) -> bool {
        let Some(next) = self.next(line, context, at) else { return false };
        if line.is_empty() {
            self.blanks += 1;
        } else {
            for _ in 0..std::mem::take(&mut self.blanks) {
                self.body.push(String::new());
            }
            self.body.push(line.to_owned());
        }
        self.state = next;
        self.at = at;
        true
    }

    /// Texts of mod_wsgi that no traceback has followed yet.
    pub fn only_announced(&self) -> Option<&[String]> {
        (self.state == State::Announced).then_some(&*self.announcements)
    }

    /// When its last line was written.
    pub fn last(&self) -> Option<u64> {
        self.at
    }

    pub fn finish(self, paths: &Paths) -> Finished {
        let body = self.body.into_lines();
        if body.is_empty() {
            let lines = self.announcements.iter().map(|text| paths.translate_words(text));
            return Finished { record: Record::new(RecordKind::Error, lines), blanks: self.blanks };
        }
        let mut lines: Vec<Line> = self.announcements.iter().map(|text| Line::dimmed(paths.translate_words(text))).collect();
        lines.extend(frames::tidy(body, paths));
        Finished { record: Record::new(RecordKind::Traceback, lines), blanks: self.blanks }
    }

    /// The state after this line, or `None` if it does not belong here.
    fn next(&self, line: &str, context: &Context, at: Option<u64>) -> Option<State> {
        let indented = line.starts_with("  ");
        let link = LINKS.contains(&line);
        match self.state {
            // An exception that was never raised has no frames.
            State::Announced if line.is_empty() => None,
            State::Announced => beginning(line).or_else(|| self.same_report(context, at).then_some(State::After)),
            State::Frames if indented => Some(State::Frames),
            State::Frames if is_exception(line) => Some(State::After),
            State::Frames => None,
            State::Group if indented && line.trim_start().starts_with(['|', '+']) => Some(State::Group),
            State::Linked if line.is_empty() => Some(State::Linked),
            State::Linked => beginning(line),
            State::Group | State::After if link => Some(State::Linked),
            State::Group | State::After if line.is_empty() => Some(self.state),
            State::Group => None,
            // A new one without a link, or more of a message of several lines.
            State::After if beginning(line).is_some() => None,
            State::After => (indented || self.same_report(context, at)).then_some(State::After),
        }
    }

    /// What the application prints cannot be told from the second line of a message, what mod_wsgi reports can.
    fn same_report(&self, context: &Context, at: Option<u64>) -> bool {
        let close = match (self.at, at) {
            (Some(before), Some(now)) => now.abs_diff(before) <= ONE_REPORT,
            _ => false,
        };
        !self.announcements.is_empty() && self.context == *context && close
    }
}

fn beginning(line: &str) -> Option<State> {
    match line {
        "Traceback (most recent call last):" => Some(State::Frames),
        "  + Exception Group Traceback (most recent call last):" => Some(State::Group),
        // A syntax error in the script itself has no frames but a place.
        _ if frames::is_frame(line) => Some(State::Frames),
        _ => None,
    }
}

/// `ValueError`, `app.errors.Wrong: text`.
fn is_exception(line: &str) -> bool {
    let name = line.split_once(':').map_or(line, |(name, _)| name);
    let starts_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts_well && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>'))
}

/// The lines, bounded.
#[derive(Debug, Default)]
struct Body {
    head: Vec<String>,
    head_bytes: usize,
    tail: VecDeque<String>,
    tail_bytes: usize,
    left_out: usize,
}

impl Body {
    fn push(&mut self, line: String) {
        if self.tail.is_empty() && self.left_out == 0 && self.head.len() < HEAD && self.head_bytes + line.len() <= HEAD_BYTES {
            self.head_bytes += line.len();
            self.head.push(line);
            return;
        }
        self.tail_bytes += line.len();
        self.tail.push_back(line);
        while self.tail.len() > TAIL || self.tail_bytes > TAIL_BYTES {
            let Some(dropped) = self.tail.pop_front() else { break };
            self.tail_bytes -= dropped.len();
            self.left_out += 1;
        }
    }

    fn into_lines(self) -> Vec<String> {
        let mut lines = self.head;
        if self.left_out > 0 {
            lines.push(format!("  … {} lines left out …", self.left_out));
        }
        lines.extend(self.tail);
        lines
    }
}
