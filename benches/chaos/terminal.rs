//! A terminal: one `parity` that runs, and all that it has shown.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;

const STEP: Duration = Duration::from_millis(5);
/// Lines at the end of what it has shown that go with a fault.
const LAST_LINES: usize = 12;

#[derive(Debug)]
pub struct Terminal {
    pub words: String,
    process: Child,
    log: PathBuf,
    /// It was ended by SIGKILL, and could say nothing.
    pub killed: bool,
    /// How much it had shown when the code was broken last.
    remembered: usize,
    /// Its memory and open files when it was looked at first.
    pub first_size: Option<(u64, usize)>,
}

impl Terminal {
    /// Runs a command with what it says in a file.
    pub fn open(mut command: Command, words: &str, log: PathBuf) -> Result<Self> {
        let out = File::create(&log)?;
        command.stdin(Stdio::null()).stderr(out.try_clone()?).stdout(out);
        // A Ctrl-C at the campaign itself is not theirs.
        let process = command.process_group(0).spawn()?;
        Ok(Self { words: words.to_owned(), process, log, killed: false, remembered: 0, first_size: None })
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// What it shows until now is of another time.
    pub fn remember(&mut self) {
        self.remembered = self.shown().len();
    }

    /// What it has shown since.
    pub fn news(&self) -> String {
        self.shown().get(self.remembered..).unwrap_or_default().to_owned()
    }

    pub fn last_lines(&self) -> String {
        let shown = self.shown();
        // Whoever asks all the time would fill the screen.
        let lines: Vec<&str> = shown.lines().filter(|line| !line.contains("  GET     /  ")).collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            self.killed |= signal == Signal::KILL;
            let _ = Pid::from_raw(self.pid().cast_signed()).map(|pid| kill_process(pid, signal));
        }
    }

    pub fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if begun.elapsed() > time {
                return None;
            }
            std::thread::sleep(STEP);
        }
    }

    /// What is wrong with how it ended, if anything is.
    pub fn bad_end(&self, status: ExitStatus) -> Option<String> {
        let shown = self.shown();
        if shown.contains("panicked at") {
            return Some(format!("`{}` panicked", self.words));
        }
        if self.killed {
            return None;
        }
        match (status.code(), status.signal()) {
            (Some(0 | 130), _) => None,
            // `parity doctor` marks what is wrong.
            (Some(code), _) if !shown.contains("error: ") && !shown.contains('✗') => {
                Some(format!("`{}` ended with {code} and no error", self.words))
            }
            (Some(_), _) => None,
            (None, signal) => Some(format!("`{}` ended by signal {}", self.words, signal.unwrap_or_default())),
        }
    }

    /// Its resident memory in KiB and its open files.
    pub fn size(&self) -> Option<(u64, usize)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().trim_end_matches(" kB").parse().ok())?;
        Some((memory, fs::read_dir(format!("/proc/{}/fd", self.pid())).ok()?.count()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.process.wait();
    }
}
