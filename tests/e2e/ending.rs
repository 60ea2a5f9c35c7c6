//! Whatever ends a server is told as what it was. So is a file that it may not read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::common::pty::CTRL_C;
use crate::common::{BUILD_PATIENCE, Ran};
use crate::engine;
use crate::http::Browser;
use crate::project::TestProject;

/// For a session to notice.
const SOON: Duration = Duration::from_secs(10);

fn ended(flags: &[&str], end: impl Fn(&TestProject, &str, &str)) -> Ran {
    let project = TestProject::copy("plain-wsgi");
    let (session, url) = project.foreground(flags);
    let [container] = project.containers().try_into().unwrap();
    end(&project, &container, &url);
    let ran = session.end().ends_within(SOON);
    project.nothing_is_left();
    ran
}

#[test]
fn a_container_that_is_killed_is_a_failure() {
    for flags in [&[][..], &["--reload-on-changes"]] {
        let ran = ended(flags, |_, container, _| engine::kill(container));
        ran.exits(11).says(&["the server was killed (SIGKILL, exit code 137)", "docker kill"]);
    }
}

#[test]
fn a_container_that_is_removed_by_force_is_a_failure_and_parity_down_is_none() {
    for flags in [&[][..], &["--reload-on-changes"]] {
        let ran = ended(flags, |_, container, _| engine::remove(container));
        ran.exits(11).says(&["error: the server's container was removed while it ran", "docker rm --force"]);
        let ran = ended(flags, |project, _, _| {
            project.parity(&["down"]).ok();
        });
        ran.exits(0).says(&["stopped from elsewhere"]);
    }
}

#[test]
fn one_that_is_stopped_is_none_also_where_it_takes_force() {
    for flags in [&[][..], &["--reload-on-changes"]] {
        let ran = ended(flags, |_, container, _| engine::stop(container, 10));
        ran.exits(0).says(&["stopped from elsewhere"]);
    }
    let ran = ended(&[], |_, container, url| {
        let url = url.to_owned();
        std::thread::spawn(move || Browser::at(&url).try_get("/sleep?s=60"));
        std::thread::sleep(Duration::from_millis(500));
        // Apache does not take SIGSTOP's end for an answer: the engine has to kill it.
        engine::with(async |engine| {
            engine.run(container, ["/bin/sh", "-c", "kill -STOP -1"].map(String::from).to_vec()).await.ok();
        });
        engine::stop(container, 1);
    });
    ran.exits(0).says(&["stopped from elsewhere"]);
}

#[test]
fn memory_that_ran_out_is_named() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let ran = ended(&[], |_, container, _| {
        const LIMIT: i64 = 160 << 20;
        engine::with(async |engine| {
            let limits = bollard::models::ContainerUpdateBody { memory: Some(LIMIT), memory_swap: Some(LIMIT), ..Default::default() };
            engine.api.update_container(container, limits).await.unwrap();
            let pid = engine.api.inspect_container(container, None).await.unwrap().state.unwrap().pid.unwrap();
            // The kernel takes the one with the highest score: here the first process, with which the container ends.
            fs::write(format!("/proc/{pid}/oom_score_adj"), "1000").unwrap();
            let hungry = ["/opt/venv/bin/python", "-c", "x = bytearray(400 << 20); import time; time.sleep(20)"];
            let _ = engine.run(container, hungry.map(String::from).to_vec()).await;
        });
    });
    ran.exits(11).says(&["out of memory: SIGKILL by the kernel, exit code 137"]);
}

#[test]
fn a_file_that_the_server_may_not_read_is_told_at_the_start() {
    let project = TestProject::copy("plain-wsgi");
    project.make_directory("templates");
    project.write("templates/page.html", "x");
    let page = project.root.join("templates/page.html");
    fs::set_permissions(&page, fs::Permissions::from_mode(0o000)).unwrap();
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).ok();
    ran.says(&["the server is not allowed to read templates/page.html (mode 000)", "chmod u+r templates/page.html"]);
    fs::set_permissions(&page, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = project.parity(&["up", "-d", "--wait"]).ok();
    assert!(!ran.stderr.contains("not allowed"), "{ran}");
}

#[test]
fn a_file_that_the_server_may_not_read_any_more_is_told_at_once_and_served_when_it_may() {
    let project = TestProject::copy("modules");
    let (mut session, url) = project.foreground(&["--reload-on-changes"]);
    let file = project.root.join("app.py");
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o000);
    session.says("the server is not allowed to read app.py (mode 000)");
    Browser::at(&url).get("/").ok();
    mode(0o644);
    session.next(|line| line.contains("app.py → serving"));
    // A save in which it becomes so.
    let new = project.root.join("app.new");
    fs::copy(&file, &new).unwrap();
    project.give_away(&new);
    fs::set_permissions(&new, fs::Permissions::from_mode(0o000)).unwrap();
    fs::rename(&new, &file).unwrap();
    session.next(|line| line.contains("not allowed to read app.py"));
    mode(0o644);
    session.next(|line| line.contains("app.py → serving"));
    Browser::at(&url).get("/").ok();
    session.interrupt();
    session.end().exits(0);
}

/// mod_wsgi tries each process again every 20 seconds, and says so each time.
#[test]
fn a_project_that_may_not_be_entered_any_more_is_told_once_and_served_when_it_may() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let project = TestProject::copy("plain-wsgi");
    let (mut session, url) = project.foreground(&[]);
    let [container] = project.containers().try_into().unwrap();
    let mode = |mode| fs::set_permissions(&project.root, fs::Permissions::from_mode(mode)).unwrap();
    let kill = "for p in /proc/[0-9]*; do grep -q wsgi: $p/cmdline 2>/dev/null && kill ${p#/proc/}; done; true";
    mode(0o000);
    engine::with(async |engine| {
        engine.run(&container, ["/bin/sh", "-c", kill].map(String::from).to_vec()).await.ok();
    });
    session.says("the server may not enter the project: `chmod u+rwx");
    // Two more tries.
    std::thread::sleep(Duration::from_secs(45));
    mode(0o755);
    session.be_patient(Duration::from_secs(60));
    Browser::at(&url).get("/").ok();
    session.interrupt();
    let said = session.end().exits(0).stderr;
    assert_eq!(said.matches("Unable to change working directory").count(), 1, "{said}");
}

#[test]
fn a_flood_is_cut_short_on_a_terminal_and_whole_in_the_log() {
    // Of nearly as many bytes as Apache lets a line have: they come faster than a megabyte in a second on slow machines, too.
    const LINES: usize = 3_000;
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "app: flood.wsgi\n");
    project.write(
        "flood.wsgi",
        &format!(
            "import sys\n\ndef application(environ, start_response):\n    if environ['PATH_INFO'] == '/flood':\n        for number in range({LINES}):\n            \
             print('line', number, 'x' * 7500, file=sys.stderr)\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [b'done']\n"
        ),
    );
    let mut terminal = project.parity(&["up", "--port", "0"]).patience(BUILD_PATIENCE).in_terminal();
    terminal.shows("http://");
    let url = format!("http://{}", terminal.shows("\n").trim());
    terminal.shows("serving");
    terminal.be_patient(Duration::from_secs(60));
    Browser::at(&url).get("/flood").ok();
    let last = format!("line {} ", LINES - 1);
    terminal.shows_any(&["leaving out what the server prints", &last]);
    // A machine with much else to do may be slower than what a terminal is spared.
    let is_spared = terminal.shown().contains("leaving out");
    let log = project.parity(&["logs"]).ok();
    assert!(log.stdout.contains(&last), "the log is not whole");
    terminal.type_text(CTRL_C);
    let ran = terminal.end().exits(0);
    let shown = ran.stderr.lines().filter(|line| line.contains("line ")).count();
    assert_eq!(ran.stderr.contains("lines were left out"), is_spared);
    assert_eq!(shown < LINES, is_spared, "{shown} lines were shown");
    project.nothing_is_left();
}
