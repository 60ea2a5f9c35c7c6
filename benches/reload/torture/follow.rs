//! What a session writes on its terminal, and when.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Result;

/// A line is known so much later than it was written: what was asked in between is not held against the server.
const LOOK: Duration = Duration::from_millis(2);

type Lines = Arc<Mutex<Vec<(Instant, String)>>>;

/// Follows a file that grows; dropping it ends that.
#[derive(Debug)]
pub struct Follow {
    lines: Lines,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follow {
    pub fn of(path: &Path) -> Result<Self> {
        let mut file = std::fs::File::open(path)?;
        let (lines, stopped) = (Lines::default(), Arc::new(AtomicBool::new(false)));
        let (kept, end) = (lines.clone(), stopped.clone());
        let thread = thread::spawn(move || {
            let mut rest = Vec::new();
            while !end.load(Ordering::Relaxed) {
                // A file that grows is read on from where it ended.
                let _ = file.read_to_end(&mut rest);
                while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
                    let line = String::from_utf8_lossy(&rest[..at]).into_owned();
                    rest.drain(..=at);
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), line));
                }
                thread::sleep(LOOK);
            }
        });
        Ok(Self { lines, stopped, thread: Some(thread) })
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The first line from the nth on that is wanted: when it was there, and its text.
    pub fn find(&self, from: usize, wanted: impl Fn(&str) -> bool) -> Option<(Instant, String)> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(from).find(|(_, line)| wanted(line)).cloned()
    }

    /// All lines from the nth on.
    pub fn from(&self, from: usize) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(from).map(|(_, line)| line.clone()).collect()
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
