//! Directories for large temporary files. Their names say whose they are, so that what a killed process left is found.

use std::fs;
use std::io::{Error, Result};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process;

const PREFIX: &str = "parity-scratch-";

/// A directory in `$TMPDIR`, removed when it is dropped.
///
/// # Errors
/// The system's.
pub fn directory() -> Result<TempDir> {
    let whose = process::mark().unwrap_or_default();
    tempfile::Builder::new().prefix(&format!("{PREFIX}{whose}.")).tempdir()
}

/// Those that processes of this user have left which are no more.
pub fn left() -> Vec<PathBuf> {
    left_in(&std::env::temp_dir())
}

fn left_in(directory: &Path) -> Vec<PathBuf> {
    let me = rustix::process::geteuid().as_raw();
    let is_left = |path: &Path| {
        let name = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
        let found = fs::symlink_metadata(path).ok()?;
        (found.is_dir() && found.uid() == me && process::has_ended(name.split('.').next()?)).then_some(())
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| is_left(path).is_some()).collect()
}

/// Removes one of those that are left, but for one that something is mounted in: what is there is not ours.
///
/// # Errors
/// The system's; what an ordinary user's mmdebstrap left belongs to users of a namespace.
pub fn remove(left: &Path) -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let is_below = |line: &str| line.split(' ').nth(4).is_some_and(|at| Path::new(at).starts_with(left));
    if mounts.lines().any(is_below) {
        return Err(Error::other("something is mounted in it"));
    }
    fs::remove_dir_all(left)
}

/// Bytes in a directory.
pub fn size_of(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_left_is_found_once_that_has_ended() {
        let place = tempfile::tempdir().unwrap();
        let namespace = process::mark().unwrap().split('-').next().unwrap().to_owned();
        let mine = directory().unwrap();
        assert!(mine.path().file_name().unwrap().to_str().unwrap().contains(&process::mark().unwrap()));
        let make = |name: &str| {
            let path = place.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("layer.tar"), [0; 1000]).unwrap();
            path
        };
        // No process has that number.
        let gone = make(&format!("{PREFIX}{namespace}-4194304-1.abc"));
        for other in [format!("{PREFIX}{}.abc", process::mark().unwrap()), format!("{PREFIX}1-4194304-1.abc"), ".tmpabc".into()] {
            make(&other);
        }
        std::os::unix::fs::symlink("/etc", place.path().join(format!("{PREFIX}{namespace}-4194304-1.link"))).unwrap();
        assert_eq!(left_in(place.path()), std::slice::from_ref(&gone));
        assert_eq!(size_of(&gone), 1000);
        remove(&gone).unwrap();
        assert!(!gone.exists());
    }
}
