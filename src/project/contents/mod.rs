//! What of the project goes into an image, and what stays out with the rule for it.
//!
//! The first of these that knows a path decides:
//!
//! 1. configuration, which may hold secrets, always stays out,
//! 2. `.dockerignore`, as Docker reads it,
//! 3. `include:` of parity.yaml brings in what the rest would leave out,
//! 4. kinds of files that are of no use in an image, or that belong in none ([`Kind`]).
//!
//! Everything else goes in, also what git ignores: built assets are among it. What git ignores and nobody may read stays out.

mod git;
mod include;
mod rules;
mod survey;
pub mod suspicions;

use std::path::PathBuf;

pub use rules::Kind;
pub use survey::survey;

/// What is to go in, beside what every project has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What the container is for.
    pub purpose: Purpose,
    /// Patterns as in .gitignore: what would be left out, and is wanted.
    pub include: Vec<String>,
    /// Files with configuration and the application's environment, relative to the project: never wanted.
    pub configuration: Vec<String>,
}

/// What the files are packed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// An image, which others may get to see.
    #[default]
    Image,
    /// A container of this machine that the project is worked on in, and that cannot mount it.
    Upload,
}

/// A project's files, sorted by their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    pub root: PathBuf,
    pub entries: Vec<Entry>,
    pub left_out: Vec<LeftOut>,
}

/// A file, directory or symbolic link that goes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the project.
    pub path: PathBuf,
    pub what: What,
    /// Git ignores it.
    pub git_ignored: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Directory,
    File { bytes: u64, executable: bool },
    Link { target: PathBuf },
}

/// Something that stays out, with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Relative to the project, a directory with `/` at its end.
    pub path: String,
    pub rule: Rule,
}

/// Why something stays out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// It configures parity, or holds the application's environment.
    Configuration,
    /// A line of `.dockerignore`, counted from 1.
    DockerIgnore(usize),
    Kind(Kind),
    /// Git ignores it, and this user may not read it.
    Unreadable,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rule::Configuration => f.write_str("it configures the build or the server, or may hold secrets"),
            Rule::DockerIgnore(line) => write!(f, ".dockerignore:{line}"),
            Rule::Kind(kind) => write!(f, "{}: {}", kind.words(), kind.cause()),
            Rule::Unreadable => f.write_str("you may not read it, and git ignores it"),
        }
    }
}

/// The files that go in although git ignores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitIgnored {
    pub count: usize,
    pub bytes: u64,
    pub largest: (String, u64),
}

impl Contents {
    /// Files with their sizes.
    pub fn files(&self) -> impl Iterator<Item = (&Entry, u64)> {
        self.entries.iter().filter_map(|entry| match entry.what {
            What::File { bytes, .. } => Some((entry, bytes)),
            What::Directory | What::Link { .. } => None,
        })
    }

    /// `None`: there are none.
    pub fn git_ignored(&self) -> Option<GitIgnored> {
        let ignored = || self.files().filter(|(entry, _)| entry.git_ignored);
        // Of several that are as large the first.
        let (largest, size) = ignored().min_by_key(|(_, bytes)| std::cmp::Reverse(*bytes))?;
        Some(GitIgnored {
            count: ignored().count(),
            bytes: ignored().map(|(_, bytes)| bytes).sum(),
            largest: (largest.path.display().to_string(), size),
        })
    }

    /// Symbolic links that lead out of the project, where nothing is in a container.
    pub fn leading_out(&self) -> impl Iterator<Item = (&Entry, &PathBuf)> {
        self.entries.iter().filter_map(|entry| match &entry.what {
            What::Link { target } if super::links::leads_out(&entry.path, target) => Some((entry, target)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;
