//! The only part that writes to the terminal. It renders events; it decides nothing.
//!
//! stdout carries what a pipe would want: a URL, a table, JSON Lines. Everything else goes to stderr.

mod failure;
mod flood;
mod human;
mod json;
mod output;
mod record;
mod requests;
mod safe;
mod table;
#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};

use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::units::terminal;
use human::Human;
use output::Output;

pub use table::Table;

/// How events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// JSON Lines on stdout.
    Json,
    /// The Test Anything Protocol, for `parity smoke`.
    #[value(hide = true)]
    Tap,
    /// JUnit's XML, for `parity smoke` and `parity compare`.
    #[value(hide = true)]
    Junit,
    /// Annotations of GitHub's workflows, for `parity smoke`.
    #[value(hide = true)]
    Github,
    /// A page, for `parity compare`.
    #[value(hide = true)]
    Html,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Errors and results only.
    Quiet,
    #[default]
    Normal,
    /// Also what Apache always says, and each line of a build.
    Verbose,
}

/// The judgement of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Good,
    Doubtful,
    Bad,
}

impl Mark {
    /// For machines.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Good => "good",
            Mark::Doubtful => "doubtful",
            Mark::Bad => "bad",
        }
    }
}

/// The writer. Cheap to share by reference; safe from several tasks.
#[derive(Debug)]
pub struct Ui {
    format: Format,
    verbosity: Verbosity,
    human: Human,
    output: Output,
}

impl Ui {
    pub fn new(format: Format, verbosity: Verbosity) -> Self {
        let output = Output::default();
        let moves = format == Format::Human && std::io::stderr().is_terminal();
        Self { format, verbosity, human: Human::new(verbosity, moves, output.clone()), output }
    }

    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// The command's result: one line on stdout, in both formats as it is.
    pub fn result(&self, line: &str) {
        self.human.pause(|| self.output.result(line));
    }

    /// A line on stderr that a program looks for there, also when little is shown.
    pub fn aside(&self, line: &str) {
        self.human.line(line);
    }

    /// A check's answer as a result, with what to do about it.
    pub fn marked(&self, mark: Mark, said: &str, hints: &[String]) {
        use anstyle::{AnsiColor, Style};
        let (sign, color) = match mark {
            Mark::Good => ("✓", AnsiColor::Green),
            Mark::Doubtful => ("!", AnsiColor::Yellow),
            Mark::Bad => ("✗", AnsiColor::Red),
        };
        let style = Style::new().bold().fg_color(Some(color.into()));
        self.output.result(&format!("{style}{sign}{style:#} {}", terminal::text(said)));
        for hint in hints {
            self.output.result(&format!("    {}", terminal::text(hint)));
        }
    }

    /// A record of the log as a result, for `parity logs`: on stdout.
    pub fn log_result(&self, record: crate::logs::Record) {
        if self.is_json() {
            self.output.result(&json::line(&Event::Log { record }));
        } else {
            let lines = record::lines(&safe::record(record), self.verbosity, self.human.layout());
            lines.iter().for_each(|line| self.output.result(line));
        }
    }

    /// A failure, whole: message, details, causes and hints, on stderr; with `--format json` also as an event.
    pub fn failure(&self, failure: &Failure) {
        // What cannot be read there is told where it can.
        if self.is_json() && !self.is_unread() {
            self.output.result(&json::failure(failure));
        } else {
            self.human.line(failure::text(&safe::failure(failure)).trim_end());
        }
    }

    /// Is nothing shown of this? What a server always says is not, unless that is asked for.
    pub fn passes_over(&self, event: &Event) -> bool {
        matches!(event, Event::Log { record } if !self.is_json() && record::lines(record, self.verbosity, self.human.layout()).is_empty())
    }

    /// Makes room for a line where somebody else's prompt may be.
    pub fn clear_line(&self) {
        if self.format == Format::Human && std::io::stderr().is_terminal() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    /// Nobody reads what the command writes any more (`parity logs | head`).
    pub fn is_unread(&self) -> bool {
        self.output.is_unread()
    }

    /// Returns when that is so, or when the result cannot be written.
    pub fn until_unread(&self) -> impl Future<Output = ()> + Send + use<> {
        self.output.until_unread()
    }

    /// # Errors
    /// The result could not be written, to a full disk for one. That is told once.
    pub fn written(&self) -> Result<()> {
        self.output.written().map_err(|error| {
            let kind = if error.kind() == std::io::ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Other };
            Failure::new(kind, "the result cannot be written to standard output").caused_by(&error)
        })
    }

    /// Ends what moves on the screen.
    pub fn finish(&self) {
        self.human.finish();
    }
}

impl Report for Ui {
    fn report(&self, event: Event) {
        match self.format {
            Format::Json if matches!(event, Event::Ignored { hint: None, .. }) && self.verbosity < Verbosity::Verbose => {}
            Format::Json => self.output.result(&json::line(&event)),
            _ => self.human.show(event),
        }
    }
}
