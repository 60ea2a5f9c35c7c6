//! `parity.lock` in the project.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::events::{Event, Report};
use crate::plan::Plan;
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

    /// The base that it holds the project to. One that nothing was served with holds nobody who asks for another one now.
    pub fn locked(&self, plan: &Plan, report: &dyn Report) -> Option<LockedBase> {
        let lock = self.lock.as_ref()?;
        let wanted = plan.image.base.name();
        if lock.base.image == wanted || lock.refuses(&wanted) {
            return Some(lock.base.clone());
        }
        report.report(Event::Note {
            text: format!(
                "{} pins {}, with which nothing has been served: it is written anew for {wanted} ({})",
                lock::FILE,
                lock.base.image,
                plan.image.base.origin
            ),
        });
        None
    }

    /// Writes the lock if it changed. A project that cannot be written to is built all the same.
    pub fn write(&self, base: &LockedBase, report: &dyn Report) {
        if self.lock.as_ref().is_some_and(|lock| lock.base == *base) {
            return;
        }
        let new = Lock::provisional(base.clone());
        report.report(match project::write(&self.root, lock::FILE, &new.to_text()) {
            Ok(()) => Event::Note { text: format!("wrote {}: commit it, and everyone builds on the same base", lock::FILE) },
            Err(error) => Event::Warning { text: format!("{} cannot be written: {error}", lock::FILE), hint: None },
        });
    }
}

/// Notes in the lock of a project that it was served with it: from then on it is kept. A project that cannot be written to has no such note.
pub fn was_served(root: &Path) {
    if let Ok(LockFile { lock: Some(mut lock), .. }) = LockFile::open(root)
        && std::mem::take(&mut lock.provisional)
    {
        let _ = project::write(root, lock::FILE, &lock.to_text());
    }
}
