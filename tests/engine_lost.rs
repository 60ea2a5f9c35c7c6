//! An engine that goes away in the middle, or hangs: behind a socket that forwards to the real one, until it is cut.

#![cfg(unix)]

mod common;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "e2e/engine.rs"]
mod engine;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "e2e/http.rs"]
mod http;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "e2e/project.rs"]
mod project;

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use http::Browser;
use project::TestProject;
use rustix::process::Signal;

/// A socket that is the engine's as long as it is not cut.
struct Line {
    socket: PathBuf,
    streams: Arc<Mutex<Vec<UnixStream>>>,
    hangs: Arc<Hangs>,
    target: String,
}

/// What an engine takes and never answers.
#[derive(Default)]
struct Hangs {
    /// Parts of the first line of such questions.
    at: Mutex<Vec<&'static str>>,
    has_hung: AtomicBool,
    /// They are passed on after all.
    is_released: AtomicBool,
}

impl Hangs {
    fn takes(&self, piece: &[u8]) -> bool {
        let end = piece.iter().position(|byte| *byte == b'\r').unwrap_or(piece.len().min(200));
        let line = String::from_utf8_lossy(&piece[..end]);
        let hangs = line.contains("HTTP/1.1") && self.at.lock().unwrap().iter().any(|part| line.contains(part));
        self.has_hung.fetch_or(hangs, Ordering::SeqCst);
        hangs
    }
}

impl Line {
    fn to_the_engine(socket: PathBuf) -> Self {
        let host = engine::host();
        let target = host.strip_prefix("unix://").expect("the tests' engine listens at a socket").to_owned();
        let line = Self { socket, streams: Arc::default(), hangs: Arc::default(), target };
        line.open();
        line
    }

    /// As when the engine is started: also after a cut.
    fn open(&self) {
        let listener = UnixListener::bind(&self.socket).unwrap();
        let (open, target, hangs) = (Arc::clone(&self.streams), self.target.clone(), Arc::clone(&self.hangs));
        // The thread ends with the test's process: nobody connects to a socket without a name.
        thread::spawn(move || {
            for here in listener.incoming() {
                let (here, there) = (here.unwrap(), UnixStream::connect(&target).unwrap());
                open.lock().unwrap().extend([here.try_clone().unwrap(), there.try_clone().unwrap()]);
                let (asking, asked) = (here.try_clone().unwrap(), there.try_clone().unwrap());
                copy(asking, asked, Some(Arc::clone(&hangs)));
                copy(there, here, None);
            }
        });
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// From now on it takes such questions and does not answer.
    fn hang_at(&self, parts: &[&'static str]) {
        self.hangs.at.lock().unwrap().extend(parts);
    }

    fn release(&self) {
        self.hangs.at.lock().unwrap().clear();
        self.hangs.is_released.store(true, Ordering::SeqCst);
    }

    fn until_it_hangs(&self) {
        let begun = Instant::now();
        while !self.hangs.has_hung.load(Ordering::SeqCst) {
            assert!(begun.elapsed() < common::PATIENCE, "it was never asked");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// As when the engine is stopped: its socket is gone, and so is every connection.
    fn cut(&self) {
        std::fs::remove_file(&self.socket).unwrap();
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn copy(mut from: UnixStream, mut to: UnixStream, hangs: Option<Arc<Hangs>>) {
    thread::spawn(move || {
        let mut piece = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            if let Some(hangs) = hangs.as_ref().filter(|hangs| hangs.takes(&piece[..read])) {
                return hold(&piece[..read], &mut from, &mut to, hangs);
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// The connection stays open, and nothing comes until it is released: then the engine has the question, whether who asked is still there or not.
fn hold(begin: &[u8], from: &mut UnixStream, to: &mut UnixStream, hangs: &Hangs) {
    let mut held = begin.to_vec();
    let mut is_gone = false;
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    while !hangs.is_released.load(Ordering::SeqCst) {
        let mut piece = [0; 8 << 10];
        match from.read(&mut piece) {
            Ok(0) => {
                is_gone = true;
                thread::sleep(Duration::from_millis(20));
            }
            Ok(read) => held.extend(&piece[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
    from.set_read_timeout(None).unwrap();
    if to.write_all(&held).is_ok() && !is_gone {
        let _ = std::io::copy(from, to);
        let _ = to.shutdown(Shutdown::Write);
    } else {
        // An engine may give up what nobody listens for any more.
        thread::sleep(common::PATIENCE);
    }
}

/// Each kind of question, and what asks it.
const QUESTIONS: [(&str, &[&str]); 8] = [
    ("GET /version", &["up", "--port", "0"]),
    ("GET /images", &["up", "--port", "0"]),
    ("GET /containers/json", &["down"]),
    ("GET /containers/parity-", &["logs", "-f"]),
    ("POST /containers/create", &["up", "--port", "0"]),
    ("/start ", &["up", "--port", "0"]),
    ("/logs?", &["up", "--port", "0"]),
    ("POST /containers/create", &["smoke"]),
];

#[test]
fn an_engine_that_never_answers_holds_nobody() {
    for (question, command) in QUESTIONS {
        let project = TestProject::copy("plain-wsgi");
        project.parity(&["build"]).patience(common::BUILD_PATIENCE).ok();
        let line = Line::to_the_engine(project.scratch().join("engine.sock"));
        line.hang_at(&[question]);
        let session = project.parity(command).env("DOCKER_HOST", line.host()).start();
        line.until_it_hangs();
        // As somebody who is in a hurry types it.
        let asked = Instant::now();
        for _ in 0..3 {
            session.interrupt();
            thread::sleep(Duration::from_millis(300));
        }
        let ended = session.end();
        assert!(matches!(ended.code, Some(0 | 130)), "{question}: {ended}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{question} held it for {:?}: {ended}", asked.elapsed());
    }
}

#[test]
fn one_signal_is_enough_to_end_a_command_whose_engine_hangs() {
    let project = TestProject::copy("plain-wsgi");
    project.parity(&["build"]).patience(common::BUILD_PATIENCE).ok();
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    line.hang_at(&["POST /containers/create"]);
    let session = project.parity(&["up", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    line.until_it_hangs();
    // `timeout` sends one.
    session.interrupt();
    session.end().exits(130).says(&["what was under way does not end", "hint: `parity down` removes what is left"]);
}

#[test]
fn a_server_that_is_not_removed_in_time_is_told() {
    let project = TestProject::copy("plain-wsgi");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut session = project.parity(&["up", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    session.url();
    line.hang_at(&["/stop", "/kill", "DELETE "]);
    session.interrupt();
    session.end().exits(16).says(&["the engine does not stop the server", "hint: `parity down` tries again"]);
}

#[test]
fn a_network_that_publishes_nothing_is_refused() {
    let project = TestProject::copy("plain-wsgi");
    for network in ["host", "none"] {
        project.write("parity.yaml", &format!("network: {network}\n"));
        project.parity(&["up"]).run().exits(3).says(&[network, "would let every machine in reach in"]);
    }
}

#[test]
fn a_session_that_loses_its_engine_says_so_and_the_next_finds_what_is_left() {
    let project = TestProject::copy("plain-wsgi");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut session = project.parity(&["up", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    let url = session.url();
    line.cut();
    let lost = session.end().exits(16).says(&["error: lost the container's log", "did the engine stop or restart?"]);
    assert!(lost.ending < Duration::from_secs(5), "it took {:?}: {lost}", lost.ending);

    // It could not be stopped: the engine was gone. Now it is back.
    Browser::at(&url).get("/").ok();
    let (mut session, again) = project.foreground(&[]);
    session.says("found the server of a session that ended without stopping it");
    assert_eq!(again, url);
    session.interrupt();
    session.end().exits(0);
    project.nothing_is_left();
}

#[test]
fn a_session_that_serves_what_is_saved_waits_for_its_engine() {
    let project = TestProject::copy("plain-wsgi");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    let url = session.url();
    line.cut();
    session.says("the engine stopped answering: waiting for it to come back");
    // Nobody reloads now; what is saved is not forgotten.
    project.write("hello.wsgi", &project.read("hello.wsgi").replace("hello\\n", "saved meanwhile\\n"));
    Browser::at(&url).get("/").ok().has("hello");
    line.open();
    session.says("the engine is back, and the server has gone on");
    session.says("→ serving");
    Browser::at(&url).get("/").ok().has("saved meanwhile");
    session.interrupt();
    session.end().exits(0);
    project.nothing_is_left();
}

#[test]
fn settings_that_change_while_the_engine_is_away_are_switched_to_when_it_is_back() {
    let project = TestProject::copy("plain-wsgi");
    let answers = "import os\n\n\ndef application(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
                   return [os.environ['WORD'].encode()]\n";
    project.write("hello.wsgi", answers);
    let say = |word: &str| project.write("parity.yaml", &format!("env: {{WORD: {word}}}\n"));
    say("one");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    let url = session.url();
    // What was switched to before is not forgotten either.
    say("two");
    session.next(|line| line.contains("switched, serving"));
    let done = Arc::new(AtomicBool::new(false));
    let asking = thread::spawn({
        let (url, done) = (url.clone(), Arc::clone(&done));
        move || {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let answer = Browser::at(&url).get("/");
                seen.push(format!("{} {}", answer.status, answer.text()));
                seen.dedup();
            }
            seen
        }
    });
    line.cut();
    session.says("the engine stopped answering: waiting for it to come back");
    say("three");
    line.open();
    session.says("the engine is back, and the server has gone on");
    session.next(|line| line.contains("switched, serving"));
    Browser::at(&url).get("/").ok().has("three");
    done.store(true, Ordering::Relaxed);
    assert_eq!(asking.join().unwrap(), ["200 two", "200 three"]);
    session.interrupt();
    session.end().exits(0);
    project.nothing_is_left();
}

#[test]
fn a_build_that_loses_its_engine_says_so() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "hooks:\n  build:\n    - echo begun && sleep 60\n");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut session = project.parity(&["build", "--verbose"]).env("DOCKER_HOST", line.host()).start();
    session.says("begun");
    line.cut();
    let lost = session.end().exits(16).says(&["building the image failed", "did the engine stop or restart?"]);
    assert!(lost.ending < Duration::from_secs(5), "it took {:?}: {lost}", lost.ending);
}

#[test]
fn an_engine_that_never_was_there_is_another_matter() {
    let project = TestProject::unlocked("plain-wsgi");
    let nowhere = format!("unix://{}/nothing.sock", project.scratch().display());
    project.parity(&["up"]).env("DOCKER_HOST", nowhere).run().exits(5).says(&["cannot reach the container engine", "is it running?"]);
}

#[test]
fn a_session_whose_agent_is_never_started_hears_the_end_of_its_server() {
    let project = TestProject::copy("plain-wsgi");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    session.url();
    session.says("serving");
    line.hang_at(&["/exec "]);
    let [container] = project.containers().try_into().unwrap();
    engine::with(async |engine| {
        let argv = ["python", "-c", KILL_AGENT].map(String::from).to_vec();
        engine.run(&container, argv).await.unwrap();
    });
    line.until_it_hangs();
    engine::with(async |engine| engine.remove(&container).await.unwrap());
    let ended = session.end().exits(11).says(&["the server's container was removed while it ran"]);
    assert!(ended.ending < Duration::from_secs(10), "it took {:?}: {ended}", ended.ending);
}

#[test]
fn the_status_of_a_server_that_ends_meanwhile_is_that_it_has_ended() {
    let project = TestProject::copy("plain-wsgi");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let (session, _) = project.foreground(&["--reload-on-changes"]);
    let status = project.parity(&["status"]).env("DOCKER_HOST", line.host());
    line.hang_at(&["/exec "]);
    let asked = status.start();
    line.until_it_hangs();
    let [container] = project.containers().try_into().unwrap();
    engine::with(async |engine| engine.remove(&container).await.unwrap());
    line.release();
    let status = asked.end().exits(0);
    assert_eq!(status.stdout, "not running\n", "{status}");
    session.end().exits(11);
}

const KILL_AGENT: &str = "import os, pathlib, signal
for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
    if b'run.py\\0agent' in path.read_bytes():
        os.kill(int(path.parent.name), signal.SIGKILL)";

#[test]
fn a_container_that_is_made_when_nobody_waits_any_more_is_removed() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "threads: 2\n");
    let (mut session, _) = project.foreground(&["--reload-on-changes"]);
    for threads in 3_u64..6 {
        project.write("parity.yaml", &format!("threads: {threads}\n"));
        thread::sleep(Duration::from_millis(70 * threads));
        project.write("parity.yaml", "threads: [\n");
        session.says("parity.yaml");
        within(10, "one is left", || project.containers().len() <= 1);
    }
    session.interrupt();
    session.end();
    project.nothing_is_left();
}

#[test]
fn a_view_whose_container_was_never_made_is_removed() {
    let Some(project) = TestProject::of_root("plain-wsgi") else { return };
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    session.url();
    session.says("serving");
    let views = project.views().len();
    line.hang_at(&["POST /containers/create"]);
    project.write("parity.yaml", "threads: 3\n");
    line.until_it_hangs();
    project.write("parity.yaml", "threads: [\n");
    session.says("parity.yaml");
    within(10, "one is left", || project.views().len() <= views);
    line.release();
    session.interrupt();
    session.end();
    project.nothing_is_left();
}

#[test]
fn what_was_asked_for_a_session_that_was_killed_is_removed_by_the_next() {
    let project = TestProject::copy("plain-wsgi");
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    let mut first = project.parity(&["up", "--reload-on-changes", "--port", "0"]).env("DOCKER_HOST", line.host()).start();
    first.url();
    first.says("serving");
    line.hang_at(&["POST /containers/create"]);
    project.write("parity.yaml", "threads: 3\n");
    line.until_it_hangs();
    first.signal(Signal::KILL);
    first.end();
    let (mut second, _) = project.foreground(&["--reload-on-changes"]);
    second.says("serving");
    line.release();
    let is_there = || project.containers().len() > 1;
    within(5, "the engine has not made it", is_there);
    within(20, "it is left", || !is_there());
    second.interrupt();
    second.end();
    project.nothing_is_left();
}

#[test]
fn a_trial_of_bind_mounts_that_is_interrupted_leaves_no_container() {
    let project = TestProject::copy("plain-wsgi");
    project.parity(&["build"]).patience(common::BUILD_PATIENCE).ok();
    let line = Line::to_the_engine(project.scratch().join("engine.sock"));
    line.hang_at(&["/start "]);
    let doctor = project.parity(&["doctor"]).env("DOCKER_HOST", line.host()).start();
    line.until_it_hangs();
    doctor.interrupt();
    thread::sleep(Duration::from_millis(200));
    line.release();
    doctor.end().exits(130);
    within(10, "its container is left", || trials().is_empty());
}

/// Waits for something, so many seconds at most.
#[track_caller]
fn within(seconds: u64, trouble: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(seconds), "{trouble} after {seconds} s");
        thread::sleep(Duration::from_millis(20));
    }
}

fn trials() -> Vec<String> {
    engine::with(async |engine| {
        let all = engine.all_containers().await.unwrap();
        let is_trial = |labels: &HashMap<String, String>| labels.get("dev.parity.profile").is_some_and(|profile| profile == "trial");
        all.into_iter().filter(|container| is_trial(&container.labels)).map(|container| container.name).collect()
    })
}
