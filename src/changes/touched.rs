//! What the running application has done with files of the project.

use std::collections::BTreeSet;

use super::path;

/// Paths are relative to the project, with `/` between their parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// It has imported them.
    pub imported: BTreeSet<String>,
    /// It has opened them for reading, or has tried to.
    pub opened: BTreeSet<String>,
    /// It has written them itself: opened for that, renamed or linked into place, removed. A directory stands for all in it.
    pub written: BTreeSet<String>,
}

impl Touched {
    pub fn new(imported: Vec<String>, opened: Vec<String>, written: Vec<String>) -> Self {
        let [imported, opened, written] = [imported, opened, written].map(BTreeSet::from_iter);
        Self { imported, opened, written }
    }

    /// Does a change of this file make what it has imported or read old?
    pub fn reads(&self, path: &str) -> bool {
        !self.has_written(path) && (self.has_imported(path) || self.has_opened(path))
    }

    /// Each file once, in order.
    pub fn files(&self) -> BTreeSet<&str> {
        self.imported.iter().chain(&self.opened).chain(&self.written).map(String::as_str).collect()
    }

    pub(super) fn has_imported(&self, path: &str) -> bool {
        has(&self.imported, path)
    }

    pub(super) fn has_opened(&self, path: &str) -> bool {
        has(&self.opened, path)
    }

    /// A file, or a directory that it is in.
    pub fn has_written(&self, path: &str) -> bool {
        let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.any(|end| self.written.contains(&path[..end]))
    }
}

/// A file, or any file below a directory.
fn has(files: &BTreeSet<String>, path: &str) -> bool {
    files.contains(path) || files.range(format!("{path}/")..).next().is_some_and(|file| path::is_below(file, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_stand_for_their_files_where_that_is_right() {
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let touched =
            Touched { imported: paths(&["shop/api/a.py", "shop-old.py"]), written: paths(&["var/cache", "a.json"]), ..Touched::default() };
        for (path, imported) in [("shop", true), ("shop/api", true), ("shop/api/a.py", true), ("sho", false), ("shop-old", false)] {
            assert_eq!(touched.has_imported(path), imported, "{path}");
        }
        for (path, written) in [("var", false), ("var/cache", true), ("var/cache/x/y.py", true), ("var/cached", false), ("a.json", true)] {
            assert_eq!(touched.has_written(path), written, "{path}");
        }
    }
}
