//! What is typed at the terminal, and how the terminal is afterwards.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::common::{PATIENCE, Ran, Session};
use crate::http::Browser;
use crate::project::TestProject;

/// A terminal: what somebody has in front of them, and what a program has.
struct Terminal {
    keyboard: File,
    theirs: File,
}

impl Terminal {
    fn open() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let path = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let no_controlling_terminal = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap();
        let theirs = OpenOptions::new().read(true).write(true).custom_flags(no_controlling_terminal).open(path).unwrap();
        Self { keyboard: ours.into(), theirs }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Does a line come at once, and is it shown?
    fn is_hushed(&self) -> bool {
        !tcgetattr(&self.theirs).unwrap().local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }
}

/// `parity up --reload-on-changes` typed in a shell, which notes how the terminal is before and after.
struct Typed {
    shell: Session,
    terminal: Terminal,
    project: TestProject,
    url: String,
}

impl Typed {
    fn of(project: TestProject) -> Self {
        // The shell outlives what it runs: a terminal whose first program ends forgets how it was.
        let script = "trap : INT TERM; stty -g >../before; \"$@\"; code=$?; stty -g >../after; exit $code";
        let parity = [env!("CARGO_BIN_EXE_parity"), "up", "--reload-on-changes", "--port", "0"];
        let arguments = [&["-c", "sh", "-c", script, "sh"][..], &parity].concat();
        let path = format!("{}:{}", project.scratch().display(), std::env::var("PATH").unwrap());
        let terminal = Terminal::open();
        let theirs: OwnedFd = terminal.theirs.try_clone().unwrap().into();
        let state = project.scratch().join("state");
        let shell = project.program("setsid", &arguments).env("PATH", path).env("XDG_STATE_HOME", state);
        let mut shell = shell.terminal(theirs).start();
        let url = shell.url();
        shell.says("r reloads, R records requests, w shows them, o opens the browser, d debugs, p profiles, c measures coverage, q quits");
        assert!(terminal.is_hushed());
        Self { shell, terminal, project, url }
    }

    fn told(&mut self, what: &str) {
        let wanted = format!("↻ {what} → serving in ");
        self.shell.next(|line| line.contains(&wanted));
    }

    /// The process that the shell runs.
    fn parity(&self) -> Pid {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.shell.pid())).unwrap();
        Pid::from_raw(children.split_whitespace().next().unwrap().parse().unwrap()).unwrap()
    }

    #[track_caller]
    fn end(self) -> Ran {
        let ran = self.shell.end().exits(0).says(&["stopped"]);
        let noted = |name: &str| std::fs::read_to_string(self.project.scratch().join(name)).unwrap();
        assert_eq!(noted("before"), noted("after"), "the terminal is not as it was");
        self.project.nothing_is_left();
        ran
    }
}

#[test]
fn r_reloads_o_opens_and_q_quits() {
    let project = TestProject::copy("modules");
    let browser = project.scratch().join("xdg-open");
    std::fs::write(&browser, format!("#!/bin/sh\necho \"$1\" >>{}/opened\n", project.scratch().display())).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut typed = Typed::of(project);
    let pid = |url: &str| Browser::at(url).get("/pid").ok().text();
    let before = pid(&typed.url);
    typed.terminal.types("r");
    typed.told("reload");
    assert_ne!(pid(&typed.url), before);
    typed.project.write("first.py", "TEXT = 'saved'\n");
    typed.told("first.py");
    Browser::at(&typed.url).get("/").ok().has("saved second");
    // Other keys mean nothing.
    typed.terminal.types("x?\r\t\x1b[Ar");
    typed.told("reload");

    typed.terminal.types("o");
    let (opened, begun) = (typed.project.scratch().join("opened"), Instant::now());
    while std::fs::read_to_string(&opened).unwrap_or_default().trim() != typed.url {
        assert!(begun.elapsed() < PATIENCE, "no browser was opened: {}", typed.shell.stderr());
        std::thread::sleep(Duration::from_millis(10));
    }
    typed.terminal.types("q");
    typed.end();
}

#[test]
fn capital_r_records_requests_until_it_is_typed_again() {
    let mut typed = Typed::of(TestProject::copy("modules"));
    let get = |typed: &Typed, path: &str| drop(Browser::at(&typed.url).get(path).ok());
    let state = typed.project.scratch().join("state");
    let list = |typed: &Typed| -> Vec<String> {
        let ran = typed.project.parity(&["requests", "--format", "json"]).env("XDG_STATE_HOME", &state).ok();
        ran.json().iter().map(|row| row["target"].as_str().unwrap().to_owned()).collect()
    };
    get(&typed, "/?before");
    typed.terminal.types("R");
    typed.shell.says("requests are recorded: R ends it");
    get(&typed, "/?first");
    // Processes that come later record as well.
    typed.project.write("first.py", "TEXT = 'saved'\n");
    typed.told("first.py");
    get(&typed, "/?second");
    typed.terminal.types("R");
    typed.shell.says("recorded 2 requests");
    get(&typed, "/?after");
    typed.project.write("first.py", "TEXT = 'again'\n");
    typed.told("first.py");
    get(&typed, "/?after");
    typed.terminal.types("R");
    typed.shell.says("requests are recorded: R ends it");
    get(&typed, "/?third");
    typed.terminal.types("q");
    let project_is_there = list(&typed);
    assert_eq!(project_is_there[..2], ["/?first", "/?second"]);
    typed.end();
}

#[test]
fn the_terminal_is_as_before_whichever_way_it_ends() {
    let mut typed = Typed::of(TestProject::copy("modules"));
    typed.terminal.types("\x03");
    typed.end();

    let typed = Typed::of(TestProject::copy("modules"));
    kill_process(typed.parity(), Signal::TERM).unwrap();
    typed.end();

    // In the middle of a reload.
    let mut typed = Typed::of(TestProject::copy("modules"));
    typed.project.write("first.py", "import time\ntime.sleep(5)\nTEXT = 'slow'\n");
    typed.terminal.types("rq");
    typed.end();
}

#[test]
fn without_a_terminal_there_is_nothing_to_type() {
    let live = super::Live::modules(&[]);
    let ran = live.end();
    assert!(!ran.stderr.contains("r reloads"), "{ran}");
}
