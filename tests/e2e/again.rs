//! `parity up` where something runs already, and its end.

use crate::common::BUILD_PATIENCE;
use crate::http::Browser;
use crate::project::TestProject;

#[test]
fn nothing_changed_and_nothing_is_built() {
    let project = TestProject::copy("flask-factory");
    let url = project.up(&[]);
    let container = project.containers();
    let again = project.parity(&["up", "-d", "--wait", "--port", "0"]).ok().says(&["nothing changed"]);
    assert_eq!(again.line(), url);
    assert_eq!(project.containers(), container);

    project.parity(&["down"]).ok();
    let anew = project.parity(&["up", "-d", "--wait", "--port", "0"]).ok();
    for stage in ["base ", "Apache and Python", "mod_wsgi and requirements", "✓", "…"] {
        assert!(!anew.stderr.contains(stage), "there is a stage: {anew}");
    }
}

#[test]
fn a_changed_setting_or_environment_replaces_the_server() {
    let project = TestProject::copy("plain-wsgi");
    let mut url = project.up(&[]);
    let mut container = project.containers();
    let changes: [(&str, &str, &[&str]); 3] =
        [("", "", &["--threads", "3"]), (".env", "COLOUR=blue\n", &[]), (".env", "COLOUR=red\n", &[])];
    for (file, text, flags) in changes {
        if !file.is_empty() {
            project.write(file, text);
        }
        let arguments: Vec<&str> = ["up", "-d", "--wait", "--port", "0"].iter().chain(flags).copied().collect();
        let ran = project.parity(&arguments).ok().says(&["changed: replacing the running server"]);
        let now = project.containers();
        assert_eq!(now.len(), 1, "two by accident");
        assert_ne!(now, container);
        Browser::at(ran.line()).get("/").ok();
        (container, url) = (now, ran.line().to_owned());
    }
    let env = Browser::at(&url).get("/env").ok().json();
    assert_eq!(env["process"]["environ"]["COLOUR"], "red");
}

#[test]
fn a_server_that_is_asked_for_anew_is_replaced() {
    let project = TestProject::copy("plain-wsgi");
    project.up(&[]);
    let mut container = project.containers();
    for flag in ["--force-recreate", "--build"] {
        project.parity(&["up", "-d", "--wait", "--port", "0", flag]).patience(BUILD_PATIENCE).ok().says(&["as asked"]);
        assert_ne!(project.containers(), container);
        container = project.containers();
        assert_eq!(container.len(), 1);
    }
}

#[test]
fn projects_run_side_by_side() {
    let (plain, flask) = (TestProject::copy("plain-wsgi"), TestProject::copy("flask-factory"));
    // Even those whose directories have the same name.
    let twin = TestProject::copy("plain-wsgi");
    let urls = [plain.up(&[]), flask.up(&[]), twin.up(&[])];
    for (url, part) in urls.iter().zip(["hello", "Shop", "hello"]) {
        Browser::at(url).get("/").ok().has(part);
    }
    plain.parity(&["down"]).ok();
    assert_eq!(plain.parity(&["status"]).ok().line(), "not running");
    for url in &urls[1..] {
        Browser::at(url).get("/").ok();
    }
    let all = flask.parity(&["status", "--all"]).ok();
    assert!(all.stdout.contains(&urls[1]) && all.stdout.contains(&urls[2]), "{all}");
}

#[test]
fn two_at_the_same_moment_make_one_server() {
    let project = TestProject::copy("plain-wsgi");
    for _ in 0..3 {
        let sessions = [(); 2].map(|()| project.parity(&["up", "-d", "--wait", "--port", "0"]).start());
        let ran = sessions.map(crate::common::Session::end);
        assert_eq!(project.containers().len(), 1, "{ran:?}");
        let status = project.parity(&["status"]).ok();
        for ran in ran {
            let ran = ran.exits(0);
            assert!(status.stdout.contains(ran.line()), "{status}");
        }
        project.parity(&["down", "--timeout", "1"]).ok();
    }
}

#[test]
fn down_is_content_with_nothing() {
    let project = TestProject::copy("plain-wsgi");
    project.up(&[]);
    for said in ["stopped", "nothing is running", "nothing is running"] {
        let ran = project.parity(&["down"]).ok().says(&[said]);
        assert_eq!(ran.stdout, "");
        project.nothing_is_left();
    }
}

#[test]
fn the_nearest_parity_yaml_upwards_is_the_projects() {
    let project = TestProject::copy("django");
    project.up(&[]);
    let inside = crate::common::Parity::new(&project.root.join("notes"), project.scratch(), &["status"]);
    let ran = inside.env("DOCKER_HOST", crate::engine::host()).ok();
    assert!(ran.stdout.contains("running"), "{ran}");
}

#[test]
fn another_terminal_takes_over_with_other_settings() {
    let project = TestProject::copy("django");
    let mut first = project.parity(&["up", "--port", "0"]).start();
    first.url();
    let mut second = project.parity(&["up", "--port", "0", "--threads", "3"]).start();
    let url = second.url();
    first.end().exits(0).says(&["stopped from elsewhere"]);
    Browser::at(&url).get("/static/admin/css/base.css").ok();
    assert_eq!(project.containers().len(), 1);
    second.interrupt();
    second.end().exits(0).says(&["stopped"]);
}
