//! The same story with Podman: its own API service, started for the test.

mod common;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "e2e/http.rs"]
mod http;

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use common::{BUILD_PATIENCE, Parity, Ran, copy_project, source_of};
use http::Browser;

/// `podman system service` on a socket of the test's.
struct Podman {
    directory: TempDir,
    process: Child,
}

impl Podman {
    fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("parity-podman-").tempdir().unwrap();
        let socket = directory.path().join("podman.sock");
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut command = Command::new("podman");
        command.args(["system", "service", "--time=0"]).arg(format!("unix://{}", socket.display()));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let process = command.spawn().expect("podman: `make test-tools` installs it");
        let podman = Self { directory, process };
        for _ in 0..1000 {
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                return podman;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("podman does not listen: {}", fs::read_to_string(podman.directory.path().join("log")).unwrap());
    }

    fn host(&self) -> String {
        format!("unix://{}/podman.sock", self.directory.path().display())
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // Its containers and images stay: they are the engine's, not the service's.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A copy of a project, whose server is stopped at the end.
struct Project<'a> {
    podman: &'a Podman,
    root: PathBuf,
    home: PathBuf,
}

impl<'a> Project<'a> {
    fn copy(podman: &'a Podman, name: &str) -> Self {
        let place = podman.directory.path();
        let (root, home) = (place.join(name), place.join("home"));
        copy_project(&source_of(name), &root);
        fs::create_dir_all(&home).unwrap();
        if rustix::process::geteuid().is_root() {
            give_to_somebody(&root);
        }
        Self { podman, root, home }
    }

    fn parity(&self, arguments: &[&str]) -> Parity {
        Parity::new(&self.root, &self.home, arguments).env("DOCKER_HOST", self.podman.host()).patience(BUILD_PATIENCE)
    }

    fn up(&self) -> String {
        self.parity(&["up", "-d", "--wait", "--port", "0"]).ok().line().to_owned()
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        self.parity(&["down", "--timeout", "1"]).run();
    }
}

fn give_to_somebody(path: &Path) {
    chown(path, Some(1000), Some(1000)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give_to_somebody(&entry.unwrap().path()));
    }
}

#[test]
fn podman_lets_no_privileged_file_be_made() {
    let podman = Podman::start();
    let project = Project::copy(&podman, "plain-wsgi");
    fs::write(project.root.join("special_files.py"), common::special_files::SCRIPT).unwrap();
    project.up();
    // What was only read when the container was made is there after a restart as well.
    project.parity(&["restart"]).ok();
    let ran = project.parity(&["exec", "--", "python", "special_files.py"]).ok();
    common::special_files::check(&ran.stdout, &project.root);
}

#[test]
fn a_day_with_podman() {
    let podman = Podman::start();
    a_plain_script(&Project::copy(&podman, "plain-wsgi"));
    a_save_is_served(&Project::copy(&podman, "modules"));
    a_framework_that_writes(&Project::copy(&podman, "django"));
    a_place_to_write_and_a_secret(&Project::copy(&podman, "stores"));
    a_requirement_that_does_not_exist(&Project::copy(&podman, "broken-requirement"));
}

/// A project whose one page is busy for a while.
fn busy(podman: &Podman) -> Project<'_> {
    let project = Project::copy(podman, "modules");
    fs::write(project.root.join("parity.yaml"), "app: app:application\nprocesses: 2\nthreads: 2\nsmoke: [{request: {path: /}}]\n").unwrap();
    fs::write(project.root.join("app.py"), BUSY).unwrap();
    project
}

const BUSY: &str = "import time


def burn():
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        pass


def never():
    return 'never'


def application(environ, start_response):
    burn()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'done']
";

/// The function that is busy comes first.
#[track_caller]
fn shows_busy(ran: &Ran) {
    assert!(ran.stdout.lines().nth(1).is_some_and(|line| line.contains("burn") && line.contains("app.py")), "{ran}");
}

#[test]
fn a_profile_with_podman() {
    let podman = Podman::start();
    let ran = busy(&podman).parity(&["profile", "-n", "20", "--jobs", "2", "--", "/"]).ok();
    shows_busy(&ran.says(&["20 requests: 20 × 200", "profiling 2 processes of "]));
}

#[test]
fn a_profile_of_what_podman_runs() {
    let podman = Podman::start();
    let project = busy(&podman);
    project.up();
    let ran = project.parity(&["profile", "--attach", "-n", "20", "--jobs", "2", "--", "/"]).ok();
    shows_busy(&ran.says(&["20 requests: 20 × 200", "profiling 2 processes of "]));
}

#[test]
fn coverage_with_podman() {
    let podman = Podman::start();
    let ran = busy(&podman).parity(&["coverage"]).ok();
    let row = ran.stdout.lines().find(|line| line.starts_with("app.py")).unwrap_or_else(|| panic!("no app.py in {ran}"));
    assert!(row.ends_with("  11"), "{ran}");
    assert!(!ran.stderr.contains("warning"), "{ran}");
}

#[test]
fn coverage_of_what_podman_runs() {
    let podman = Podman::start();
    let project = busy(&podman);
    let url = project.up();
    let client = format!("import urllib.request; [urllib.request.urlopen('{url}/').read() for _ in range(8)]");
    let ran = project.parity(&["coverage", "--attach", "--", "python3", "-c", &client]).ok().says(&["measuring 2 processes"]);
    let row = ran.stdout.lines().find(|line| line.starts_with("app.py")).unwrap_or_else(|| panic!("no app.py in {ran}"));
    // What its import ran before is not seen.
    assert!(row.ends_with("  11"), "{ran}");
}

fn a_plain_script(project: &Project<'_>) {
    project.parity(&["doctor"]).ok();
    let built = project.parity(&["build"]).ok();
    assert!(built.line().starts_with("localhost/parity:"), "{built}");
    project.parity(&["build"]).ok().says(&["nothing to build"]);
    let doctor = project.parity(&["doctor"]).ok();
    assert!(doctor.stdout.contains("a container sees the project's files"), "{doctor}");

    let url = project.up();
    Browser::at(&url).get("/").ok().has("hello");
    assert_eq!(project.up(), url, "a second `up` finds the first");
    let status = project.parity(&["status"]).ok();
    assert!(status.stdout.contains(&url), "{status}");
    assert_eq!(project.parity(&["exec", "--", "cat"]).input("to and fro").ok().stdout, "to and fro");
    project.parity(&["exec", "--", "sh", "-c", "touch /app/made && ! touch /made && exit 7"]).run().exits(7);
    assert!(project.root.join("made").exists());
    project.parity(&["restart"]).ok();
    Browser::at(project.parity(&["up", "-d", "--wait", "--port", "0"]).ok().line()).get("/").ok();
    project.parity(&["down"]).ok().says(&["stopped"]);
    project.parity(&["exec", "--", "true"]).run().exits(15);

    let mut session = project.parity(&["up", "--port", "0"]).start();
    Browser::at(&session.url()).get("/").ok().has("hello");
    session.interrupt();
    let ended = session.end().exits(0).says(&["stopped"]);
    assert!(ended.ending < Duration::from_secs(5), "it took {:?}: {ended}", ended.ending);
    assert_eq!(project.parity(&["status"]).ok().stdout, "not running\n");
}

fn a_save_is_served(project: &Project<'_>) {
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0"]).start();
    let url = session.url();
    let text = || Browser::at(&url).get("/").ok().text();
    assert_eq!(text(), "first second\n");
    for number in 0..5 {
        fs::write(project.root.join("first.py"), format!("TEXT = 'number-{number}'\n")).unwrap();
        session.next(|line| line.contains("↻ first.py → serving in"));
        assert_eq!(text(), format!("number-{number} second\n"));
    }
    fs::write(project.root.join("first.py"), "TEXT = \n").unwrap();
    session.next(|line| line.contains("✗ first.py → fails"));
    Browser::at(&url).get("/").has("SyntaxError");
    // What cannot be imported takes over from nothing; it is tried again with the code that fixes it.
    fs::write(project.root.join("parity.yaml"), "app: app:application\nthreads: 1\n").unwrap();
    session.next(|line| line.contains("the running server is unaffected"));
    fs::write(project.root.join("first.py"), "TEXT = 'fixed'\n").unwrap();
    session.next(|line| line.contains("↻ parity.yaml → switched, serving in"));
    assert_eq!(text(), "fixed second\n");
    let status = project.parity(&["status"]).ok();
    assert_eq!(status.stdout.matches("standby").count(), 2, "{status}");
    session.interrupt();
    session.end().exits(0).says(&["stopped"]);
    assert_eq!(project.parity(&["status"]).ok().stdout, "not running\n");
}

fn a_framework_that_writes(project: &Project<'_>) {
    let url = project.up();
    let mut browser = Browser::at(&url);
    browser.get("/").ok().has("<html");
    browser.get("/static/admin/css/base.css").ok();
    assert!(project.root.join("db.sqlite3").exists());
    let logs = project.parity(&["logs"]).ok();
    assert!((logs.stdout.clone() + &logs.stderr).contains("Applying sessions"), "{logs}");
    project.parity(&["exec", "--", "python", "manage.py", "check"]).ok();
    project.parity(&["down"]).ok();
}

fn a_place_to_write_and_a_secret(project: &Project<'_>) {
    let check = "smoke: [{request: {method: POST, path: /, body: one}, expect: {body: [{contains: one}]}}]\n";
    for (app, settings) in [("uploads", "writable: [media]\n"), ("repositories", "writable: [repos]\nwritable-content: image\n")] {
        fs::write(project.root.join("parity.yaml"), format!("app: {app}:application\n{settings}{check}")).unwrap();
        project.parity(&["smoke", "--no-probes"]).ok();
        assert_eq!(project.parity(&["status"]).ok().stdout, "not running\n");
    }
    let build = |key: &str| {
        let hook = r#"{run: 'test "$KEY" && test -e /app/served.py && echo "$KEY"', reads: [served.py]}"#;
        fs::write(
            project.root.join("parity.yaml"),
            format!("app: uploads:application\nbuild-env: {{KEY: {key}}}\nhooks: {{build: [{hook}]}}\n"),
        )
        .unwrap();
        project.parity(&["build", "--verbose"]).ok()
    };
    // Of this run alone: Podman keeps the images of former ones.
    let hush = format!("hush-{:?}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    let built = build(&hush);
    assert!(built.stderr.contains("***") && !built.to_string().contains(&hush), "{built}");
    // What it sees is part of the step: a changed value is another one, and so is a changed file.
    assert_ne!(build(&format!("{hush}-again")).line(), built.line());
    fs::write(project.root.join("served.py"), "changed = True\n").unwrap();
    assert_ne!(build(&hush).line(), built.line());
}

fn a_requirement_that_does_not_exist(project: &Project<'_>) {
    let failed = project.parity(&["build"]).run().exits(7);
    failed.says(&["installing the requirements", "there is no version of flask==99.99.99", "hint: check the name"]);
    let again = project.parity(&["build"]).run().exits(7).says(&["✓ Apache and Python"]);
    let line = again.stderr.lines().find(|line| line.contains("✓ Apache and Python")).unwrap();
    assert!(line.contains("cached"), "what is there already is not made again: {again}");
}
