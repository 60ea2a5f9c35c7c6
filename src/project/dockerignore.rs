//! `.dockerignore`, as Docker reads it: what a build's context leaves out.
//!
//! Patterns begin at the file's directory, `*` stays inside one name, a pattern that matches a directory matches all that is
//! below it, and of all patterns that match the last one decides.
//! <https://docs.docker.com/build/concepts/context/#dockerignore-files>

use globset::{GlobBuilder, GlobMatcher};

pub const FILE: &str = ".dockerignore";

/// The patterns of one file.
#[derive(Debug, Clone, Default)]
pub struct DockerIgnore(Vec<Pattern>);

#[derive(Debug, Clone)]
struct Pattern {
    /// Counted from 1.
    line: usize,
    matcher: GlobMatcher,
    takes_back: bool,
}

impl DockerIgnore {
    /// Reads a file's text. A line that is no pattern is passed over.
    pub fn parse(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        Self(lines.filter_map(|(at, line)| Pattern::parse(at + 1, line)).collect())
    }

    /// Is a path left out? It is relative to the file's directory, with `/` between its parts.
    pub fn ignores(&self, path: &str) -> bool {
        self.ignoring(path).is_some()
    }

    /// The line that leaves a path out.
    pub fn ignoring(&self, path: &str) -> Option<usize> {
        let matches = |pattern: &Pattern| with_parents(path).any(|path| pattern.matcher.is_match(path));
        self.0.iter().rev().find(|pattern| matches(pattern)).filter(|pattern| !pattern.takes_back).map(|pattern| pattern.line)
    }

    /// May something below a directory that is left out be taken back?
    pub fn takes_back_some(&self) -> bool {
        self.0.iter().any(|pattern| pattern.takes_back)
    }
}

impl Pattern {
    fn parse(number: usize, line: &str) -> Option<Self> {
        if line.starts_with('#') {
            return None;
        }
        let line = line.trim();
        let (takes_back, pattern) = line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern.trim()));
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.is_empty() {
            return None;
        }
        // Docker knows no alternatives: a brace is a brace.
        let pattern = parts.join("/").replace('{', "[{]").replace('}', "[}]");
        let glob = GlobBuilder::new(&pattern).literal_separator(true).backslash_escape(true).build().ok()?;
        Some(Self { line: number, matcher: glob.compile_matcher(), takes_back })
    }
}

/// `a/b/c`, `a/b`, `a`
fn with_parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(parent, _)| parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, out: &[&str], there: &[&str]) {
        let patterns = DockerIgnore::parse(text);
        for path in out {
            assert!(patterns.ignores(path), "{path} should be left out by {text:?}");
        }
        for path in there {
            assert!(!patterns.ignores(path), "{path} should be there with {text:?}");
        }
    }

    #[test]
    fn patterns_begin_at_the_root() {
        check("*.md\n/docs\n./notes/\n", &["README.md", "docs", "docs/a/b.md", "notes/x"], &["app/README.md", "app/docs/x", "app.py"]);
        check("*/temp*\n?.txt\n", &["a/temporary", "a/temp/x", "b.txt"], &["temp", "a/b/temp", "bb.txt"]);
        check("**/*.pyc\n**/secret\na/**\n", &["x.pyc", "a/b/c.pyc", "secret", "b/secret/x", "a/b"], &["x.py", "a"]);
    }

    #[test]
    fn the_last_that_matches_decides() {
        check("*\n!app\n!manage.py\napp/tests\n", &["README.md", "docs/x", "app/tests/a.py"], &["app", "app/a/b.py", "manage.py"]);
        check("app/secret\n!app\n", &[], &["app/secret", "app/x"]);
        check("*.md\n!README.md\nREADME*\n", &["README.md", "x.md"], &["x.py"]);
    }

    #[test]
    fn what_is_no_pattern_is_passed_over() {
        check("\u{feff}# all\n\n   \n[\n!\n/\n a.py \n{x}\n", &["a.py", "{x}"], &["b.py", "# all", "x"]);
        check("", &[], &["a"]);
    }

    #[test]
    fn says_which_line_decides() {
        let patterns = DockerIgnore::parse("# all\n*\n!app\napp/tests\n");
        for (path, line) in [("x", Some(2)), ("app/a.py", None), ("app/tests/b.py", Some(4))] {
            assert_eq!(patterns.ignoring(path), line, "{path}");
        }
        assert!(patterns.takes_back_some() && !DockerIgnore::parse("data").takes_back_some());
    }
}
