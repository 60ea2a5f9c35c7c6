//! Events for people: a moving line for each stage on a terminal, plain lines anywhere else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::termios::tcgetwinsize;
use time::UtcOffset;

use super::flood::{Flood, LEAVING_OUT, Line};
use super::output::Output;
use super::requests::Layout;
use super::{Verbosity, failure, record, safe};
use crate::events::Event;

/// Milliseconds between two frames of a spinner.
const FRAME: Duration = Duration::from_millis(100);
/// Of what is no terminal.
const USUAL_COLUMNS: usize = 80;

#[derive(Debug)]
pub struct Human {
    verbosity: Verbosity,
    moving: bool,
    /// What the server prints, where a person reads it.
    flood: Option<Mutex<Flood>>,
    screen: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
    output: Output,
    /// Of the clock on the wall.
    offset: UtcOffset,
}

impl Human {
    pub fn new(verbosity: Verbosity, terminal: bool, output: Output) -> Self {
        let moving = terminal && verbosity > Verbosity::Quiet;
        // It is only told to a program that has one thread still.
        let offset = UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC);
        let target = if moving { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let flood = terminal.then(Mutex::default);
        Self { verbosity, moving, flood, screen: MultiProgress::with_draw_target(target), bars: Mutex::default(), output, offset }
    }

    pub fn show(&self, event: Event) {
        let quiet = self.verbosity == Verbosity::Quiet;
        let dim = Style::new().dimmed();
        if let Some(flood) = self.flood.as_ref().filter(|_| !matches!(event, Event::Log { .. } | Event::HookOutput { .. })) {
            self.tell_left_out(flood.lock().unwrap_or_else(PoisonError::into_inner).rest());
        }
        match safe::event(event) {
            Event::Warning { text, hint } => {
                let yellow = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
                let cyan = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
                self.line(&format!("{yellow}warning{yellow:#}: {text}"));
                if let Some(hint) = hint {
                    self.line(&format!("{cyan}hint{cyan:#}: {hint}"));
                }
            }
            Event::Log { record } => {
                for line in record::lines(&record, self.verbosity, self.layout()) {
                    self.server_line(&line);
                }
            }
            Event::Serving { url, took } => {
                self.pause(|| self.output.result(&url));
                if let Some(took) = took.filter(|_| !quiet) {
                    let green = Style::new().bold().fg_color(Some(AnsiColor::Green.into()));
                    self.line(&format!("{green}serving{green:#} {dim}(first answer after {}){dim:#}", duration(took)));
                }
            }
            Event::Reloaded { files, generation, took, failed: Some(record), served, again, newer: _ } => {
                let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
                let still = if again { "still fails" } else { "fails" };
                let instead = if served { "" } else { "; the last good code still serves" };
                for line in record::lines(&record, self.verbosity, self.layout()) {
                    self.line(&line);
                }
                self.line(&format!(
                    "{red}✗{red:#} {} → {still}{instead} {dim}(after {}, generation {generation}){dim:#}",
                    several(&files),
                    duration(took)
                ));
            }
            Event::NotApplied { failure } => self.line(failure::text(&failure).trim_end()),
            _ if quiet => {}
            Event::Note { text } => self.line(&text),
            Event::StageStarted { id, title } => self.begin(id, title),
            Event::StageProgress { id, text } => self.progress(&id, &text),
            Event::StageDone { id, title, detail, took } => {
                self.end(&id);
                let green = Style::new().fg_color(Some(AnsiColor::Green.into()));
                let detail = detail.map(|detail| format!(", {detail}")).unwrap_or_default();
                self.line(&format!("{green}✓{green:#} {title} {dim}({}{detail}){dim:#}", duration(took)));
            }
            Event::StageFailed { id, title, took } => {
                self.end(&id);
                let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
                self.line(&format!("{red}✗{red:#} {title} {dim}({}){dim:#}", duration(took)));
            }
            Event::HookOutput { line, .. } => self.server_line(&format!("{dim}│{dim:#} {line}")),
            Event::Reloaded { files, generation, failed: None, newer: true, .. } => {
                self.line(&format!(
                    "{dim}↻{dim:#} {} → generation {generation} serves {dim}(not what was saved since: that is being loaded){dim:#}",
                    several(&files)
                ));
            }
            Event::Reloaded { files, generation, took, failed: None, .. } => {
                let green = Style::new().bold().fg_color(Some(AnsiColor::Green.into()));
                let what = several(&files);
                self.line(&format!("{green}↻{green:#} {what} → serving in {} {dim}(generation {generation}){dim:#}", duration(took)));
            }
            Event::Changed { files, done, cause, took } => {
                let took = took.map(|took| format!(" in {}", duration(took))).unwrap_or_default();
                self.line(&format!("{dim}↻{dim:#} {} → {done}{took} {dim}({cause}){dim:#}", several(&files)));
            }
            Event::Ignored { file, cause, hint } if hint.is_some() || self.verbosity == Verbosity::Verbose => {
                let cyan = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
                self.line(&format!("{dim}· {file} → ignored ({cause}){dim:#}"));
                if let Some(hint) = hint {
                    self.line(&format!("{cyan}hint{cyan:#}: {hint}"));
                }
            }
            Event::Ignored { .. } => {}
            Event::Stopped => self.line(&format!("{dim}stopped{dim:#}")),
        }
    }

    /// How requests are shown now: a terminal changes its size.
    pub fn layout(&self) -> Layout {
        let columns = tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        Layout { columns: if columns == 0 { USUAL_COLUMNS } else { columns }, offset: self.offset }
    }

    fn begin(&self, id: String, title: String) {
        if !self.moving {
            self.line(&format!("… {title}"));
            return;
        }
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed:>4} {wide_msg:.dim}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.screen.add(ProgressBar::new_spinner().with_style(style).with_prefix(title));
        bar.enable_steady_tick(FRAME);
        self.bars().insert(id, bar);
    }

    fn progress(&self, id: &str, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            let dim = Style::new().dimmed();
            self.line(&format!("{dim}│ {text}{dim:#}"));
        } else if let Some(bar) = self.bars().get(id) {
            bar.set_message(text.to_owned());
        }
    }

    fn end(&self, id: &str) {
        if let Some(bar) = self.bars().remove(id) {
            bar.finish_and_clear();
            self.screen.remove(&bar);
        }
    }

    /// Prints a line above whatever moves.
    pub fn line(&self, line: &str) {
        self.pause(|| self.output.aside(line));
    }

    /// A line that the server has printed, if it has not printed too many.
    fn server_line(&self, line: &str) {
        let Some(flood) = &self.flood else { return self.line(line) };
        let (left_out, becomes) = {
            let (mut flood, now) = (flood.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
            (flood.left_out(now), flood.add(line.len(), now))
        };
        self.tell_left_out(left_out);
        match becomes {
            Line::Shown => self.line(line),
            Line::FirstLeftOut => self.tell_left_out(Some(LEAVING_OUT.into())),
            Line::LeftOut => {}
        }
    }

    fn tell_left_out(&self, said: Option<String>) {
        let dim = Style::new().dimmed();
        said.into_iter().for_each(|said| self.line(&format!("{dim}… {said}{dim:#}")));
    }

    /// Does something to the screen while nothing moves on it.
    pub fn pause(&self, write: impl FnOnce()) {
        if self.moving { self.screen.suspend(write) } else { write() }
    }

    pub fn finish(&self) {
        self.tell_left_out(self.flood.as_ref().and_then(|flood| flood.lock().unwrap_or_else(PoisonError::into_inner).rest()));
        for (_, bar) in self.bars().drain() {
            bar.finish_and_clear();
        }
    }

    fn bars(&self) -> std::sync::MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `views.py`, `views.py, urls.py`, `views.py and 999 more`.
fn several(files: &[String]) -> String {
    match files {
        [] => "reload".into(),
        [one] => one.clone(),
        [one, other] => format!("{one}, {other}"),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    }
}

/// `340 ms`, `4.2 s`, `2 min 5 s`.
pub fn duration(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match took.as_secs() {
        0 => format!("{} ms", took.as_millis()),
        1..60 => format!("{seconds:.1} s"),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}
