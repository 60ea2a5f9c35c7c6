//! A program of this machine together with its children.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};

/// A process group that is ended when its owner gives up: its children would go on, and leave what they made behind.
#[derive(Debug)]
pub struct Group(Option<Pid>);

/// How long it gets to tidy up, in steps.
const TIDY_STEPS: u32 = 30;
const TIDY_STEP: Duration = Duration::from_millis(50);

impl Group {
    /// The group of a child that leads one.
    pub fn of(child: &tokio::process::Child) -> Self {
        Self(child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw))
    }

    /// It is gone already.
    pub fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(pid) = self.0 else { return };
        let _ = kill_process_group(pid, Signal::TERM);
        for _ in 0..TIDY_STEPS {
            if !matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(None)) {
                break;
            }
            std::thread::sleep(TIDY_STEP);
        }
        let _ = kill_process_group(pid, Signal::KILL);
    }
}
