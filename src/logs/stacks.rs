//! The stacks that mod_wsgi logs of a process which it ends, a line for each frame and the innermost first, made one record as Python writes it.

use std::sync::LazyLock;

use regex::Regex;

use super::{Paths, Record, RecordKind, frames};

const BEGIN: &str = "Dumping stack trace for active Python threads";
/// Frames that are kept of a process.
const MOST: usize = 1000;

static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?P<first>Thread \d+ executing|called from) file "(?P<file>[^"]*)", line (?P<line>\d+), in (?P<function>.*?)\.?$"#)
        .expect("the pattern is a constant, compiled by the tests")
});

/// The stacks of one process, as far as they have come.
#[derive(Debug, Default)]
pub struct Stacks {
    pid: Option<u32>,
    /// The frames of each thread, the innermost first.
    threads: Vec<Vec<String>>,
    count: usize,
}

impl Stacks {
    /// Takes a line that a process wrote. `false`: it is of something else.
    pub fn take(&mut self, pid: u32, text: &str) -> bool {
        if text.starts_with(BEGIN) && self.pid.is_none() {
            self.pid = Some(pid);
            return true;
        }
        if self.pid != Some(pid) {
            return false;
        }
        let Some(found) = FRAME.captures(text) else { return false };
        if found["first"].starts_with("Thread") {
            self.threads.push(Vec::new());
        }
        self.count += 1;
        if let Some(thread) = self.threads.last_mut().filter(|_| self.count <= MOST) {
            thread.push(format!("  File \"{}\", line {}, in {}", &found["file"], &found["line"], &found["function"]));
        }
        true
    }

    /// Is there something of this process that the line which was not taken comes after?
    pub fn is_of(&self, pid: u32) -> bool {
        self.pid == Some(pid)
    }

    /// All that came, without the threads in which only the server's own code was.
    pub fn finish(&mut self, paths: &Paths) -> Option<Record> {
        let Self { threads, .. } = std::mem::take(self);
        let mut lines = Vec::new();
        for frames in threads {
            let frames = frames::tidy(frames.into_iter().rev().collect(), paths);
            if !frames.is_empty() {
                let head = if lines.is_empty() { "Traceback" } else { "Another thread, at the same time" };
                lines.push(format!("{head} (most recent call last):").into());
                lines.extend(frames);
            }
        }
        (!lines.is_empty()).then(|| Record::new(RecordKind::Traceback, lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stacks_of_a_process_are_one_record() {
        let mut stacks = Stacks::default();
        for line in [
            "Dumping stack trace for active Python threads of main interpreter in daemon process 'parity'.",
            "Thread 1 executing file \"/app/hello.wsgi\", line 28, in sleep",
            "called from file \"/app/hello.wsgi\", line 60, in application.",
            "Thread 2 executing file \"/etc/parity/parity_runtime/debug/hook.py\", line 110, in wait_at",
            "Thread 3 executing file \"/app/work.py\", line 3, in work",
        ] {
            assert!(stacks.take(12, line), "{line}");
        }
        assert!(!stacks.take(13, "called from file \"/app/x.py\", line 1, in x."));
        assert!(!stacks.take(12, "Exiting daemon process 'parity'.") && stacks.is_of(12));
        let record = stacks.finish(&Paths::of_project("/home/ada/shop")).unwrap();
        let lines: Vec<String> = record.lines.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "Traceback (most recent call last):",
                "  File \"/home/ada/shop/hello.wsgi\", line 60, in application",
                "  File \"/home/ada/shop/hello.wsgi\", line 28, in sleep",
                "Another thread, at the same time (most recent call last):",
                "  File \"/home/ada/shop/work.py\", line 3, in work",
            ]
        );
        assert!(!stacks.is_of(12) && stacks.finish(&Paths::of_project("/x")).is_none());
    }
}
