//! How processes of the application ended, put together from what Apache, mod_wsgi and the process that comes next say of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use super::RecordKind;
use crate::units::signal;

/// Processes that are remembered; what is said of one comes within a second or two.
const REMEMBERED: usize = 64;

/// What is shown of a process that did not survive the import.
pub const WHILE_IMPORTING: &str = "ended while it imported the application";
/// What is said of one that was ended because its import took too long.
pub const TOO_LATE: &str = "the application was not imported within";

/// What is said of one that was ended because a request took too long.
const TOO_SLOW: &str = "is ended: a request took longer than `request-timeout`";

static DIED: LazyLock<Regex> = LazyLock::new(|| regex(r"\(pid=(\d+)\)(?:: Process '[^']*')? has died"));
static ENDED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\(pid=(\d+)\)(?:: Process '[^']*')? (?:terminated by signal (\d+)|terminated normally, exit code (\d+))"));
static SCRIPT: LazyLock<Regex> = LazyLock::new(|| regex(r"Loading (?:WSGI|Python) script(?: file)? '/etc/parity/([^']+)'"));
static SIGNAL: LazyLock<Regex> = LazyLock::new(|| regex(r"^AH0005[0-2]: child pid (\d+) exit signal .*?\((\d+)\)"));
static IMPORTING: LazyLock<Regex> = LazyLock::new(|| regex(r"^mod_wsgi \(pid=(\d+)\): Process ended while it imported the application"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant, compiled by the tests")
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Exit(u32),
    Signal(u32),
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => match signal::name(*number) {
                Some(name) => f.write_str(name),
                None => write!(f, "signal {number}"),
            },
        }
    }
}

#[derive(Debug, Default)]
struct Known {
    pid: u32,
    /// It says itself that it was asked to end.
    asked: bool,
    /// The last script that it ran when it started.
    script: Option<String>,
    signal: Option<u32>,
    how: Option<How>,
}

/// What is known of processes that ended or are about to.
#[derive(Debug, Default)]
pub struct Deaths(VecDeque<Known>);

impl Deaths {
    /// Takes a line of Apache or mod_wsgi, which process `pid` wrote. Returns it as it is to be shown.
    pub fn hear(&mut self, pid: u32, kind: RecordKind, text: String) -> (RecordKind, String) {
        if text.starts_with("Shutdown requested for daemon process") || text.contains(": Shutdown requested '") {
            self.of(pid).asked = true;
        } else if let Some(found) = SCRIPT.captures(&text) {
            self.of(pid).script = Some(found[1].to_owned());
        } else if let Some((pid, number)) = pair(&SIGNAL, &text) {
            self.of(pid).signal = Some(number);
        } else if text.starts_with("Daemon process request time limit exceeded") {
            return (RecordKind::Error, format!("process {pid} {TOO_SLOW}"));
        } else if DIED.is_match(&text) {
            return (RecordKind::Noise, text);
        } else if let Some(found) = ENDED.captures(&text) {
            let number = |at| found.get(at).and_then(|number| number.as_str().parse::<u32>().ok());
            let Some(pid) = number(1) else { return (kind, text) };
            let known = self.of(pid);
            // mod_wsgi takes the code of a process that ended itself for a signal. Apache, which knows better, names a
            // signal before that, but for four of them.
            let how = match (known.signal, number(2), number(3)) {
                (Some(signal), ..) => How::Signal(signal),
                (None, Some(KILL), _) => How::Signal(KILL),
                (None, number, code) => How::Exit(number.or(code).unwrap_or(0)),
            };
            known.how = Some(how);
            // The next process says so where the application was being imported, and knows whether it hung.
            if known.asked || known.is_importing() || how == How::Exit(0) {
                return (RecordKind::Noise, text);
            }
            return (RecordKind::Info, format!("process {pid} ended: {how}"));
        } else if let Some(pid) = IMPORTING.captures(&text).and_then(|found| found[1].parse().ok()) {
            let how = self.of(pid).how.map(|how| format!(": {how}")).unwrap_or_default();
            return (RecordKind::Error, format!("process {pid} {WHILE_IMPORTING}{how}"));
        }
        (kind, text)
    }

    fn of(&mut self, pid: u32) -> &mut Known {
        let at = self.0.iter().position(|known| known.pid == pid).unwrap_or_else(|| {
            if self.0.len() >= REMEMBERED {
                self.0.pop_front();
            }
            self.0.push_back(Known { pid, ..Known::default() });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

impl Known {
    /// It had begun to import the application as Apache started it, and had not come to the end of that.
    fn is_importing(&self) -> bool {
        self.script.as_deref().is_some_and(|script| !matches!(script, "started.py" | "ready.py"))
    }
}

fn pair(pattern: &Regex, text: &str) -> Option<(u32, u32)> {
    let found = pattern.captures(text)?;
    Some((found[1].parse().ok()?, found[2].parse().ok()?))
}

const KILL: u32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[(u32, &str)]) -> Vec<(RecordKind, String)> {
        let mut deaths = Deaths::default();
        lines.iter().map(|(pid, line)| deaths.hear(*pid, RecordKind::Noise, (*line).to_owned())).collect()
    }

    #[test]
    fn how_a_process_ended_that_was_importing() {
        for (before, number, how) in [
            (None, "by signal 3", "exit code 3"),
            (Some("AH00052: child pid 11 exit signal Segmentation fault (11)"), "by signal 11", "SIGSEGV"),
            (Some("AH00051: child pid 11 exit signal Abort (6), possible coredump in /x"), "by signal 6", "SIGABRT"),
            (None, "by signal 11", "exit code 11"),
            (None, "by signal 9", "SIGKILL"),
            (Some("AH00052: child pid 11 exit signal Real-time signal 0 (34)"), "by signal 34", "signal 34"),
        ] {
            let detail = format!("Process 'parity' (pid=11) terminated {number}");
            let mut lines: Vec<(u32, &str)> = before.iter().map(|line| (1, *line)).collect();
            lines.push((1, "Process 'parity' (pid=11) has died; deregistering and restarting it."));
            lines.push((1, &detail));
            lines.push((27, "mod_wsgi (pid=11): Process ended while it imported the application."));
            let heard = heard(&lines);
            let [.., (noise, _), info, error] = &*heard else { panic!("{heard:?}") };
            assert_eq!(*noise, RecordKind::Noise);
            assert_eq!(*info, (RecordKind::Info, format!("process 11 ended: {how}")));
            assert_eq!(*error, (RecordKind::Error, format!("process 11 ended while it imported the application: {how}")));
        }
    }

    #[test]
    fn a_request_that_took_too_long_is_the_reason() {
        let heard = heard(&[(11, "Daemon process request time limit exceeded, stopping daemon process 'parity'.")]);
        assert_eq!(heard, [(RecordKind::Error, "process 11 is ended: a request took longer than `request-timeout`".to_owned())]);
    }

    #[test]
    fn what_was_never_said_is_left_out() {
        assert_eq!(
            heard(&[(27, "mod_wsgi (pid=11): Process ended while it imported the application.")]),
            [(RecordKind::Error, "process 11 ended while it imported the application".to_owned())]
        );
        let zero = heard(&[
            (1, "Process 'g0' (pid=11) terminated normally, exit code 0"),
            (27, "mod_wsgi (pid=11): Process ended while it imported the application."),
        ]);
        assert_eq!(zero[0].0, RecordKind::Noise);
        assert!(zero[1].1.ends_with(": exit code 0"), "{zero:?}");
    }

    #[test]
    fn the_end_of_an_import_is_left_to_the_next_process() {
        let kind_after = |script: &str| {
            let loading = format!("Loading WSGI script '/etc/parity/{script}' into main interpreter of daemon process 'parity'.");
            heard(&[(11, &loading), (1, "Process 'parity' (pid=11) terminated by signal 1")])[1].0
        };
        assert_eq!(
            ["handler.wsgi", "instruments.py", "started.py", "ready.py"].map(kind_after),
            [RecordKind::Noise, RecordKind::Noise, RecordKind::Info, RecordKind::Info]
        );
    }

    #[test]
    fn a_process_that_was_asked_to_end_is_no_news() {
        let heard = heard(&[
            (11, "Shutdown requested for daemon process 'g0'."),
            (1, "Process 'g0' (pid=11) has died; deregistering and restarting it."),
            (1, "Process 'g0' (pid=11) terminated by signal 1"),
            (1, "Process 'g0' (pid=12) terminated by signal 1"),
        ]);
        let kinds: Vec<_> = heard.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [RecordKind::Noise, RecordKind::Noise, RecordKind::Noise, RecordKind::Info]);
    }

    #[test]
    fn no_more_is_remembered_than_needed() {
        let mut deaths = Deaths::default();
        for pid in 0..1000 {
            deaths.hear(1, RecordKind::Info, format!("Process 'g' (pid={pid}) terminated by signal 1"));
        }
        assert_eq!(deaths.0.len(), REMEMBERED);
    }
}
