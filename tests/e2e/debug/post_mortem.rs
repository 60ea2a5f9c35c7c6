//! A prompt where an exception was raised.

use serde_json::json;

use super::{Debugged, PATIENCE, line_of};
use crate::common::BUILD_PATIENCE;
use crate::project::TestProject;

#[test]
fn an_exception_of_a_plain_application() {
    let mut debugged = Debugged::of(TestProject::copy("plain-wsgi"), &[]);
    debugged.get("/").ok();
    let asked = debugged.ask_and_stop("/error?why=known");
    debugged.says("p query", "{'why': 'known'}");
    debugged.says("ll", "raise RuntimeError(\"this page always fails\")");
    debugged.says("up", "content_type, body = page(environ, query)");
    debugged.says("p page.__name__", "'error'");
    debugged.says("w", "hello.wsgi");
    debugged.goes_on();
    assert_eq!(asked.answer().status, 500);
    debugged.get("/").ok().has("hello");
    debugged.end();
}

#[test]
fn what_is_raised_is_told_with_its_place() {
    let mut debugged = Debugged::stops(&[]);
    let line = line_of(&debugged.project, "app.py", "raise ValueError(\"nothing of that kind: \" + wanted)");
    for kind in ["tea", "coffee"] {
        let asked = debugged.ask(&format!("/fail?{kind}"));
        let said = debugged.stops_at("GET /fail");
        assert!(said.contains(&format!("ValueError: nothing of that kind: {kind}")), "{said}");
        assert!(said.contains(&format!("/app/app.py({line})fail()")), "{said}");
        debugged.says("p wanted", &format!("'{kind}'"));
        debugged.goes_on();
        assert_eq!(asked.answer().status, 500);
    }
    debugged.end();
}

#[test]
fn a_prompt_on_an_older_python() {
    let mut debugged = Debugged::of(TestProject::on_older_python("stops"), &["--break", "app.py:fail"]);
    let asked = debugged.ask_and_stop("/fail?tea");
    debugged.says("n", "wanted");
    debugged.says("p environ['QUERY_STRING']", "'tea'");
    debugged.goes_on();
    debugged.stops_at("GET /fail");
    debugged.says("p wanted", "'tea'");
    debugged.goes_on();
    assert_eq!(asked.answer().status, 500);
    debugged.get("/").ok();
    debugged.end();
}

#[test]
fn an_exception_in_the_middle_of_an_answer_and_in_its_end() {
    let mut debugged = Debugged::stops(&[]);
    let asked = debugged.ask_and_stop("/parts");
    debugged.says("p place", "'between two parts'");
    debugged.goes_on();
    // What has been sent cannot be taken back.
    asked.answer().has("first");

    let asked = debugged.ask_and_stop("/closing");
    debugged.says("p self.name", "'the one that closes'");
    debugged.goes_on();
    asked.answer().has("all of it");
    debugged.get("/").ok();
    debugged.end();
}

#[test]
fn a_view_of_django_with_its_settings_as_they_are() {
    let project = TestProject::copy("django");
    // Nothing in it knows of a debugger.
    let settings = project.read("mysite/settings/base.py");
    let kept = settings.lines().filter(|line| !line.contains("MOD_WSGI_DEBUG")).map(|line| format!("{line}\n"));
    project.write("mysite/settings/base.py", &kept.collect::<String>());
    let mut debugged = Debugged::of(project, &[]);
    debugged.get("/").ok();
    let asked = debugged.ask("/boom/");
    let said = debugged.stops_at("GET /boom/");
    assert!(said.contains("RuntimeError: this page always fails") && said.contains("/app/notes/views.py"), "{said}");
    debugged.says("p request.path", "'/boom/'");
    debugged.goes_on();
    assert_eq!(asked.answer().status, 500);
    debugged.get("/visits/").ok();
    debugged.end();
}

#[test]
fn a_view_of_django_that_lets_exceptions_through_stops_once() {
    let mut debugged = Debugged::of(TestProject::copy("django"), &[]);
    let asked = debugged.ask_and_stop("/boom/");
    debugged.says("p request.path", "'/boom/'");
    debugged.goes_on();
    assert_eq!(asked.answer().status, 500);
    debugged.get("/visits/").ok();
    let shown = debugged.end().stderr;
    assert_eq!(shown.matches("# stopped: ").count(), 1, "{shown}");
}

#[test]
fn a_view_of_flask() {
    let mut debugged = Debugged::of(TestProject::copy("flask-factory"), &[]);
    for _ in 0..2 {
        let asked = debugged.ask("/boom");
        let said = debugged.stops_at("GET /boom");
        assert!(said.contains("ZeroDivisionError") && said.contains("/app/shop/catalogue.py"), "{said}");
        debugged.says("p request.path", "'/boom'");
        debugged.goes_on();
        assert_eq!(asked.answer().status, 500);
    }
    debugged.get("/").ok().has("Shop");
    debugged.end();
}

#[test]
fn without_post_mortem_only_breakpoints_stop() {
    let mut debugged = Debugged::stops(&["--no-post-mortem"]);
    assert_eq!(debugged.get("/fail").status, 500);
    let asked = debugged.ask_and_stop("/here");
    debugged.says("p secret", "'seen by breakpoint()'");
    debugged.goes_on();
    asked.answer().ok();
    let shown = debugged.end().stderr;
    assert_eq!(shown.matches("# stopped: ").count(), 1, "{shown}");
}

#[test]
fn a_recorded_request_is_made_again_as_it_was() {
    let project = TestProject::copy("stops");
    let state = project.scratch().join("state");
    let header = |name: &str, value: &str| json!({"name": name, "value": value});
    let request = json!({
        "method": "POST", "url": "http://127.0.0.1:8000/fail?tea", "httpVersion": "HTTP/1.1",
        "headers": [header("Host", "127.0.0.1:8000"), header("Content-Type", "text/plain"), header("Cookie", "a=b")],
        "postData": {"mimeType": "text/plain", "text": "milk \u{00fc}"},
    });
    let response = json!({"status": 500, "statusText": "Oops", "headers": [], "content": {"size": 0, "mimeType": "", "text": ""}});
    let entry = json!({"startedDateTime": "2026-11-27T10:00:00Z", "time": 1, "request": request, "response": response});
    project.write("saved.har", &json!({"log": {"version": "1.2", "entries": [entry]}}).to_string());
    project.parity(&["requests", "import", "saved.har"]).env("XDG_STATE_HOME", &state).ok();
    project.parity(&["debug", "--replay", "7"]).env("XDG_STATE_HOME", &state).run().exits(2);
    let debug = project.parity(&["debug", "--port", "0", "--replay", "1"]).env("XDG_STATE_HOME", &state);
    let mut terminal = debug.patience(BUILD_PATIENCE).in_terminal();
    terminal.shows("http://");
    let url = format!("http://{}", terminal.shows("\n"));
    terminal.be_patient(PATIENCE);
    let mut debugged = Debugged { terminal, project, url };
    debugged.stops_at("POST /fail");
    debugged.says("p wanted, environ['HTTP_COOKIE'], environ['wsgi.input'].read().decode()", "('tea', 'a=b', 'milk \u{fc}')");
    debugged.goes_on();
    debugged.end();
}
