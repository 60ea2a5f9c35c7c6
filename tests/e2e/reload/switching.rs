//! One server takes over from another, and nobody who asks notices.

use std::thread;
use std::time::{Duration, Instant};

use bollard::query_parameters::RemoveContainerOptions;
use rustix::process::Signal;

use super::Live;
use super::load::{Load, Way, assert_nothing_stale, numbered};
use crate::engine;
use crate::http::Browser;
use crate::project::TestProject;

const WAYS: [(Way, usize); 4] = [(Way::KeptAlive, 2), (Way::Anew, 4), (Way::Post, 1), (Way::Slow, 2)];

impl Live {
    /// Asks for another number of threads, which takes another container.
    #[track_caller]
    fn switch(&mut self, threads: u32) {
        self.project.write("parity.yaml", &format!("app: app:application\nthreads: {threads}\n"));
        self.switched("parity.yaml");
    }
}

fn remove(container: &str) {
    engine::with(async |engine| {
        let options = RemoveContainerOptions { force: true, ..RemoveContainerOptions::default() };
        engine.api.remove_container(container, Some(options)).await.unwrap();
    });
}

#[track_caller]
fn under_load(switches: u32) -> usize {
    let mut live = Live::of(numbered(), &[]);
    let load = Load::start(&live.url, &WAYS);
    let mut containers = vec![live.container()];
    for number in 1..=switches {
        // Saved while the next one starts: it never serves what is older.
        live.project.write("parity.yaml", &format!("app: app:application\nthreads: {}\n", 5 + number));
        thread::sleep(Duration::from_millis(400));
        live.save("first.py", &format!("TEXT = 'number-{number}'\n"));
        live.switched("parity.yaml");
        containers.push(live.container());
        assert_eq!(live.text("/"), format!("number-{number} second\n"));
    }
    let all = load.stop();
    assert_nothing_stale(&all, &live);
    containers.dedup();
    assert_eq!(containers.len() as u32, switches + 1, "{containers:?}");
    live.end();
    all.len()
}

#[test]
fn nothing_is_refused_or_lost() {
    under_load(3);
}

/// The whole of it; `cargo test --test e2e -- --ignored ten_switches` runs it.
#[test]
#[ignore = "half a minute of load"]
fn ten_switches_of_ten_thousand_requests() {
    let mut requests = 0;
    while requests < 10_000 {
        requests += under_load(10);
    }
}

#[test]
fn the_old_server_serves_until_the_new_one_is_ready() {
    let project = numbered();
    let app = project.read("app.py");
    project.write("app.py", &app.replace("import time\n", "import time\n\ntime.sleep(float(os.environ.get('SLOW', '0')))\n"));
    let mut live = Live::of(project, &[]);
    let load = Load::start(&live.url, &[(Way::Anew, 2)]);
    live.project.write("parity.yaml", "app: app:application\nhooks: {start: [sleep 3]}\nenv: {SLOW: '3'}\n");
    live.session.next(|line| line.contains("hook: sleep 3"));
    live.save("first.py", "TEXT = 'number-1'\n");
    assert_eq!(live.text("/"), "number-1 second\n");
    live.switched("parity.yaml");
    let all = load.stop();
    assert_nothing_stale(&all, &live);
    let slowest = all.iter().map(|answered| answered.ended - answered.begun).max().unwrap();
    assert!(slowest < Duration::from_millis(2500), "somebody waited {slowest:?}");
    assert!(all.iter().any(|answered| answered.number == 0) && all.iter().any(|answered| answered.number == 1));
    live.end();
}

#[test]
fn what_does_not_start_is_seen_by_nobody() {
    let mut live = Live::of(numbered(), &[]);
    let container = live.container();
    let load = Load::start(&live.url, &[(Way::Anew, 3), (Way::Post, 1)]);
    for (settings, says) in [
        ("app: nothing:application\n", "No module named 'nothing'"),
        ("app: app:application\nhooks: {start: [\"echo no luck; exit 3\"]}\n", "ended with exit code 3"),
    ] {
        live.project.write("parity.yaml", settings);
        live.session.next(|line| line.contains(says));
        live.session.next(|line| line.contains("the running server is unaffected"));
    }
    live.save("first.py", "TEXT = 'number-1'\n");
    // What could not be applied is tried again with new code, and fails again.
    live.session.next(|line| line.contains("the running server is unaffected"));
    load.stop();
    assert_eq!(live.container(), container);
    assert_eq!(live.project.containers(), [container]);
    live.end();
}

#[test]
fn what_only_one_process_may_hold() {
    let project = TestProject::copy("modules");
    let app = project.read("app.py");
    let lock = "import fcntl\nlock = open('/app/data.lock', 'w')\nfcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n";
    project.write("app.py", &format!("{lock}{app}"));
    let mut live = Live::of(project, &["--no-standby"]);
    live.project.write("parity.yaml", "app: app:application\nthreads: 7\n");
    live.session.next(|line| line.contains("switched, away for ") && line.contains("the application needs what the running one holds"));
    assert_eq!(live.text("/"), "first second\n");
    assert_eq!(live.project.containers(), [live.container()]);
    live.end();
}

#[test]
fn restarted_from_another_terminal() {
    let mut live = Live::of(numbered(), &[]);
    let container = live.container();
    let load = Load::start(&live.url, &WAYS);
    for _ in 0..2 {
        assert_eq!(live.project.parity(&["restart"]).ok().line(), live.url);
        live.session.next(|line| line.contains("↻ parity restart → switched, serving in "));
    }
    load.stop();
    assert_ne!(live.container(), container);
    live.end();
}

#[test]
fn other_terminals_follow() {
    let mut live = Live::modules(&[]);
    live.project.write("first.py", "import sys\nprint('imported', file=sys.stderr, flush=True)\nTEXT = 'first'\n");
    live.told("first.py");
    let (mut viewer, _) = live.project.foreground(&["--reload-on-changes"]);
    let mut logs = live.project.parity(&["logs", "-f", "--tail", "0"]).start();
    for number in 0..2 {
        live.switch(6 + number);
        viewer.next(|line| line.contains("another server took over"));
        // A 404 is nothing that the log tells: an exception is.
        live.project.write("second.py", &format!("import sys\nprint('second {number}', file=sys.stderr, flush=True)\nTEXT = 'second'\n"));
        viewer.next(|line| line.contains(&format!("second {number}")));
        logs.stdout_until(|text| text.contains(&format!("second {number}")).then_some(()));
        live.told("second.py");
    }
    assert_eq!(live.python("print('within')"), "within\n");
    for session in [viewer, logs] {
        session.interrupt();
        session.end().exits(0);
    }
    live.end();
}

#[test]
fn a_killed_session_leaves_nothing_to_the_next() {
    let mut live = Live::modules(&[]);
    live.switch(6);
    assert_eq!(live.project.containers().len(), 2, "one serves, one holds the port");
    // In the middle of a switch.
    live.project.write("parity.yaml", "app: app:application\nthreads: 6\nhooks: {start: [sleep 30]}\n");
    live.session.next(|line| line.contains("hook: sleep 30"));
    assert_eq!(live.project.containers().len(), 3);
    live.session.signal(Signal::KILL);
    let Live { session, project, url } = live;
    assert_eq!(session.end().code, None);
    Browser::at(&url).get("/").ok();
    project.write("parity.yaml", "app: app:application\nthreads: 6\n");

    let mut next = Live::of(project, &[]);
    assert_eq!(next.url, url);
    next.session.says("found the server of a session that ended without stopping it");
    assert_eq!(next.project.containers().len(), 2);
    next.switch(7);
    assert_eq!(next.text("/"), "first second\n");
    next.session.signal(Signal::KILL);
    let Live { session, project, .. } = next;
    assert_eq!(session.end().code, None);
    project.parity(&["down", "--timeout", "1"]).ok().says(&["stopped"]);
    project.nothing_is_left();
}

#[test]
fn it_ends_in_the_middle_of_a_switch() {
    let mut live = Live::modules(&[]);
    live.switch(6);
    live.project.write("parity.yaml", "app: app:application\nhooks: {start: [sleep 30]}\n");
    live.session.next(|line| line.contains("hook: sleep 30"));
    let ran = live.end();
    assert!(ran.ending < Duration::from_secs(5), "it took {:?}: {ran}", ran.ending);
}

#[test]
fn another_port_takes_a_gap() {
    let mut live = Live::modules(&["--host", "127.0.0.1"]);
    live.switch(6);
    live.project.write("parity.yaml", "app: app:application\nnetwork: bridge\n");
    live.session.next(|line| line.contains("switched, away for ") && line.contains("because the port or the network changes"));
    live.answers();
    assert_eq!(live.project.containers(), [live.container()]);
    live.project.write("parity.yaml", "app: app:application\nnetwork: bridge\nthreads: 7\n");
    live.switched("parity.yaml");
    live.end();
}

#[test]
fn what_is_removed_from_elsewhere_ends_it() {
    for which in ["server", "network"] {
        let mut live = Live::modules(&[]);
        live.switch(6);
        // The first one's requests are finished by now.
        let begun = Instant::now();
        while live.project.containers().len() > 2 && begun.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(50));
        }
        let server = live.container();
        let container = live.project.containers().into_iter().find(|id| (*id == server) == (which == "server")).unwrap();
        remove(&container);
        live.session.end().exits(11).says(&["removed while it ran"]);
        live.project.nothing_is_left();
    }
}
