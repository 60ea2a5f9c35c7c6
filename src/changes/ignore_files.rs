//! The project's `.gitignore` and `.dockerignore` files, each with its own idea of a pattern.

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::path;
use crate::project::dockerignore::{self, DockerIgnore};

/// Those of deeper directories first: they decide over the others.
#[derive(Debug)]
pub(super) struct IgnoreFiles(Vec<IgnoreFile>);

#[derive(Debug)]
struct IgnoreFile {
    path: String,
    patterns: Patterns,
}

#[derive(Debug)]
enum Patterns {
    Git(Gitignore),
    Docker(DockerIgnore),
}

impl IgnoreFiles {
    pub fn new(files: &[(String, String)]) -> Self {
        let mut files: Vec<_> = files.iter().filter_map(|(file, text)| Some(IgnoreFile::new(path::normalize(file)?, text))).collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.path.matches('/').count()));
        Self(files)
    }

    /// The file by which a path is ignored.
    pub fn naming(&self, path: &str, gone: bool) -> Option<&str> {
        // Git never looks into a directory that is ignored, so what is below one cannot be taken back.
        let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let file = ends.find_map(|end| self.of_git(&path[..end], gone || end < path.len()));
        file.or_else(|| self.of_docker(path)).map(|file| file.path.as_str())
    }

    fn of_git(&self, path: &str, is_directory: bool) -> Option<&IgnoreFile> {
        for file in &self.0 {
            let (Patterns::Git(patterns), Some(inside)) = (&file.patterns, file.inside(path)) else { continue };
            match patterns.matched(inside, is_directory) {
                Match::Ignore(_) => return Some(file),
                Match::Whitelist(_) => return None,
                Match::None => {}
            }
        }
        None
    }

    fn of_docker(&self, path: &str) -> Option<&IgnoreFile> {
        self.0.iter().find(|file| match &file.patterns {
            Patterns::Docker(patterns) => file.inside(path).is_some_and(|inside| patterns.ignores(inside)),
            Patterns::Git(_) => false,
        })
    }
}

impl IgnoreFile {
    fn new(path: String, text: &str) -> Self {
        if path::split(&path).1 == dockerignore::FILE {
            return Self { path, patterns: Patterns::Docker(DockerIgnore::parse(text)) };
        }
        let mut builder = GitignoreBuilder::new("");
        for line in text.trim_start_matches('\u{feff}').lines() {
            // A line that is no pattern is passed over, as git does.
            let _ = builder.add_line(None, line);
        }
        Self { path, patterns: Patterns::Git(builder.build().unwrap_or_else(|_| Gitignore::empty())) }
    }

    /// A path as the file sees it; `None` if it is not below the file's directory.
    fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        match path::split(&self.path).0 {
            "" => Some(path),
            directory => path.strip_prefix(directory)?.strip_prefix('/'),
        }
    }
}
