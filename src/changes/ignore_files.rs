//! The project's `.gitignore` and `.dockerignore` files, each with its own idea of a pattern.

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::path;

/// Those of deeper directories first: they decide over the others.
#[derive(Debug)]
pub(super) struct IgnoreFiles(Vec<IgnoreFile>);

#[derive(Debug)]
struct IgnoreFile {
    path: String,
    patterns: Gitignore,
    is_docker: bool,
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
        file.or_else(|| self.of_docker(path, gone)).map(|file| file.path.as_str())
    }

    fn of_git(&self, path: &str, is_directory: bool) -> Option<&IgnoreFile> {
        for file in self.0.iter().filter(|file| !file.is_docker) {
            match file.inside(path).map(|inside| file.patterns.matched(inside, is_directory)) {
                Some(Match::Ignore(_)) => return Some(file),
                Some(Match::Whitelist(_)) => return None,
                Some(Match::None) | None => {}
            }
        }
        None
    }

    fn of_docker(&self, path: &str, gone: bool) -> Option<&IgnoreFile> {
        let ignores =
            |file: &IgnoreFile| file.inside(path).is_some_and(|inside| file.patterns.matched_path_or_any_parents(inside, gone).is_ignore());
        self.0.iter().find(|file| file.is_docker && ignores(file))
    }
}

impl IgnoreFile {
    fn new(path: String, text: &str) -> Self {
        let is_docker = path::split(&path).1 == ".dockerignore";
        let mut builder = GitignoreBuilder::new("");
        for line in text.trim_start_matches('\u{feff}').lines() {
            // A line that is no pattern is passed over, as git does.
            let _ = if is_docker { builder.add_line(None, &anchored(line)) } else { builder.add_line(None, line) };
        }
        Self { path, patterns: builder.build().unwrap_or_else(|_| Gitignore::empty()), is_docker }
    }

    /// A path as the file sees it; `None` if it is not below the file's directory.
    fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        match path::split(&self.path).0 {
            "" => Some(path),
            directory => path.strip_prefix(directory)?.strip_prefix('/'),
        }
    }
}

/// Docker's patterns begin at the root: its `*.md` is git's `/*.md`.
fn anchored(line: &str) -> String {
    let line = line.trim();
    let (not, pattern) = line.strip_prefix('!').map_or(("", line), |pattern| ("!", pattern.trim_start()));
    match pattern.trim_start_matches("./").trim_matches('/') {
        "" => String::new(),
        pattern if pattern.starts_with('#') => line.to_owned(),
        pattern => format!("{not}/{pattern}"),
    }
}
