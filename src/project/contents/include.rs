//! `include:`: what would stay out, and is wanted.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

#[derive(Debug)]
pub(super) struct Include {
    patterns: Gitignore,
    /// The directories that patterns lead to, as far as they name them without wildcards.
    starts: Vec<String>,
}

impl Include {
    pub fn new(patterns: &[String]) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            // The settings refuse what is no pattern; here it would match nothing.
            let _ = builder.add_line(None, &anchored(pattern));
        }
        Self {
            patterns: builder.build().unwrap_or_else(|_| Gitignore::empty()),
            starts: patterns.iter().filter_map(|pattern| start(&anchored(pattern))).collect(),
        }
    }

    /// Is it wanted, or a directory that it is in?
    pub fn wants(&self, path: &str, is_directory: bool) -> bool {
        self.patterns.matched_path_or_any_parents(path, is_directory).is_ignore()
    }

    /// May something below a directory that stays out be wanted? A pattern without directories, `*.db`, opens none.
    pub fn reaches_into(&self, directory: &str) -> bool {
        let is_below = |start: &&String| start.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.starts.iter().any(|start| is_below(&start))
    }
}

/// A line of .gitignore knows no `./`, but people write it.
fn anchored(pattern: &str) -> String {
    pattern.strip_prefix("./").map_or_else(|| pattern.to_owned(), |path| format!("/{path}"))
}

/// `/instance/data/*.db` → `instance/data`
fn start(pattern: &str) -> Option<String> {
    let names_a_directory = pattern.trim_start_matches('/').trim_end_matches('/').contains('/');
    let parts = pattern.split('/').filter(|part| !part.is_empty()).take_while(|part| !part.contains(['*', '?', '[', '{', '\\']));
    let start = parts.collect::<Vec<_>>().join("/");
    (names_a_directory && !start.is_empty()).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_what_patterns_of_gitignore_match() {
        let include = Include::new(&["*.db".into(), "./keys/ca.pem".into(), "/instance/".into()]);
        for path in ["a.db", "x/y.db", "keys/ca.pem", "instance/deep/x.bin"] {
            assert!(include.wants(path, false), "{path}");
        }
        assert!(include.wants("instance", true));
        for path in ["instance", "x/keys/ca.pem", "x/instance/a"] {
            assert!(!include.wants(path, false), "{path}");
        }
        assert!(!Include::new(&[]).wants("a", false));
    }

    #[test]
    fn reaches_into_directories_that_a_pattern_names() {
        let include = Include::new(&["*.db".into(), "instance/fixtures/*.json".into()]);
        assert!(include.reaches_into("instance") && include.reaches_into("instance/fixtures"));
        for directory in ["node_modules", "inst", "instance/fixtures/deep"] {
            assert!(!include.reaches_into(directory), "{directory}");
        }
    }
}
