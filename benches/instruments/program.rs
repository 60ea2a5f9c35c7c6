//! A command that is timed, and the most memory that it had.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;

const POLL: Duration = Duration::from_millis(2);

/// What a command took.
#[derive(Debug)]
pub struct Ran {
    pub took: Duration,
    /// Bytes.
    pub peak: u64,
    pub code: Option<i32>,
    /// What it wrote, both streams.
    pub wrote: String,
}

/// Runs a command. The most memory is what the system itself counts, read until the command ends.
pub fn run(mut command: Command) -> Result<Ran> {
    let (out, errors) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(out.reopen()?).stderr(errors.reopen()?).spawn()?;
    let mut peak = 0;
    let status = loop {
        peak = peak.max(memory(child.id()).map_or(0, |memory| memory.most));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(POLL);
    };
    let took = begun.elapsed();
    let wrote = [out.path(), errors.path()].map(|path| std::fs::read_to_string(path).unwrap_or_default()).concat();
    Ok(Ran { took, peak, code: status.code(), wrote })
}

/// Bytes that a process has in memory.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub now: u64,
    /// Since it began.
    pub most: u64,
}

/// `None`: it has ended.
pub fn memory(process: u32) -> Option<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let of = |name: &str| {
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024)
    };
    Some(Memory { now: of("VmRSS:")?, most: of("VmHWM:")? })
}

/// A command that goes on until it is ended by Ctrl-C.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    pub fn start(mut command: Command) -> Result<Self> {
        Ok(Self(command.stdin(Stdio::null()).spawn()?))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Ends it as Ctrl-C does, and waits.
    pub fn end(mut self) -> Result<()> {
        self.interrupt();
        self.0.wait()?;
        Ok(())
    }

    fn interrupt(&self) {
        if let Some(process) = Pid::from_raw(self.0.id().cast_signed()) {
            let _ = kill_process(process, Signal::INT);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.interrupt();
            let _ = self.0.wait();
        }
    }
}

pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}
