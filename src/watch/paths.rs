//! Paths relative to the root, with `/` between the parts. The root itself is the empty path.

use std::path::Path;

/// By which a directory is told from another that takes its place. `None`: it is gone.
pub(super) fn identity(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    return std::fs::metadata(path).ok().map(|metadata| std::os::unix::fs::MetadataExt::ino(&metadata));
    #[cfg(not(unix))]
    return path.is_dir().then_some(0);
}

/// The directory of a path.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// `directory/name`.
pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// A path and the directories above it, short ones first, without the root.
pub(super) fn upwards(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    ends.map(|end| &path[..end]).filter(|path| !path.is_empty())
}

/// Whether a path is a directory or below it.
pub(super) fn is_within(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_directories() {
        assert_eq!(upwards("a/b/c.py").collect::<Vec<_>>(), ["a", "a/b", "a/b/c.py"]);
        assert_eq!(upwards("").count(), 0);
        assert!(is_within("a/b", "a") && is_within("a", "a") && is_within("a", "") && !is_within("ab", "a"));
    }
}
