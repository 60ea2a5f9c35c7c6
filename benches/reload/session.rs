//! `parity up` in the foreground, as somebody has it in a terminal.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::workplace::Workplace;
use crate::{Result, patience};

/// Until it runs; the image is there.
const DEADLINE: Duration = Duration::from_secs(60);
/// Until it has stopped; more than the server gets.
const PATIENCE: Duration = Duration::from_secs(20);

/// Dropping it is Ctrl-C.
#[derive(Debug)]
pub struct Session {
    process: Child,
    log: tempfile::NamedTempFile,
}

impl Session {
    /// `parity up --reload-on-changes`, with more flags.
    pub fn start(work: &Workplace, flags: &[&str]) -> Result<Self> {
        Self::unwatched(work, &[&["--reload-on-changes"], flags].concat())
    }

    /// `parity up` with flags.
    pub fn unwatched(work: &Workplace, flags: &[&str]) -> Result<Self> {
        let log = tempfile::NamedTempFile::new()?;
        // One file for both, which do not write over each other.
        let out = log.reopen()?;
        let errors = out.try_clone()?;
        let mut command = work.parity(&["up", "--port", "0"]);
        command.args(flags).stdout(out).stderr(errors).stdin(Stdio::null());
        // A Ctrl-C that ends this program must not reach it as well: it is stopped in its turn.
        let process = command.process_group(0).spawn()?;
        Ok(Self { process, log })
    }

    /// The container's id and URL, as soon as it runs.
    pub fn container(&mut self, work: &Workplace) -> Result<(String, String)> {
        self.container_within(work, DEADLINE)
    }

    /// The same where more than that is to be done before it runs.
    pub fn container_within(&mut self, work: &Workplace, time: Duration) -> Result<(String, String)> {
        let found = patience::until(time, || {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return Some(Err(self.said()));
            }
            let status: Value = serde_json::from_str(&work.run(&["status", "--format", "json"]).ok()?).ok()?;
            Some(Ok((status["id"].as_str()?.to_owned(), status["url"].as_str()?.to_owned())))
        })?;
        found.unwrap_or_else(|| Err(format!("it does not run: {}", self.said()))).map_err(Into::into)
    }

    /// The file with all that it writes.
    pub fn log(&self) -> &Path {
        self.log.path()
    }

    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Its error, or else the last that it wrote.
    fn said(&self) -> String {
        let log = fs::read_to_string(self.log.path()).unwrap_or_default();
        let error = log.lines().find(|line| line.starts_with("error:"));
        error.or(log.lines().last()).unwrap_or_default().to_owned()
    }

    fn ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(process) = Pid::from_raw(self.process.id().cast_signed()).filter(|_| !self.ended()) {
            let _ = kill_process(process, Signal::INT);
        }
        let begun = std::time::Instant::now();
        while !self.ended() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
