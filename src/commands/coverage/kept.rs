//! What runs with `--append` have measured, for those that come after them: among the user's own files, as the requests are.

use std::path::PathBuf;

use super::super::context::Context;
use super::written::entries;
use crate::error::{Failure, Kind, Result};
use crate::units::files;

/// The data, and the digests of the files that it is about.
const NAMES: [&str; 2] = ["kept", "kept.json"];

#[derive(Debug)]
pub struct Kept {
    directory: PathBuf,
}

impl Kept {
    /// # Errors
    /// There is no home.
    pub fn of(context: &Context<'_>) -> Result<Self> {
        let absolute = |name: &str| context.environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
        let state = state.ok_or_else(|| {
            Failure::new(Kind::Other, "there is no directory for what was measured").hint("set XDG_STATE_HOME or HOME to an absolute path")
        })?;
        Ok(Self { directory: state.join("parity/coverage").join(context.container()) })
    }

    /// Of the runs before this one; none where there was none.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        if !self.directory.join(NAMES[1]).exists() {
            return Ok(Vec::new());
        }
        let read = |name: &str| {
            let content = files::read(&self.directory.join(name), files::MOST_BYTES);
            content.map(|content| (name.to_owned(), content)).map_err(|error| self.failed("read", &error))
        };
        NAMES.into_iter().map(read).collect()
    }

    /// # Errors
    /// The system's.
    pub fn replace(&self, archive: &[u8]) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt;

        let mut private = std::fs::DirBuilder::new();
        private.recursive(true).mode(0o700).create(&self.directory).map_err(|error| self.failed("make", &error))?;
        for name in NAMES {
            let found = entries(archive, name).map_err(|error| self.failed("write", &error))?;
            for (_, content) in found {
                files::write_to(&self.directory.join(name), content).map_err(|error| self.failed("write", &error))?;
            }
        }
        Ok(())
    }

    pub fn remove(&self) {
        // There is nothing but for those who append.
        let _ = std::fs::remove_dir_all(&self.directory);
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Failure {
        Failure::new(Kind::Other, format!("cannot {what} what was measured before, in {}", self.directory.display())).caused_by(error)
    }
}
