//! A second terminal on the same project goes on when the first one dies.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::Live;
use crate::project::TestProject;

fn second(project: &TestProject) -> crate::common::Session {
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0"]).start();
    session.says("already running from another terminal");
    session.url();
    session
}

#[test]
fn of_two_others_one_takes_over() {
    let Live { session: first, project, url } = Live::modules(&[]);
    let mut others = [second(&project), second(&project)];
    // Nobody watches when this is saved.
    first.signal(Signal::KILL);
    assert_eq!(first.end().code, None);
    project.write("first.py", "TEXT = 'orphaned'\n");
    let begun = std::time::Instant::now();
    let is_heir = |session: &crate::common::Session| session.stderr().contains("has died: this one goes on with it");
    while !others.iter().any(is_heir) {
        assert!(begun.elapsed() < crate::common::PATIENCE, "nobody takes over\n{}", others[0].stderr());
        thread::sleep(Duration::from_millis(20));
    }
    // Time for the other one to notice as well.
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(others.iter().filter(|session| is_heir(session)).count(), 1, "{}\n{}", others[0].stderr(), others[1].stderr());
    if is_heir(&others[1]) {
        others.reverse();
    }
    let [heir, mut other] = others;
    let mut live = Live { session: heir, project, url };
    live.eventually("/", "orphaned second\n");
    live.session.next(|line| line.contains("→ serving in"));
    live.save("first.py", "TEXT = 'again'\n");
    assert_eq!(live.text("/"), "again second\n");
    assert!(other.runs());
    live.end();
    other.end().exits(0).says(&["stopped from elsewhere"]);
}

#[test]
fn whoever_watches_ends_with_the_first() {
    let live = Live::modules(&[]);
    let other = second(&live.project);
    live.end();
    let ran = other.end().exits(0).says(&["stopped from elsewhere"]);
    assert!(!ran.stderr.contains("has died"), "{ran}");
}
