//! Servers that misbehave, hang, die, or are not there.

use std::time::Duration;
use std::time::Instant;

use super::Project;
use crate::common::Parity;
use crate::common::server::Server;

#[test]
fn a_server_that_misbehaves_fails_the_check_and_nothing_else() {
    let checks = "
smoke:
- {request: {path: /garbage}}
- {request: {path: /close}}
- {request: {path: /cut}}
- {request: {path: /big}, expect: {body: [{regex: '^x+$'}]}}
- {request: {path: /}}
- {name: outside, request: {path: '/ä b/../x'}, expect: {status: 404}}
";
    let project = Project::new(checks);
    let verdicts = project.verdicts(&[]);
    assert!(verdicts[0].starts_with("the answer is not HTTP: "), "{verdicts:?}");
    assert_eq!(
        verdicts[1..],
        [
            "the server closed the connection without an answer",
            "the server closed the connection in the middle of the answer, after 10 bytes of the body",
            "passed",
            "passed",
            "passed"
        ]
    );
    assert_eq!(project.server.asked().last().unwrap(), "GET /%C3%A4%20b/../x", "nothing is normalised");
}

#[test]
fn a_server_that_hangs() {
    let project = Project::new("smoke:\n- {request: {path: /hang}}\n- {request: {path: /drip}}\n");
    let begun = Instant::now();
    let verdicts = project.verdicts(&["--jobs", "2"]);
    assert_eq!(verdicts, ["no answer within 30 s", "the answer did not end within 30 s; 10 bytes of the body came"]);
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn a_server_that_is_not_there_or_dies_in_the_middle() {
    let checks: String = (0..30).map(|n| format!("- {{name: c{n}, request: {{path: /wait/{n}}}}}\n")).collect();
    let project = Project::at(Server::dying_after(10), &format!("smoke:\n{checks}"));
    let verdicts = project.verdicts(&[]);
    assert_eq!(verdicts[..10], vec!["passed"; 10]);
    for verdict in &verdicts[10..] {
        assert!(verdict.starts_with("nothing listens at 127.0.0.1:") || verdict.contains("closed the connection"), "{verdict}");
    }
    let gone = project.parity(&["--only", "c3"]).run().exits(17);
    assert!(gone.stdout.contains(": the connection was refused"), "{gone}");
    for (url, part) in [("https://127.0.0.1:1", "nothing listens at 127.0.0.1:1"), ("http://no-such-host.invalid", "cannot be reached")] {
        let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", url, "--only", "c1"]).run().exits(17);
        assert!(ran.stdout.contains(part), "{ran}");
    }
    let plain = Server::start();
    let url = plain.url.replace("http:", "https:");
    let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", &url, "--only", "c1"]).run().exits(17);
    assert!(ran.stdout.contains("no encrypted connection to 127.0.0.1:"), "{ran}");
    for url in ["localhost:8000", "ftp://x", "nonsense"] {
        let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", url]).run().exits(2);
        assert!(ran.stderr.contains("cannot be asked"), "{ran}");
    }
}
