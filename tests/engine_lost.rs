//! An engine that goes away in the middle: behind a socket that forwards to the real one, until it is cut.

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

use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use http::Browser;
use project::TestProject;

/// A socket that is the engine's as long as it is not cut.
struct Line {
    socket: PathBuf,
    streams: Arc<Mutex<Vec<UnixStream>>>,
    target: String,
}

impl Line {
    fn to_the_engine(socket: PathBuf) -> Self {
        let host = engine::host();
        let target = host.strip_prefix("unix://").expect("the tests' engine listens at a socket").to_owned();
        let line = Self { socket, streams: Arc::default(), target };
        line.open();
        line
    }

    /// As when the engine is started: also after a cut.
    fn open(&self) {
        let listener = UnixListener::bind(&self.socket).unwrap();
        let (open, target) = (Arc::clone(&self.streams), self.target.clone());
        // The thread ends with the test's process: nobody connects to a socket without a name.
        thread::spawn(move || {
            for here in listener.incoming() {
                let (here, there) = (here.unwrap(), UnixStream::connect(&target).unwrap());
                open.lock().unwrap().extend([here.try_clone().unwrap(), there.try_clone().unwrap()]);
                copy(here.try_clone().unwrap(), there.try_clone().unwrap());
                copy(there, here);
            }
        });
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// As when the engine is stopped: its socket is gone, and so is every connection.
    fn cut(&self) {
        std::fs::remove_file(&self.socket).unwrap();
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn copy(mut from: UnixStream, mut to: UnixStream) {
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
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
