//! `parity diff --live`: the same of anybody's application, while it runs.

use serde_json::Value;

use crate::common::{BUILD_PATIENCE, Ran};
use crate::engine;
use crate::http::Browser;
use crate::smoke::Smoked;

/// Sees a difference that no line declares, where the project can be written.
const TELLTALE: &str = "
import os, sys
if os.access('/app', os.W_OK):
    sys.setrecursionlimit(4321)
    os.environ['TELLTALE'] = 'nobodys business'
";

fn live(project: &Smoked, more: &[&str]) -> Ran {
    let arguments: Vec<&str> = ["diff", "--live"].iter().chain(more).copied().collect();
    project.parity(&arguments).patience(BUILD_PATIENCE).run()
}

fn plain(before: &str) -> Smoked {
    let project = Smoked::copy("plain-wsgi");
    project.write(".env", "TOKEN=hush-hush-hush\n");
    project.write("hello.wsgi", &format!("{before}{}", project.read("hello.wsgi")));
    project
}

/// Each difference, as `section: name`, with what declares it.
#[track_caller]
fn rows(ran: &Ran) -> Vec<(String, Option<String>)> {
    let rows = ran.json().into_iter().find_map(|line| line.as_array().cloned()).unwrap_or_else(|| panic!("no rows: {ran}"));
    let text = |value: &Value| value.as_str().map(String::from);
    rows.iter()
        .map(|row| (format!("{}: {}", row["section"].as_str().unwrap(), row["name"].as_str().unwrap()), text(&row["declared"]["what"])))
        .collect()
}

#[test]
fn all_is_declared_in_an_ordinary_application() {
    let project = plain("");
    live(&project, &[]).exits(15).says(&["parity up"]);
    for flags in [&["--processes", "2"][..], &["--processes", "2", "--reload-on-changes"]] {
        let (session, url) = project.foreground(flags);
        // What it has been asked before does not matter, and it is asked twice.
        for _ in 0..5 {
            Browser::at(&url).get("/env").ok();
        }
        let processes = ["--processes", "2", "--format", "json"];
        for _ in 0..2 {
            let ran = live(&project, &processes).exits(0);
            let rows = rows(&ran);
            for (place, what) in [("mounts: /app", "project"), ("process: Uid", "user"), ("project: .env", "configuration files")] {
                assert!(rows.contains(&(place.into(), Some(what.into()))), "{place}: {rows:?}");
            }
            assert!(!ran.to_string().contains("hush-hush"), "{ran}");
        }
        // The server serves as before, and nothing of the probe is left in it, nor the other server.
        Browser::at(&url).get("/").ok().has("hello");
        let left = project.parity(&["exec", "-T", "--", "sh", "-c", "ls -d /run/parity/fidelity* || :"]).ok();
        assert_eq!(left.stdout, "");
        assert_eq!(project.containers().len(), 1);
        session.interrupt();
        session.end().exits(0);
    }
    project.nothing_is_left();
}

#[test]
fn what_is_not_declared_is_told_and_no_secret_is() {
    let project = plain(TELLTALE);
    let url = project.up(&[]);
    let ran = live(&project, &[]).exits(2).says(&["2 of ", "undeclared"]);
    let line = |place: &str| ran.stdout.lines().find(|line| line.starts_with(place)).unwrap_or_else(|| panic!("no {place}: {ran}"));
    assert!(line("python: recursion limit").contains("4321") && line("python: recursion limit").ends_with("undeclared"));
    assert!(line("environment: TELLTALE").contains("***") && line("environment: TELLTALE").ends_with("undeclared"));
    assert!(!ran.to_string().contains("nobodys business"), "{ran}");
    let undeclared: Vec<String> = rows(&live(&project, &["--format", "json"]).exits(2))
        .into_iter()
        .filter(|(_, what)| what.is_none())
        .map(|(place, _)| place)
        .collect();
    assert_eq!(undeclared, ["environment: TELLTALE", "python: recursion limit"]);
    // Somebody may still debug what was asked.
    let pipes = project.parity(&["exec", "-T", "--", "sh", "-c", "ls /run/parity/debug"]).ok();
    assert!(pipes.stdout.contains(".pipe"), "{pipes}");
    Browser::at(&url).get("/").ok();
    project.parity(&["down"]).ok();
    project.nothing_is_left();
}

#[test]
fn nothing_that_the_container_says_is_trusted() {
    for (json, says) in [
        ("'{' + ' ' * 6_000_000", "it says more than"),
        ("'{\"python\": 1}'", "cannot read what the probe has seen"),
        ("'[' * 100_000", "cannot read what the probe has seen"),
    ] {
        let project = plain(&format!("import json\njson.dumps = lambda *_: {json}\n"));
        project.up(&[]);
        live(&project, &[]).exits(1).says(&[says]);
        project.parity(&["down"]).ok();
        project.nothing_is_left();
    }
    let project =
        plain("import json\njson.dumps = lambda *_: '{\"python\": {\"\\\\u001b[2J\\\\u202ex\": \"\\\\u001b]0;title\\\\u0007\"}}'\n");
    project.up(&[]);
    let ran = live(&project, &[]).exits(0);
    assert!(!ran.to_string().contains('\u{1b}'), "{ran}");
    project.parity(&["down"]).ok();
}

#[test]
fn an_application_that_cannot_be_reached_is_told_with_what_to_write() {
    let project = plain("");
    project.write("parity.yaml", "app: hello.wsgi\nurl-alias: {/static: static}\nhealth-check: /static/page.txt\n");
    project.make_directory("static");
    project.write("static/page.txt", "no application");
    project.up(&[]);
    live(&project, &[]).exits(1).says(&["did not reach the application", "health-check"]);
    let volumes = engine::volumes();
    project.parity(&["down"]).ok();
    assert_eq!(engine::volumes(), volumes);
}
