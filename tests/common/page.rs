//! The page of recorded requests: a project with some, and what speaks to its server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use parity::profiling::flamegraph;
use parity::profiling::model::{Function, Key, Node, Package, Profile, Weight};
use parity::requests::model::{Body, Exchange, Raised, Statement, Timings};
use parity::requests::{Keep, Recorded, Samples, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Parity, Session};

/// A project, and a place for its state.
pub struct Recording {
    scratch: TempDir,
    root: PathBuf,
}

impl Recording {
    pub fn new(exchanges: &[Exchange]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap().join("shop");
        std::fs::create_dir_all(&root).unwrap();
        let recording = Self { scratch, root };
        std::fs::write(
            recording.root.join("one.har"),
            json!({"log": {"entries": [{"request": {"method": "GET", "url": "http://127.0.0.1:8000/"}}]}}).to_string(),
        )
        .unwrap();
        recording.parity(&["requests", "import", "one.har"]).ok();
        recording.parity(&["requests", "clear"]).ok();
        recording.insert(exchanges);
        recording
    }

    pub fn parity(&self, arguments: &[&str]) -> Parity {
        let state = self.scratch.path().join("state");
        // What is measured is what is released.
        let program = std::env::var_os("PARITY").unwrap_or_else(|| env!("CARGO_BIN_EXE_parity").into());
        let parity = Parity::of(program, &self.root, self.scratch.path(), arguments);
        parity.env("DOCKER_HOST", "unix:///nonexistent").env("XDG_STATE_HOME", state)
    }

    /// As the session does that records.
    pub fn insert(&self, exchanges: &[Exchange]) {
        let recorded: Vec<Recorded> = exchanges.iter().cloned().map(Recorded::new).collect();
        Store::open(&self.store()).unwrap().insert(&recorded, Keep { requests: 100_000, bytes: 1 << 30 }).unwrap();
    }

    /// As a profile does: requests have samples, by what the server calls them.
    pub fn insert_samples(&self, samples: &[(&str, Samples)]) {
        let mut samples = samples.iter().map(|(id, samples)| ((*id).to_owned(), samples.clone())).collect();
        Store::open(&self.store()).unwrap().add_samples(0, &mut samples).unwrap();
        assert!(samples.is_empty(), "there are no such requests");
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    fn store(&self) -> PathBuf {
        let directory = self.scratch.path().join("state/parity/requests");
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "sqlite").unwrap()
    }
}

/// The n-th of many: pages, a login, an API, exceptions, and what would do harm if a browser took it for markup.
pub fn exchange(number: usize) -> Exchange {
    const PATHS: [(&str, &str, u16, u64); 8] = [
        ("GET", "/polls/", 200, 8_200),
        ("GET", "/polls/3/?page=2&token=hush-hush", 200, 12_400),
        ("POST", "/polls/3/vote/", 302, 31_000),
        ("GET", "/api/orders?since=2026-11-01", 200, 1_240_000),
        ("GET", "/favicon.ico", 404, 600),
        ("POST", "/login/", 403, 48_000),
        ("GET", "/search/?q=<script>document.title='owned'</script>", 200, 5_000),
        ("POST", "/checkout/", 500, 92_000),
    ];
    let (method, target, status, took) = PATHS[number % PATHS.len()];
    let pairs = |all: &[(&str, &str)]| all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
    let body = |text: &str| Body { size: text.len() as u64, content: Some(text.into()), ..Body::default() };
    let statement = |sql: &str, micros| Statement { sql: sql.into(), micros, database: "sqlite".into() };
    let html = format!("<!doctype html>\n<title>Polls</title>\n<script>document.title = 'owned'</script>\n<p>Page {number}</p>\n");
    let mut exchange = Exchange {
        began: 1_790_000_000_000_000 + i64::try_from(number).unwrap() * 730_000,
        method: method.into(),
        target: target.into(),
        origin: "http://127.0.0.1:8000".into(),
        protocol: "HTTP/1.1".into(),
        request_headers: pairs(&[
            ("Host", "127.0.0.1:8000"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("Accept", "text/html,application/xhtml+xml"),
            ("Cookie", "sessionid=hush-hush; theme=dark"),
        ]),
        status: Some(status),
        reason: match status {
            200 => "OK",
            302 => "Found",
            403 => "Forbidden",
            404 => "Not Found",
            _ => "Internal Server Error",
        }
        .into(),
        response_headers: pairs(&[("Content-Type", "text/html; charset=utf-8"), ("X-Frame-Options", "DENY"), ("Vary", "Cookie")]),
        response_body: body(&html),
        complete: true,
        timings: Timings { total: took, cpu: took * 6 / 10, queue: 300, gil: 200 },
        environ: pairs(&[("REQUEST_METHOD", method), ("SCRIPT_NAME", ""), ("wsgi.multithread", "True"), ("mod_wsgi.process_group", "g1")]),
        statements: vec![statement("SELECT \"polls_question\".\"id\" FROM \"polls_question\" LIMIT 21", 900)],
        templates: vec!["polls/detail.html".into()],
        pid: 31,
        slot: Some("g1".into()),
        ..Exchange::default()
    };
    if method == "POST" {
        exchange.request_headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        exchange.request_body = body("user=ada&password=hush-hush&choice=2");
    }
    if target.starts_with("/api/") {
        exchange.response_headers = pairs(&[("Content-Type", "application/json")]);
        let orders: Vec<Value> = (0..12).map(|order| json!({"id": order, "total": 12.5, "customer": {"name": "Ada"}})).collect();
        exchange.response_body = body(&json!({"count": 12, "orders": orders}).to_string());
        exchange.statements.extend((0..12).map(|_| {
            statement(
                "SELECT \"shop_customer\".\"id\", \"shop_customer\".\"name\" FROM \"shop_customer\" WHERE \"shop_customer\".\"id\" = %s",
                1_100,
            )
        }));
    }
    if status == 500 {
        exchange.error = Some(Raised {
            kind: "KeyError".into(),
            text: "'<img src=x onerror=\"document.title=1\">'".into(),
            traceback: "Traceback (most recent call last):\n  File \"/app/shop/views.py\", line 41, in checkout\n    total = cart[key]\n            ~~~~^^^^^\nKeyError: '<img src=x onerror=\"document.title=1\">'\n".into(),
            ..Raised::default()
        });
    }
    exchange
}

/// What is seen of a view that asks a database and renders, `times` ten samples; and a name that would do harm as markup.
pub fn samples(times: u64) -> Samples {
    let function = |name: &str, file: &str, line, package| Function { name: name.into(), file: file.into(), line, package };
    let library = |name: &str| Package::Library(name.into());
    let mut profile = Profile::new(100.0);
    profile.functions = vec![
        function("WSGIHandler.__call__", "django/core/handlers/wsgi.py", 118, library("django")),
        function("orders", "shop/views.py", 20, Package::Project),
        function("<img src=x onerror=\"document.title=1\">", "shop/totals.py", 3, Package::Project),
        function("SQLiteCursorWrapper.execute", "django/db/backends/sqlite3/base.py", 340, library("django")),
        function("dumps", "json/__init__.py", 183, Package::Python("json".into())),
    ];
    let node = |parent, function, line| Node { parent, function, line };
    profile.nodes.extend([node(0, 0, 124), node(1, 1, 22), node(2, 2, 5), node(2, 3, 360), node(2, 4, 231)]);
    let counts = [(3, 5, 50_000, 0), (4, 4, 0, 40_000), (5, 1, 10_000, 0)];
    let weight = |samples, cpu, wait| Weight { samples: samples * times, cpu: cpu * times, wait: wait * times, ..Weight::default() };
    let key = |node| Key { node, route: 0, process: 0 };
    profile.counts = counts.into_iter().map(|(node, samples, cpu, wait)| (key(node), weight(samples, cpu, wait))).collect();
    Samples { count: 10 * times, graph: flamegraph::data(&profile, None, 1000).to_string() }
}

/// A page that is served.
pub struct Served {
    pub session: Session,
    pub link: String,
    pub port: u16,
    pub token: String,
}

impl Served {
    pub fn of(recording: &Recording) -> Self {
        Self::by(recording.parity(&["requests", "open", "--no-browser"]))
    }

    /// By that command.
    pub fn by(parity: Parity) -> Self {
        let mut session = parity.start();
        let link = session.url();
        let (address, token) = link.strip_prefix("http://127.0.0.1:").unwrap().split_once("/#").unwrap();
        let (port, token) = (address.parse().unwrap(), token.to_owned());
        Self { session, link, port, token }
    }

    /// A request as it is written; `{port}` and `{token}` are put in. Returns the status, the head and the body.
    pub fn ask(&self, head: &str) -> (u16, String, String) {
        let head = head.replace("{port}", &self.port.to_string()).replace("{token}", &self.token);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("{}\r\nConnection: close\r\n\r\n", head.replace('\n', "\r\n")).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    /// As the page itself asks.
    pub fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.ask(&format!("GET {path} HTTP/1.1\nHost: 127.0.0.1:{{port}}\nX-Parity-Token: {{token}}"));
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }
}
