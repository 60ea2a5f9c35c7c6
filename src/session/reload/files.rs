//! Files of the project as the session needs to know them: what they hold now, and which say what to ignore.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::project;
use crate::units::files;

/// Larger ones are data; whether the container sees them is not worth the time.
const LARGEST: u64 = 4 << 20;
/// Of a branch switch some are enough to know that a late mount has caught up.
const MOST: usize = 64;

/// The digests of changed files; `None`: there is none any more. Directories and what cannot be read are left out.
pub fn digests(root: &Path, files: &[String]) -> BTreeMap<String, Option<String>> {
    files
        .iter()
        .rev()
        .take(MOST)
        .map(|file| (file, root.join(file)))
        // What a symbolic link outside of the project leads to is not in the container.
        .filter(|(_, path)| is_below(root, path))
        .filter_map(|(file, path)| Some((file.clone(), digest(&path)?)))
        .collect()
}

/// Also where it is gone: of another place of this machine the container learns nothing, not even what there is.
fn is_below(root: &Path, path: &Path) -> bool {
    let there = path.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
    there.is_some_and(|real| real.starts_with(root))
}

/// The outer `None`: nothing can be said of it.
fn digest(path: &Path) -> Option<Option<String>> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= LARGEST => {
            let bytes = files::read(path, LARGEST).ok()?;
            Some(Some(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()))
        }
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && std::fs::symlink_metadata(path).is_err() => Some(None),
        Err(_) => None,
    }
}

/// How deep below the project files that say what to ignore are looked for.
const DEPTH: usize = 4;

/// The project's `.gitignore` and `.dockerignore` files: their paths and texts.
pub fn ignoring(root: &Path) -> Vec<(String, String)> {
    const SKIPPED: [&str; 4] = [".git", "node_modules", "__pycache__", "site-packages"];
    let walk = ignore::WalkBuilder::new(root)
        .standard_filters(false)
        .max_depth(Some(DEPTH))
        .filter_entry(|entry| !entry.file_name().to_str().is_some_and(|name| SKIPPED.contains(&name)))
        .build();
    walk.filter_map(Result::ok)
        .filter(|entry| matches!(entry.file_name().to_str(), Some(".gitignore" | ".dockerignore")))
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(root).ok()?.to_str()?.to_owned();
            Some((path.clone(), project::ignore_file(root, &path).ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_files_hold() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.py"), "a = 1\n").unwrap();
        std::fs::create_dir(root.path().join("pkg")).unwrap();
        let names = ["a.py", "pkg", "gone.py"].map(String::from);
        let found = digests(root.path(), &names);
        assert_eq!(found.len(), 2);
        assert_eq!(found["gone.py"], None);
        assert_eq!(found["a.py"].as_deref(), Some("cb78bd8a17f7b751fe0d4663366dcbc257204033ef7ddd64b1f2969573b5b2e2"));
    }
}
