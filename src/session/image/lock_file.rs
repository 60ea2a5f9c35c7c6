//! `parity.lock` in the project.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::events::{Event, Report};
use crate::plan::lock::{self, Lock, LockedBase};
use crate::project;
use crate::units::files;

/// `parity.lock` beside the project's other files.
#[derive(Debug)]
pub struct LockFile {
    root: PathBuf,
    pub lock: Option<Lock>,
}

impl LockFile {
    /// # Errors
    /// `Kind::BadFile`: there is something under the name that is no lock.
    pub fn open(root: &Path) -> Result<Self> {
        let lock = match files::read_text_inside(root, Path::new(lock::FILE)) {
            Ok(text) => Some(Lock::parse(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(lock::broken(error.to_string())),
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
