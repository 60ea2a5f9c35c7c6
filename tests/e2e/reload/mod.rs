//! `parity up --reload-on-changes`: what is saved is what is served.

mod bursts;
mod configuring;
mod deaths;
mod dying;
mod failing;
mod independent;
mod keys;
mod load;
mod others;
mod pace;
mod preloading;
mod renewing;
mod saving;
mod soak;
mod switching;
mod takeover;
mod touching;
mod ways;

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{BUILD_PATIENCE, PATIENCE, Ran, Session};
use crate::http::{Answer, Browser};
use crate::project::TestProject;

/// A project that is served as it is saved, in a session that looks after it.
#[derive(Debug)]
struct Live {
    // Before the project, which stops what the session leaves.
    session: Session,
    project: TestProject,
    url: String,
}

/// What was said of a reload.
#[derive(Debug)]
struct Told {
    line: String,
    generation: u64,
}

impl Live {
    /// A small application of a few modules.
    fn modules(flags: &[&str]) -> Self {
        Self::of(TestProject::copy("modules"), flags)
    }

    fn of(project: TestProject, flags: &[&str]) -> Self {
        let arguments: Vec<&str> = ["up", "--reload-on-changes", "--port", "0"].iter().chain(flags).copied().collect();
        let mut session = project.parity(&arguments).patience(BUILD_PATIENCE).start();
        let url = session.url();
        session.be_patient(PATIENCE);
        Self { session, project, url }
    }

    /// The container that serves.
    #[track_caller]
    fn container(&self) -> String {
        let [status] = self.project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
        status["id"].as_str().unwrap().to_owned()
    }

    /// What is served at a path.
    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        Browser::at(&self.url).get(path)
    }

    #[track_caller]
    fn text(&self, path: &str) -> String {
        self.get(path).ok().text()
    }

    /// Waits until somebody answers.
    #[track_caller]
    fn answers(&self) {
        let begun = Instant::now();
        while Browser::at(&self.url).try_get("/").is_none() {
            assert!(begun.elapsed() < PATIENCE, "nobody answers\n{}", self.session.stderr());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a page says something, however many reloads there are before.
    #[track_caller]
    fn eventually(&self, path: &str, text: &str) {
        let begun = Instant::now();
        let mut said = self.get(path);
        while said.text() != text {
            assert!(begun.elapsed() < PATIENCE, "{path} never said {text:?}: {said}\n{}", self.session.stderr());
            thread::sleep(Duration::from_millis(20));
            said = self.get(path);
        }
    }

    /// What is served at a path to one who wants this kind of it.
    #[track_caller]
    fn get_as(&self, path: &str, accept: &str) -> Answer {
        Browser::at(&self.url).accepting(accept).get(path)
    }

    /// Waits until it is said that files are served.
    #[track_caller]
    fn told(&mut self, files: &str) -> Told {
        let wanted = format!("↻ {files} → serving in ");
        Told::of(self.session.next(|line| line.contains(&wanted)))
    }

    /// Waits until it is said that files cannot be served.
    #[track_caller]
    fn told_failure(&mut self, files: &str, how: &str) -> Told {
        let wanted = format!("✗ {files} → {how} ");
        Told::of(self.session.next(|line| line.contains(&wanted)))
    }

    /// Saves a file, and waits until it is said that it is served.
    #[track_caller]
    fn save(&mut self, path: &str, text: &str) -> Told {
        self.project.write(path, text);
        self.told(path)
    }

    /// Saves a file with something else in it.
    #[track_caller]
    fn edit(&mut self, path: &str, from: &str, to: &str) -> Told {
        self.change(path, from, to);
        self.told(path)
    }

    /// The same without waiting for anything.
    #[track_caller]
    fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.project.read(path);
        assert!(text.contains(from), "{from:?} is not in {path}");
        self.project.write(path, &text.replace(from, to));
    }

    /// A Python program in the container, as the application's user.
    #[track_caller]
    fn python(&self, program: &str) -> String {
        self.project.parity(&["exec", "-T", "--", "python", "-I", "-c", program]).ok().stdout
    }

    /// The processes that answer, as far as many requests find them.
    #[track_caller]
    fn pids(&self, wanted: usize) -> BTreeSet<u32> {
        let mut pids = BTreeSet::new();
        for _ in 0..2000 {
            let text = self.text("/pid");
            pids.insert(text.split(' ').next().and_then(|pid| pid.parse().ok()).unwrap_or_else(|| panic!("{text:?}")));
            if pids.len() == wanted {
                return pids;
            }
        }
        panic!("only {pids:?} answer");
    }

    /// Ctrl-C.
    #[track_caller]
    fn end(self) -> Ran {
        self.session.interrupt();
        let ran = self.session.end().exits(0).says(&["stopped"]);
        self.project.nothing_is_left();
        ran
    }
}

impl Told {
    #[track_caller]
    fn of(line: String) -> Self {
        let number = line.split("generation ").nth(1).and_then(|rest| rest.trim_end_matches(')').parse().ok());
        Self { generation: number.unwrap_or_else(|| panic!("no generation in {line:?}")), line }
    }
}
