//! `parity up` in a terminal: from the first line to the end, whichever way it comes.

use std::time::Duration;

use rustix::process::Signal;

use crate::common::{Ran, Session};
use crate::http::Browser;
use crate::project::TestProject;

/// A server stops within two seconds; a machine that runs other tests gets some more.
const SOON: Duration = Duration::from_secs(5);

#[track_caller]
fn ends_soon(session: Session, code: i32) -> Ran {
    session.end().exits(code).ends_within(SOON)
}

#[test]
fn the_url_then_the_log_then_ctrl_c() {
    let project = TestProject::copy("plain-wsgi");
    let (mut session, url) = project.foreground(&[]);
    let mut browser = Browser::at(&url);
    browser.get("/").ok();
    assert_eq!(browser.get("/error").status, 500);
    session.says("RuntimeError: this page always fails");
    session.interrupt();
    let ran = ends_soon(session, 0).says(&["about to fail", &format!("{}/hello.wsgi", project.root.display()), "stopped"]);
    assert_eq!(ran.line(), url);
    project.nothing_is_left();
}

#[test]
fn sigterm_is_as_good_as_ctrl_c() {
    let project = TestProject::copy("plain-wsgi");
    let (session, _) = project.foreground(&[]);
    session.signal(Signal::TERM);
    ends_soon(session, 0);
    project.nothing_is_left();
}

#[test]
fn ctrl_c_does_not_wait_for_a_slow_request_and_twice_kills() {
    for times in [1, 2] {
        let project = TestProject::copy("plain-wsgi");
        let (session, url) = project.foreground(&[]);
        let request = std::thread::spawn(move || Browser::at(&url).try_get("/sleep?s=60"));
        // Time for the request to get there; the test holds without it.
        std::thread::sleep(Duration::from_millis(300));
        for _ in 0..times {
            session.interrupt();
            std::thread::sleep(Duration::from_millis(20));
        }
        ends_soon(session, 0);
        project.nothing_is_left();
        assert!(request.join().unwrap().is_none(), "the slow request was answered");
    }
}

#[test]
fn ctrl_c_during_a_build() {
    let project = TestProject::copy("plain-wsgi");
    // A step that never ends is never cached.
    project.write("parity.yaml", "hooks: {build: [sleep 600]}\n");
    let mut session = project.parity(&["up", "--verbose"]).start();
    session.says("… image");
    std::thread::sleep(Duration::from_millis(200));
    session.interrupt();
    ends_soon(session, 130);
    project.nothing_is_left();
}

#[test]
fn ctrl_c_before_it_serves() {
    let project = TestProject::copy("plain-wsgi");
    project.write("endless.wsgi", "import time\nprint('waiting', flush=True)\ntime.sleep(600)\n");
    for (config, sign) in [("hooks: {start: [sleep 600]}", "hook: sleep 600"), ("app: endless.wsgi", "waiting")] {
        project.write("parity.yaml", &format!("{config}\n"));
        for flags in [&[][..], &["-d", "--wait"]] {
            let mut session = project.parity(&[&["up", "--port", "0"], flags].concat()).start();
            session.says(sign);
            session.interrupt();
            let ran = ends_soon(session, 130);
            assert_eq!(ran.stdout, "", "{ran}");
            project.nothing_is_left();
        }
    }
}

#[test]
fn what_a_killed_session_left_is_adopted() {
    let project = TestProject::copy("plain-wsgi");
    let (session, url) = project.foreground(&[]);
    session.signal(Signal::KILL);
    assert_eq!(session.end().code, None);
    let [left] = project.containers().try_into().unwrap();
    Browser::at(&url).get("/").ok();

    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).ok().says(&["a session that ended without stopping it"]);
    assert_eq!(ran.line(), url);
    assert_eq!(project.containers(), [left]);
}

#[test]
fn a_second_up_watches_the_first_and_leaves_it() {
    let project = TestProject::copy("plain-wsgi");
    let (mut first, url) = project.foreground(&[]);
    let (mut second, same_url) = project.foreground(&[]);
    assert_eq!(same_url, url);
    second.says("already running from another terminal");
    let mut browser = Browser::at(&url);
    browser.get("/error");
    first.says("this page always fails");
    second.says("this page always fails");

    second.interrupt();
    ends_soon(second, 0);
    assert!(first.runs());
    browser.get("/").ok();

    // Whoever watches learns of the end.
    let (third, _) = project.foreground(&[]);
    first.interrupt();
    ends_soon(first, 0);
    third.end().exits(0).says(&["stopped from elsewhere"]);
    project.nothing_is_left();
}

#[test]
fn a_server_in_the_background_is_taken_to_the_foreground() {
    let project = TestProject::copy("plain-wsgi");
    let url = project.up(&[]);
    let (mut session, same_url) = project.foreground(&[]);
    assert_eq!(same_url, url);
    session.says("already running in the background");
    session.interrupt();
    ends_soon(session, 0);
    project.nothing_is_left();
}

#[test]
fn down_from_elsewhere_ends_the_session() {
    let project = TestProject::copy("plain-wsgi");
    let (session, _) = project.foreground(&[]);
    project.parity(&["down"]).ok();
    session.end().exits(0).says(&["stopped from elsewhere"]);
    project.nothing_is_left();
}

#[test]
fn django_leaves_no_mount_point() {
    let project = TestProject::copy("django");
    let (session, url) = project.foreground(&[]);
    Browser::at(&url).get("/static/admin/css/base.css").ok();
    assert!(project.has("staticfiles"));
    session.interrupt();
    ends_soon(session, 0);
    assert!(!project.has("staticfiles"));
}
