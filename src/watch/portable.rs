//! The other systems' events, by `notify`: FSEvents on macOS, kqueue on the BSDs. They watch a whole tree at once.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::paths::{identity, is_within};
use super::source::{Event, Source};

#[derive(Debug)]
pub(super) struct Portable {
    root: PathBuf,
    identity: Option<u64>,
    /// Which it would watch if it had to be told.
    directories: Mutex<BTreeSet<String>>,
    _watcher: RecommendedWatcher,
}

impl Source for Portable {
    type Raw = notify::Result<notify::Event>;

    fn open(root: &Path, sink: impl Fn(io::Result<Vec<Self::Raw>>) + Send + 'static) -> io::Result<Self> {
        let mut watcher = notify::recommended_watcher(move |event| sink(Ok(vec![event]))).map_err(error)?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(error)?;
        Ok(Self { root: root.to_owned(), identity: identity(root), directories: Mutex::default(), _watcher: watcher })
    }

    fn watch(&self, directory: &str) -> io::Result<()> {
        self.directories().insert(directory.to_owned());
        Ok(())
    }

    fn forget(&self, directory: &str) {
        self.directories().retain(|path| !is_within(path, directory));
    }

    fn interpret(&self, raw: Self::Raw) -> Vec<Event> {
        match raw {
            Ok(event) if event.need_rescan() => vec![Event::Overflow],
            Ok(event) if is_of_interest(event.kind) => event.paths.iter().filter_map(|path| self.look(path, event.kind)).collect(),
            Ok(_) => Vec::new(),
            // Whatever it was about, something may have been missed.
            Err(_) => vec![Event::Overflow],
        }
    }

    fn directories(&self) -> usize {
        self.directories().len()
    }
}

impl Portable {
    fn directories(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.directories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is now. The events themselves are vague: FSEvents says "renamed" of both names, and joins what happened to a file.
    fn look(&self, path: &Path, kind: EventKind) -> Option<Event> {
        let parts: Option<Vec<&str>> = path.strip_prefix(&self.root).ok()?.iter().map(|part| part.to_str()).collect();
        let name = parts?.join("/");
        match fs::symlink_metadata(path) {
            _ if name.is_empty() => (identity(&self.root) != self.identity).then_some(Event::RootGone),
            Err(_) => Some(Event::Gone { path: name, directory: true }),
            Ok(metadata) if metadata.is_dir() => {
                let is_new = matches!(kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)) | EventKind::Any);
                is_new.then_some(Event::DirectoryMade(name))
            }
            Ok(_) => Some(Event::Saved(name)),
        }
    }
}

fn is_of_interest(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        _ => true,
    }
}

fn error(error: notify::Error) -> io::Error {
    match error.kind {
        ErrorKind::Io(error) => error,
        ErrorKind::MaxFilesWatch => io::ErrorKind::StorageFull.into(),
        _ => io::Error::other(error),
    }
}
