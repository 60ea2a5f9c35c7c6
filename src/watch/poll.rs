//! Compares files where there are no events: what each looked like half a second ago, and now.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc::UnboundedSender;

use super::ground::{End, Ground, Order};
use super::native::files;
use super::paths::identity;
use super::walk::{Found, walk};
use super::{Change, Notice};

/// Looking may take one part in so many of the time: a large tree is compared less often, rather than keep a core busy.
const SHARE: u32 = 5;

/// The files as they were.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    files: HashMap<String, Stamp>,
    directories: HashSet<String>,
    /// Another directory may have taken the root's place between two looks.
    root: Option<u64>,
}

impl Snapshot {
    pub fn take(ground: &Ground) -> io::Result<Self> {
        let root = identity(&ground.root);
        let snapshot = Mutex::new(Self { root, ..Self::default() });
        walk(ground, "", |entry| {
            match entry {
                Found::Directory(path) => {
                    snapshot.lock().unwrap_or_else(PoisonError::into_inner).directories.insert(path.to_owned());
                }
                Found::File(path) => {
                    let stamp = Stamp::of(&ground.root.join(path)).map(|stamp| (path.to_owned(), stamp));
                    snapshot.lock().unwrap_or_else(PoisonError::into_inner).files.extend(stamp);
                }
            }
            Ok(())
        })?;
        let mut snapshot = snapshot.into_inner().unwrap_or_else(PoisonError::into_inner);
        ground.also.iter().for_each(|also| snapshot.add(&ground.root, also));
        ground.count(snapshot.directories.len());
        Ok(snapshot)
    }

    /// Compares until something else is to be done.
    pub fn run<R>(&mut self, ground: &mut Ground, inbox: &Receiver<Order<R>>, outbox: &UnboundedSender<Notice>) -> End {
        let mut next = Instant::now() + ground.pace.poll;
        loop {
            match inbox.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Order::Also(directories)) => {
                    directories.iter().for_each(|also| self.add(&ground.root, also));
                    ground.also.extend(directories);
                    ground.count(self.directories.len());
                }
                Ok(Order::Events(..)) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return End::Stopped,
                Err(RecvTimeoutError::Timeout) => {
                    let begin = Instant::now();
                    let Some(now) = Self::take(ground).ok().filter(|now| now.root == self.root) else { return End::RootGone };
                    let changes = self.changes(&now);
                    *self = now;
                    if !changes.is_empty() {
                        let _ = outbox.send(Notice::Changed(changes));
                    }
                    next = Instant::now() + ground.pace.poll.max(begin.elapsed() * (SHARE - 1));
                }
            }
        }
    }

    /// Adds the files of a directory that the walk does not come by.
    fn add(&mut self, root: &Path, directory: &str) {
        if self.directories.insert(directory.to_owned()) {
            files(root, directory, |path| {
                self.files.extend(Stamp::of(&root.join(path)).map(|stamp| (path.to_owned(), stamp)));
            });
        }
    }

    fn changes(&self, now: &Self) -> Vec<Change> {
        let gone = self.files.keys().filter(|path| !now.files.contains_key(*path)).map(|path| (path, true));
        let saved = now.files.iter().filter(|(path, stamp)| self.files.get(*path) != Some(stamp)).map(|(path, _)| (path, false));
        gone.chain(saved).map(|(path, gone)| Change { path: path.clone(), gone }).collect()
    }
}

/// By which a file is told from its former self, as far as the file system's clock is fine enough.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// The inode, and when it was changed: a file with the time of another may have been moved here.
    inode: Option<(u64, i64, i64)>,
}

impl Stamp {
    /// Of the file that a link leads to, so that its changes are noticed, wherever it is.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(Metadata::is_file).or_else(|| fs::symlink_metadata(path).ok())?;
        Some(Self { size: metadata.len(), modified: metadata.modified().ok(), inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<(u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<(u64, i64, i64)> {
    None
}
