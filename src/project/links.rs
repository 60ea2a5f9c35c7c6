//! Symbolic links, as a container sees them: it has the project and nothing beside it.

use std::path::{Component, Path};

/// What every container has of its own.
const EVERYWHERE: [&str; 2] = ["/dev", "/proc"];

/// Does a link of the project lead to a place that containers do not have? `path` is relative to the project.
pub(super) fn leads_out(path: &Path, target: &Path) -> bool {
    if target.is_absolute() {
        return !EVERYWHERE.iter().any(|place| target.starts_with(place));
    }
    let mut depth = path.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

/// What to say of such a link.
pub fn remark(path: &Path, target: &Path) -> String {
    format!(
        "{} leads out of the project, to {}: a container has nothing there; copy it into the project, or run parity in a directory \
         that holds both (`--project ..`)",
        path.display(),
        target.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_or_elsewhere_is_out() {
        for (path, target, out) in [
            ("lib", "../shared/lib", true),
            ("a/b/lib", "../lib", false),
            ("a/lib", "../../lib", true),
            ("a/lib", "../b/../../x", true),
            ("current", "releases/7", false),
            ("media", "/srv/media", true),
            ("log", "/dev/stdout", false),
            (".", "./x", false),
        ] {
            assert_eq!(leads_out(Path::new(path), Path::new(target)), out, "{path} → {target}");
        }
    }
}
