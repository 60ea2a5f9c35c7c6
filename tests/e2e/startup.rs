//! An import that ends its process, or that never ends: told in time, with how or where, and exit code 11.

use std::time::Duration;

use crate::common::{BUILD_PATIENCE, Ran};
use crate::project::TestProject;
use crate::python;

const APPLICATION: &str = "

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'served\\n']
";

/// For an import that dies: Apache notices within a second. The rest is for a machine that runs other tests.
const SOON: Duration = Duration::from_secs(8);

fn project(code: &str, settings: &str) -> TestProject {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", &format!("app: late:application\n{settings}"));
    project.write("late.py", &format!("{code}{APPLICATION}"));
    project
}

#[track_caller]
fn fails(project: &TestProject, arguments: &[&str]) -> Ran {
    let ran = project.parity(arguments).patience(BUILD_PATIENCE).run().exits(11);
    project.nothing_is_left();
    ran
}

const DETACHED: [&str; 5] = ["up", "-d", "--wait", "--port", "0"];

#[test]
fn a_process_that_ends() {
    let project = project("", "");
    for (code, how) in [
        ("import os; os._exit(0)", "exit code 0"),
        ("import os; os._exit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    ] {
        project.write("late.py", &format!("{code}{APPLICATION}"));
        let ran = fails(&project, &DETACHED).ends_within(SOON);
        ran.says(&[
            &format!("ended while it imported the application: {how}\n"),
            &format!("the application late:application cannot be imported: its process ended ({how})"),
        ]);
    }
    // In the foreground, and as it would be deployed.
    for arguments in [&["up", "--port", "0"][..], &["debug", "--no-debugger", "--port", "0"], &["smoke", "--no-probes"]] {
        fails(&project, arguments).says(&["its process ended (SIGSEGV)"]);
    }
    project.write("late.py", APPLICATION);
    project.browse().get("/").ok().has("served");
}

#[test]
fn a_process_that_hangs() {
    let hangs = [
        ("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()", 4, "lock.acquire()"),
        // It never gives up Python's lock.
        ("import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')", 2, "re.match(r'(a+)+$', 'a' * 64 + 'b')"),
    ];
    let project = project("", "startup-timeout: 2\nprocesses: 2\n");
    for (code, line, text) in hangs {
        project.write("late.py", &format!("{code}{APPLICATION}"));
        let place = format!("  File \"{}/late.py\", line {line}, in <module>\n    {text}\n", project.root.display());
        let ran = fails(&project, &DETACHED);
        ran.says(&[&place, "the application late:application was not imported within 2 seconds", "--startup-timeout"]);
    }
    fails(&project, &["smoke", "--no-probes"]).says(&["  File \"", "late.py\", line 2", "was not imported within 2 seconds"]);
}

#[test]
fn an_import_that_only_takes_its_time_is_served() {
    let project = project("import time; time.sleep(2.5)", "startup-timeout: 4\n");
    let mut browser = project.browse();
    // Long after the time for an import it still serves, by the same process.
    std::thread::sleep(Duration::from_secs(3));
    browser.get("/").ok().has("served");
    let log = project.parity(&["logs", "-v"]).ok().stdout;
    assert_eq!(log.matches("Starting daemon process").count(), 1, "{log}");
}

#[test]
fn what_is_left_of_a_process_is_understood() {
    assert_eq!(python::run_with_patience("2", &[("cases.py", include_str!("startup.py"))], ""), "all cases\n");
}
