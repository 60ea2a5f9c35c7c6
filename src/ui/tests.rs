//! Whatever a file, an application or an engine says: nothing of it acts on the terminal.

use std::time::Duration;

use proptest::prelude::*;

use super::{Format, Mark, Table, Ui, Verbosity};
use crate::error::{Failure, Kind};
use crate::events::{Event, Report};
use crate::logs::{Record, RecordKind, Request};
use crate::units::terminal;

/// What people who attack terminals write, beside any text.
fn hostile() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "\x1b]0;X\x07",
        "\x1b]52;c;eA==\x1b\\",
        "\x1b[2J",
        "\x1b[31m",
        "\u{9b}2J",
        "\u{9d}0;X\u{9c}",
        "\r",
        "\n",
        "\r\n",
        "\x08",
        "\x7f",
        "\u{202e}",
        "\u{2028}",
        "\nerror: forged",
        "\0",
        "a",
        "é",
        "\t",
        "\x1b",
    ]);
    prop_oneof![any::<String>(), prop::collection::vec(known, 0..8).prop_map(|parts| parts.concat())]
}

fn record(kind: RecordKind, text: &str) -> Record {
    Record { hint: Some(text.to_owned()), ..Record::new(kind, [text, "plain"]) }
}

fn failure(text: &str) -> Failure {
    Failure::new(Kind::Other, text).details([text]).cause(text).hint(text)
}

/// Every event, with a text in every field, and the lines that it takes for people where that is certain.
fn events(text: &str) -> Vec<(Event, Option<usize>)> {
    let said = || text.to_owned();
    let took = Duration::from_millis(5);
    let reloaded = |failed, newer| Event::Reloaded { files: vec![said()], generation: 1, took, failed, served: true, again: false, newer };
    let kinds = [
        RecordKind::Application,
        RecordKind::Traceback,
        RecordKind::Access,
        RecordKind::Error,
        RecordKind::Warning,
        RecordKind::Info,
        RecordKind::Noise,
        RecordKind::Start,
        RecordKind::Hook,
        RecordKind::Finding,
    ];
    let mut all = vec![
        (Event::Note { text: said() }, None),
        (Event::Warning { text: said(), hint: Some(said()) }, None),
        (Event::StageStarted { id: said(), title: said() }, Some(1)),
        (Event::StageProgress { id: said(), text: said() }, Some(1)),
        (Event::StageDone { id: said(), title: said(), detail: Some(said()), took }, Some(1)),
        (Event::StageFailed { id: said(), title: said(), took }, Some(1)),
        (Event::Serving { url: said(), took: None }, Some(1)),
        (reloaded(None, false), Some(1)),
        (reloaded(None, true), Some(1)),
        (reloaded(Some(record(RecordKind::Traceback, text)), false), None),
        (Event::Changed { files: vec![said(), said()], done: said(), cause: said(), took: Some(took) }, Some(1)),
        (Event::Ignored { file: said(), cause: said(), hint: None }, Some(1)),
        (Event::Ignored { file: said(), cause: said(), hint: Some(said()) }, None),
        (Event::NotApplied { failure: failure(text) }, None),
        (Event::HookOutput { hook: said(), line: said() }, Some(1)),
        (Event::Stopped, Some(1)),
    ];
    let asked = Request { at: 0, method: said(), path: said(), status: 200, micros: 1, bytes: 1, by_application: true, aborted: true };
    let requests = Record { requests: vec![asked], lines: Vec::new(), ..record(RecordKind::Requests, text) };
    all.push((Event::Log { record: Record { hint: None, ..requests.clone() } }, Some(1)));
    all.push((Event::Log { record: requests }, None));
    all.extend(kinds.map(|kind| (Event::Log { record: record(kind, text) }, None)));
    all
}

fn taken(ui: &Ui) -> String {
    std::mem::take(&mut *ui.output.kept.lock().unwrap())
}

/// All that acts on a terminal but parity's own colours, newlines and tabs.
fn active(shown: &str) -> Vec<char> {
    let mut rest = shown;
    let mut found = Vec::new();
    while let Some(c) = rest.chars().next() {
        let taken = terminal::colour(rest).map_or(c.len_utf8(), str::len);
        if taken == c.len_utf8() && terminal::is_active(c) && !matches!(c, '\n' | '\t') {
            found.push(c);
        }
        rest = &rest[taken..];
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn people_see_text_and_nothing_else(text in hostile()) {
        let ui = Ui::new(Format::Human, Verbosity::Verbose);
        for (event, count) in events(&text) {
            let what = format!("{event:?}");
            ui.report(event);
            let shown = taken(&ui);
            prop_assert_eq!(active(&shown), Vec::<char>::new(), "{} as {:?}", what, shown);
            if let Some(count) = count {
                prop_assert_eq!(shown.lines().count(), count, "{} as {:?}", what, shown);
            }
            // No line can be taken for a message of parity's own.
            prop_assert!(!shown.lines().any(|line| line.starts_with("error: forged")), "{} as {:?}", what, shown);
        }
        ui.failure(&failure(&text));
        ui.result(&text);
        ui.aside(&text);
        ui.marked(Mark::Bad, &text, std::slice::from_ref(&text));
        ui.log_result(record(RecordKind::Error, &text));
        let shown = taken(&ui);
        prop_assert_eq!(active(&shown), Vec::<char>::new(), "{:?}", shown);
        let mut table = Table::default();
        table.row([&text, &text]);
        prop_assert_eq!(table.to_string().lines().count().min(1), table.to_string().lines().count());
    }

    #[test]
    fn programs_get_the_text_as_it_is(text in hostile()) {
        let ui = Ui::new(Format::Json, Verbosity::Verbose);
        for (event, _) in events(&text) {
            let meant = serde_json::to_value(&event).unwrap();
            ui.report(event);
            let shown = taken(&ui);
            prop_assert!(!shown.trim_end_matches('\n').contains(terminal::is_active), "{:?}", shown);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), meant);
        }
    }
}
