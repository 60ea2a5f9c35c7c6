//! What a source of events is, and the events that it has in common with every other.

use std::io;
use std::path::Path;

/// Something happened. Paths are relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A file has new content: closed after writing, or moved here.
    Saved(String),
    /// A file was made, which may be a link; the content of one that is written is yet to come.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "others tell of a file when it has its content"))]
    Made(String),
    /// Somebody has changed who may read a file, or another of its attributes.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "others tell of it as of a save"))]
    Attributes(String),
    /// A directory was made or moved here.
    DirectoryMade(String),
    /// Deleted or moved away.
    Gone { path: String, directory: bool },
    /// Events were dropped as they came too fast.
    Overflow,
    /// The root was deleted or moved away.
    RootGone,
}

/// The system's events of the directories that it is told to watch. Dropping it stops it.
pub(super) trait Source: Sized + Send + Sync + 'static {
    /// What its own thread reads. It is interpreted later, one after the other, as its meaning may depend on what was done
    /// about those before.
    type Raw: Send + 'static;

    /// Begins, and gives what it reads to `sink`, from a thread of its own. `Err` in it: it ended.
    fn open(root: &Path, sink: impl Fn(io::Result<Vec<Self::Raw>>) + Send + 'static) -> io::Result<Self>;

    /// Watches a directory, not what is below, from before this returns. Called by several threads at once.
    fn watch(&self, directory: &str) -> io::Result<()>;

    /// Forgets a directory and all below, which is gone.
    fn forget(&self, directory: &str);

    fn interpret(&self, raw: Self::Raw) -> Vec<Event>;

    fn directories(&self) -> usize;
}
