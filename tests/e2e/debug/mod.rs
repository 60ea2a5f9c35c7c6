//! `parity debug`: a prompt in the terminal for what runs in the container.

mod attaching;
mod breakpoints;
mod ending;
mod keys;
mod post_mortem;
mod reloading;
mod tools;

use std::thread::JoinHandle;
use std::time::Duration;

use crate::common::pty::{CTRL_D, Terminal};
use crate::common::{BUILD_PATIENCE, Ran};
use crate::http::{Answer, Browser};
use crate::project::TestProject;

const PROMPT: &str = "(Pdb) ";
const READY: &str = "waiting for an exception or a breakpoint";
/// Long enough for anything that somebody at a terminal waits for.
const PATIENCE: Duration = Duration::from_secs(15);

/// A project that somebody debugs.
#[derive(Debug)]
struct Debugged {
    // Before the project, which stops what the session leaves.
    terminal: Terminal,
    project: TestProject,
    url: String,
}

/// A request that is under way.
#[derive(Debug)]
struct Asked {
    path: String,
    thread: JoinHandle<Option<Answer>>,
}

impl Debugged {
    /// An application that is made to be stopped.
    fn stops(flags: &[&str]) -> Self {
        Self::of(TestProject::copy("stops"), flags)
    }

    fn of(project: TestProject, flags: &[&str]) -> Self {
        let arguments: Vec<&str> = ["debug", "--port", "0"].iter().chain(flags).copied().collect();
        let mut terminal = project.parity(&arguments).patience(BUILD_PATIENCE).in_terminal();
        terminal.shows("http://");
        let rest = terminal.shows("\n");
        terminal.be_patient(PATIENCE);
        terminal.shows(READY);
        Self { terminal, project, url: format!("http://{rest}") }
    }

    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        Browser::at(&self.url).get(path)
    }

    /// Begins a request.
    fn ask(&self, path: &str) -> Asked {
        ask(&self.url, path)
    }

    /// Begins a request, which is stopped.
    #[track_caller]
    fn ask_and_stop(&mut self, path: &str) -> Asked {
        let asked = self.ask(path);
        self.stops_at(&format!("GET {}", path.split('?').next().unwrap_or_default()));
        asked
    }

    /// Waits for a prompt in a request. Returns what is said of the place.
    #[track_caller]
    fn stops_at(&mut self, what: &str) -> String {
        self.terminal.shows(&format!("# stopped: {what}\n"));
        self.terminal.shows(PROMPT)
    }

    /// Gives a command to the debugger, which says something and prompts again.
    #[track_caller]
    fn says(&mut self, command: &str, answer: &str) {
        self.terminal.enter(command);
        self.terminal.shows(answer);
        self.terminal.shows(PROMPT);
    }

    /// Lets what is stopped go on.
    #[track_caller]
    fn goes_on(&mut self) {
        self.terminal.enter("c");
        // The line is read when its end is shown; a key before that would be one of the prompt.
        self.terminal.shows("\n");
    }

    /// Ctrl-D where nothing is stopped.
    #[track_caller]
    fn end(self) -> Ran {
        self.terminal.type_text(CTRL_D);
        let ran = self.terminal.end().exits(0);
        self.project.nothing_is_left();
        ran
    }
}

#[test]
fn the_url_answers_when_it_is_shown() {
    for _ in 0..3 {
        let project = TestProject::copy("stops");
        let mut terminal = project.parity(&["debug", "--port", "0"]).patience(BUILD_PATIENCE).in_terminal();
        terminal.shows("http://");
        let url = format!("http://{}", terminal.shows("\n"));
        let answer = Browser::at(&url).try_get("/");
        assert!(answer.is_some(), "a request to {url} got no answer:\n{}", terminal.shown());
        terminal.shows(READY);
        terminal.type_text(CTRL_D);
        terminal.end().exits(0);
        project.nothing_is_left();
    }
}

fn ask(url: &str, path: &str) -> Asked {
    let mut browser = Browser::at(url);
    let path = path.to_owned();
    let of_thread = path.clone();
    Asked { path, thread: std::thread::spawn(move || browser.try_get(&of_thread)) }
}

impl Asked {
    #[track_caller]
    fn answer(self) -> Answer {
        self.thread.join().unwrap().unwrap_or_else(|| panic!("no answer for {}", self.path))
    }

    fn is_answered(&self) -> bool {
        self.thread.is_finished()
    }
}

/// The number of the line with this text.
#[track_caller]
fn line_of(project: &TestProject, path: &str, text: &str) -> usize {
    let content = project.read(path);
    content.lines().position(|line| line.trim() == text).unwrap_or_else(|| panic!("{text:?} is not in {path}")) + 1
}
