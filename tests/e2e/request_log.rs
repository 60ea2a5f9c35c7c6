//! The line that `parity up` shows for each request.

use std::time::Duration;

use crate::http::Browser;
use crate::project::TestProject;

#[test]
fn each_request_is_a_line_and_paritys_own_are_not() {
    let project = TestProject::copy("plain-wsgi");
    let mut up = project.parity(&["up", "--port", "0"]).start();
    let url = up.url();
    up.says("serving");
    let mut browser = Browser::at(&url);
    browser.get("/first?token=secret");
    let line = up.next(|line| line.contains("/first"));
    assert!(line.contains("GET     /first  ") && line.contains("  404  ") && line.trim_end().ends_with("ms"), "{line}");
    for at in 0..60 {
        browser.get(&format!("/many/{at}"));
    }
    // Alone, and so not one of several in a line.
    std::thread::sleep(Duration::from_millis(600));
    browser.get("/last");
    up.says("/last");
    up.interrupt();
    let ran = up.end();
    let shown = &ran.stderr;
    assert!(!shown.contains("secret") && !shown.contains('\x1e') && !shown.contains("GET     /  "), "{ran}");
    // One by one, or several in one line.
    let one_by_one = shown.matches("/many/").count();
    let together: usize =
        shown.lines().filter_map(|line| line.split_once(" requests  ")?.0.rsplit(' ').next()?.parse::<usize>().ok()).sum();
    assert!(one_by_one + together >= 60 && one_by_one + together <= 62, "{one_by_one} and {together}: {ran}");
}

#[test]
fn they_are_events_for_programs_and_can_be_turned_off() {
    let project = TestProject::copy("plain-wsgi");
    let mut up = project.parity(&["up", "--port", "0", "--format", "json"]).start();
    let url = up.stdout_until(|out| {
        let serving = out.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        serving.into_iter().find(|event| event["event"] == "serving").map(|event| event["url"].as_str().unwrap().to_owned())
    });
    Browser::at(&url).get("/page");
    up.stdout_until(|out| out.contains("\"/page\"").then_some(()));
    up.interrupt();
    let ran = up.end();
    let requests: Vec<_> = ran.json().into_iter().filter(|line| line["record"]["kind"] == "requests").collect();
    let request = &requests[0]["record"]["requests"][0];
    assert_eq!((&request["method"], &request["path"], &request["status"]), (&"GET".into(), &"/page".into(), &404.into()));
    assert!(request["micros"].as_u64().unwrap() > 0 && request["by_application"] == true, "{request}");

    let mut up = project.parity(&["up", "--port", "0", "--no-request-log"]).start();
    let url = up.url();
    up.says("serving");
    Browser::at(&url).get("/unseen");
    let found = project.parity(&["exec", "--", "grep", "-c", "request_log", "/etc/parity/httpd.conf"]).run();
    assert_eq!(found.stdout.trim(), "0", "{found}");
    up.interrupt();
    assert!(!up.end().stderr.contains("/unseen"));
}
