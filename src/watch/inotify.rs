//! Linux' inotify, spoken to directly.
//!
//! `notify`, which serves the other systems, hands each directory over to its thread and waits: 10,000 take three times as
//! long. It also asks for each opening and each write of a file, so that an application at work would keep parity busy.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, PipeReader, PipeWriter};
use std::mem::MaybeUninit;
use std::ops::Bound;
use std::os::fd::OwnedFd;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::paths::{is_within, join};
use super::source::{Event, Source};

/// A save is its end, so a file that is being written is of no interest yet. What was deleted but is still open, neither.
const DIRECTORY: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::EXCL_UNLINK);
const ROOT: WatchFlags = DIRECTORY.union(WatchFlags::DELETE_SELF).union(WatchFlags::MOVE_SELF);
/// The directory that the root is in. A root that somebody holds, as a container's mount does, does not tell of its own deletion.
const ABOVE: WatchFlags = WatchFlags::DELETE.union(WatchFlags::MOVED_FROM).union(WatchFlags::ONLYDIR);

/// So many events are handed over at once at most.
const BATCH: usize = 1024;

#[derive(Debug)]
pub(super) struct Inotify {
    root: PathBuf,
    fd: Arc<OwnedFd>,
    table: Mutex<Table>,
    above: Option<i32>,
    /// The reader ends when this is closed.
    _stop: PipeWriter,
}

/// An event as the kernel gives it.
#[derive(Debug)]
pub(super) struct Raw {
    watch: i32,
    flags: ReadFlags,
    name: Option<String>,
}

impl Source for Inotify {
    type Raw = Raw;

    fn open(root: &Path, sink: impl Fn(io::Result<Vec<Raw>>) + Send + 'static) -> io::Result<Self> {
        let fd = Arc::new(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
        let (stopped, stop) = io::pipe()?;
        let above = root.parent().and_then(|parent| inotify::add_watch(&fd, parent, ABOVE).ok());
        let reader = Arc::clone(&fd);
        std::thread::Builder::new().name("watch events".into()).spawn(move || {
            let end = panic::catch_unwind(AssertUnwindSafe(|| read(&reader, &stopped, &sink)));
            if let Err(error) = end.unwrap_or_else(|_| Err(io::Error::other("their reader panicked"))) {
                sink(Err(error));
            }
        })?;
        Ok(Self { root: root.to_owned(), fd, table: Mutex::default(), above, _stop: stop })
    }

    fn watch(&self, directory: &str) -> io::Result<()> {
        let flags = if directory.is_empty() { ROOT } else { DIRECTORY };
        // Under the lock, so that no other thread comes between the kernel's number and its entry.
        let mut table = self.table();
        let watch = inotify::add_watch(&self.fd, self.root.join(directory), flags)?;
        let unused = table.insert(watch, directory);
        self.remove(unused);
        Ok(())
    }

    fn forget(&self, directory: &str) {
        let unused = self.table().remove_tree(directory);
        self.remove(unused);
    }

    fn interpret(&self, Raw { watch, flags, name }: Raw) -> Vec<Event> {
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            return vec![Event::Overflow];
        }
        if Some(watch) == self.above {
            let is_root = flags.contains(ReadFlags::ISDIR) && self.root.file_name().and_then(|name| name.to_str()) == name.as_deref();
            return if is_root { vec![Event::RootGone] } else { Vec::new() };
        }
        let mut table = self.table();
        let names = table.names(watch);
        if flags.intersects(ReadFlags::IGNORED | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT) {
            let is_root = names.iter().any(|name| name.is_empty());
            if flags.contains(ReadFlags::IGNORED) {
                table.remove(watch);
            }
            return if is_root { vec![Event::RootGone] } else { Vec::new() };
        }
        let Some(name) = name else { return Vec::new() };
        names.iter().filter_map(|directory| event(join(directory, &name), flags)).collect()
    }

    fn directories(&self) -> usize {
        self.table().paths.len()
    }
}

impl Inotify {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kernel has removed those of deleted directories by itself.
    fn remove(&self, watches: impl IntoIterator<Item = i32>) {
        for watch in watches {
            let _ = inotify::remove_watch(&self.fd, watch);
        }
    }
}

fn event(path: String, flags: ReadFlags) -> Option<Event> {
    let directory = flags.contains(ReadFlags::ISDIR);
    if flags.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
        Some(Event::Gone { path, directory })
    } else if flags.contains(ReadFlags::ATTRIB) {
        (!directory).then_some(Event::Attributes(path))
    } else if directory {
        flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO).then_some(Event::DirectoryMade(path))
    } else if flags.contains(ReadFlags::CREATE) {
        Some(Event::Made(path))
    } else {
        flags.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::MOVED_TO).then_some(Event::Saved(path))
    }
}

/// Hands events over until `stopped` is closed.
fn read(fd: &OwnedFd, stopped: &PipeReader, sink: &impl Fn(io::Result<Vec<Raw>>)) -> io::Result<()> {
    let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
    let mut reader = Reader::new(fd, &mut buffer);
    loop {
        let mut ready = [PollFd::new(fd, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut ready, None) {
            Err(Errno::INTR) => continue,
            end => end?,
        };
        if !ready[1].revents().is_empty() {
            return Ok(());
        }
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            match reader.next() {
                Ok(event) => batch.push(Raw {
                    watch: event.wd(),
                    flags: event.events(),
                    name: event.file_name().and_then(|name| name.to_str().ok()).map(str::to_owned),
                }),
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        sink(Ok(batch));
    }
}

/// The kernel's numbers of directories, and back. The same directory can have two names: one reached through a link, or one
/// whose move away is yet to be read.
#[derive(Debug, Default)]
struct Table {
    names: HashMap<i32, Vec<Arc<str>>>,
    paths: BTreeMap<Arc<str>, i32>,
}

impl Table {
    /// The number that it was known by, if nothing else is.
    fn insert(&mut self, watch: i32, path: &str) -> Option<i32> {
        let path: Arc<str> = path.into();
        let before = self.paths.insert(Arc::clone(&path), watch);
        if before == Some(watch) {
            return None;
        }
        self.names.entry(watch).or_insert_with(|| Vec::with_capacity(1)).push(Arc::clone(&path));
        before.filter(|&before| self.unname(before, &path))
    }

    fn names(&self, watch: i32) -> Vec<Arc<str>> {
        self.names.get(&watch).cloned().unwrap_or_default()
    }

    fn remove(&mut self, watch: i32) {
        for name in self.names.remove(&watch).unwrap_or_default() {
            self.paths.remove(&name);
        }
    }

    /// The numbers that name nothing any more.
    fn remove_tree(&mut self, directory: &str) -> Vec<i32> {
        let from = self.paths.range::<str, _>((Bound::Included(directory), Bound::Unbounded));
        // Names such as `shop-old` sort between `shop` and `shop/api`.
        let inside = from.take_while(|(path, _)| path.starts_with(directory)).filter(|(path, _)| is_within(path, directory));
        let inside: Vec<(Arc<str>, i32)> = inside.map(|(path, &watch)| (Arc::clone(path), watch)).collect();
        inside
            .into_iter()
            .filter_map(|(path, watch)| {
                self.paths.remove(&path);
                self.unname(watch, &path).then_some(watch)
            })
            .collect()
    }

    /// Whether it was the last name.
    fn unname(&mut self, watch: i32, path: &str) -> bool {
        let Some(names) = self.names.get_mut(&watch) else { return false };
        names.retain(|name| **name != *path);
        let unused = names.is_empty();
        if unused {
            self.names.remove(&watch);
        }
        unused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overflow_belongs_to_no_directory() {
        let dir = tempfile::tempdir().unwrap();
        let inotify = Inotify::open(dir.path(), |_| {}).unwrap();
        let overflow = Raw { watch: -1, flags: ReadFlags::QUEUE_OVERFLOW, name: None };
        assert_eq!(inotify.interpret(overflow), [Event::Overflow]);
        let unknown = Raw { watch: 99, flags: ReadFlags::CLOSE_WRITE, name: Some("a.py".into()) };
        assert_eq!(inotify.interpret(unknown), []);
    }

    #[test]
    fn only_the_project_itself_is_of_interest_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        std::fs::create_dir(&root).unwrap();
        let inotify = Inotify::open(&root, |_| {}).unwrap();
        let gone =
            |name: &str| Raw { watch: inotify.above.unwrap(), flags: ReadFlags::MOVED_FROM | ReadFlags::ISDIR, name: Some(name.into()) };
        assert_eq!(inotify.interpret(gone("other")), []);
        assert_eq!(inotify.interpret(gone("project")), [Event::RootGone]);
    }

    #[test]
    fn a_watch_lasts_as_long_as_it_has_a_name() {
        let mut table = Table::default();
        for (watch, path) in [(1, ""), (2, "shop"), (3, "shop/api"), (4, "shop-old"), (3, "new/api"), (5, "shopping")] {
            assert_eq!(table.insert(watch, path), None, "{path}");
        }
        assert_eq!(table.names(3).len(), 2);
        assert_eq!(table.remove_tree("shop"), [2]);
        assert_eq!(table.names(3), [Arc::from("new/api")]);
        assert_eq!(table.insert(6, "new/api"), Some(3), "another directory took its place");
        table.remove(4);
        assert_eq!(table.paths.into_values().collect::<Vec<_>>(), [1, 6, 5]);
    }
}
