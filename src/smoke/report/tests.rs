use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::logs::RecordKind;
use crate::smoke::outcome::{Image, Place, What};

fn suite() -> Suite {
    let millis = Duration::from_millis;
    let place = |line| Some(Place { path: "parity.yaml".into(), line });
    let different = Finding {
        text: "the body is not as expected".into(),
        expected: Some("one\ntwo".into()),
        actual: Some("one\n<2>".into()),
        details: vec!["  one".into(), "- two".into(), "+ <2>".into()],
        hint: None,
    };
    let failed = Outcome {
        recorded: Some(42),
        place: place(7),
        request: Some("POST /login/?a=1".into()),
        answer: Some("500 Internal Server Error, text/html, 12 bytes".into()),
        log: vec![Record::new(RecordKind::Traceback, ["Traceback:", "\u{1b}[31m::error::KeyError\u{1b}[0m"])],
        ..Outcome::failed("log in, 100% #1", What::Check, millis(34), vec![Finding::new("the status is 500, not 302"), different])
    };
    let probe = Outcome::failed(
        "concurrency",
        What::Probe,
        millis(1500),
        vec![Finding::new("answers differ").hint("use a lock").details(["a", "b"])],
    );
    Suite {
        recorded: Some(3),
        url: "http://127.0.0.1:8000".into(),
        image: Some(Image {
            id: "sha256:0a1b".into(),
            names: vec!["registry.example.com/team/app:1.2".into()],
            digests: vec!["registry.example.com/team/app@sha256:2c3d".into()],
        }),
        outcomes: vec![
            Outcome { place: place(3), ..Outcome::passed("GET /", What::Check, millis(12)) },
            failed,
            Outcome { place: place(12), ..Outcome::skipped("home", What::Check, "it needs `token`") },
            probe,
            Outcome::passed("pytest -q", What::Tests, millis(12_345)),
        ],
        took: millis(13_900),
    }
}

fn shown(format: ReportFormat) -> String {
    format.render(&suite(), Path::new("site"))
}

#[test]
fn for_people() {
    insta::assert_snapshot!(shown(ReportFormat::Human));
}

#[test]
fn as_json() {
    let document: serde_json::Value = serde_json::from_str(&shown(ReportFormat::Json)).unwrap();
    insta::assert_snapshot!(format!("{document:#}"));
}

#[test]
fn as_tap() {
    insta::assert_snapshot!(shown(ReportFormat::Tap));
}

#[test]
fn as_junit() {
    insta::assert_snapshot!(shown(ReportFormat::Junit));
}

#[test]
fn as_annotations() {
    insta::assert_snapshot!(shown(ReportFormat::Github));
}

proptest! {
    /// Whatever a server says, no line is a command to a CI system and each format keeps its form.
    #[test]
    fn any_text_is_reported(text in "(?s)(::error::|\n|\u{1b}\\[2J|]]>|#|\\PC|.){0,40}") {
        let mut outcome = Outcome::failed(text.clone(), What::Check, Duration::ZERO, vec![Finding::new(text.clone()).details([text.clone()]).hint(text.clone())]);
        outcome.log = vec![Record::new(RecordKind::Error, [text.clone()])];
        outcome.request = Some(format!("GET {text}"));
        let skipped = Outcome::skipped(text.clone(), What::Check, text.clone());
        let suite = Suite { url: "http://x".into(), image: None, outcomes: vec![outcome, skipped], recorded: None, took: Duration::ZERO };
        let render = |format: ReportFormat| format.render(&suite, Path::new(""));
        prop_assert!(render(ReportFormat::Human).lines().all(|line| !line.trim_start().starts_with("::")));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&render(ReportFormat::Json)).is_ok());
        prop_assert_eq!(render(ReportFormat::Github).lines().filter(|line| line.starts_with("::")).count(), 2);
        let tap = render(ReportFormat::Tap);
        prop_assert_eq!(tap.lines().filter(|line| line.starts_with("ok") || line.starts_with("not ok")).count(), 2);
        prop_assert!(quick_junit::Report::deserialize_from_str(&render(ReportFormat::Junit)).is_ok());
    }
}
