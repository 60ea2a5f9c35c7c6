//! Requests that Apache refuses by itself, or that end their process: each is told with its reason.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bollard::models::ContainerUpdateBody;

use crate::common::BUILD_PATIENCE;
use crate::engine;
use crate::http::Browser;
use crate::project::TestProject;

const PAGES: &str = r#"

def leave(environ, query):
    os._exit(7)


def eat(environ, query):
    held = []
    while True:
        held.append(os.urandom(1 << 20))


PAGES.update({"/leave": leave, "/eat": eat})
"#;

fn project(settings: &str) -> TestProject {
    let project = TestProject::copy("plain-wsgi");
    project.write("hello.wsgi", &(project.read("hello.wsgi") + PAGES));
    project.write("parity.yaml", &format!("app: hello.wsgi\n{settings}"));
    project
}

#[test]
fn what_apache_refuses_is_told() {
    let project = project("limit-request-body: 1000\nsmoke: [{request: {path: /a%2Fb}, expect: {status: 200}}]\n");
    let (mut session, url) = project.foreground(&["--verbose"]);
    let mut browser = Browser::at(&url);
    assert_eq!(browser.post("/echo", "text/plain", &[b'x'; 2000]).status, 413);
    session.says("POST /echo: 413, a body of 2000 bytes is larger than `limit-request-body` (1000)");
    session.says("hint: the body is larger than `limit-request-body` (413): raise it");
    browser.post("/echo", "text/plain", &[b'x'; 1000]).ok();
    assert_eq!(browser.get("/a%2Fb").status, 404);
    session.says("GET /a%2Fb HTTP/1.0: 404, there is an encoded slash in its path");
    // What the application does not know is its own affair.
    assert_eq!(browser.get("/nope?a=%2F").status, 404);
    session.interrupt();
    let said = session.end().stderr;
    assert!(!said.contains("/nope"), "{said}");

    let failed = project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).run().exits(17);
    assert!(failed.stdout.contains("AllowEncodedSlashes NoDecode"), "{failed}");
}

/// Apache refuses such a body in the middle, when mod_wsgi reads it already, which would answer as well.
#[test]
fn a_chunked_body_that_apache_refuses_is_answered_once() {
    let project = project("limit-request-body: 1000\nchunked-request: true\n");
    project.write(
        "hello.wsgi",
        &(project.read("hello.wsgi") + "\n\ndef fail(environ, query):\n    raise KeyError(query)\n\n\nPAGES.update({\"/fail\": fail})\n"),
    );
    let (mut session, url) = project.foreground(&[]);
    let ask = |path: &str, body: &[u8]| {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        stream.write_all(body).unwrap();
        let mut all = Vec::new();
        // Until the server closes the connection: all that it says.
        let _ = stream.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    };
    let chunk = |size: usize| format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size)).into_bytes();
    for (body, status, line) in [
        (chunk(5000), "413 Request Entity Too Large", "POST /echo: 413, a chunked body is larger than `limit-request-body` (1000)"),
        (b"zzz\r\nx\r\n".to_vec(), "400 Bad Request", "POST /echo: 400, its chunked body is malformed"),
    ] {
        let answer = ask("/echo", &body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert_eq!(answer.matches("<title>").count(), 1, "{answer}");
        assert!(answer.contains(&format!("<title>{status}</title>")) && !answer.contains("Parity"), "{answer}");
        session.says(line);
    }
    // Other errors have their page, and what is not refused is served.
    let failed = ask("/fail", &[&chunk(10)[..], b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"].concat());
    assert!(failed.starts_with("HTTP/1.1 500") && failed.contains("<title>500 Internal Server Error</title>"), "{failed}");
    Browser::at(&url).get("/").ok();
    // Lines of requests come several at once, a quarter of a second later.
    session.says("GET     / ");
    session.interrupt();
    let said = session.end().stderr;
    assert_eq!(said.matches("is larger than `limit-request-body`").count(), 2, "the line and its hint: {said}");
    assert!(said.contains("413") && !said.contains("WSGI0126"), "{said}");
    let log: Vec<&str> = said.lines().filter(|line| line.contains("POST    /echo")).collect();
    assert!(matches!(&log[..], [large, malformed] if large.contains(" 413 ") && malformed.contains(" 400 ")), "{said}");
}

#[test]
fn a_process_that_a_request_ends_is_told_with_the_reason() {
    for more in [&[][..], &["--reload-on-changes"]] {
        let project = project("request-timeout: 2\nshutdown-timeout: 1\n");
        let (mut session, url) = project.foreground(more);
        let mut browser = Browser::at(&url);
        assert_eq!(browser.get("/leave").status, 502);
        session.says("ended: exit code 7");
        session.says("hint: something ended the process: look for os._exit()");
        browser.get("/").ok();

        assert_eq!(browser.get("/sleep?s=60").status, 502);
        session.says("is ended: a request took longer than `request-timeout`");
        session.says("hint: the stack says where it was: raise `request-timeout`");
        session.says(&format!("File \"{}/hello.wsgi\", line 28, in sleep", project.root.display()));
        browser.get("/").ok();

        let memory = 120 << 20;
        let update = ContainerUpdateBody { memory: Some(memory), memory_swap: Some(memory), ..ContainerUpdateBody::default() };
        for container in project.containers() {
            engine::with(async |engine| engine.api.update_container(&container, update.clone()).await.unwrap());
        }
        assert_eq!(browser.get("/eat").status, 502);
        session.says("ended: SIGKILL");
        session.says("The kernel has ended a process of this container because memory ran out");
        session.interrupt();
        session.end();
    }
}
