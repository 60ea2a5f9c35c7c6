//! Projects and machines with something wrong: what is said, how fast, with which exit code. Nothing is left.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::common::{BUILD_PATIENCE, Parity, Ran};
use crate::project::TestProject;

/// `parity up` of a project that cannot be served.
#[track_caller]
fn up(project: &TestProject, code: i32) -> Ran {
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).run().exits(code);
    assert_eq!(ran.stdout, "", "{ran}");
    project.nothing_is_left();
    ran
}

#[test]
fn an_application_that_cannot_be_imported() {
    for (name, parts) in [
        ("broken-import", &["import module_that_nobody_installed", "ModuleNotFoundError", "add `module_that_nobody_installed`"][..]),
        ("broken-syntax", &["SyntaxError: '(' was never closed", "start_response(\"200 OK\""]),
    ] {
        let project = TestProject::copy(name);
        let line = format!("{}/app.py\", line ", project.root.display());
        let ran = up(&project, 11).says(parts).says(&[&line, "cannot be imported", "the traceback is above"]).within(30);
        assert_eq!(ran.stderr.matches("hint: add `module").count(), parts.len() - 2, "{ran}");

        // The same in the foreground.
        project.parity(&["up", "--port", "0"]).run().exits(11).says(parts).says(&[&line]).within(30);
        project.nothing_is_left();
    }
}

#[test]
fn a_hook_that_fails() {
    let project = TestProject::copy("broken-hook");
    let ran = up(&project, 13).says(&["this one works", "this one fails", "ended with exit code 3"]).within(30);
    let failed = ran.stderr.lines().find(|line| line.starts_with('✗')).unwrap_or_else(|| panic!("{ran}"));
    assert!(failed.contains("echo this one fails >&2; exit 3") && failed.ends_with(" ms)"), "{failed}");
}

#[test]
fn a_requirement_that_does_not_exist() {
    let project = TestProject::copy("broken-requirement");
    let ran = up(&project, 7).says(&["installing the requirements", "there is no version of flask==99.99.99", "hint: check the name"]);
    let error = ran.stderr.split("error: ").nth(1).unwrap_or_default();
    assert!(error.lines().count() <= 8, "too much is said: {ran}");
}

#[test]
fn a_requirement_that_would_have_to_be_compiled() {
    let project = TestProject::copy("plain-wsgi");
    for (requirement, hints) in [
        ("psycopg2-binary==2.9.3", &["hint: this version of psycopg2-binary has no wheel for this Python", "`python: \"3.11\"`"][..]),
        ("mysqlclient==2.2.4", &["image: {packages: [libmariadb3], build-packages: [libmariadb-dev, pkg-config]}"]),
    ] {
        project.write("requirements.txt", &format!("{requirement}\n"));
        let ran = up(&project, 7).says(hints);
        assert!(!ran.stderr.contains("libpq"), "followed, it would only fail later: {ran}");
    }
}

/// A build that failed holds nobody to its base; one that went well says what asks for another.
#[test]
fn the_base_of_a_build_that_failed_is_not_locked() {
    let project = TestProject::unlocked("plain-wsgi");
    project.write("requirements.txt", "Flask==99.99.99\n");
    up(&project, 7);
    assert!(!project.has("parity.lock"));
    project.write("requirements.txt", "");
    // What has served is kept.
    project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).ok();
    project.parity(&["down"]).ok();
    project.write("parity.yaml", "python: \"3.11\"\n");
    up(&project, 8).says(&[
        "parity.lock pins debian:trixie, but the project now asks for debian:bookworm",
        "`python` is 3.11 (parity.yaml:1)",
        "--update-base",
    ]);
}

/// Every Debian package that a hint names can be installed.
#[test]
fn packages_that_hints_name_are_there() {
    let project = TestProject::copy("plain-wsgi");
    let names = parity::logs::native::debian_packages().join(" ");
    let check = format!(
        "set -e; apt-get update -q; for name in {names}; do apt-get install -qq --simulate $name >/dev/null || {{ echo no $name; exit 1; }}; done"
    );
    project.write("parity.yaml", &format!("hooks: {{build: [{{run: '{check}', reads: []}}]}}\n"));
    project.parity(&["build"]).patience(BUILD_PATIENCE).ok();
}

#[test]
fn a_hook_with_the_line_ends_of_windows() {
    let project = TestProject::copy("plain-wsgi");
    project.write("warm.sh", "#!/bin/sh\r\nset -e\r\n");
    for (hook, kind) in [("sh warm.sh", "start"), ("sh ./warm.sh", "build")] {
        project.write("parity.yaml", &format!("hooks: {{{kind}: [{hook}]}}\n"));
        up(&project, 13).says(&["hint: the lines of warm.sh end as on Windows (CRLF)"]);
    }
}

/// What a server that serves nothing but an error answers first is told beside that it serves.
#[test]
fn a_first_answer_that_is_an_error() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "server-name: shop.test\n");
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).ok();
    ran.says(&["answers with an error: HTTP 403", "`allow-localhost: true`"]);
    project.parity(&["down"]).ok();
}

/// Django that answers to `localhost` alone is opened by that name.
#[test]
fn a_first_answer_that_another_name_would_get() {
    let project = TestProject::copy("django-tutorial");
    let settings = project.read("mysite/settings.py");
    project.write("mysite/settings.py", &settings.replace("ALLOWED_HOSTS = []", "ALLOWED_HOSTS = [\"localhost\"]"));
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).ok();
    let by_name = ran.stdout.trim().replace("127.0.0.1", "localhost");
    ran.says(&[&format!("open {by_name}: ALLOWED_HOSTS has \"localhost\"")]);
    project.parity(&["down"]).ok();
    project.write("parity.yaml", "smoke: [{request: {path: /admin/login/}, expect: {status: 200}}]\n");
    project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).ok();
}

#[test]
fn a_project_that_is_not_understood() {
    let project = TestProject::copy("broken-ambiguous");
    up(&project, 4).says(&["first.wsgi", "second.wsgi", "app: first.wsgi"]).within(10);
    // What it says to write helps.
    project.write("parity.yaml", "app: first.wsgi\n");
    project.browse().get("/").ok().has("first");

    up(&TestProject::copy("broken-empty"), 4).says(&["manage.py", "wsgi.py", "app:"]).within(10);
    up(&TestProject::copy("broken-yaml"), 3).says(&["parity.yaml:2:1", "procesess: 2", "`processes`"]).within(10);
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let project = TestProject::copy("django");
    let ran = project.parity(&["up", "-d", "--wait", "--port", &port]).patience(BUILD_PATIENCE).run().exits(10);
    assert_eq!(ran.says(&[&format!("port {port} is taken"), "--port 0"]).stdout, "");
    project.nothing_is_left();
    assert!(!project.has("staticfiles"), "a mount point was left");
}

#[test]
fn an_engine_that_is_not_there() {
    let project = TestProject::copy("plain-wsgi");
    for (host, code) in [("unix:///nonexistent/docker.sock", 5), ("tcp://127.0.0.1:1", 5), ("nonsense://x", 5)] {
        for arguments in [&["up"][..], &["status"], &["down"]] {
            project.parity(arguments).env("DOCKER_HOST", host).run().exits(code).says(&[host, "hint: "]).within(30);
        }
    }
}

#[test]
fn an_engine_that_this_user_may_not_use() {
    let project = TestProject::copy("plain-wsgi");
    let socket = project.scratch().join("engine.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let mode = |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&socket, 0o000);
    mode(project.scratch(), 0o755);
    // Where others may not look into the build directory, they need the program elsewhere.
    let program = project.scratch().join("parity");
    std::fs::copy(env!("CARGO_BIN_EXE_parity"), &program).unwrap();
    let mut parity = Parity::of(program, &project.root, &project.scratch().join("home"), &["status"])
        .env("DOCKER_HOST", format!("unix://{}", socket.display()));
    if rustix::process::geteuid().is_root() {
        parity = parity.user(65534);
    }
    parity.run().exits(6).says(&["permission denied", "hint: "]).within(30);
}

#[test]
fn a_network_that_does_not_exist() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "network: parity-e2e-no-such-network\n");
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).run();
    assert!(ran.code.is_some_and(|code| code != 0), "{ran}");
    ran.says(&["parity-e2e-no-such-network", "docker network ls"]);
    project.nothing_is_left();
}

#[test]
fn an_application_that_takes_too_long() {
    let project = TestProject::copy("plain-wsgi");
    project.write("slow.py", "import time\ntime.sleep(60)\n\n\ndef application(environ, start_response):\n    return []\n");
    project.write("parity.yaml", "app: slow:application\n");
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0", "--timeout", "2"]).run().exits(12);
    ran.says(&["no answer from http://127.0.0.1:", "within 2 seconds", "--timeout"]);
    project.nothing_is_left();
}

#[test]
fn an_application_that_answers_with_an_error_is_served() {
    let project = TestProject::copy("plain-wsgi");
    project.write("failing.py", "def application(environ, start_response):\n    raise RuntimeError('each time')\n");
    project.write("parity.yaml", "app: failing:application\n");
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).ok().says(&["HTTP 500", "RuntimeError: each time"]);
    assert!(ran.line().starts_with("http://"));
}

#[test]
fn a_server_that_ends_at_once_is_told_each_time() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "include-file: nope.conf\n");
    for _ in 0..4 {
        let ended = project.parity(&["up", "-d", "--wait", "--port", "0"]).run().exits(11);
        ended.says(&["nope.conf", "the server ended before it answered"]);
    }
    assert!(project.containers().is_empty());
}

#[test]
fn nothing_but_files_of_the_project_reaches_a_build() {
    let project = TestProject::unlocked("plain-wsgi");
    let at = |name: &str| project.root.join(name);
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
    rustix::fs::mknodat(rustix::fs::CWD, at("parity.lock"), kind, mode, 0).unwrap();
    let refused = |why: &[&str]| {
        for command in [&["up"][..], &["build"], &["build", "--production"], &["smoke"]] {
            project.parity(command).run().exits(3).says(why);
        }
    };
    refused(&["error: parity.lock cannot be read", "it is a FIFO, not a regular file", "hint: restore it"]);
    std::fs::remove_file(at("parity.lock")).unwrap();
    project.write("parity.lock", &crate::project::base().lock);

    std::os::unix::fs::symlink("/etc/shadow", at("requirements.txt")).unwrap();
    refused(&["error: requirements.txt cannot be read", "it leads out of the project, to /etc/shadow"]);
    std::fs::remove_file(at("requirements.txt")).unwrap();

    project.write("parity.yaml", "image: {build-ca: /etc/passwd}\n");
    let failed = project.parity(&["build", "--no-cache"]).run().exits(3);
    failed.says(&["error: /etc/passwd has no certificate in it", "hint: it is named by `image.build-ca`"]);
}
