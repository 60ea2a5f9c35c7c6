//! The page of recorded requests in a real Chromium: `make test-page`. Its pictures are in `target/page`.

mod common;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::browser::Browser;
use common::page::{Recording, Served, exchange};
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
    let exchanges: Vec<_> = (0..10_000).map(exchange).collect();
    let recording = Recording::new(&exchanges);
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
        browser.keys("/api");
        browser.keys(&format!("{ENTER}j{ENTER}"));
        browser.until("document.querySelector('#details .statements')");
        browser.run("document.querySelector('#details .statements').scrollIntoView({block: 'end'})");
        browser.screenshot(&picture(&format!("sql-{scheme}")));
        browser.keys(ESCAPE);
        browser.keys(ESCAPE);

        // Two that differ.
        browser.keys("gmjmd");
        browser.until("document.querySelector('#details .diff')");
        browser.screenshot(&picture(&format!("diff-{scheme}")));
        browser.keys(ESCAPE);

        // A replay of what nobody serves.
        browser.keys(&format!("g{ENTER}"));
        browser.until("document.querySelector('#details .actions')");
        browser.run("document.querySelector('#details .actions button').click()");
        browser.until("document.querySelector('#details .outcome')");
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
