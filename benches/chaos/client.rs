//! Somebody who asks the server all the time, whatever is done to it: how many requests come to nothing in a step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use crate::oracle::ask;

const PAUSE: Duration = Duration::from_millis(150);

/// Of one step, or of several.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    pub requests: usize,
    pub lost: usize,
    /// What came of the last of these.
    pub why: String,
}

#[derive(Debug)]
pub struct Client {
    asked: Arc<Mutex<Asked>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    pub fn of(port: u16) -> Self {
        let (asked, ends) = (Arc::<Mutex<Asked>>::default(), Arc::<AtomicBool>::default());
        let (counted, ended) = (Arc::clone(&asked), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                once(&mut locked(&counted), port);
                sleep(PAUSE);
            }
        });
        Self { asked, ends, thread: Some(thread) }
    }

    /// What came of the requests since this was called last; waits for the one that is under way.
    pub fn take(&self) -> Asked {
        std::mem::take(&mut locked(&self.asked))
    }
}

/// An application that raises answers; a server whose processes are gone has 503.
fn once(asked: &mut Asked, port: u16) {
    asked.requests += 1;
    match ask(port) {
        Ok((status, _)) if !(502..=504).contains(&status) => {}
        lost => {
            asked.lost += 1;
            asked.why = format!("{lost:?}");
        }
    }
}

fn locked(asked: &Mutex<Asked>) -> MutexGuard<'_, Asked> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Client {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
