//! What a watcher watches, and what its parts tell each other.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Skip;
use super::paths::upwards;

/// What the worker is told.
#[derive(Debug)]
pub(super) enum Order<R> {
    /// Events, or why there are no more, and of which opening of the source.
    Events(usize, io::Result<Vec<R>>),
    /// Directories to watch too.
    Also(BTreeSet<String>),
    Stop,
}

/// What is watched.
pub(super) struct Ground {
    pub root: PathBuf,
    pub skip: Skip,
    /// Directories that are watched though they are skipped.
    pub also: BTreeSet<String>,
    pub pace: Pace,
    /// How many directories are watched, for others to read.
    pub directories: Arc<AtomicUsize>,
}

impl Ground {
    /// Whether a directory, or one that it is in, is left out.
    pub fn is_skipped(&self, directory: &str) -> bool {
        upwards(directory).any(|directory| (self.skip)(directory))
    }

    pub fn count(&self, directories: usize) {
        self.directories.store(directories, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Between two comparisons.
    pub poll: Duration,
    /// How long a root that vanished may take to come back. A fresh clone in its place takes a while to begin.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { poll: Duration::from_millis(500), patience: Duration::from_secs(10) }
    }
}

/// Why watching came to an end.
#[derive(Debug)]
pub(super) enum End {
    Stopped,
    /// Events were lost.
    Lost,
    RootGone,
    /// There can be no more events, as of a limit.
    Limit(io::Error),
    /// For good, in words for a user.
    Failed(String),
}
