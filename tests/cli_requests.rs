//! `parity requests`, `parity replay` and `parity compare` without an engine: from a HAR file to each form in which requests leave again.

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use common::Parity;
use common::pty::Terminal;
use serde_json::json;
use tempfile::TempDir;

struct Project {
    scratch: TempDir,
    root: PathBuf,
}

impl Project {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap().join("shop");
        std::fs::create_dir_all(&root).unwrap();
        Self { scratch, root }
    }

    fn parity(&self, arguments: &[&str]) -> Parity {
        let state = self.scratch.path().join("state");
        Parity::new(&self.root, self.scratch.path(), arguments).env("DOCKER_HOST", "unix:///nonexistent").env("XDG_STATE_HOME", state)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.root.join(name), text).unwrap();
        name.to_owned()
    }

    fn store(&self) -> PathBuf {
        let directory = self.scratch.path().join("state/parity/requests");
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "sqlite").unwrap()
    }

    /// Two requests: a page, and a login that fails.
    fn import(&self, origin: &str) {
        let headers = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>();
        let har = json!({"log": {"version": "1.2", "entries": [
            {
                "startedDateTime": "2026-11-27T10:00:00Z", "time": 12.5,
                "request": {"method": "GET", "url": format!("{origin}/polls/3/?token=hush-hush"), "httpVersion": "HTTP/1.1", "headers": headers(&[("Accept", "*/*")])},
                "response": {"status": 200, "statusText": "OK", "headers": headers(&[("Content-Type", "text/html")]),
                             "content": {"size": 9, "mimeType": "text/html", "text": "<p>1</p>\n"}},
            },
            {
                "startedDateTime": "2026-11-27T10:00:01Z", "time": 250,
                "request": {"method": "POST", "url": format!("{origin}/login"), "httpVersion": "HTTP/1.1",
                            "headers": headers(&[("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", "sessionid=hush-hush; a=b")]),
                            "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "user=ada&password=hush-hush"}},
                "response": {"status": 503, "statusText": "Service Unavailable", "headers": headers(&[("Content-Type", "application/json")]),
                             "content": {"size": 2, "mimeType": "application/json", "text": "{\"error\": \"not hush-hush\"}"}},
            },
        ]}});
        let name = self.write("saved.har", har.to_string());
        self.parity(&["requests", "import", &name]).ok().says(&["imported 2 requests"]);
    }
}

#[test]
fn nothing_is_recorded_yet() {
    let project = Project::new();
    let ran = project.parity(&["requests"]).ok().says(&["no requests are recorded: `parity up --record` records them"]);
    assert_eq!(ran.stdout, "");
    project.parity(&["requests", "show"]).run().exits(2).says(&["no requests are recorded", "parity requests import"]);
    project.parity(&["requests", "clear"]).ok().says(&["removed 0 recorded requests"]);
    project.parity(&["replay", "--all"]).run().exits(2).says(&["no requests are recorded"]);
    assert!(!project.scratch.path().join("state").exists(), "looking has made a store");
}

#[test]
fn lists_and_shows() {
    let project = Project::new();
    project.import("http://h.example");
    let list = |arguments: &[&str]| {
        let ran = project.parity(&[&["requests"], arguments].concat()).ok();
        ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let all = list(&[]);
    assert_eq!(all[0], "ID AGE METHOD STATUS TIME SIZE SQL PATH");
    assert!(all[1].ends_with("GET 200 12 ms 9 B - /polls/3/?token=***"), "{all:?}");
    assert_eq!(list(&["--status", "5xx"]).len(), 2);
    assert_eq!(list(&["--path", "/polls/*", "--slower-than", "5"]).len(), 2);
    assert_eq!(list(&["--method", "post", "--grep", "ADA"]).len(), 2);
    assert_eq!(list(&["--last", "1"])[1].split(' ').next(), Some("2"));
    project.parity(&["requests", "--status", "404"]).ok().says(&["none of the 2 recorded requests matches"]);
    project.parity(&["requests", "--status", "4x"]).run().exits(2).says(&["write 404, 5xx"]);
    let json = project.parity(&["requests", "--format", "json"]).ok().json();
    assert_eq!((json.len(), json[1]["milliseconds"].as_f64()), (2, Some(250.0)));
    let shown = project.parity(&["requests", "show"]).ok().stdout;
    for part in [
        "#2  POST /login  503 Service Unavailable",
        "> Cookie: sessionid=***; a=***",
        "> user = ada",
        "> password = ***",
        "<   \"error\": \"not ***\"",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let json = project.parity(&["requests", "show", "2", "--format", "json"]).ok().json();
    assert_eq!(json[0]["request"]["body"]["text"], "user=ada&password=***");
    project.parity(&["requests", "show", "9"]).run().exits(2).says(&["there is no recorded request 9"]);
    // In everything that has been said so far.
    assert!(!format!("{all:?}{shown}{json:?}").contains("hush"));
}

#[test]
fn exports() {
    let project = Project::new();
    project.import("http://h.example");
    let exported = |arguments: &[&str]| project.parity(&[&["requests", "export"], arguments].concat()).ok().stdout;
    let curl = exported(&["--curl", "2"]);
    assert!(curl.starts_with("curl http://h.example/login \\\n  -H"), "{curl}");
    let checks = exported(&["--smoke"]);
    assert!(checks.contains("form: {\"user\": \"ada\", \"password\": \"***\"}"), "{checks}");
    // What is written is what `parity smoke` reads.
    project.write("hello.wsgi", "application = None\n");
    project.write("smoke.yaml", &checks);
    project.write("parity.yaml", "app: hello.wsgi\nsmoke: [smoke.yaml]\n");
    project.parity(&["config"]).ok();
    project.write("test_recorded.py", exported(&["--pytest"]));
    let compiled = std::process::Command::new("python3")
        .args(["-B", "-c", "import ast; ast.parse(open('test_recorded.py').read())"])
        .current_dir(&project.root)
        .output();
    assert!(compiled.unwrap().status.success());
    project.parity(&["requests", "export", "--har", "out.har", "--status", "503"]).ok().says(&["wrote 1 request to out.har"]);
    let har: serde_json::Value = serde_json::from_slice(&std::fs::read(project.root.join("out.har")).unwrap()).unwrap();
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 503);
    let all = [curl, checks, exported(&["--pytest"]), exported(&["--har", "-"]), har.to_string()].concat();
    assert!(!all.contains("hush"), "{all}");
    project.parity(&["requests", "export", "1"]).run().exits(2).says(&["--har <FILE>"]);
    project.parity(&["requests", "export", "--curl", "1", "--last", "1"]).run().exits(2).says(&["cannot combine IDs with filters"]);
}

#[test]
fn secrets_are_for_terminals() {
    let project = Project::new();
    project.import("http://h.example");
    project.parity(&["requests", "show", "--show-secrets"]).run().exits(2).says(&["on a terminal only"]);
    let mut terminal: Terminal = project.parity(&["requests", "show", "2", "--show-secrets"]).in_terminal();
    terminal.shows("sessionid=hush-hush");
    terminal.end().exits(0);
    project.write("parity.yaml", "record-redact: [user]\n");
    assert!(project.parity(&["requests", "show", "2"]).ok().stdout.contains("> user = ***"));
}

#[test]
fn values_of_the_environment_are_never_stored() {
    let project = Project::new();
    project.write("parity.yaml", "env: {KEY: hush-hush, DEBUG: \"true\"}\n");
    project.import("http://h.example");
    project.parity(&["requests", "show", "2"]).ok();
    for name in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{name}", project.store().display())).unwrap_or_default();
        assert!(!bytes.windows(9).any(|window| window == b"hush-hush"));
    }
    assert!(project.parity(&["requests", "show", "2"]).ok().stdout.contains("a value of `env` was in it"));
}

#[test]
fn secrets_are_not_stored_where_that_is_said() {
    let project = Project::new();
    project.write("parity.yaml", "record-secrets: false\n");
    project.import("http://h.example");
    std::fs::remove_file(project.root.join("saved.har")).unwrap();
    for name in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{name}", project.store().display())).unwrap_or_default();
        assert!(!bytes.windows(9).any(|window| window == b"hush-hush"));
    }
    let shown = project.parity(&["requests", "show", "2"]).ok().stdout;
    assert!(shown.contains("> Cookie: sessionid=***; a=***") && shown.contains("its secrets are not stored"), "{shown}");
    let (origin, told) = server("{\"error\": \"not ***\"}");
    let ran = project.parity(&["replay", "2", "--against", &origin, "--unsafe"]).run().exits(2);
    assert!(
        ran.stdout.contains("sent without the cookie sessionid, the cookie a; sent with *** as the field password: secrets are not stored"),
        "{ran}"
    );
    let sent = told.recv().unwrap().to_lowercase();
    assert!(!sent.contains("cookie:") && sent.starts_with("post /login"), "{sent}");
}

#[test]
fn bad_files_are_told() {
    let project = Project::new();
    let refused = |name: &str| project.parity(&["requests", "import", name]).run().exits(3);
    refused("missing.har").says(&["cannot be read as HAR", "No such file"]);
    refused(".").says(&["is not a regular file"]);
    project.write("text.har", "hello");
    refused("text.har").says(&["text.har cannot be read as HAR", "line 1"]);
    project.write("nested.har", format!("{{\"log\": {{\"entries\": {}", "[".repeat(100_000)));
    refused("nested.har");
    // What came before a mistake is kept.
    project.write("cut.har", "{\"log\": {\"entries\": [{\"request\": {\"url\": \"http://h/\"}}, {\"response\": {\"content\"");
    refused("cut.har").says(&["EOF while parsing", "what came before the mistake is imported"]);
    assert_eq!(project.parity(&["requests", "--format", "json"]).ok().json().len(), 1);
}

#[test]
fn a_broken_store_is_told_and_left_alone() {
    let project = Project::new();
    project.import("http://h.example");
    assert_eq!(std::fs::metadata(project.store()).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(project.store(), vec![b'x'; 10_000]).unwrap();
    for arguments in [&["requests"][..], &["requests", "show", "1"], &["requests", "import", "saved.har"], &["requests", "clear"]] {
        project.parity(arguments).run().exits(3).says(&["the store of requests cannot be read", "hint: move it away"]);
    }
    assert_eq!(std::fs::metadata(project.store()).unwrap().len(), 10_000);
}

/// A server that answers each request with the same.
fn server(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            if let Some(length) = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok())
            {
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
            }
            let _ = tell.send(head);
            let reply = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
                answer.len()
            );
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    (origin, told)
}

#[test]
fn a_replay_compares() {
    let project = Project::new();
    let (origin, told) = server("<p>1</p>\n");
    project.import("http://h.example");
    let ran = project.parity(&["replay", "1", "--against", &origin]).ok();
    assert!(ran.stdout.contains("✓ #1 GET /polls/3/?token=***  200 in "), "{ran}");
    assert!(ran.stdout.ends_with("1 request, all answered as recorded\n"), "{ran}");
    assert!(told.recv().unwrap().starts_with("GET /polls/3/?token=hush-hush HTTP/1.1\r\n"));
    // A POST is left out elsewhere, and so are cookies.
    project.parity(&["replay", "--all", "--against", &origin]).ok().says(&["skipped 1 request that may change data there"]);
    assert!(!told.recv().unwrap().contains("ookie"));
    let ran = project.parity(&["replay", "2", "--against", &origin, "--unsafe", "--format", "json"]).run().exits(2);
    assert!(told.recv().unwrap().to_lowercase().contains("cookie: sessionid=hush-hush; a=b"));
    let line = &ran.json()[0];
    assert_eq!(
        (line["recorded"]["status"].as_u64(), line["now"]["status"].as_u64(), line["alike"].as_bool()),
        (Some(503), Some(200), Some(false))
    );
    let what: Vec<_> = line["differences"].as_array().unwrap().iter().map(|difference| difference["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["status", "header content-type", "body"]);
    assert!(!ran.stdout.contains("hush"), "{ran}");
    let ran = project.parity(&["replay", "--har", "saved.har", "--against", &origin, "--jobs", "4"]).ok();
    assert!(ran.stdout.contains("✓ GET /polls/3/"), "{ran}");
    let ran = project.parity(&["replay", "1", "--against", "http://127.0.0.1:1"]).run().exits(2);
    assert!(ran.stdout.contains("the connection was refused"), "{ran}");
}

#[test]
fn it_is_recorded_where_somebody_stores_it() {
    let project = Project::new();
    project.write("hello.wsgi", "application = None\n");
    project.write("parity.yaml", "app: hello.wsgi\n");
    project
        .parity(&["up", "--record", "--detach"])
        .run()
        .exits(2)
        .says(&["--record does not go with --detach", "must stay in the foreground"]);
    project.parity(&["coverage", "--record"]).run().exits(2).says(&["--record does not go with this command", "parity smoke --record"]);
    project.parity(&["smoke", "--record", "--against", "up"]).run().exits(2).says(&["--record does not go with --url and --against"]);
    let diff = project.parity(&["diff", "--profile", "smoke", "--record"]).ok().stdout;
    assert!(diff.lines().any(|line| line.starts_with("recorder ")), "{diff}");
    let diff = project.parity(&["diff", "--record"]).ok().stdout;
    assert!(diff.lines().any(|line| line.starts_with("recorder ")), "{diff}");
    assert!(!project.parity(&["diff"]).ok().stdout.contains("recorder"));
    project.write("parity.yaml", "app: hello.wsgi\nrecord: true\nrecord-keep: {requests: 5, bytes: 1 parsec}\n");
    project.parity(&["config"]).run().exits(3).says(&["parity.yaml:3", "a number of bytes, as in 500 kB"]);
    project.write("parity.yaml", "app: hello.wsgi\nrecord: true\nrecord-body-limit: 17 MiB\n");
    project.parity(&["config"]).run().exits(3).says(&["at most 16 MiB"]);
}

#[test]
fn two_servers_are_compared() {
    let project = Project::new();
    let ((one, told), (other, _)) = (server("<p>at 10:00:00</p><p>1</p>"), server("<p>at 10:00:02</p><p>2</p>"));
    let same = project.parity(&["compare", &one, &one]).ok();
    assert_eq!(same.stdout, format!("1 request, 1 equal, 0 differ: {one} and {one}\n"));
    // Each side is asked twice.
    assert_eq!(told.try_iter().count(), 4);
    let ran = project.parity(&["compare", &one, &other, "--report", "html=a/b.html"]).run().exits(2);
    let expected = format!("✗ GET /  200\n    body\n      - p: 1\n      + p: 2\n1 request, 0 equal, 1 differs: {one} and {other}\n");
    assert_eq!(ran.stdout, expected);
    assert!(std::fs::read_to_string(project.root.join("a/b.html")).unwrap().contains("p: 2"));
    project.parity(&["compare", &one, &other, "--ignore", "x"]).run().exits(2);
    let json = project.parity(&["compare", &one, &other, "--format", "json"]).run().exits(2).json();
    assert_eq!((&json[0]["differ"], &json[0]["requests"][0]["first"]), (&1.into(), &"200".into()));
    let junit = project.parity(&["compare", &one, &other, "--format", "junit"]).run().exits(2);
    assert!(junit.stdout.contains("failures=\"1\""), "{junit}");

    // What is recorded is asked where something is; only what changes nothing, without what is secret.
    project.import("http://h.example");
    told.try_iter().for_each(drop);
    let ran = project.parity(&["compare", &one, &other]).run().exits(2).says(&["skipped 1 request that may change data there"]);
    assert!(ran.stdout.contains("✗ #1 GET /polls/3/?token=***  200") && !ran.stdout.contains("hush"), "{ran}");
    assert!(told.try_iter().all(|head| head.starts_with("GET /polls/3/")));
    let ran = project.parity(&["compare", &one, &one, "--unsafe", "-v"]).ok();
    assert!(
        ran.stdout.contains("✓ #2 POST /login  200") && ran.stdout.ends_with(&format!("2 requests, 2 equal, 0 differ: {one} and {one}\n")),
        "{ran}"
    );
    project.parity(&["compare", &one, &other, "--requests", "saved.har"]).run().exits(2);

    // A side that does not answer differs.
    let ran = project.parity(&["compare", &one, "http://127.0.0.1:1", "--requests", "smoke"]).run().exits(2);
    assert!(ran.stdout.contains("answer: no answer on one side") && ran.stdout.contains("refused"), "{ran}");
}

#[test]
fn what_cannot_be_compared() {
    let project = Project::new();
    project.parity(&["compare", "main", "up"]).run().exits(2).says(&["write production, up, running, ref:GIT-REF, image:IMAGE or a URL"]);
    project.parity(&["compare", "production"]).run().exits(2).says(&["<B>"]);
    project.parity(&["compare", "production", "up", "--requests", "x"]).run().exits(2).says(&["write recorded, smoke, or a HAR file"]);
    project.parity(&["compare", "production", "up", "--report", "tap=x"]).run().exits(2).says(&["human, json, junit, html"]);
    project.parity(&["compare", "production", "up", "--format", "tap"]).run().exits(2).says(&["takes human, json, junit, html"]);
    project.parity(&["compare", "production", "up", "--requests", "none.har"]).run().exits(3).says(&["none.har"]);
    project.parity(&["compare", "production", "up", "--requests", "recorded"]).run().exits(2).says(&["no requests are recorded"]);
    project.parity(&["compare", "production", "up"]).run().exits(5).says(&["/nonexistent"]);
    project.write("parity.yaml", "compare-ignore: {a: b}\n");
    project.parity(&["compare", "production", "up"]).run().exits(3).says(&["compare-ignore"]);
}
