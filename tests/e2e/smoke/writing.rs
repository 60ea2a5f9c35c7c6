//! Applications that keep something in files: what they write to is named, and what is not is read-only, as in production.

use super::{Report, Smoked};
use crate::engine;

/// Two notes are added, and both are there afterwards.
const NOTES: &str = "
smoke:
  - {name: one, request: {method: POST, path: /, body: one}, expect: {body: [{contains: one}]}}
  - {name: two, request: {method: POST, path: /, body: two}}
  - {name: both, request: {path: /}, expect: {body: [{contains: one}, {contains: two}]}}
";

/// An application of the project `stores`.
struct Kind {
    app: &'static str,
    directory: &'static str,
    /// It opens its file when it is imported.
    at_import: bool,
}

const KINDS: [Kind; 5] = [
    Kind { app: "sqlite_file", directory: "data", at_import: false },
    Kind { app: "log_file", directory: "log", at_import: true },
    Kind { app: "uploads", directory: "media", at_import: false },
    Kind { app: "lock_file", directory: "run", at_import: false },
    Kind { app: "object_storage", directory: "var", at_import: true },
];

fn store(app: &str, settings: &str) -> Smoked {
    let project = Smoked::copy("stores");
    project.write("parity.yaml", &format!("app: {app}:application\n{settings}{NOTES}"));
    project
}

#[track_caller]
fn passes(project: &Smoked) {
    project.smoke(&["--no-probes"]).ok();
    project.nothing_is_left();
}

#[test]
fn every_kind_of_file_is_written_where_it_is_named() {
    for Kind { app, directory, .. } in KINDS {
        passes(&store(app, &format!("writable: [{directory}]\n")));
    }
}

#[test]
fn what_is_not_named_is_read_only_and_the_hint_says_what_to_write() {
    for Kind { app, directory, at_import } in KINDS {
        let project = store(app, "");
        // Git keeps no empty directories, but a checkout that was worked in has it.
        project.make_directory(directory);
        project.write(&format!("{directory}/.keep"), "");
        let ran = project.smoke(&["--no-probes"]).run().exits(if at_import { 11 } else { 17 });
        let said = ran.to_string();
        let hint = if app == "sqlite_file" { "`writable: [DIRECTORY]`".to_owned() } else { format!("`writable: [{directory}]`") };
        assert!(said.contains("the project is read-only in production") && said.contains(&hint), "{app}: {said}");
        project.nothing_is_left();
    }
}

#[test]
fn a_start_hook_that_cannot_write_is_told_the_same() {
    let project = store("uploads", "hooks: {start: [mkdir -p media/new]}\n");
    project.smoke(&["--no-probes"]).run().exits(13).says(&["`writable: [media]`"]);
    let project = store("sqlite_file", "hooks: {start: [\"python -c 'import sqlite_file; sqlite_file.read()'\"]}\n");
    project.smoke(&["--no-probes"]).run().exits(13).says(&["the project is read-only in production"]);
}

#[test]
fn what_comes_with_the_project_is_there_where_that_is_asked_for() {
    let volumes = engine::volumes();
    let project = store("repositories", "writable: [repos]\n");
    let ran = project.smoke(&["--no-probes"]).run();
    assert_ne!(ran.code, Some(0), "an empty directory has no repositories: {ran}");
    project.write("parity.yaml", &format!("app: repositories:application\nwritable: [repos]\nwritable-content: image\n{NOTES}"));
    passes(&project);
    assert_eq!(engine::volumes().difference(&volumes).count(), 0, "a volume is left");
    // What one run has written is not there in the next.
    let report = Report::of(project.smoke(&["--no-probes", "--format", "json"]).ok());
    report.passed("both");
}

#[test]
fn all_of_the_project_can_be_named_and_that_is_warned_about() {
    let project = store("sqlite_file", "writable: [.]\nhooks: {start: [mkdir data, touch kept/new, sh -c 'echo 1 >> kept/old']}\n");
    project.make_directory("kept");
    project.write("kept/old", "0\n");
    project.smoke(&["--no-probes"]).ok().says(&["lets the application change its own code"]);
    project.nothing_is_left();
}

#[test]
fn a_directory_of_the_container() {
    let project = store("log_file", "writable: [/srv/log]\n");
    project.write("log_file.py", &project.read("log_file.py").replace("os.path.dirname(__file__), \"log\"", "\"/srv/log\""));
    passes(&project);
    let mut browser = project.browse();
    browser.post("/", "text/plain", b"one").ok().has("one");
}

#[test]
fn it_is_a_file_or_leads_elsewhere() {
    let project = store("uploads", "writable: [served.py]\n");
    project.smoke(&[]).run().exits(3).says(&["parity.yaml:2", "served.py, which is a file"]);
    std::os::unix::fs::symlink("repos", project.root.join("media")).unwrap();
    project.write("parity.yaml", "app: uploads:application\nwritable: [media]\n");
    project.smoke(&[]).run().exits(3).says(&["media, which is a symbolic link"]);
    for outside in ["../x", "/etc/x", "/"] {
        project.write("parity.yaml", &format!("app: uploads:application\nwritable: [\"{outside}\"]\n"));
        project.smoke(&[]).run().exits(3).says(&["a directory inside the project"]);
    }
}

/// What `parity init` writes, then `more`.
fn initialised(name: &str, more: &str) -> Smoked {
    let project = Smoked::copy(name);
    project.parity(&["init"]).ok();
    let written = project.read("parity.yaml");
    project.write("parity.yaml", &format!("{written}{more}"));
    project
}

const FORM: &str = "
  - name: the form
    request: {path: /admin/login/}
    expect: {status: 200, body: [{html-selector: '#login-form'}]}
    capture: {token: {html-selector: 'input[name=csrfmiddlewaretoken]', attribute: value}}
  - name: login
    request:
      method: POST
      path: /admin/login/?next=/admin/
      form: {username: ada, password: only-for-tests, csrfmiddlewaretoken: '${token}'}
    expect: {status: 302, headers: {location: /admin/}}
  - {name: the admin, request: {path: /admin/polls/question/}, expect: {status: 200, body: [{contains: ada}]}}
  - {name: the polls, request: {path: /polls/}, expect: {body: [{contains: No polls are available}]}}
";

#[test]
fn djangos_tutorial_with_a_login() {
    let project = initialised("django-tutorial", "");
    let written = project.read("parity.yaml");
    assert!(written.contains("\nwritable: [.]") && written.contains("\nhooks: {start: [python manage.py migrate --noinput]}"), "{written}");
    // Somebody has to be there to log in.
    let user = "env: {DJANGO_SUPERUSER_USERNAME: ada, DJANGO_SUPERUSER_EMAIL: a@b.example, DJANGO_SUPERUSER_PASSWORD: only-for-tests}\n";
    let hooks = "hooks: {start: [python manage.py migrate --noinput, python manage.py createsuperuser --noinput]}\n";
    project.write("parity.override.yaml", &format!("{user}{hooks}smoke:{FORM}"));
    let report = Report::of(project.smoke(&["--format", "json"]).ok());
    for name in ["login", "the admin", "the polls", "concurrency", "load", "shutdown"] {
        report.passed(name);
    }
    project.nothing_is_left();
}

const FLASKR: &str = "
smoke:
  - {name: register, request: {method: POST, path: /auth/register, form: {username: ada, password: secret}}, expect: {status: 302}}
  - {name: login, request: {method: POST, path: /auth/login, form: {username: ada, password: secret}}, expect: {status: 302}}
  - {name: writes, request: {method: POST, path: /create, form: {title: Hello, body: there}}, expect: {status: 302}}
  - {name: reads, request: {path: /}, expect: {body: [{html-selector: article h1, text: Hello}, {html-selector: nav span, text: ada}]}}
";

#[test]
fn flasks_tutorial_with_a_login() {
    let project = initialised("flask-tutorial", FLASKR);
    let written = project.read("parity.yaml");
    assert!(written.contains("\nwritable: [instance]") && written.contains("flask --app flaskr init-db"), "{written}");
    let report = Report::of(project.smoke(&["--format", "json"]).ok());
    for name in ["register", "login", "writes", "reads", "concurrency", "load"] {
        report.passed(name);
    }
    project.nothing_is_left();
    // Developed in the same way.
    project.browse().get("/").ok();
    assert!(project.has("instance/flaskr.sqlite"));
}
