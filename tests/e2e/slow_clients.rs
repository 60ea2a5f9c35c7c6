//! Clients that take their time keep nobody else out.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::http::Browser;
use crate::project::TestProject;

const SLOW: usize = 300;
/// In which Apache starts processes for them.
const GROWS: Duration = Duration::from_secs(6);

/// Many connections with half a request in each.
fn halves(url: &str) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).ok()?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").ok()?;
        Some(stream)
    };
    (0..SLOW).filter_map(open).collect()
}

#[test]
fn half_requests_keep_nobody_out() {
    let project = TestProject::copy("plain-wsgi");
    let url = project.up(&[]);
    let held = halves(&url);
    let begun = Instant::now();
    Browser::at(&url).get("/").ok().has("hello");
    assert!(begun.elapsed() < GROWS, "somebody else waited for {:?}", begun.elapsed());
    drop(held);

    // What mod_wsgi-express does shows that this can fail.
    project.write("parity.yaml", "slow-clients: 0\n");
    let url = project.up(&[]);
    let held = halves(&url);
    let begun = Instant::now();
    Browser::at(&url).try_get("/");
    assert!(begun.elapsed() > GROWS, "somebody else waited for only {:?}", begun.elapsed());
    drop(held);
}

#[test]
fn many_who_wait_for_a_thread_are_all_answered() {
    let project = TestProject::copy("plain-wsgi");
    let url = project.up(&["--threads", "5"]);
    let ask = || Browser::at(&url).try_get("/sleep?s=0.2").map(|answer| answer.status);
    let answers = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..250).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect::<Vec<_>>()
    });
    let lost: Vec<_> = answers.iter().filter(|answer| **answer != Some(200)).collect();
    assert!(lost.is_empty(), "{} of {}: {lost:?}", lost.len(), answers.len());
}
