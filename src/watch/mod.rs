//! Watches a project's files on this machine and tells what was saved, made, deleted or moved.
//!
//! ```text
//! inotify ┐
//!         ├ source → native ┐
//! notify ─┘                 ├ notices → Watcher::next → Burst
//!                      poll ┘
//! ```
//!
//! Each directory is watched on its own, so that what is skipped costs nothing. A thread waits for events; another acts on
//! them, so that none is lost while a new directory is walked. Nothing wakes up while nothing happens.
//!
//! Symbolic links are files here: one that is made or replaced is a change, and what it leads to is watched where that is,
//! if it is in the project. Names that are not UTF-8 are passed over.

mod burst;
mod git;
mod ground;
#[cfg(target_os = "linux")]
mod inotify;
mod medium;
mod native;
mod paths;
mod poll;
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
mod source;
#[cfg(test)]
mod tests;
mod walk;
mod worker;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use tokio::sync::mpsc as notices;

pub use burst::{Burst, Limits};
pub use git::{git_lock, is_git_at_work};
use ground::{Ground, Order, Pace};
#[cfg(target_os = "linux")]
use inotify::Inotify as System;
#[cfg(not(target_os = "linux"))]
use portable::Portable as System;
use source::Source;
use worker::Worker;

/// Given a directory's path relative to the root: true if it is neither watched nor looked into.
pub type Skip = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// How to watch.
#[derive(Clone)]
pub struct Options {
    /// Compare files instead of waiting for events.
    pub polling: bool,
    /// The directories to leave out.
    pub skip: Skip,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("polling", &self.polling).finish_non_exhaustive()
    }
}

/// A file that was saved or made, or a file or directory that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the root, with `/` between the parts.
    pub path: String,
    /// Deleted or moved away. A directory that is gone took everything below along, which is not listed.
    pub gone: bool,
}

/// What the watcher has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// In the order in which they happened.
    Changed(Vec<Change>),
    /// Who may read these files has changed, or another attribute of theirs, and nothing else.
    Attributes(Vec<String>),
    /// Events were lost: anything may have changed. The tree has been looked through again and is watched anew.
    Lost,
    /// There are no events to be had here, so that files are compared every half second. Said once, in words for a user.
    Polling {
        /// The reason.
        why: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Watching failed for good, in words for a user. Nothing comes after it.
    Failed {
        /// The reason.
        why: String,
    },
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    notices: notices::UnboundedReceiver<Notice>,
    orders: Box<dyn Orders>,
    directories: Arc<AtomicUsize>,
    failed: bool,
}

impl Watcher {
    /// Begins to watch a directory. Every change after this returned is noticed.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn start(root: &Path, options: Options) -> io::Result<Self> {
        Self::start_with::<System>(root, options, Pace::default())
    }

    fn start_with<S: Source>(root: &Path, options: Options, pace: Pace) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let directories = Arc::default();
        let (orders, inbox) = mpsc::channel();
        let (outbox, notices) = notices::unbounded_channel();
        let ground = Ground { root, skip: options.skip, also: BTreeSet::new(), pace, directories: Arc::clone(&directories) };
        let worker = Worker::<S>::start(ground, options.polling, orders.clone(), inbox, outbox)?;
        std::thread::Builder::new().name("watch".into()).spawn(move || worker.run())?;
        Ok(Self { notices, orders: Box::new(orders), directories, failed: false })
    }

    /// The next notice. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Notice {
        if self.failed {
            return std::future::pending().await;
        }
        let notice = self.notices.recv().await;
        let notice = notice.unwrap_or_else(|| Notice::Failed { why: "the thread that watches the files ended unexpectedly".into() });
        self.failed = matches!(notice, Notice::Failed { .. });
        notice
    }

    /// Watches the directories of these files too, though they are skipped: the application loaded them. Paths are relative
    /// to the root. What is watched already is not watched twice.
    pub fn also(&mut self, files: &[String]) {
        let directories: BTreeSet<String> = files.iter().map(|file| paths::parent(file).to_owned()).collect();
        if !directories.is_empty() {
            self.orders.also(directories);
        }
    }

    /// How many directories are watched.
    pub fn directories(&self) -> usize {
        self.directories.load(Ordering::Relaxed)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.orders.stop();
    }
}

/// The way to the worker, whatever its source of events is. Nobody listens after it failed, and nobody minds.
trait Orders: fmt::Debug + Send + Sync {
    fn also(&self, directories: BTreeSet<String>);
    fn stop(&self);
}

impl<R: Send> Orders for mpsc::Sender<Order<R>> {
    fn also(&self, directories: BTreeSet<String>) {
        let _ = self.send(Order::Also(directories));
    }

    fn stop(&self) {
        let _ = self.send(Order::Stop);
    }
}
