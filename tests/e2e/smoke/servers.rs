//! Which server is smoked, beside which others, and what of it is seen elsewhere.

use super::{Report, Smoked};
use crate::http::Browser;

const FAILING: &str = "smoke: [{name: teapot, request: {path: /}, expect: {status: 418}}]\n";

#[test]
fn kept_on_failure_for_somebody_to_look_at() {
    let project = Smoked::bug("compliant", FAILING);
    let ran = project.smoke(&["--no-probes", "--keep-on-failure"]).run();
    assert_ne!(ran.code, Some(0), "{ran}");
    let [_] = project.containers().try_into().unwrap();
    let [status] = project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    assert_eq!(status["profile"], "smoke");
    let (url, name) = (status["url"].as_str().unwrap(), status["name"].as_str().unwrap());
    ran.says(&[url, &format!("`parity down {name}`")]);
    Browser::at(url).get("/").ok().has("fine");
    let terminal = project.parity(&["debug", "--attach"]).in_terminal();
    terminal.end().exits(2).says(&["runs the smoke profile, which has no way in"]);
    project.parity(&["down", name]).ok();
    project.nothing_is_left();
    // What passes is not kept.
    project.write("parity.yaml", "app: compliant:application\n");
    project.smoke(&["--no-probes", "--keep-on-failure"]).ok();
    project.nothing_is_left();
}

#[test]
fn against_what_runs_already() {
    let project = Smoked::bug("compliant", "smoke: [{request: {path: /}, log: {absent: [Traceback]}}]\n");
    project.smoke(&["--against", "up"]).run().exits(15).says(&["parity up"]);
    let url = project.up(&[]);
    let ran = project.smoke(&["--against", "up", "--format", "json"]).ok();
    let report = Report::of(ran);
    assert_eq!(report.json["url"], url.as_str());
    for name in ["GET /", "concurrency", "load"] {
        report.passed(name);
    }
    assert!(report.skipped("shutdown").contains("`parity up` looks after"));
    assert!(report.skipped("wsgi-compliance").contains("validator"));
    // It goes on.
    Browser::at(&url).get("/").ok();
    assert_eq!(project.containers().len(), 1);
    project.parity(&["down"]).ok();
}

#[test]
fn a_projects_own_tests() {
    let project = Smoked::bug("compliant", "");
    let script = "import os, urllib.request; print(urllib.request.urlopen(os.environ['PARITY_URL']).read())";
    let ran = project.smoke(&["--no-probes", "--", "python3", "-c", script]).ok();
    assert!(ran.stdout.contains("fine") || ran.stderr.contains("fine"), "{ran}");
    let ran = project.smoke(&["--no-probes", "--", "sh", "-c", "exit 3"]).run();
    assert_ne!(ran.code, Some(0), "{ran}");
    project.nothing_is_left();
}

#[test]
fn several_at_once_beside_what_runs() {
    let project = Smoked::bug("compliant", "smoke: [{request: {path: '/slow?s=0.3'}}]\n");
    let url = project.up(&[]);
    project.smoke(&["--no-probes"]).ok();
    let sessions: Vec<_> = (0..3).map(|_| project.smoke(&["--no-probes"]).start()).collect();
    for session in sessions {
        session.end().exits(0);
    }
    Browser::at(&url).get("/").ok();
    assert_eq!(project.containers().len(), 1, "only what runs is left");
    project.parity(&["down"]).ok();
}

#[test]
fn what_differs_from_production_is_told() {
    let project = Smoked::bug("compliant", "processes: 3\n");
    let differences = project.parity(&["diff", "--profile", "smoke", "--format", "json"]).ok().json();
    let names: Vec<_> = differences[0].as_array().unwrap().iter().map(|difference| difference["what"].as_str().unwrap()).collect();
    assert_eq!(names, ["port", "validator"]);
}
