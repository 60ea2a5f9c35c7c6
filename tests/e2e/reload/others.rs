//! Files that are no code: static files, and what is saved all the time and is no reason for anything.

use std::fs;

use super::Live;
use crate::http::Browser;
use crate::project::TestProject;

#[test]
fn static_files_that_apache_serves_from_the_project() {
    let mut live = Live::of(TestProject::copy("flask-factory"), &[]);
    live.get("/static/shop.css").ok().has("system-ui");
    live.project.write("shop/static/shop.css", "body { color: teal }\n");
    live.session.next(|line| line.contains("↻ shop/static/shop.css → nothing to do"));
    assert_eq!(live.text("/static/shop.css"), "body { color: teal }\n");
    let ran = live.end();
    assert!(!ran.stderr.contains("generation"), "{ran}");
}

#[test]
fn static_files_that_django_collects() {
    let mut live = Live::of(TestProject::copy("django"), &[]);
    live.get("/static/notes/notes.css").ok().has("system-ui");
    live.project.write("notes/static/notes/notes.css", "body { color: teal }\n");
    live.session.next(|line| line.contains("↻ notes/static/notes/notes.css → static files collected in "));
    assert_eq!(live.text("/static/notes/notes.css"), "body { color: teal }\n");
    live.project.write("notes/static/notes/new.css", "p { color: navy }\n");
    live.session.next(|line| line.contains("↻ notes/static/notes/new.css → static files collected in "));
    assert_eq!(live.text("/static/notes/new.css"), "p { color: navy }\n");
    let ran = live.end();
    assert!(!ran.stderr.contains("generation"), "{ran}");
}

#[test]
fn what_is_no_reason_for_anything() {
    let project = TestProject::copy("django");
    project.write(".gitignore", "/db.sqlite3\n/staticfiles/\n/notes/local.py\n/exports/\n");
    project.run("git", &["init", "-q"]);
    let mut live = Live::of(project, &[]);
    let before = live.edit("notes/views.py", "[:20]", "[:21]");

    // The application writes its database and a log, Python its bytecode.
    let mut browser = Browser::at(&live.url);
    browser.get("/").ok();
    browser.submit("/", &[("text", "written by a test")]);
    browser.get("/").ok().has("written by a test");
    assert!(live.project.has("db.sqlite3"));
    live.project.parity(&["exec", "--", "python", "manage.py", "check"]).ok();
    // Git works, an editor has files open, something writes what git ignores.
    live.project.run("git", &["add", "-A"]);
    live.project.run("git", &["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "all"]);
    live.project.run("git", &["status"]);
    live.project.make_directory("notes/__pycache__");
    live.project.make_directory("exports");
    live.project.make_directory("node_modules/left");
    for file in [
        "requests.log",
        "notes/__pycache__/views.cpython-313.pyc",
        ".git/anything",
        "notes/.views.py.swp",
        "notes/views.py~",
        "notes/#views.py#",
        "notes/4913",
        "db.sqlite3-journal",
        "other.sqlite3",
        "notes/local.py",
        "exports/all.py",
        "node_modules/left/pad.py",
        "README.md",
    ] {
        live.project.write(file, "whatever");
        if file != "db.sqlite3-journal" {
            live.project.write(file, "whatever else");
        }
    }
    fs::remove_file(live.project.root.join("db.sqlite3-journal")).unwrap();
    fs::remove_file(live.project.root.join("notes/.views.py.swp")).unwrap();

    // Changes are told in their order: had any of them been one, it would be said by now, or with this one.
    let after = live.edit("notes/views.py", "[:21]", "[:22]");
    assert_eq!(after.generation, before.generation + 1, "{} {}", before.line, after.line);
    let ran = live.end();
    assert_eq!(ran.stderr.matches('↻').count(), 2, "{ran}");
}

#[test]
fn events_for_machines() {
    let project = TestProject::copy("modules");
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0", "--format", "json"]).start();
    let of = |text: &str, event: &str, count: usize| {
        let all = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        all.filter(|line| line["event"] == event).nth(count)
    };
    session.stdout_until(|text| of(text, "serving", 0));
    project.write("first.py", "TEXT = 'saved'\n");
    let reloaded = session.stdout_until(|text| of(text, "reloaded", 0));
    assert_eq!((&reloaded["files"][0], &reloaded["generation"], &reloaded["served"]), (&"first.py".into(), &2.into(), &true.into()));
    assert!(reloaded["seconds"].is_number() && reloaded.get("failed").is_none(), "{reloaded}");

    project.write("first.py", "TEXT = \n");
    let failed = session.stdout_until(|text| of(text, "reloaded", 1));
    assert_eq!((&failed["generation"], &failed["again"]), (&3.into(), &false.into()));
    assert!(failed["failed"].to_string().contains("SyntaxError: invalid syntax"), "{failed}");
    project.write("parity.yaml", "app: app:application\nthread: 1\n");
    let refused = session.stdout_until(|text| of(text, "not-applied", 0));
    assert!(refused.to_string().contains("thread"), "{refused}");
    session.interrupt();
    session.end().exits(0).json();
}
