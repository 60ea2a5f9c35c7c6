//! Has a server profiled while something else goes on, and adds up what its processes say.
//!
//! The container is not trusted (`docs/security.md`): its lines are data, of limited length and number.

use std::path::PathBuf;
use std::time::Duration;

use super::called::{Called, beside};
use super::samples::Keeping;
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::profiling::{Gathering, Profile};
use crate::render::profiler::session;

/// Until all processes are profiled.
const BEGINNING: Duration = Duration::from_secs(15);
/// Until they have said all that they have seen.
const ENDING: Duration = Duration::from_secs(5);
/// Where nobody knows how many processes there are: none has come for so long.
const QUIET: Duration = Duration::from_millis(600);

/// What is profiled, and how.
#[derive(Debug, Clone)]
pub struct Profiled<'a> {
    pub engine: &'a Engine,
    pub container: &'a str,
    /// Samples in a second.
    pub rate: f64,
    /// Processes that serve; `None`: as many as there are.
    pub processes: Option<usize>,
    /// Where its requests are stored if somebody records them: they get what is seen of each.
    pub store: Option<PathBuf>,
}

/// A profiler that runs.
#[derive(Debug)]
pub struct Profiling {
    called: Called,
    gathering: Gathering,
    keeping: Keeping,
}

impl Profiling {
    /// Returns when the processes of the server are profiled.
    ///
    /// # Errors
    /// They do not take the profiler.
    pub async fn begin(profiled: Profiled<'_>) -> Result<Self> {
        let Profiled { engine, container, rate, processes, store } = profiled;
        let keeping = Keeping::new(store);
        let called = Called::call(engine, container, session(rate)).await?;
        let mut profiling = Self { called, gathering: Gathering::new(rate), keeping };
        let begun = async {
            while profiling.gathering.processes() < processes.unwrap_or(1) && profiling.step().await {}
            // More may come.
            let rest = async { while profiling.step().await {} };
            if processes.is_none() {
                let _ = tokio::time::timeout(QUIET, rest).await;
            }
        };
        let _ = tokio::time::timeout(BEGINNING, begun).await;
        if profiling.gathering.is_busy {
            return Err(Failure::new(Kind::Other, "another `parity profile` profiles this server").hint("end it there first, with Ctrl-C"));
        }
        if profiling.gathering.processes() == 0 {
            let failure = Failure::new(Kind::Other, "the server's processes do not take the profiler");
            let failure = profiling.called.complaint().into_iter().fold(failure, Failure::cause);
            return Err(failure.hint("`parity logs` shows what they say"));
        }
        Ok(profiling)
    }

    /// Processes that are profiled.
    pub fn processes(&self) -> usize {
        self.gathering.processes()
    }

    /// Goes on until that is over, or the server has ended: then there is no value.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        beside(work, async || self.step().await).await
    }

    /// What was seen, and whether that of recorded requests is stored. Processes that are in the middle of something say it before.
    pub async fn finish(mut self) -> (Profile, Result<()>) {
        self.called.hang_up().await;
        let rest = async { while self.step().await {} };
        let _ = tokio::time::timeout(ENDING, rest).await;
        let kept = self.keeping.end().await;
        (self.gathering.finish(), kept)
    }

    /// Takes in what comes next. Returns whether more may come.
    async fn step(&mut self) -> bool {
        let Some(lines) = self.called.next().await else { return false };
        lines.iter().for_each(|line| self.gathering.feed(line));
        self.keeping.keep(self.gathering.ended_requests());
        true
    }
}
