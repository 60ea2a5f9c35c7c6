//! Files that parity writes into the project: they belong to whoever the project belongs to, also where root runs parity.

use std::io;
use std::path::{Path, PathBuf};

use crate::units::files;

/// Writes a file of the project, and makes the directories that it is in. `path` is relative to the root.
///
/// # Errors
/// Those of the file system.
pub fn write(root: &Path, path: &str, text: &str) -> io::Result<()> {
    let file = root.join(path);
    let missing: Vec<PathBuf> =
        file.ancestors().skip(1).take_while(|directory| *directory != root && !directory.exists()).map(Path::to_owned).collect();
    for directory in missing.iter().rev() {
        std::fs::create_dir(directory)?;
        give_to_owner(root, directory)?;
    }
    files::write(&file, text)?;
    give_to_owner(root, &file)
}

#[cfg(unix)]
fn give_to_owner(root: &Path, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    if rustix::process::geteuid().is_root() {
        let owner = std::fs::metadata(root)?;
        chown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_what_is_missing() {
        let root = tempfile::tempdir().unwrap();
        for text in ["one", "two"] {
            write(root.path(), "a/b/c.txt", text).unwrap();
            assert_eq!(std::fs::read_to_string(root.path().join("a/b/c.txt")).unwrap(), text);
        }
        write(root.path(), "d.txt", "").unwrap();
        std::fs::write(root.path().join("x"), "").unwrap();
        write(root.path(), "x/y", "").unwrap_err();
    }
}
