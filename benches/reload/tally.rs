//! What all clients of a server saw, counted in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub requests: u64,
    /// Answers with old code to a question that was asked when new code had answered already.
    pub stale: u64,
    /// By what went wrong.
    pub failures: BTreeMap<String, u64>,
}

impl Counts {
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    pub fn add(&mut self, other: Counts) {
        self.requests += other.requests;
        self.stale += other.stale;
        for (failure, times) in other.failures {
            *self.failures.entry(failure).or_default() += times;
        }
    }

    /// `3 × HTTP 503, 1 × connection reset`
    pub fn failures(&self) -> String {
        self.failures.iter().map(|(failure, times)| format!("{times} × {failure}")).collect::<Vec<_>>().join(", ")
    }
}

#[derive(Debug)]
struct State {
    /// The token that was saved last, and when.
    saved: (u32, Instant),
    /// When it was first answered.
    fresh: Option<Instant>,
    /// When a question that was asked after that was answered with an older one for the last time.
    stale: Option<Instant>,
    /// Processes that have answered it.
    processes: BTreeSet<u32>,
    counts: Counts,
}

#[derive(Debug)]
pub struct Tally(Mutex<State>);

impl Default for Tally {
    fn default() -> Self {
        Self(Mutex::new(State {
            saved: (0, Instant::now()),
            fresh: None,
            stale: None,
            processes: BTreeSet::new(),
            counts: Counts::default(),
        }))
    }
}

impl Tally {
    /// From now on this token is the fresh one.
    pub fn expect(&self, token: u32) {
        let mut state = self.state();
        state.saved = (token, Instant::now());
        (state.fresh, state.stale) = (None, None);
        state.processes.clear();
    }

    /// An answer with this token, of this process, to a question that was asked at that time.
    pub fn answered(&self, asked: Instant, token: u32, process: Option<u32>) {
        let mut state = self.state();
        state.counts.requests += 1;
        if token >= state.saved.0 {
            state.fresh.get_or_insert_with(Instant::now);
            state.processes.extend(process);
        } else if state.fresh.is_some_and(|fresh| asked > fresh) {
            state.stale = Some(Instant::now());
            state.counts.stale += 1;
        }
    }

    pub fn failed(&self, why: String) {
        let mut state = self.state();
        state.counts.requests += 1;
        *state.counts.failures.entry(why).or_default() += 1;
    }

    /// How long after the save the first fresh answer came, if it has.
    pub fn fresh_after(&self) -> Option<Duration> {
        let state = self.state();
        state.fresh.map(|fresh| fresh - state.saved.1)
    }

    /// How long after the save the last old answer came to a question that was asked after the first fresh answer; without any, how long
    /// after it that one came.
    pub fn all_fresh_after(&self) -> Option<Duration> {
        let state = self.state();
        state.stale.or(state.fresh).map(|last| last - state.saved.1)
    }

    /// How many processes have answered the fresh token.
    pub fn fresh_processes(&self) -> usize {
        self.state().processes.len()
    }

    /// What was counted since it was taken last.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.state().counts)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
