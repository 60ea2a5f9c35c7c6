//! The lines that a branch has changed, as `git diff` tells.

use std::collections::{BTreeMap, BTreeSet};

/// The new and changed lines, by the files' paths in the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    files: BTreeMap<String, BTreeSet<u32>>,
}

impl Changed {
    /// Reads what `git diff --unified=0 --relative --no-prefix` prints.
    pub fn of_diff(diff: &str) -> Self {
        let mut changed = Self::default();
        let mut file: Option<&str> = None;
        // Lines of the hunk that are still to come: what is in them is no head.
        let (mut removed, mut added) = (0_u32, 0_u32);
        for line in diff.lines() {
            if removed + added > 0 {
                match line.as_bytes().first() {
                    Some(b'-') => removed = removed.saturating_sub(1),
                    Some(b'+') => added = added.saturating_sub(1),
                    _ => {}
                }
            } else if let Some(name) = line.strip_prefix("+++ ") {
                // Git ends a name that has spaces in it with a tab.
                file = Some(name.trim_end_matches('\t')).filter(|name| *name != "/dev/null");
            } else if let Some((old, new)) = line.strip_prefix("@@ -").and_then(hunk) {
                (removed, added) = (old.1, new.1);
                if let Some(file) = file {
                    changed.files.entry(file.to_owned()).or_default().extend(new.0..new.0.saturating_add(new.1));
                }
            }
        }
        changed
    }

    /// A file that git does not know yet is all new.
    pub fn add_all_of(&mut self, file: &str) {
        self.files.insert(file.to_owned(), (1..=MOST_LINES).collect());
    }

    /// The lines of a file; `None`: it has not changed.
    pub fn lines(&self, file: &str) -> Option<&BTreeSet<u32>> {
        self.files.get(file)
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// No file that a person writes has more lines.
const MOST_LINES: u32 = 100_000;

/// `10,2 +12,3 @@ def f():` as first lines and counts.
fn hunk(text: &str) -> Option<((u32, u32), (u32, u32))> {
    let range = |text: &str| {
        let (first, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((first.parse().ok()?, count.parse::<u32>().ok()?.min(MOST_LINES)))
    };
    let (old, rest) = text.split_once(" +")?;
    Some((range(old)?, range(rest.split_once(" @@")?.0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_changed_lines_are_read() {
        let diff = "diff --git shop/a.py shop/a.py\n--- shop/a.py\n+++ shop/a.py\n@@ -3,0 +4,2 @@ def f():\n+x\n+++ y\n@@ -9 +11 @@\n-a\n+b\n@@ -20,2 +21,0 @@\n-a\n--- b\n\
                    diff --git old.py old.py\n--- old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\ndiff --git b b\n--- /dev/null\n+++ b c.py\t\n@@ -0,0 +1,2 @@\n+a\n+b\n";
        let changed = Changed::of_diff(diff);
        let lines = |file| changed.lines(file).map(|lines| lines.iter().copied().collect::<Vec<_>>());
        assert_eq!(lines("shop/a.py"), Some(vec![4, 5, 11]));
        assert_eq!(lines("b c.py"), Some(vec![1, 2]));
        assert_eq!((lines("old.py"), lines("y")), (None, None));
        assert!(Changed::of_diff("").is_empty());
    }
}
