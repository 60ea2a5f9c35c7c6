//! The page of recorded requests: its server over plain HTTP, and all of it in a real Chromium (`make test-page`), whose pictures are in
//! `target/page`.

#![allow(clippy::print_stderr, reason = "what was measured is for whoever runs it")]

mod common;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::browser::Browser;
use common::page::{Recording, Served, exchange, samples};
use parity::requests::Samples;
use serde_json::json;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

fn picture(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/page");
    std::fs::create_dir_all(&directory).unwrap();
    directory.join(format!("{name}.png"))
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn it_is_used_in_a_browser() {
    let mut exchanges: Vec<_> = (0..10_000).map(exchange).collect();
    // The newest of the API's, and the page before it.
    (exchanges[9995].server_id, exchanges[9994].server_id) = (Some("api".into()), Some("vote".into()));
    let recording = Recording::new(&exchanges);
    recording.insert_samples(&[("api", samples(12)), ("vote", Samples { count: 3, ..samples(1) })]);
    let served = Served::of(&recording);
    for scheme in ["light", "dark"] {
        let browser = Browser::start(scheme);
        let begun = Instant::now();
        browser.open(&served.link);
        browser.until("document.querySelectorAll('#list .row').length > 10");
        let paint = browser.run("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null");
        eprintln!("{scheme}: first paint after {paint} ms, rows {:?} after the page was asked for", begun.elapsed());
        assert_eq!(browser.run("return [location.hash, document.querySelector('#count').textContent]"), json!(["", "10,000 requests"]));
        assert!(
            browser.run("return document.querySelectorAll('#list .row').length").as_u64().unwrap() < 100,
            "rows that nobody sees are there"
        );
        browser.screenshot(&picture(&format!("list-{scheme}")));

        // Keys.
        browser.keys(&format!("jj{ENTER}"));
        browser.until("!document.querySelector('#details').hidden");
        browser.screenshot(&picture(&format!("details-{scheme}")));
        browser.keys("j");
        browser.until("document.querySelector('#details h2').textContent.includes('/login/')");
        assert!(!browser.run("return document.body.innerText").as_str().unwrap().contains("hush"), "a secret is shown");
        browser.keys("k");
        browser.until("document.querySelector('#details h2').textContent.includes('<script>')");
        browser.keys(ESCAPE);
        browser.until("document.querySelector('#details').hidden");

        // Filters.
        browser.keys("/checkout");
        browser.until("document.querySelector('#count').textContent === '1,250 of 10,000 requests'");
        browser.keys(&format!("{ENTER}j{ENTER}"));
        browser.until("document.querySelector('#details pre')?.textContent.includes('KeyError')");
        browser.screenshot(&picture(&format!("exception-{scheme}")));
        browser.keys(ESCAPE);
        browser.keys(ESCAPE);
        browser.until("document.querySelector('#count').textContent === '10,000 requests'");
        // A text of a body.
        browser.keys("/page 4242");
        browser.until("document.querySelector('#count').textContent === '1 of 10,000 requests'");
        browser.keys(ESCAPE);
        browser.until("document.querySelector('#count').textContent === '10,000 requests'");
        let bars = "[...document.querySelectorAll('#list .row:not([hidden]) .bar')].map((bar) => parseFloat(bar.style.left))";
        browser.until(&format!("{bars}.some((left) => left > 50) && {bars}.every((left) => left < 110 || left > -50)"));
        browser.keys("/api");
        browser.keys(&format!("{ENTER}j{ENTER}"));
        browser.until("document.querySelector('#details .statements')");
        browser.run("document.querySelector('#details .statements').scrollIntoView({block: 'end'})");
        browser.screenshot(&picture(&format!("sql-{scheme}")));
        browser.keys(ESCAPE);
        browser.keys(ESCAPE);

        // Where the time of one went.
        browser.keys("/api");
        browser.keys(&format!("{ENTER}g{ENTER}"));
        browser.until("document.querySelectorAll('#details .flame div').length === 6");
        browser.run("document.querySelector('#details .flame').scrollIntoView({block: 'end'})");
        let texts = "[...document.querySelectorAll('#details .flame div')].map((box) => box.textContent)";
        let shown = browser.run(&format!("return {texts}"));
        for name in ["this request", "orders", "<img src=x onerror=\"document.title=1\">", "SQLiteCursorWrapper.execute"] {
            assert!(shown.as_array().unwrap().contains(&json!(name)), "{shown}");
        }
        assert_eq!(
            browser.run("return [...document.querySelectorAll('#details h3')].some((title) => title.textContent === 'Profile120 samples')"),
            json!(true)
        );
        browser.screenshot(&picture(&format!("flame-{scheme}")));
        // It is zoomed into by a click, and found in by a name.
        browser.run("[...document.querySelectorAll('#details .flame div')].find((box) => box.textContent.startsWith('SQLite')).click()");
        browser.until("document.querySelectorAll('#details .flame div').length === 4");
        browser.run("[...document.querySelectorAll('#details button')].find((one) => one.textContent === 'whole graph').click()");
        browser.until("document.querySelectorAll('#details .flame div').length === 6");
        browser.run(
            "const search = document.querySelector('#details input'); search.value = 'json'; search.dispatchEvent(new Event('input'))",
        );
        browser.until("document.querySelector('#details').textContent.includes('10.0 % found')");
        browser.keys(ESCAPE);
        browser.keys(ESCAPE);
        browser.until("document.querySelector('#count').textContent === '10,000 requests'");
        browser.keys("/vote");
        browser.keys(&format!("{ENTER}g{ENTER}"));
        browser.until("document.querySelector('#details').textContent.includes('too few samples')");
        browser.keys(ESCAPE);
        browser.keys(ESCAPE);

        // Two that differ.
        browser.keys("gmjmd");
        browser.until("document.querySelector('#details .diff')");
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(browser.run("return document.querySelector('#details h2').textContent"), json!("#10000 and #10001"));
        browser.screenshot(&picture(&format!("diff-{scheme}")));
        browser.keys(ESCAPE);

        // A replay of what nobody serves.
        browser.keys(&format!("g{ENTER}"));
        browser.until("document.querySelector('#details .actions')");
        browser.run("document.querySelector('#details .actions button').click()");
        browser.until("document.querySelector('#details .outcome')");
        // It stays.
        std::thread::sleep(Duration::from_millis(200));
        assert!(browser.run("return document.querySelector('#details .outcome').textContent").as_str().unwrap().contains("Docker"));
        browser.screenshot(&picture(&format!("replay-{scheme}")));
        browser.keys(ESCAPE);

        // All of it scrolls, at a frame's pace.
        let slowest = browser.run(
            "const list = document.querySelector('#list');
             let slowest = 0;
             for (let top = 0; top < list.scrollHeight; top += 2800) { const begun = performance.now(); list.scrollTop = top; draw(); list.getBoundingClientRect(); slowest = Math.max(slowest, performance.now() - begun); }
             return slowest;",
        );
        eprintln!("{scheme}: the slowest of 100 jumps through 10,000 rows took {slowest} ms");
        browser.keys("G");
        browser.until("document.querySelector('#list').textContent.includes('/polls/')");
        browser.screenshot(&picture(&format!("end-{scheme}")));
        // Nothing of what was recorded has run, and the policy has had nothing to refuse.
        assert_eq!(browser.run("return document.title"), json!("Requests · shop"));
    }

    // It follows, and what is looked at stays where it is.
    let browser = Browser::start("light");
    browser.open(&served.link);
    browser.until("document.querySelectorAll('#list .row').length > 10");
    browser.run("document.querySelector('#list').scrollTop = 2800");
    let asked = Instant::now();
    recording.insert(&[exchange(0), exchange(1)]);
    browser.until("document.querySelector('#count').textContent === '10,002 requests'");
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!(browser.run("return document.querySelector('#list').scrollTop"), json!(2856));
    recording.parity(&["requests", "clear"]).ok();
    browser.until(
        "document.querySelector('#empty').textContent.startsWith('No requests are recorded') && !document.querySelector('#empty').hidden",
    );
    browser.screenshot(&picture("empty"));
    // A link that has lost its token, in a tab of its own.
    let stranger = Browser::start("dark");
    stranger.open(&format!("http://127.0.0.1:{}/", served.port));
    stranger.until("document.querySelector('#empty').textContent.includes('open the link')");
    stranger.screenshot(&picture("stranger"));
    drop(served);
    browser.until("document.querySelector('#live').textContent.includes('has ended')");
}

#[test]
fn it_is_for_who_has_the_link() {
    let recording = Recording::new(&(0..8).map(exchange).collect::<Vec<_>>());
    let served = Served::of(&recording);
    assert_eq!(served.token.len(), 43);
    let (status, head, body) = served.ask("GET / HTTP/1.1\nHost: 127.0.0.1:{port}");
    assert_eq!(status, 200);
    assert!(body.starts_with("<!doctype html>"));
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    let status = |head: &str| served.ask(head).0;
    assert_eq!(status("GET /api/requests HTTP/1.1\nHost: 127.0.0.1:{port}"), 403);
    assert_eq!(status("GET /api/requests HTTP/1.1\nHost: 127.0.0.1:{port}\nX-Parity-Token: wrong"), 403);
    assert_eq!(status("GET /api/requests HTTP/1.1\nHost: evil.example:{port}\nX-Parity-Token: {token}"), 421);
    assert_eq!(status("GET http://evil.example/api/requests HTTP/1.1\nHost: evil.example\nX-Parity-Token: {token}"), 421);
    let replay = "POST /api/requests/2/replay HTTP/1.1\nHost: 127.0.0.1:{port}\nX-Parity-Token: {token}\nContent-Length: 0";
    assert_eq!(status(&format!("{replay}\nOrigin: http://127.0.0.1:8000")), 403);
    assert_eq!(status(replay), 403);
    // This one goes on to the engine, which is not there.
    let (status, _, body) = served.ask(&format!("{replay}\nOrigin: http://127.0.0.1:{{port}}"));
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("Docker"), "{body}");
}

#[test]
fn it_follows_what_is_recorded_and_hides_secrets() {
    let recording = Recording::new(&(0..8).map(exchange).collect::<Vec<_>>());
    let served = Served::of(&recording);
    let list = served.get("/api/requests");
    let rows = list["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &list["project"]), (8, &json!("shop")));
    assert_eq!((&rows[1][3], &rows[7][4], &rows[7][8]), (&json!("/polls/3/?page=2&token=***"), &json!(500), &json!("KeyError")));
    let newest = rows[7][0].as_i64().unwrap();
    recording.insert(&[exchange(8)]);
    let more = served.get(&format!("/api/requests?after={newest}"));
    assert_eq!((more["rows"].as_array().unwrap().len(), &more["total"]), (1, &json!(9)));
    let details = served.get(&format!("/api/requests/{newest}"));
    assert!(details["error"]["traceback"].as_str().unwrap().contains(&format!("{}/shop/views.py", recording.root().display())));
    let orders = served.get(&format!("/api/requests/{}", newest - 4));
    assert_eq!(orders["statements"]["all"][1]["times"], 12);
    let login = served.get(&format!("/api/requests/{}", newest - 2));
    assert_eq!(login["request"]["body"]["text"], "user = ada\npassword = ***\nchoice = 2");
    let diff = served.get(&format!("/api/diff?one={}&other={newest}", newest - 1));
    assert!(!format!("{list}{details}{orders}{login}{diff}").contains("hush"));
    recording.parity(&["requests", "clear"]).ok();
    assert_eq!(served.get("/api/requests")["total"], 0);
    served.session.interrupt();
    served.session.end().exits(0);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let recording = Recording::new(&[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    recording
        .parity(&["requests", "open", "--no-browser", "--port", &port])
        .run()
        .exits(10)
        .says(&["cannot listen at 127.0.0.1", "--port"]);
}
