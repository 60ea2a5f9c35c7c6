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

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use http::Browser;
use project::TestProject;

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
            if hangs.as_ref().is_some_and(|hangs| hangs.takes(&piece[..read])) {
                // The connection stays open, and nothing comes.
                while let Ok(1..) = from.read(&mut piece) {}
                return;
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
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
    session.says("going on with it");
    session.says("→ serving");
    Browser::at(&url).get("/").ok().has("saved meanwhile");
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
