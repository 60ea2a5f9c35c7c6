//! The commands for a server that runs: `status`, `logs`, `restart`, `exec`.

use crate::http::Browser;
use crate::project::TestProject;

#[test]
fn status_for_people_and_for_machines() {
    let project = TestProject::copy("plain-wsgi");
    assert_eq!(project.parity(&["status"]).ok().line(), "not running");
    assert_eq!(project.parity(&["status", "--format", "json"]).ok().stdout, "");

    let url = project.up(&[]);
    let ran = project.parity(&["status"]).ok();
    let lines: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let root = project.root.to_str().unwrap();
    assert_eq!(lines[0], ["NAME", "STATE", "URL", "PROFILE", "PROJECT"]);
    assert_eq!(lines[1][1..], ["running", &url, "up", root]);

    let [status] = project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    assert_eq!((&status["state"], &status["url"], &status["project"]), (&"running".into(), &url.into(), &root.into()));
    assert_eq!(status["id"], project.containers()[0]);
}

#[test]
fn what_needs_a_server_says_that_there_is_none() {
    let project = TestProject::copy("plain-wsgi");
    for arguments in [&["logs"][..], &["restart"], &["exec", "--", "true"]] {
        project.parity(arguments).run().exits(15).says(&["is not running", "parity up"]);
    }
}

#[test]
fn logs_of_the_past_and_as_they_come() {
    let project = TestProject::copy("plain-wsgi");
    let mut browser = Browser::at(&project.up(&["--access-log"]));
    browser.get("/error");
    let shown = |arguments: &[&str]| project.parity(arguments).ok().stdout;
    // Apache writes to its log only after it has answered.
    let mut follow = project.parity(&["logs", "-f"]).start();
    follow.stdout_until(|text| text.contains("GET /error").then_some(()));
    let past = shown(&["logs"]);
    assert!(past.contains("about to fail") && past.contains("RuntimeError: this page always fails"), "{past}");
    assert!(past.contains(&format!("File \"{}/hello.wsgi\"", project.root.display())), "{past}");
    assert!(shown(&["logs", "-n", "1"]).lines().count() <= 1);
    for line in project.parity(&["logs", "--format", "json"]).ok().json() {
        assert_eq!(line["event"], "log");
    }
    browser.get("/?only-now");
    follow.stdout_until(|text| text.contains("GET /?only-now").then_some(()));
    follow.interrupt();
    let ran = follow.end().exits(0);
    assert!(ran.ending.as_secs() < 5, "{ran}");
    browser.get("/").ok();
}

#[test]
fn following_ends_with_the_server() {
    let project = TestProject::copy("plain-wsgi");
    project.up(&["--access-log"]);
    let mut follow = project.parity(&["logs", "-f"]).start();
    follow.stdout_until(|text| text.contains("GET /").then_some(()));
    project.parity(&["down"]).ok();
    follow.end().exits(0);
}

#[test]
fn restart_gives_new_processes() {
    let project = TestProject::copy("plain-wsgi");
    project.up(&[]);
    let started = || project.parity(&["status", "--format", "json"]).ok().json()[0]["started"].clone();
    let before = started();
    let after = project.parity(&["restart"]).ok();
    assert_ne!(started(), before);
    Browser::at(after.line()).get("/").ok();
    assert_eq!(project.containers().len(), 1);
}

#[test]
fn exec_is_transparent() {
    let project = TestProject::copy("plain-wsgi");
    project.up(&[]);
    let ran = project.parity(&["exec", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]).run().exits(7);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("out\n", "err\n"));
    assert_eq!(project.parity(&["exec", "-T", "--", "cat"]).input("hi\n").ok().stdout, "hi\n");

    let much = "0123456789abcde\n".repeat(200_000);
    assert_eq!(project.parity(&["exec", "-T", "--", "cat"]).input(much.clone()).ok().stdout, much);
    // Input that the command does not read is no reason to hang.
    project.parity(&["exec", "-T", "--", "true"]).input(much).ok();
    let ran = project.parity(&["exec", "--", "no-such-command"]).run();
    assert!(matches!(ran.code, Some(126 | 127)), "{ran}");
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("no-such-command"), "{ran}");
}

#[test]
fn exec_says_that_its_server_has_ended() {
    let project = TestProject::copy("plain-wsgi");
    project.up(&[]);
    let mut exec = project.parity(&["exec", "-T", "--", "sh", "-c", "echo begun; sleep 60"]).start();
    exec.stdout_until(|text| text.contains("begun").then_some(()));
    project.parity(&["down"]).ok();
    exec.end().exits(137).says(&["ended with its server", "`parity status`"]);
}

#[test]
fn exec_is_in_the_applications_world() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "app: hello.wsgi\nenv: {COLOUR: blue}\n");
    project.write(".env", "SHAPE='round and \"red\"'\n");
    let mut browser = project.browse();
    let of_application = browser.get("/env").ok().json();
    let script = "import json, os, sys; json.dump([dict(os.environ), os.getuid(), os.getcwd(), sys.version], sys.stdout)";
    let ran = project.parity(&["exec", "--env", "MORE=yes", "--", "python", "-c", script]).ok();
    let [environ, uid, cwd, version] = serde_json::from_str::<[serde_json::Value; 4]>(&ran.stdout).unwrap();
    for name in ["COLOUR", "SHAPE", "MOD_WSGI_EXPRESS", "HOME", "LANG", "PATH"] {
        assert_eq!(environ[name], of_application["process"]["environ"][name], "{name}");
        assert!(environ[name].is_string(), "{name} is not set");
    }
    assert_eq!(environ["SHAPE"], "round and \"red\"");
    assert_eq!(environ["MORE"], "yes");
    assert_eq!((uid, cwd), (of_application["process"]["uid"].clone(), of_application["process"]["cwd"].clone()));
    assert_eq!(version, of_application["process"]["python"]);
    // A user id that no file knows has a name all the same.
    assert_eq!(project.parity(&["exec", "--", "python", "-c", "import getpass; print(getpass.getuser())"]).ok().line(), "app");
}

#[test]
fn shell_wants_a_terminal() {
    let project = TestProject::copy("plain-wsgi");
    project.parity(&["shell"]).run().exits(2).says(&["needs a terminal", "exec -T"]);
}

#[test]
fn the_doctor_finds_a_healthy_machine() {
    let project = TestProject::copy("plain-wsgi");
    // Any other port may be somebody else's.
    project.write("parity.yaml", "port: 0\n");
    let ran = project.parity(&["doctor"]).ok();
    for check in ["engine:", "API", "bind mounts:", "base:", "disk:", "file watching:", "project:"] {
        assert!(ran.stdout.contains(check), "{check} was not looked at: {ran}");
    }
    for line in project.parity(&["doctor", "--format", "json"]).ok().json() {
        assert_ne!(line["result"], "bad", "{line}");
    }
    let ran = project.parity(&["doctor"]).env("DOCKER_HOST", "unix:///nonexistent").run().exits(5);
    assert!(ran.stdout.contains("engine: cannot reach the container engine"), "{ran}");
}

#[test]
fn restart_of_a_broken_application_tells_its_traceback() {
    let project = TestProject::copy("plain-wsgi");
    let url = project.up(&[]);
    let sound = std::fs::read_to_string(project.root.join("hello.wsgi")).unwrap();
    project.write("hello.wsgi", "def broken(:\n");
    let broken = project.parity(&["restart"]).run().exits(11);
    assert!(broken.stderr.contains("SyntaxError") && broken.stdout.is_empty(), "{broken}");
    project.write("hello.wsgi", &sound);
    // Any free port stays the one that it was.
    assert_eq!(project.parity(&["restart"]).ok().line(), url);
    project.write("parity.yaml", "threads: 3\n");
    project.parity(&["restart"]).ok().says(&["parity.yaml has changed", "`parity up -d` does"]);
}
