//! Paths as they are compared: relative to the project, without `.`, `..` and doubled slashes.

use crate::units::layout;

/// A path of the project, given relative to it or as the container has it; `None` if it is not in the project.
pub(super) fn normalize(path: &str) -> Option<String> {
    let path = match path.strip_prefix('/') {
        Some(_) => path.strip_prefix(layout::APP).filter(|rest| rest.is_empty() || rest.starts_with('/'))?,
        None => path,
    };
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Is a path a directory's, or below it? Everything is below the project's root.
pub(super) fn is_below(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The directory of a path, empty for the project's root, and the name.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The other way round.
pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// A path's directories from the outermost on. What is gone may have been a directory itself.
pub(super) fn directories(path: &str, gone: bool) -> impl Iterator<Item = &str> {
    let (directory, name) = split(path);
    directory.split('/').chain(gone.then_some(name)).filter(|part| !part.is_empty())
}
