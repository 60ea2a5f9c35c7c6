//! What is done about the system's events: new directories are walked and watched, the rest is told.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::ground::{End, Ground, Order};
use super::paths::{is_within, join, parent};
use super::source::{Event, Source};
use super::walk::{Found, walk};
use super::{Change, Notice};

pub(super) struct Native<S> {
    source: S,
    opening: usize,
}

impl<S: Source> Native<S> {
    /// Watches the whole tree, from before this returns.
    pub fn open(ground: &Ground, opening: usize, orders: Sender<Order<S::Raw>>) -> io::Result<Self> {
        let source = S::open(&ground.root, move |events| {
            let _ = orders.send(Order::Events(opening, events));
        })?;
        let native = Self { source, opening };
        walk(ground, "", |found| match found {
            Found::Directory(path) => native.watch(path),
            Found::File(_) => Ok(()),
        })?;
        native.watch_also(ground)?;
        ground.count(native.source.directories());
        Ok(native)
    }

    pub fn run(&mut self, ground: &mut Ground, inbox: &Receiver<Order<S::Raw>>, outbox: &UnboundedSender<Notice>) -> End {
        loop {
            let end = match inbox.recv() {
                Ok(Order::Events(opening, Ok(events))) if opening == self.opening => {
                    let (mut changes, mut attributes) = (Vec::new(), Vec::new());
                    let events = events.into_iter().flat_map(|raw| self.source.interpret(raw).into_iter());
                    let end = events
                        .map(|event| match event {
                            Event::Attributes(path) => {
                                attributes.extend(Some(path).filter(|path| is_wanted(ground, path)));
                                Ok(())
                            }
                            event => self.handle(ground, event, &mut changes),
                        })
                        .find_map(Result::err);
                    ground.count(self.source.directories());
                    if !changes.is_empty() {
                        let _ = outbox.send(Notice::Changed(changes));
                    }
                    if !attributes.is_empty() {
                        let _ = outbox.send(Notice::Attributes(attributes));
                    }
                    end
                }
                Ok(Order::Events(opening, Err(error))) if opening == self.opening => {
                    Some(End::Failed(format!("the system's file events ended: {error}")))
                }
                // Of an opening before.
                Ok(Order::Events(..)) => None,
                Ok(Order::Also(directories)) => {
                    ground.also.extend(directories);
                    let end = self.watch_also(ground).err().map(End::Limit);
                    ground.count(self.source.directories());
                    end
                }
                Ok(Order::Stop) | Err(_) => Some(End::Stopped),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    pub fn handle(&self, ground: &Ground, event: Event, changes: &mut Vec<Change>) -> Result<(), End> {
        match event {
            Event::Saved(path) if is_wanted(ground, &path) => changes.push(Change { path, gone: false }),
            Event::Made(path) if is_wanted(ground, &path) && is_complete(&ground.root.join(&path)) => {
                changes.push(Change { path, gone: false });
            }
            Event::DirectoryMade(path) => self.enter(ground, &path, changes).map_err(End::Limit)?,
            Event::Gone { path, directory } => {
                if directory {
                    self.source.forget(&path);
                }
                let is_known = is_wanted(ground, &path) && !(directory && (ground.skip)(&path));
                if is_known || also_within(ground, &path).next().is_some() {
                    changes.push(Change { path, gone: true });
                }
            }
            Event::Saved(_) | Event::Made(_) | Event::Attributes(_) => {}
            Event::Overflow => return Err(End::Lost),
            Event::RootGone => return Err(End::RootGone),
        }
        Ok(())
    }

    /// Watches a new directory and all below. What is in it may have been there before the watch was.
    fn enter(&self, ground: &Ground, directory: &str, changes: &mut Vec<Change>) -> io::Result<()> {
        let saved = Mutex::new(Vec::new());
        let save = |path: &str| {
            let change = Change { path: path.to_owned(), gone: false };
            saved.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        };
        if !ground.is_skipped(directory) {
            walk(ground, directory, |found| match found {
                Found::Directory(path) => self.watch(path),
                Found::File(path) => {
                    save(path);
                    Ok(())
                }
            })?;
        }
        for also in also_within(ground, directory).filter(|also| ground.is_skipped(also)) {
            self.watch(also)?;
            files(&ground.root, also, save);
        }
        changes.append(&mut saved.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    fn watch_also(&self, ground: &Ground) -> io::Result<()> {
        ground.also.iter().try_for_each(|directory| self.watch(directory))
    }

    /// A directory that vanished, is none any more or may not be read is not watched. Other errors mean that there is a limit.
    fn watch(&self, directory: &str) -> io::Result<()> {
        match self.source.watch(directory) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied) => Ok(()),
            end => end,
        }
    }
}

/// Whether changes in the directory of this path are told.
fn is_wanted(ground: &Ground, path: &str) -> bool {
    let directory = parent(path);
    ground.also.contains(directory) || !ground.is_skipped(directory)
}

fn also_within<'a>(ground: &'a Ground, directory: &'a str) -> impl Iterator<Item = &'a str> {
    ground.also.iter().map(String::as_str).filter(move |also| is_within(also, directory))
}

/// The files of a directory, without those below.
pub(super) fn files(root: &Path, directory: &str, mut each: impl FnMut(&str)) {
    let entries = fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_symlink())) {
        if let Some(name) = entry.file_name().to_str() {
            each(&join(directory, name));
        }
    }
}

/// Whether a file was made with its content, as links are. One that is written says so when it is closed.
fn is_complete(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink() || has_other_names(&metadata))
}

#[cfg(unix)]
fn has_other_names(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.is_file() && metadata.nlink() > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &fs::Metadata) -> bool {
    false
}
