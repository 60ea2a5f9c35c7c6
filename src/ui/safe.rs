//! Events as they are shown: every text of them made safe for a terminal. Each field is named, so that a new one is not forgotten.

use crate::error::Failure;
use crate::events::Event;
use crate::logs::Record;
use crate::units::terminal;

pub fn event(event: Event) -> Event {
    match event {
        Event::Note { text: said } => Event::Note { text: text(&said) },
        Event::Warning { text: said, hint } => Event::Warning { text: text(&said), hint: hint.as_deref().map(text) },
        Event::StageStarted { id, title } => Event::StageStarted { id, title: line(&title) },
        Event::StageProgress { id, text } => Event::StageProgress { id, text: line(&text) },
        Event::StageDone { id, title, detail, took } => {
            Event::StageDone { id, title: line(&title), detail: detail.as_deref().map(line), took }
        }
        Event::StageFailed { id, title, took } => Event::StageFailed { id, title: line(&title), took },
        Event::Serving { url, took } => Event::Serving { url: line(&url), took },
        Event::Reloaded { files, generation, took, failed, served, again, newer } => {
            Event::Reloaded { files: lines(&files), generation, took, failed: failed.map(record), served, again, newer }
        }
        Event::Changed { files, done, cause, took } => {
            Event::Changed { files: lines(&files), done: line(&done), cause: line(&cause), took }
        }
        Event::Ignored { file, cause, hint } => Event::Ignored { file: line(&file), cause: line(&cause), hint: hint.as_deref().map(text) },
        Event::NotApplied { failure: why } => Event::NotApplied { failure: failure(&why) },
        Event::Log { record: said } => Event::Log { record: record(said) },
        Event::HookOutput { hook, line } => Event::HookOutput { hook, line: terminal::coloured_line(&line).into_owned() },
        Event::Stopped => Event::Stopped,
    }
}

/// `hook` and `finding` are not shown.
pub fn record(record: Record) -> Record {
    let Record { kind, mut lines, hint, hook, finding, mut requests } = record;
    for line in &mut lines {
        line.text = terminal::coloured_line(&line.text).into_owned();
    }
    for request in &mut requests {
        request.method = line(&request.method);
        request.path = line(&request.path);
    }
    Record { kind, lines, hint: hint.as_deref().map(text), hook, finding, requests }
}

pub fn failure(failure: &Failure) -> Failure {
    let Failure { kind, message, details, causes, hints } = failure;
    let all = |texts: &[String]| texts.iter().map(|said| text(said)).collect();
    // Their lines are put in by themselves.
    let causes = causes.iter().map(|said| said.lines().map(line).collect::<Vec<_>>().join("\n")).collect();
    Failure { kind: *kind, message: text(message), details: all(details), causes, hints: all(hints) }
}

pub fn line(text: &str) -> String {
    terminal::line(text).into_owned()
}

fn lines(all: &[String]) -> Vec<String> {
    all.iter().map(|text| line(text)).collect()
}

fn text(text: &str) -> String {
    terminal::text(text).into_owned()
}
