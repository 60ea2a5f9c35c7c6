//! What goes where: stdout, stderr, JSON, colours.

use crate::project::TestProject;

#[test]
fn json_lines_are_json_lines() {
    let project = TestProject::copy("broken-hook");
    let lines = project.parity(&["up", "-d", "--wait", "--port", "0", "--format", "json"]).run().exits(13).json();
    let error = lines.last().unwrap();
    assert_eq!((&error["event"], &error["exit_code"]), (&"error".into(), &13.into()));
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    assert_eq!(of("hook-output")[0]["line"], "this one works");
    assert_eq!(of("stage-failed").len(), 1);
    assert!(of("stage-failed")[0]["seconds"].is_number());

    let project = TestProject::copy("plain-wsgi");
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0", "--format", "json"]).ok();
    assert_eq!(ran.stderr, "");
    let lines = ran.json();
    let serving = lines.iter().find(|line| line["event"] == "serving").unwrap();
    let url = serving["url"].as_str().unwrap();
    crate::http::Browser::at(url).get("/").ok();
    project.parity(&["config", "--format", "json"]).ok().json();
    let down = project.parity(&["down", "--format", "json"]).ok();
    assert!(down.json().iter().any(|line| line["event"] == "stopped"), "{down}");
}

#[test]
fn quiet_is_quiet() {
    let project = TestProject::copy("plain-wsgi");
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0", "--quiet"]).ok();
    assert_eq!(ran.stderr, "");
    assert!(ran.line().starts_with("http://127.0.0.1:"));
    let ran = project.parity(&["down", "-q"]).ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    // But errors are said.
    project.parity(&["exec", "-q", "--", "true"]).run().exits(15).says(&["is not running"]);
}

#[test]
fn colours_only_where_they_are_wanted() {
    let project = TestProject::copy("broken-hook");
    let up = || project.parity(&["up", "-d", "--wait", "--port", "0"]);
    for (parity, coloured) in [(up(), false), (up().env("CLICOLOR_FORCE", "1"), true), (up().env("NO_COLOR", "1"), false)] {
        let ran = parity.run().exits(13);
        assert_eq!(ran.stderr.contains('\x1b'), coloured, "{ran}");
        assert!(!ran.stderr.contains('\x1e'), "parity's own protocol is shown: {ran}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let project = TestProject::copy("plain-wsgi");
    project.up(&[]);
    for _ in 0..3 {
        let script =
            format!("{} logs --verbose | true; {} config --all | head -n 1", env!("CARGO_BIN_EXE_parity"), env!("CARGO_BIN_EXE_parity"));
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(&project.root)
            .env("DOCKER_HOST", crate::engine::host())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    }
}
