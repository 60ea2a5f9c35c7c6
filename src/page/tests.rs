use hyper::Request;

use super::*;
use crate::config::Keep;
use crate::requests::{Names, testing};

fn asked(text: &str) -> Parts {
    let mut lines = text.split('\n');
    let (method, uri) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

fn page(directory: &tempfile::TempDir) -> Page {
    let path = directory.path().join("requests.sqlite");
    Page::new(path, Redaction::new(Names::default()), directory.path().join("shop")).unwrap()
}

/// The status, and what is said.
fn said(page: &Page, text: &str) -> (u16, Value) {
    let text = text.replace("TOKEN", page.entry.token());
    match page.step(&asked(&text)) {
        Step::Replay(id) => (0, id.into()),
        Step::Search(text) => (0, text.into()),
        Step::Answer(answer) => {
            assert_eq!(answer.headers()["content-security-policy"], POLICY);
            let status = answer.status().as_u16();
            let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
            let mut body = Box::pin(http_body_util::BodyExt::collect(answer.into_body()));
            let bytes = futures_util::FutureExt::now_or_never(&mut body).unwrap().unwrap().to_bytes();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            (status, if kind == "application/json" { serde_json::from_str(&text).unwrap() } else { text.into() })
        }
    }
}

#[test]
fn who_may_ask() {
    let directory = tempfile::tempdir().unwrap();
    let page = page(&directory);
    let status = |text: &str| said(&page, text).0;
    let list = "GET /api/requests\nHost: 127.0.0.1:7000";
    assert_eq!(status(&format!("{list}\nX-Parity-Token: TOKEN")), 200);
    assert_eq!(status("GET /api/requests\nHost: localhost:7000\nX-Parity-Token: TOKEN\nOrigin: http://localhost:7000"), 200);
    for token in
        ["", "\nX-Parity-Token: ", "\nX-Parity-Token: TOKENx", "\nX-Parity-Token: TOKEN\nX-Parity-Token: TOKEN", "\nCookie: token=TOKEN"]
    {
        assert_eq!(status(&format!("{list}{token}")), 403, "{token}");
    }
    for host in ["evil.example:7000", "127.0.0.1.evil.example", "127.0.0.1:7000\nHost: evil.example", "127.0.0.1:evil", "", "[::1"] {
        assert_eq!(status(&format!("GET /\nHost: {host}")), 421, "{host}");
        assert_eq!(status(&format!("GET /api/requests\nHost: {host}\nX-Parity-Token: TOKEN")), 421, "{host}");
    }
    assert_eq!(status("GET /api/requests\nX-Parity-Token: TOKEN"), 421);
    let replay = "POST /api/requests/1/replay\nHost: 127.0.0.1:7000\nX-Parity-Token: TOKEN";
    for origin in
        ["", "\nOrigin: null", "\nOrigin: http://127.0.0.1:8000", "\nOrigin: https://127.0.0.1:7000", "\nOrigin: http://evil.example"]
    {
        assert_eq!(status(&format!("{replay}{origin}")), 403, "{origin}");
    }
    let origin = "\nOrigin: http://127.0.0.1:7000";
    assert_eq!(said(&page, &format!("{replay}{origin}")), (0, 1.into()));
    assert_eq!(status(&format!("{replay}{origin}\nSec-Fetch-Site: same-site")), 403);
    assert_eq!(status(&format!("{list}\nX-Parity-Token: TOKEN\nSec-Fetch-Site: cross-site")), 403);
    // A link to the page may be followed, and its files are no secret.
    assert_eq!(status("GET /\nHost: 127.0.0.1:7000\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate"), 200);
    assert_eq!(status("GET /page.js\nHost: 127.0.0.1:7000\nSec-Fetch-Site: same-site\nSec-Fetch-Mode: no-cors"), 403);
}

#[test]
fn a_ticket_is_good_once() {
    let directory = tempfile::tempdir().unwrap();
    let page = page(&directory);
    let ask =
        |ticket: &str| said(&page, &format!("POST /api/token\nHost: localhost:1\nOrigin: http://localhost:1\nX-Parity-Ticket: {ticket}"));
    assert_eq!(ask("").0, 403);
    let link = page.link_for_once(1).unwrap();
    assert!(!link.contains(page.entry.token()) && page.link(1).ends_with(page.entry.token()));
    let ticket = link.split_once("#once-").unwrap().1;
    assert_eq!(ask(&format!("{ticket}x")).0, 403);
    assert_eq!(ask(ticket), (200, json!({"token": page.entry.token()})));
    assert_eq!(ask(ticket).0, 403);
    let (older, newer) = (page.link_for_once(1).unwrap(), page.link_for_once(1).unwrap());
    assert_eq!(ask(older.split_once("#once-").unwrap().1).0, 403);
    assert_eq!(ask(newer.split_once("#once-").unwrap().1).0, 200);
}

#[test]
fn what_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let page = page(&directory);
    let get = |method: &str, path: &str| {
        said(&page, &format!("{method} {path}\nHost: localhost\nOrigin: http://localhost\nX-Parity-Token: TOKEN"))
    };
    assert_eq!(get("GET", "/api/requests").1, json!({"rows": [], "total": 0, "oldest": 0, "newest": 0, "project": "shop"}));
    assert!(!page.path.exists(), "looking has made a store");
    for (method, path, status) in [
        ("GET", "/api/requests/1", 404),
        ("GET", "/api/requests/x", 404),
        ("GET", "/api/diff?one=1", 404),
        ("GET", "/../etc/passwd", 404),
        ("GET", "/api/requests/1/replay", 405),
        ("POST", "/api/requests", 405),
        ("HEAD", "/", 405),
        ("OPTIONS", "/api/requests", 405),
    ] {
        assert_eq!(get(method, path).0, status, "{method} {path}");
    }
    let html = get("GET", "/").1;
    let html = html.as_str().unwrap();
    assert!(
        !html.contains("style=") && !html.contains("<style") && !html.contains("<script>") && !html.contains("//"),
        "it needs a weaker policy"
    );
}

#[test]
fn rows_details_and_differences() {
    let directory = tempfile::tempdir().unwrap();
    let page = page(&directory);
    let one = |target: &str, body: &str| {
        Recorded::new(testing::exchange(|exchange| {
            exchange.server_id = Some(target[1..2].into());
            exchange.target = target.into();
            exchange.request_headers = vec![("Cookie".into(), "sessionid=hush-hush".into())];
            exchange.response_headers = vec![("Content-Type".into(), "application/json".into())];
            exchange.response_body = testing::body(body.as_bytes());
        }))
    };
    let keep = Keep { requests: 2, bytes: 1 << 20 };
    let seen = |text: &str| crate::requests::Samples { count: 34, graph: format!("{{\"functions\": [[{text}]]}}") };
    let all = [one("/0", ""), one("/1?token=hush-hush", r#"{"a":1,"b":"hush-hush"}"#), one("/2\u{202e}", r#"{"a":2,"b":"x\u001b"}"#)];
    let mut store = Store::open(&page.path).unwrap();
    store.insert(&all, keep).unwrap();
    store.add_samples(0, &mut [("2".to_owned(), seen("\"x\\u202e\""))].into()).unwrap();
    let get = |path: &str| {
        let (status, value) = said(&page, &format!("GET {path}\nHost: localhost\nX-Parity-Token: TOKEN"));
        assert_eq!(status, 200, "{value}");
        assert!(!value.to_string().contains("hush"), "{value}");
        value
    };
    let list = get("/api/requests?after=0");
    assert_eq!(list["rows"][0], json!([2, 1_790_000_000_123_i64, "GET", "/1?token=***", 200, 12_400, 23, 0, null]));
    assert_eq!((&list["total"], &list["oldest"], &list["newest"]), (&json!(2), &json!(2), &json!(3)));
    assert_eq!(get("/api/requests?after=2")["rows"].as_array().unwrap().len(), 1);
    let details = get("/api/requests/2");
    assert_eq!(details["request"]["headers"], json!([["Cookie", "sessionid=***"]]));
    assert_eq!(details["response"]["body"]["text"], "{\n  \"a\": 1,\n  \"b\": \"***\"\n}");
    assert!(details["curl"].as_str().unwrap().contains("sessionid=***"));
    assert_eq!(details["profile"], Value::Null);
    // What would change how a line is read, here and where it is pasted.
    let details = get("/api/requests/3");
    assert_eq!(details["target"], "/2\\u202e");
    assert_eq!(details["profile"], json!({"samples": 34, "few": false, "graph": {"functions": [["x\\u202e"]]}}));
    assert!(!details["curl"].as_str().unwrap().contains('\u{202e}'));
    let diff = get("/api/diff?one=2&other=3");
    assert_eq!(diff["judged"], json!(["body"]));
    assert_eq!(said(&page, "GET /api/search?text=%22a%22%3A1\nHost: localhost\nX-Parity-Token: TOKEN"), (0, json!("\"a\":1")));
    assert_eq!(said(&page, "GET /api/search?text=x\nHost: localhost").0, 403);
    let search = |text: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(page.search(text.into())).unwrap()
    };
    assert_eq!(search("\"A\":1"), json!({"ids": [2]}));
    assert_eq!(search("application/json"), json!({"ids": [2, 3]}));
    assert_eq!(search("nowhere"), json!({"ids": []}));
    assert!(diff["parts"][1]["lines"].as_array().unwrap().contains(&json!(["-", "  \"a\": 1,"])));
}
