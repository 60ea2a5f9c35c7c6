//! `parity.lock` in the project.

use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::lock::{self, Lock, LockedBase};
use crate::project;

/// `parity.lock` beside the project's other files.
#[derive(Debug)]
pub(super) struct LockFile {
    root: PathBuf,
    pub lock: Option<Lock>,
}

impl LockFile {
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join(lock::FILE);
        let lock = match std::fs::read_to_string(&path) {
            Ok(text) => Some(Lock::parse(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::new(Kind::BadFile, format!("{} cannot be read", lock::FILE)).caused_by(&error)),
        };
        Ok(Self { root: root.to_owned(), lock })
    }

    /// Writes the lock if it changed. A project that cannot be written to is built all the same.
    pub fn write(&self, base: &LockedBase, report: &dyn Report) {
        let new = Lock::new(base.clone());
        if self.lock.as_ref() == Some(&new) {
            return;
        }
        report.report(match project::write(&self.root, lock::FILE, &new.to_text()) {
            Ok(()) => Event::Note { text: format!("wrote {}: commit it, and everyone builds on the same base", lock::FILE) },
            Err(error) => Event::Warning { text: format!("{} cannot be written: {error}", lock::FILE), hint: None },
        });
    }
}
