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

/// Runs a line of a shell in which `parity` is this one.
fn shell(project: &TestProject, script: &str) -> crate::common::Ran {
    let script = format!("parity() {{ {} \"$@\"; }}; {script}", env!("CARGO_BIN_EXE_parity"));
    project.program("bash", &["-o", "pipefail", "-c", &script]).patience(crate::common::BUILD_PATIENCE).run()
}

#[test]
fn whoever_stops_reading_leaves_no_server() {
    let project = TestProject::copy("plain-wsgi");
    // What is said after the URL finds nobody: as Ctrl-C.
    shell(&project, "parity up --port 0 --format json | head -n 1").exits(0);
    project.nothing_is_left();
    // Checks are made to their end, and say what came of them.
    project.write("parity.yaml", "smoke: [{request: {path: /}}, {name: wrong, request: {path: /error}}]\n");
    let ran = shell(&project, "parity smoke --no-probes | true").exits(17);
    assert!(ran.stderr.contains("1 of 2 checks failed"), "{ran}");
    project.nothing_is_left();
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let project = TestProject::copy("plain-wsgi");
    for command in
        ["config", "config --format json", "diff", "status", "completions bash", "exit-codes", "up -d --wait --port 0", "logs --verbose"]
    {
        let ran = shell(&project, &format!("parity {command} >/dev/full")).exits(14);
        ran.says(&["error: the result cannot be written to standard output", "caused by: No space left on device"]);
    }
    shell(&project, "parity exec -- echo lost >/dev/full").exits(14);
    shell(&project, "parity up -d --wait --port 0 >/dev/full").exits(14).says(&["hint: the server runs: `parity status` shows its URL"]);
    shell(&project, "parity --help >/dev/full").exits(2);
}

/// Writes to the log as the start script does, with what acts on a terminal.
const FORGE: &str = r#"
import json
for state in [{"state": "begin"}, {"state": "end", "status": 0, "millis": 1}]:
    line = {"hook": "start", "index": 0, "command": "\x1b]52;c;eA==\x07\x1b[2Jtwo\nerror: lines", **state}
    for name in ["/proc/1/fd/1", "/proc/1/fd/2"]:
        with open(name, "w") as file:
            file.write("\x1eparity " + json.dumps(line) + "\n\x1eparity {\x1b]0;X\x07}\n\x1b[2J\n")
"#;

#[test]
fn nothing_that_an_application_does_acts_on_the_terminal() {
    let project = TestProject::copy("plain-wsgi");
    project.write("forge.py", FORGE);
    let (mut session, _) = project.foreground(&["--reload-on-changes"]);
    project.parity(&["exec", "--", "python", "forge.py"]).ok();
    session.says("hook: ");
    // A name that sets the title, and one of two lines.
    for name in ["m\x1b]0;X\x07.py", "two\nerror: lines.py"] {
        project.write(name, "x = 1\n");
    }
    project.write("hello.wsgi", &(project.read("hello.wsgi") + "# saved\n"));
    session.says("→ serving in");
    session.interrupt();
    let ran = session.end().exits(0);
    assert!(!ran.stderr.contains(['\x1b', '\x07']) && !ran.stderr.lines().any(|line| line.starts_with("error: lines")), "{ran}");
    for path in project.files().into_iter().filter(|path| path.to_string_lossy().contains(['\x1b', '\n'])) {
        std::fs::remove_file(path).unwrap();
    }
}
