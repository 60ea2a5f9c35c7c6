//! What is beside the checks: the project's own tests, Ctrl-C, mistakes, a workflow for CI.

use std::path::Path;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use serde_json::Value;

use super::Project;
use super::steady;
use crate::common::Parity;
use crate::common::Ran;

#[test]
fn the_projects_own_tests() {
    let project = Project::new("");
    let ran = project.parity(&["--", "sh", "-c", "echo asking $PARITY_URL"]).ok();
    assert_eq!(
        steady(&ran.stdout),
        "✓ GET / (T)\nasking http://HOST\n✓ tests sh -c 'echo asking $PARITY_URL' (T)\n2 passed in T (http://HOST)\n"
    );
    let ran = project.parity(&["--format", "tap", "--", "sh", "-c", "echo hello; exit 3"]).run().exits(17);
    assert!(ran.stdout.starts_with("TAP version 13\n1..2\n") && !ran.stdout.starts_with("hello"), "{ran}");
    assert!(ran.stdout.contains("it ended with exit code 3") && ran.stderr.contains("hello\n"), "{ran}");
    let ran = project.parity(&["--", "no-such-program"]).run().exits(17);
    assert!(ran.stdout.contains("`no-such-program` cannot be run"), "{ran}");
    assert_eq!(project.verdicts(&["--", "sh", "-c", "kill -9 $$"])[1], "it was ended by signal 9");
    let bad = Project::new("smoke:\n- {request: {path: /status/500}}\n");
    assert_eq!(bad.verdicts(&["--fail-fast", "--", "true"])[1], "skipped: an earlier check failed (--fail-fast)");
}

#[test]
fn ctrl_c_in_the_middle() {
    let project = Project::new("smoke:\n- {request: {path: /}}\n- {request: {path: /hang}}\n- {name: last, request: {path: /json}}\n");
    let mut session = project.parity(&["--report", "json=report.json"]).start();
    session.stdout_until(|text| text.contains("GET /").then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    session.signal(Signal::INT);
    let ran: Ran = session.end().exits(130);
    assert!(ran.stdout.contains("– last (skipped: interrupted)") && ran.stdout.contains("1 passed, 2 skipped"), "{ran}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(project.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["skipped"], 2);

    // The tests end with their children.
    let project = Project::new("");
    let mut session = project.parity(&["--", "sh", "-c", "sleep 300 & echo child $!; wait"]).start();
    let child = session.stdout_until(|text| text.split("child ").nth(1)?.split('\n').next()?.parse::<i32>().ok());
    session.signal(Signal::INT);
    let ran = session.end().exits(130);
    assert!(ran.stdout.contains("(skipped: interrupted)"), "{ran}");
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let zombie = || std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| stat.contains(") Z "));
        kill_process(Pid::from_raw(child).unwrap(), Signal::CONT).is_err() || zombie()
    });
    assert!(gone, "the child of the tests runs on");
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let project = Project::new("smoke:\n- {request: {path: /}, expect: {statsu: 200}}\n");
    project.parity(&[]).run().exits(3).says(&["parity.yaml:2:33: unknown name `statsu` in `expect`", "did you mean `status`?"]);
    assert_eq!(project.server.asked(), Vec::<String>::new());
    for (arguments, part) in [
        (&["--report", "xml=a"][..], "human, json, tap, junit, github"),
        (&["--report", "junit"], "FORMAT=FILE"),
        (&["--jobs", "0"], "--jobs"),
        (&["--against", "up"], "cannot be used with"),
    ] {
        project.parity(arguments).run().exits(2).says(&[part]);
    }
    let ran = Parity::new(project.dir.path(), project.dir.path(), &["status", "--format", "tap"]).run().exits(2);
    ran.says(&["for `parity smoke` or `parity compare`"]);
}

#[test]
fn init_writes_a_workflow_and_overwrites_none() {
    let project = Project::new("");
    let init = |ci: &str| Parity::new(project.dir.path(), project.dir.path(), &["init", "--ci", ci]);
    for (ci, name) in [("github", ".github/workflows/parity.yml"), ("gitlab", ".gitlab-ci.yml")] {
        init(ci).ok().says(&[&format!("wrote {name}")]);
        let text = std::fs::read_to_string(project.path(name)).unwrap();
        assert!(text.contains("parity smoke --jobs 4 --report junit="), "{text}");
        init(ci).run().exits(2).says(&[&format!("there is a {name} already"), "--force"]);
    }
    assert!(Path::new(&project.path("parity.yaml")).exists());
}
