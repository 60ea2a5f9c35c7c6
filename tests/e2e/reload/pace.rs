//! Saves that come faster than code can be imported, and responses that never end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::Live;
use super::bursts::Asking;
use crate::common::PATIENCE;
use crate::http::Browser;
use crate::project::TestProject;

#[test]
fn what_is_saved_all_the_time_is_served_meanwhile() {
    const SAVES: usize = 16;
    for flags in [&[][..], &["--no-standby"]] {
        let project = TestProject::copy("modules");
        project.write("second.py", "import time\ntime.sleep(0.8)\nTEXT = 'slow'\n");
        let mut live = Live::of(project, flags);
        let asking = Asking::of(&live);
        for number in 1..=SAVES {
            live.project.write("first.py", &format!("TEXT = 'number-{number}'\n"));
            thread::sleep(Duration::from_millis(500));
        }
        // Only the last one is told as what was saved.
        live.told("first.py");
        assert_eq!(live.text("/"), format!("number-{SAVES} slow\n"));
        let seen = asking.stop();
        let meanwhile = (3..SAVES).filter(|number| seen.contains(&format!("number-{number} slow\n"))).count();
        assert!(meanwhile >= 2, "{flags:?}: {seen:?}\n{}", live.session.stderr());
        let ran = live.end();
        assert_eq!(ran.stderr.matches("→ serving in").count(), 1, "{ran}");
        assert!(ran.stderr.contains("serves (not what was saved since"), "{ran}");
        assert!(ran.stderr.matches("no standby process is ready yet").count() <= 1, "{ran}");
        assert!(!ran.stderr.contains('✗'), "{ran}");
    }
}

/// Its pages: one that never ends, one that takes a while before it begins, and one that breaks off.
const STREAMING: &str = r#"
import time
import first

def events():
    while True:
        yield b"data: x\n\n"
        time.sleep(0.1)

def broken():
    yield b"half of it\n"
    raise LookupError("the other half")

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/patient":
        time.sleep(6)
    start_response("200 OK", [("Content-Type", "text/event-stream" if path == "/events" else "text/plain")])
    pages = {"/events": events, "/endless": events, "/broken": broken}
    return pages.get(path, lambda: [first.TEXT.encode()])()
"#;

fn streaming(flags: &[&str]) -> Live {
    let project = TestProject::copy("modules");
    project.write("app.py", STREAMING);
    Live::of(project, flags)
}

/// A response that goes on; what came of it has been read.
fn stream(live: &Live, path: &str) -> BufReader<TcpStream> {
    let authority = live.url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = BufReader::new(TcpStream::connect(authority).unwrap());
    stream.get_mut().set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut line = String::new();
    while line.trim_end() != "data: x" {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0, "{path} ended before it began");
    }
    stream
}

#[test]
fn a_stream_makes_way_and_who_waits_for_an_answer_gets_it() {
    for path in ["/events", "/endless"] {
        let mut live = streaming(&[]);
        let url = live.url.clone();
        let patient = thread::spawn(move || Browser::at(&url).get("/patient").ok().text());
        // Two saves after that the group of both is needed, and has a right to be busy.
        thread::sleep(Duration::from_millis(500));
        let mut streams = Vec::new();
        for number in 0..5 {
            streams.push(stream(&live, path));
            live.save("first.py", &format!("TEXT = 'number-{number}'\n"));
            thread::sleep(Duration::from_millis(800));
        }
        assert_eq!(patient.join().unwrap(), "first", "the request that was there before the first save");
        let mut rest = Vec::new();
        streams.remove(0).read_to_end(&mut rest).unwrap();
        // A client that goes is told of by Apache.
        let ran = live.end();
        drop(streams);
        assert!(
            ran.stderr.contains("cut a response that had been streaming for ") || ran.stderr.contains(" responses that had been streaming"),
            "{ran}"
        );
        assert!(ran.stderr.contains(&format!(" s: {path}")), "{ran}");
        assert!(!ran.stderr.contains("Unable to proxy"), "{ran}");
    }
}

#[test]
fn a_stream_makes_way_where_nothing_stands_by() {
    let mut live = streaming(&["--no-standby"]);
    let stream = stream(&live, "/events");
    let begun = Instant::now();
    live.save("first.py", "TEXT = 'saved'\n");
    // Not `request-timeout`, which all other requests may take.
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
    assert_eq!(live.text("/"), "saved");
    drop(stream);
    live.end();
}

#[test]
fn a_response_that_breaks_off_is_told() {
    let mut live = streaming(&[]);
    assert_eq!(live.get("/broken").ok().text(), "half of it\n");
    live.session.next(|line| line.contains("the response to GET /broken broke off after 11 bytes"));
    live.session.next(|line| line.contains("hint") && line.contains("Content-Length"));
    live.end();
}
