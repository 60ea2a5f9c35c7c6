//! Many changes at once, and changes while others are being served.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Live;
use crate::common::PATIENCE;
use crate::http::Browser;
use crate::project::TestProject;

/// Git, as somebody whose settings nobody else has.
#[track_caller]
fn git(project: &TestProject, arguments: &[&str]) {
    let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main", "-c", "gc.auto=0"];
    project.run("git", &[&who[..], arguments].concat());
}

/// A project with a branch `other` in which many modules say `other`, and `main`, where they say `main`.
fn with_branches(files: usize) -> TestProject {
    let project = TestProject::copy("modules");
    project.make_directory("many");
    let commit = |text: &str| {
        for number in 0..files {
            project.write(&format!("many/part_{number}.py"), &format!("TEXT = {text:?}\n"));
        }
        project.write("first.py", &format!("from many import last, texts\nTEXT = '{text} {{}} {{}}'.format(*texts())\n"));
        project.write("second.py", &format!("TEXT = {text:?}\n"));
        git(&project, &["add", "-A"]);
        git(&project, &["commit", "-q", "-m", text]);
    };
    // All of them are imported: a reload in the middle would see some old, some new.
    let all = format!(
        "import importlib\nmodules = [importlib.import_module(f'many.part_{{n}}') for n in range({files})]\n\
         last = modules[-1]\n\n\ndef texts():\n    return len(modules), '+'.join(sorted({{m.TEXT for m in modules}}))\n"
    );
    project.write("many/__init__.py", &all);
    git(&project, &["init", "-q"]);
    commit("main");
    git(&project, &["checkout", "-q", "-b", "other"]);
    commit("other");
    git(&project, &["checkout", "-q", "main"]);
    project
}

#[test]
fn another_branch_is_one_reload() {
    let mut live = Live::of(with_branches(300), &[]);
    assert_eq!(live.text("/"), "main 300 main main\n");
    for branch in ["other", "main", "other"] {
        git(&live.project, &["checkout", "-q", branch]);
        let line = live.session.next(|line| line.contains("→ serving in"));
        assert!(line.contains(" and 301 more → "), "{line}");
        assert_eq!(live.text("/"), format!("{branch} 300 {branch} {branch}\n"));
    }
    let ran = live.end();
    assert_eq!(ran.stderr.matches("→ serving in").count(), 3, "{ran}");
    assert!(!ran.stderr.contains('✗'), "{ran}");
}

#[test]
fn there_and_back_again_at_once() {
    let live = Live::of(with_branches(1000), &[]);
    assert_eq!(live.text("/"), "main 1000 main main\n");
    for branch in ["other", "main", "other"] {
        git(&live.project, &["checkout", "-q", branch]);
    }
    let app = live.project.read("app.py");
    live.project.write("app.py", &app.replace("{second.TEXT}\\n", "{second.TEXT}!\\n"));
    live.eventually("/", "other 1000 other other!\n");
    for _ in 0..20 {
        assert_eq!(live.text("/"), "other 1000 other other!\n");
    }
    let ran = live.end();
    assert!(!ran.stderr.contains('✗'), "{ran}");
}

/// Asks for a page again and again until it is told to stop. What came, without repetitions.
pub(super) struct Asking {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<String>>,
}

impl Asking {
    pub(super) fn of(live: &Live) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (url, stopped) = (live.url.clone(), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut browser = Browser::at(&url);
            let mut all = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let answer = browser.get("/");
                let text = answer.text();
                let title = || text.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or(&text);
                all.push(if answer.status == 200 { text.clone() } else { format!("{} {}", answer.status, title()) });
                all.dedup();
            }
            all
        });
        Self { stop, thread }
    }

    #[track_caller]
    pub(super) fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

#[test]
fn a_save_in_the_middle_of_a_reload() {
    let project = TestProject::copy("modules");
    project.write("second.py", "import time\ntime.sleep(0.5)\nTEXT = 'slow'\n");
    let live = Live::of(project, &[]);
    let asking = Asking::of(&live);
    let text = |number: u32| format!("TEXT = 'number-{number}'\n");
    // While it is imported for the one before, in all parts of that.
    for number in 1..=9 {
        live.project.write("first.py", &text(number));
        thread::sleep(Duration::from_millis(u64::from(number) * 90));
    }
    live.project.write("first.py", &text(10));
    live.eventually("/", "number-10 slow\n");
    let seen = asking.stop();
    assert_in_order(&seen, "number-");
    assert!(seen.last().is_some_and(|last| last == "number-10 slow\n"), "{seen:?}");
    live.end();
}

/// Once something is served, nothing older is. A file that is written in its place is empty for as long as its writer has no processor:
/// what fails meanwhile is shown, and is not old.
#[track_caller]
fn assert_in_order(seen: &[String], before_the_number: &str) {
    let number = |text: &String| text.split(before_the_number).nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    let numbers: Vec<u32> = seen.iter().filter(|text| !text.starts_with("500 ")).map(|text| number(text).unwrap_or(0)).collect();
    assert!(numbers.is_sorted(), "something old came after what is newer: {seen:?}");
}

#[test]
fn quick_saves_of_the_same_length() {
    // Python would take them for the same: their size is, and so may be the second of their time.
    for flags in [&[][..], &["--processes", "2"]] {
        let live = Live::modules(flags);
        let asking = Asking::of(&live);
        for round in 0..4 {
            for number in 0..5 {
                live.project.write("first.py", &format!("TEXT = 'number-{round}{number}'\n"));
                thread::sleep(Duration::from_millis(150));
            }
            live.project.write("first.py", &format!("TEXT = 'number-{round}9'\n"));
            always(&live, &format!("number-{round}9 second\n"), !flags.is_empty());
        }
        let seen = asking.stop();
        if flags.is_empty() {
            assert_in_order(&seen, "number-");
        }
        live.end();
    }
}

/// Waits until it is answered whichever process is asked. Of several that failed one may have got over it before the others;
/// what is told to be served is the same in all of them.
#[track_caller]
fn always(live: &Live, text: &str, several: bool) {
    live.eventually("/", text);
    let deadline = Instant::now() + PATIENCE;
    let mut right = 0;
    while right < 20 {
        let answer = live.get("/");
        right = if answer.text() == text { right + 1 } else { 0 };
        assert!(right > 0 || several, "an old answer after a fresh one: {answer}");
        assert!(Instant::now() < deadline, "never in all processes: {answer}");
    }
}

#[test]
fn a_file_that_is_emptied_before_it_is_written() {
    let mut live = Live::modules(&[]);
    let asking = Asking::of(&live);
    let file = live.project.root.join("first.py");
    for number in 0..10 {
        fs::write(&file, "").unwrap();
        thread::sleep(Duration::from_millis(number * 2));
        fs::write(&file, format!("TEXT = 'number-{number}'\n")).unwrap();
        live.session.next(|line| line.contains("first.py → serving in"));
        live.eventually("/", &format!("number-{number} second\n"));
    }
    let seen = asking.stop();
    assert_in_order(&seen, "number-");
    let ran = live.end();
    assert!(!ran.stderr.contains('✗'), "{ran}");
}

#[test]
fn a_save_of_two_files_of_which_the_second_comes_late() {
    for flags in [&[][..], &["--processes", "2"]] {
        let live = Live::modules(flags);
        // The first file alone is a mistake, which nobody is to be served for longer than the other one takes.
        for gap in 0..12 {
            let name = format!("NUMBER_{gap}");
            live.project.write("first.py", &format!("from second import {name} as TEXT\n"));
            thread::sleep(Duration::from_millis(gap));
            live.project.write("second.py", &format!("{name} = TEXT = 'number-{gap}'\n"));
            always(&live, &format!("number-{gap} number-{gap}\n"), !flags.is_empty());
            thread::sleep(Duration::from_millis(200));
            assert_eq!(live.text("/"), format!("number-{gap} number-{gap}\n"));
        }
        live.end();
    }
}

#[test]
fn all_that_is_saved_at_once_is_one_reload() {
    let mut live = Live::modules(&[]);
    for round in 0..5 {
        let text = format!("TEXT = 'round-{round}'\n");
        for file in ["first.py", "second.py", "third.py"] {
            live.project.write(file, &text);
        }
        live.session.next(|line| line.contains("↻ first.py and 2 more → serving in"));
        assert_eq!(live.text("/"), format!("round-{round} round-{round}\n"));
    }
    let ran = live.end();
    assert_eq!(ran.stderr.matches("→ serving in").count(), 5, "{ran}");
}
