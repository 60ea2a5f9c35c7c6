//! Code that cannot be imported: it is said at once and shown, and the save that fixes it is served.

use super::Live;
use crate::http::Browser;
use crate::project::TestProject;

const BROKEN: &str = "TEXT = 'never closed\n";

#[test]
fn a_syntax_error_is_said_at_once_shown_and_fixed() {
    let mut live = Live::modules(&[]);
    live.project.write("first.py", BROKEN);
    // Nobody has asked for a page.
    live.told_failure("first.py", "fails");
    let place = format!("File \"{}/first.py\", line 1", live.project.root.display());
    let said = live.session.stderr();
    for part in [&place, "TEXT = 'never closed", "SyntaxError: unterminated string literal"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(!said.contains("/etc/parity/"), "frames of parity: {said}");

    let page = live.get_as("/", "text/html,application/xhtml+xml");
    assert_eq!((page.status, page.header("content-type")), (500, Some("text/html; charset=utf-8")));
    page.has("<h1>SyntaxError: ").has("first.py&quot;, line 1");
    let page = live.get_as("/", "application/json, text/plain");
    assert_eq!((page.status, page.header("content-type")), (500, Some("text/plain; charset=utf-8")));
    page.has("SyntaxError: unterminated string literal").has(&place);

    live.project.write("first.py", "TEXT = 'still not closed\n");
    live.told_failure("first.py", "still fails");
    live.get("/").has("still not closed");
    assert!(live.project.parity(&["status"]).ok().stdout.lines().any(|line| line.split_whitespace().nth(2) == Some("failing")));
    live.save("first.py", "TEXT = 'fixed'\n");
    assert_eq!(live.text("/"), "fixed second\n");
    live.project.write("first.py", BROKEN);
    live.told_failure("first.py", "fails");
    live.save("first.py", "TEXT = 'again'\n");
    assert_eq!(live.text("/"), "again second\n");
    let ran = live.end();
    // Each failure once: not for each request, and not for each process.
    assert_eq!(ran.stderr.matches("SyntaxError").count(), 3, "{ran}");
}

#[test]
fn a_module_that_was_fixed_is_as_fresh_as_one_that_was_saved_meanwhile() {
    let project = TestProject::copy("modules");
    project.write("first.py", "import second\nTEXT = 'one with ' + second.TEXT\n");
    let mut live = Live::of(project, &[]);
    assert_eq!(live.text("/"), "one with second second\n");
    live.project.write("second.py", BROKEN);
    live.told_failure("second.py", "fails");
    live.change("first.py", "one with", "two with");
    live.told_failure("first.py", "still fails");
    live.save("second.py", "TEXT = '2nd'\n");
    assert_eq!(live.text("/"), "two with 2nd 2nd\n");
    live.end();
}

#[test]
fn any_way_to_fail_is_one() {
    let mut live = Live::modules(&[]);
    let ways = [
        ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("raise SystemExit('not today')\n", "SystemExit: not today"),
        ("from second import NOTHING\n", "ImportError: cannot import name 'NOTHING'"),
        ("TEXT = 1 / 0\n", "ZeroDivisionError: division by zero"),
    ];
    for (number, (code, error)) in ways.into_iter().enumerate() {
        live.project.write("first.py", code);
        live.told_failure("first.py", if number == 0 { "fails" } else { "still fails" });
        live.get_as("/", "text/plain").has(error);
        assert!(live.session.stderr().contains(error), "{}", live.session.stderr());
    }
    // No name that the server asks for.
    live.save("first.py", "TEXT = 'first'\n");
    let app = live.project.read("app.py");
    live.project.write("app.py", &app.replace("def application(", "def another("));
    live.told_failure("app.py", "fails");
    assert_eq!(live.get("/").status, 500);
    live.save("app.py", &app);
    assert_eq!(live.text("/"), "first second\n");
    live.end();
}

#[test]
fn djangos_urls_and_views_fail_when_they_are_saved() {
    let mut live = Live::of(TestProject::copy("django"), &[]);
    let views = live.project.read("notes/views.py");
    live.change("notes/views.py", "from .forms import NoteForm", "from .forms import NoteForms");
    live.told_failure("notes/views.py", "fails");
    live.get("/").has("ImportError: cannot import name &#x27;NoteForms&#x27;").has("notes/views.py");
    live.save("notes/views.py", &views);
    live.get("/").ok().has("<h1>Notes</h1>");

    let urls = live.project.read("mysite/urls.py");
    live.change("mysite/urls.py", "notes.urls", "notes.url");
    live.told_failure("mysite/urls.py", "fails");
    live.get("/").has("ModuleNotFoundError: No module named &#x27;notes.url&#x27;");
    live.save("mysite/urls.py", &urls);
    live.get("/").ok().has("<h1>Notes</h1>");

    // Of a page that fails when it is asked for, its own traceback is said, and others go on.
    assert_eq!(live.get("/boom/").status, 500);
    live.session.next(|line| line.contains("RuntimeError: this page always fails"));
    live.get("/").ok();
    live.end();
}

#[test]
fn djangos_models_fail_when_they_are_saved() {
    let mut live = Live::of(TestProject::copy("django"), &[]);
    let models = live.project.read("notes/models.py");
    for (line, error) in [
        ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named &#x27;nothing_of_that_name&#x27;"),
        ("class Broken(:\n", "SyntaxError: "),
        ("NOTHING\n", "NameError: name &#x27;NOTHING&#x27;"),
    ] {
        live.project.write("notes/models.py", &format!("{models}\n{line}"));
        live.told_failure("notes/models.py", if line.starts_with("import") { "fails" } else { "still fails" });
        // Django says something else of each further try.
        for _ in 0..2 {
            live.get("/").has(&format!("<title>{error}")).has("notes/models.py");
        }
    }
    live.save("notes/models.py", &models);
    live.get("/").ok().has("<h1>Notes</h1>");
    live.end();
}

#[test]
fn what_is_broken_from_the_start_is_fixed_by_a_save() {
    let project = TestProject::copy("modules");
    project.write("first.py", BROKEN);
    for flags in [&[][..], &["--on-error", "keep"], &["--no-standby"]] {
        let arguments: Vec<&str> = ["up", "--reload-on-changes", "--port", "0"].iter().chain(flags).copied().collect();
        let mut session = project.parity(&arguments).start();
        session.next(|line| line.contains("SyntaxError"));
        session.next(|line| line.contains("cannot be imported"));
        let url = session.url();
        let page = Browser::at(&url).get("/");
        assert_eq!(page.status, 500);
        page.has("SyntaxError");
        // Another mistake, then none.
        project.write("first.py", "import nothing_of_that_name\n");
        session.next(|line| line.contains("ModuleNotFoundError"));
        session.next(|line| line.contains("✗ first.py → still fails"));
        Browser::at(&url).get("/").has("nothing_of_that_name");
        project.write("first.py", "TEXT = 'fixed'\n");
        session.next(|line| line.contains("↻ first.py → serving in"));
        Browser::at(&url).get("/").ok().has("fixed second");
        session.interrupt();
        session.end().exits(0);
        project.nothing_is_left();
        project.write("first.py", BROKEN);
    }
}

#[test]
fn the_last_good_code_is_kept_if_that_is_wanted() {
    let mut live = Live::modules(&["--on-error", "keep", "--processes", "2"]);
    live.pids(2);
    live.project.write("first.py", BROKEN);
    let told = live.told_failure("first.py", "fails; the last good code still serves");
    assert!(live.session.stderr().contains("SyntaxError"), "{}", told.line);
    for _ in 0..10 {
        assert_eq!(live.text("/"), "first second\n");
    }
    live.change("second.py", "second", "2nd");
    live.told_failure("second.py", "still fails; the last good code still serves");
    assert_eq!(live.text("/"), "first second\n");
    live.save("first.py", "TEXT = 'fixed'\n");
    for _ in 0..10 {
        assert_eq!(live.text("/"), "fixed 2nd\n");
    }
    live.save("second.py", "TEXT = 'good'\n");
    assert_eq!(live.text("/"), "fixed good\n");
    live.end();
}
