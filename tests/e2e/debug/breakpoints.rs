//! Places to stop at.

use super::{Debugged, line_of};
use crate::project::TestProject;

#[test]
fn a_line_is_stopped_at_and_stepped_through() {
    let project = TestProject::copy("stops");
    let line = line_of(&project, "app.py", "total += number");
    let mut debugged = Debugged::of(project, &["--break", &format!("app.py:{line}")]);
    let asked = debugged.ask_and_stop("/count");
    debugged.says("p number, total", "(0, 0)");
    debugged.says("n", "for number in range(4):");
    debugged.says("n", "total += number");
    debugged.says("p number", "1");
    debugged.says("c", "total += number");
    debugged.says("p number, total", "(2, 1)");
    debugged.says("cl 1", "Deleted breakpoint 1");
    debugged.goes_on();
    asked.answer().ok().has("total 6");
    // Without its breakpoint the page is one as any other.
    debugged.get("/count").ok().has("total 6");
    debugged.end();
}

#[test]
fn a_condition_and_a_function() {
    let project = TestProject::copy("stops");
    let line = line_of(&project, "app.py", "total += number");
    let at_line = format!("app.py:{line} if number == 2");
    let mut debugged = Debugged::of(project, &["--break", &at_line, "-b", "app:shout"]);
    let asked = debugged.ask_and_stop("/count");
    debugged.says("p number, total", "(2, 1)");
    debugged.says("!total = 1000", "");
    debugged.goes_on();
    asked.answer().ok().has("total 1005");

    let asked = debugged.ask_and_stop("/call");
    debugged.says("a", "text = 'hello'");
    debugged.says("n", "return loud");
    debugged.says("s", "--Return--");
    debugged.says("s", "return [said.encode()]");
    debugged.says("p said", "'HELLO'");
    debugged.goes_on();
    asked.answer().ok().has("HELLO");
    debugged.end();
}

#[test]
fn stepping_into_a_function() {
    let project = TestProject::copy("stops");
    let line = line_of(&project, "app.py", "said = shout(\"hello\")");
    let mut debugged = Debugged::of(project, &["--break", &format!("app.py:{line}")]);
    let asked = debugged.ask_and_stop("/call");
    debugged.says("s", "--Call--");
    debugged.says("s", "loud = text.upper()");
    debugged.says("p text", "'hello'");
    debugged.says("r", "--Return--");
    // On to the end of the request, and the next one is stopped all the same.
    debugged.goes_on();
    asked.answer().ok();
    let asked = debugged.ask_and_stop("/call");
    debugged.says("unt", "return [said.encode()]");
    debugged.goes_on();
    asked.answer().ok();
    debugged.end();
}

#[test]
fn places_that_are_not_there_are_told() {
    let places = ["app.py:9999", "nowhere.py:1", "app:missing", "missing:main", "app.py:2", "app.py"];
    let flags: Vec<&str> = places.iter().flat_map(|place| ["--break", place]).collect();
    let mut debugged = Debugged::stops(&[&flags[..], &["--break", "app:count"]].concat());
    let asked = debugged.ask_and_stop("/count");
    debugged.goes_on();
    asked.answer().ok();
    let shown = debugged.end().stderr;
    for place in places {
        assert!(shown.contains(&format!("no breakpoint at {place}: ")), "{place}: {shown}");
    }
}

#[test]
fn breakpoints_in_the_code() {
    let mut debugged = Debugged::stops(&[]);
    for (path, secret) in [("/here", "seen by breakpoint()"), ("/there", "seen by set_trace()")] {
        let asked = debugged.ask_and_stop(path);
        debugged.says("p secret", secret);
        debugged.says("n", "");
        debugged.goes_on();
        asked.answer().ok().has(secret);
    }
    debugged.end();
}

#[test]
fn before_the_application_is_imported() {
    let project = TestProject::copy("stops");
    let line = line_of(&project, "app.py", "total += number");
    let mut debugged = Debugged::of(project, &["--debugger-startup"]);
    debugged.stops_at("before the application is imported");
    debugged.says("import sys; 'app' in sys.modules", "False");
    debugged.says(&format!("b /app/app.py:{line}"), &format!("Breakpoint 1 at /app/app.py:{line}"));
    debugged.goes_on();
    let asked = debugged.ask_and_stop("/count");
    debugged.says("p number", "0");
    debugged.says("cl 1", "Deleted");
    debugged.goes_on();
    asked.answer().ok();
    debugged.end();
}

#[test]
fn a_view_of_django_that_nobody_has_imported_yet() {
    let project = TestProject::copy("django");
    let line = line_of(&project, "notes/views.py", "return JsonResponse({\"visits\": count_visit(request), \"pid\": os.getpid()})");
    let mut debugged = Debugged::of(project, &["--break", &format!("notes/views.py:{line}"), "--break", "notes.views:home"]);
    let asked = debugged.ask_and_stop("/visits/");
    debugged.says("p request.path", "'/visits/'");
    debugged.goes_on();
    asked.answer().ok();
    let asked = debugged.ask_and_stop("/");
    debugged.says("p request.method", "'GET'");
    debugged.goes_on();
    asked.answer().ok().has("You were here");
    debugged.end();
}

#[test]
fn one_that_is_set_at_a_prompt_stays() {
    let mut debugged = Debugged::stops(&[]);
    let line = line_of(&debugged.project, "app.py", "return loud");
    let asked = debugged.ask_and_stop("/here");
    debugged.says(&format!("b {line}"), "Breakpoint 1 at");
    debugged.goes_on();
    asked.answer().ok();
    let asked = debugged.ask_and_stop("/call");
    debugged.says("p loud", "'HELLO'");
    debugged.goes_on();
    asked.answer().ok();
    debugged.end();
}
