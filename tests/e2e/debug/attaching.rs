//! `parity debug --attach`: a prompt for a server that runs already, and goes on afterwards.

use rustix::process::Signal;

use super::{Asked, BUILD_PATIENCE, PATIENCE, PROMPT, READY, ask, line_of};
use crate::common::Session;
use crate::common::pty::{CTRL_C, CTRL_D, Terminal};
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
        Self::of_threads(2, flags)
    }

    fn of_threads(threads: u32, flags: &[&str]) -> Self {
        let project = TestProject::copy("stops");
        project.write("parity.yaml", &format!("app: app:application\nprocesses: 2\nthreads: {threads}\n"));
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
fn a_request_that_fails_in_any_process_stops_and_others_are_answered() {
    for flags in [&[][..], &["--reload-on-changes"]] {
        // A process with a request at a prompt takes no other then: the next one is the other process's.
        let served = Served::of_threads(1, flags);
        let mut terminal = served.attach(&[]);
        let pid_at_prompt = |terminal: &mut Terminal, number: u32| {
            stops(terminal, "GET /fail");
            says(terminal, "p wanted", &format!("'{number}'"));
            terminal.enter("import os; print('process', os.getpid())");
            terminal.shows("\nprocess ");
            let pid = terminal.shows("\n");
            terminal.shows(PROMPT);
            pid
        };
        let first = served.ask("/fail?1");
        let one = pid_at_prompt(&mut terminal, 1);
        for _ in 0..5 {
            Browser::at(&served.url).get("/count").ok().has("total 6");
        }
        let second = served.ask("/fail?2");
        assert!(!first.is_answered());
        terminal.enter("c");
        assert_eq!(first.answer().status, 500);
        let other = pid_at_prompt(&mut terminal, 2);
        assert_ne!(one, other);
        Browser::at(&served.url).get("/count").ok().has("total 6");
        assert!(!second.is_answered());
        terminal.enter("c");
        assert_eq!(second.answer().status, 500);
        leave(terminal);
        served.nothing_stops();
        served.end();
    }
}

#[test]
fn ctrl_c_stops_what_runs_in_whichever_process() {
    let served = Served::of_threads(1, &[]);
    let mut terminal = served.attach(&[]);
    for number in 1..=3 {
        let asked = served.ask("/loop");
        // The log is in the other terminal.
        let begun = std::time::Instant::now();
        while served.session.stderr().matches("in the loop").count() < number {
            assert!(begun.elapsed() < PATIENCE, "{}", served.session.stderr());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        terminal.type_text(CTRL_C);
        stops(&mut terminal, "GET /loop");
        terminal.enter("!go_on = False");
        terminal.shows(PROMPT);
        terminal.enter("c");
        asked.answer().ok().has("out of the loop");
    }
    leave(terminal);
    served.end();
}

#[test]
fn d_at_a_server_in_the_foreground() {
    let project = TestProject::copy("stops");
    let mut terminal = project.parity(&["up", "--reload-on-changes", "--port", "0"]).patience(BUILD_PATIENCE).in_terminal();
    terminal.shows("http://");
    let url = format!("http://{}", terminal.shows("\n"));
    terminal.be_patient(PATIENCE);
    terminal.shows("d debugs");
    for number in 0..2 {
        terminal.type_text("d");
        terminal.shows(READY);
        let asked = ask(&url, "/fail?7");
        stops(&mut terminal, "GET /fail");
        says(&mut terminal, "p wanted", "'7'");
        terminal.enter("c");
        assert_eq!(asked.answer().status, 500);
        // What is saved is served meanwhile, and the prompt is for what serves then.
        let app = project.read("app.py");
        project.write("app.py", &app.replace("nothing of that kind", "none of that kind"));
        terminal.shows("app.py → serving in");
        project.write("app.py", &app);
        terminal.shows("app.py → serving in");
        let asked = ask(&url, &format!("/fail?{number}"));
        stops(&mut terminal, "GET /fail");
        says(&mut terminal, "p wanted", &format!("'{number}'"));
        terminal.enter("c");
        asked.answer();
        terminal.type_text(CTRL_D);
        // Then the keys are those of before. One that comes while the debugger ends is its own.
        let begun = std::time::Instant::now();
        while !terminal.unread().contains("reload → serving in") {
            assert!(begun.elapsed() < PATIENCE, "{}", terminal.shown());
            terminal.type_text("r");
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        terminal.shows("reload → serving in");
    }
    terminal.type_text("q");
    terminal.end().exits(0).says(&["stopped"]);
    project.nothing_is_left();
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
