//! The pictures of the documentation, in `docs/pictures`: Chromium's, of a real run of a Django project (`make pictures`).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::browser::Browser as Chromium;
use crate::common::page::Served;
use crate::common::{BUILD_PATIENCE, Parity};
use crate::http::Browser;
use crate::project::TestProject;

/// Pixels of what is shown: enough to see what it is.
const WIDTH: u32 = 1080;
const HEIGHT: u32 = 620;
/// Bytes of a picture.
const LARGEST: u64 = 150_000;
const ENTER: &str = "\u{e007}";

fn take(browser: &Chromium, name: &str) {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join(name).with_extension("png");
    browser.screenshot(&file);
    let size = std::fs::metadata(&file).unwrap().len();
    assert!(size < LARGEST, "{name} has {size} bytes");
}

fn parity(project: &TestProject, arguments: &[&str]) -> Parity {
    project.parity(arguments).env("XDG_STATE_HOME", project.scratch().join("state")).patience(BUILD_PATIENCE)
}

#[test]
#[ignore = "needs Chromium, and writes docs/pictures: make pictures"]
fn pictures_of_the_documentation() {
    let project = TestProject::copy("django");
    profile_and_requests(&project);
    project.nothing_is_left();
}

fn profile_and_requests(project: &TestProject) {
    let mut up = parity(project, &["up", "--port", "0", "--record"]).start();
    let url = up.url();
    let mut profile = parity(project, &["profile", "--attach", "--rate", "500"]).start();
    profile.next(|line| line.contains("profiling "));
    let mut person = Browser::at(&url);
    // The first one compiles templates, which takes a while.
    for path in ["/admin/login/", "/", "/accounts/login/", "/visits/", "/boom/", "/nowhere/", "/mine/"] {
        person.get(path);
    }
    for _ in 0..60 {
        person.get("/").ok();
        person.get("/accounts/login/").ok();
    }
    profile.interrupt();
    let ran = profile.end().exits(0);
    let graph = ran.stderr.lines().find_map(|line| line.split_once("flame graph: ")).unwrap_or_else(|| panic!("no flame graph: {ran}")).1;
    let begun = Instant::now();
    loop {
        let list: Vec<Value> = parity(project, &["requests", "--format", "json"]).ok().json();
        if list.len() >= 127 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{} requests", list.len());
        std::thread::sleep(Duration::from_millis(200));
    }
    for (scheme, suffix) in [("light", ""), ("dark", "-dark")] {
        let browser = Chromium::start(scheme);
        browser.resize(WIDTH, HEIGHT);
        browser.open(&format!("file://{}", graph.trim()));
        browser.until("document.querySelectorAll('#graph div').length > 20");
        take(&browser, &format!("flame-graph{suffix}"));
        let served = Served::by(parity(project, &["requests", "open", "--no-browser"]));
        browser.open(&served.link);
        browser.until("document.querySelectorAll('#list .row').length > 10");
        browser.keys(&format!("G{ENTER}"));
        browser.until("document.querySelectorAll('#details .flame div').length > 20");
        take(&browser, &format!("requests{suffix}"));
        browser.run(
            "for (const title of document.querySelectorAll('#details h3')) if (title.textContent.startsWith('Profile')) title.scrollIntoView()",
        );
        take(&browser, &format!("request-profile{suffix}"));
    }
    up.interrupt();
    up.end().exits(0);
}
