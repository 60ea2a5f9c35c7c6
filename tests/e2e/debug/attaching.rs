//! `parity debug --attach`: a prompt for a server that runs already, and goes on afterwards.

use rustix::process::Signal;

use super::{Asked, PATIENCE, PROMPT, READY, ask, line_of};
use crate::common::Session;
use crate::common::pty::{CTRL_D, Terminal};
use crate::http::Browser;
use crate::project::TestProject;

/// A server of two processes that `parity up` looks after.
#[derive(Debug)]
struct Served {
    // Before the project, which stops what the session leaves.
    session: Session,
    project: TestProject,
    url: String,
}

impl Served {
    fn up(flags: &[&str]) -> Self {
        let project = TestProject::copy("stops");
        project.write("parity.yaml", "app: app:application\nprocesses: 2\nthreads: 2\n");
        let (session, url) = project.foreground(flags);
        Self { session, project, url }
    }

    /// Returns when whatever comes next is stopped.
    #[track_caller]
    fn attach(&self, flags: &[&str]) -> Terminal {
        let mut terminal = self.start(flags);
        terminal.shows(READY);
        terminal
    }

    fn start(&self, flags: &[&str]) -> Terminal {
        let mut terminal = self.project.parity(&[&["debug", "--attach"], flags].concat()).in_terminal();
        terminal.be_patient(PATIENCE);
        terminal
    }

    fn ask(&self, path: &str) -> Asked {
        ask(&self.url, path)
    }

    /// Many requests, which must all be answered without a stop: in each process some.
    #[track_caller]
    fn nothing_stops(&self) {
        for _ in 0..10 {
            assert_eq!(Browser::at(&self.url).get("/fail").status, 500);
            Browser::at(&self.url).get("/count").ok().has("total 6");
        }
    }

    #[track_caller]
    fn end(self) {
        self.session.interrupt();
        self.session.end().exits(0);
        self.project.nothing_is_left();
    }
}

/// Waits for the prompt of a request.
#[track_caller]
fn stops(terminal: &mut Terminal, what: &str) -> String {
    terminal.shows(&format!("# stopped: {what}\n"));
    terminal.shows(PROMPT)
}

#[track_caller]
fn says(terminal: &mut Terminal, command: &str, answer: &str) {
    terminal.enter(command);
    terminal.shows(answer);
    terminal.shows(PROMPT);
}

/// Ctrl-D where nothing is stopped.
#[track_caller]
fn leave(terminal: Terminal) {
    terminal.type_text(CTRL_D);
    terminal.end().exits(0);
}

#[test]
fn a_breakpoint_in_a_server_that_runs() {
    let served = Served::up(&[]);
    let line = line_of(&served.project, "app.py", "total += number");
    let mut terminal = served.attach(&["--break", &format!("app.py:{line} if number == 2"), "--break", "app:shout"]);
    for _ in 0..3 {
        let asked = served.ask("/count");
        stops(&mut terminal, "GET /count");
        says(&mut terminal, "p number, total", "(2, 1)");
        terminal.enter("c");
        asked.answer().ok().has("total 6");
    }
    let asked = served.ask("/call");
    stops(&mut terminal, "GET /call");
    terminal.enter("c");
    asked.answer().ok();
    leave(terminal);
    served.nothing_stops();
    Browser::at(&served.url).get("/call").ok();
    served.end();
}

#[test]
fn a_breakpoint_that_is_set_at_a_prompt_is_one_of_all_processes() {
    let served = Served::up(&[]);
    let line = line_of(&served.project, "app.py", "total += number");
    let mut terminal = served.attach(&[]);
    let asked = served.ask("/fail");
    stops(&mut terminal, "GET /fail");
    says(&mut terminal, &format!("b {line}"), "Breakpoint 1 at");
    terminal.enter("c");
    asked.answer();
    for _ in 0..6 {
        let asked = served.ask("/count");
        stops(&mut terminal, "GET /count");
        terminal.enter("q");
        asked.answer();
    }
    leave(terminal);
    served.nothing_stops();
    served.end();
}

#[test]
fn what_is_stopped_goes_on_when_the_command_is_killed() {
    for end in ["killed", "terminated", "hung up"] {
        let served = Served::up(&[]);
        let mut terminal = served.attach(&["--break", "app:count"]);
        let [first, second] = [(); 2].map(|()| served.ask("/count"));
        stops(&mut terminal, "GET /count");
        match end {
            "killed" => {
                terminal.signal(Signal::KILL);
                terminal.wait();
            }
            _ => {
                terminal.signal(if end == "terminated" { Signal::TERM } else { Signal::HUP });
                terminal.end().exits(130);
            }
        }
        first.answer().ok().has("total 6");
        second.answer().ok().has("total 6");
        served.nothing_stops();
        // Somebody else may debug it then.
        let mut terminal = served.attach(&[]);
        let asked = served.ask("/fail");
        stops(&mut terminal, "GET /fail");
        terminal.enter("c");
        asked.answer();
        leave(terminal);
        served.end();
    }
}

#[test]
fn two_at_once() {
    let served = Served::up(&[]);
    let mut first = served.attach(&[]);
    served.start(&[]).end().exits(1).says(&["another terminal debugs this server", "hint: "]);
    // Which does not disturb the first.
    let asked = served.ask("/fail");
    stops(&mut first, "GET /fail");
    served.start(&[]).end().exits(1);
    says(&mut first, "p wanted", "''");
    first.enter("c");
    asked.answer();
    leave(first);
    leave(served.attach(&[]));
    served.end();
}
