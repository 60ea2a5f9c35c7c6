//! What git ignores, by the `.gitignore` files of the project and of the repository that it is in.
//!
//! What a person has configured elsewhere does not count: an image must not depend on whose machine it is built on.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::project::ignore_files;

/// The ignore files that hold in a directory, those of the directories above first.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope(Vec<IgnoreFile>);

#[derive(Debug, Clone)]
struct IgnoreFile {
    /// From the file's directory to the project, for a file above it; empty otherwise.
    below: String,
    /// The file's directory, relative to the project; empty for the project's and those above.
    directory: String,
    patterns: Gitignore,
}

impl Scope {
    /// What holds above the project. A project that is itself ignored is one that git knows nothing of.
    pub fn above(root: &Path) -> Self {
        let Some(repository) = root.ancestors().find(|directory| directory.join(".git").exists()) else { return Self::default() };
        let mut scope = Self::default();
        let exclude = repository.join(".git/info/exclude");
        let above: Vec<&Path> = root.ancestors().skip(1).take_while(|directory| directory.starts_with(repository)).collect();
        for (directory, file) in std::iter::once((repository, exclude)).chain(above.into_iter().rev().map(|at| (at, at.join(".gitignore"))))
        {
            let below = root.strip_prefix(directory).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
            scope.0.extend(read(&file).map(|patterns| IgnoreFile { below, directory: String::new(), patterns }));
        }
        let is_ignored = scope.0.iter().any(IgnoreFile::ignores_the_project);
        if is_ignored { Self::default() } else { scope }
    }

    /// What holds in a directory of the project, which may have a file of its own.
    pub fn enter(&self, root: &Path, directory: &str) -> Self {
        let mut inside = self.clone();
        let own = read(&root.join(directory).join(".gitignore"));
        inside.0.extend(own.map(|patterns| IgnoreFile { below: String::new(), directory: directory.to_owned(), patterns }));
        inside
    }

    /// Is a path ignored? The directories that it is in are not.
    pub fn ignores(&self, path: &str, is_directory: bool) -> bool {
        let decided = self.0.iter().rev().find_map(|file| match file.matched(path, is_directory) {
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
            Match::None => None,
        });
        decided.unwrap_or(false)
    }
}

impl IgnoreFile {
    /// Or one of the directories that lead to it.
    fn ignores_the_project(&self) -> bool {
        let mut parts = Path::new(&self.below).ancestors().filter(|part| !part.as_os_str().is_empty());
        parts.any(|part| self.patterns.matched(part, true).is_ignore())
    }

    fn matched(&self, path: &str, is_directory: bool) -> Match<&ignore::gitignore::Glob> {
        if !self.below.is_empty() {
            return self.patterns.matched(format!("{}/{path}", self.below), is_directory);
        }
        let inside = match self.directory.as_str() {
            "" => Some(path),
            directory => path.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/')),
        };
        inside.map_or(Match::None, |inside| self.patterns.matched(inside, is_directory))
    }
}

fn read(file: &Path) -> Option<Gitignore> {
    let text = ignore_files::read(file.parent()?, file.file_name()?.to_str()?).ok()?;
    let mut builder = GitignoreBuilder::new("");
    for line in text.trim_start_matches('\u{feff}').lines() {
        // A line that is no pattern is passed over, as git does.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|patterns| !patterns.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;

    #[test]
    fn files_above_beside_and_below() {
        let repository = project(&[
            (".git/info/exclude", "scratch\n"),
            (".gitignore", "*.log\n/site/dist/\n/dist2\n"),
            ("site/.gitignore", "!keep.log\nlocal_settings.py\n"),
            ("site/app/.gitignore", "/generated.py\n"),
        ]);
        let root = repository.path().join("site");
        let scope = Scope::above(&root).enter(&root, "");
        for (path, is_directory, ignored) in [
            ("a.log", false, true),
            ("keep.log", false, false),
            ("dist", true, true),
            ("dist", false, false),
            ("dist2", false, false),
            ("scratch", false, true),
            ("app/local_settings.py", false, true),
            ("generated.py", false, false),
        ] {
            assert_eq!(scope.ignores(path, is_directory), ignored, "{path}");
        }
        let app = scope.enter(&root, "app");
        assert!(app.ignores("app/generated.py", false));
        assert!(!app.ignores("app/deep/generated.py", false));
    }

    #[test]
    fn a_project_that_git_ignores_is_not_gits() {
        let repository = project(&[(".git/HEAD", ""), (".gitignore", "/tmp/\n*.log\n"), ("tmp/site/a.log", "")]);
        let root = repository.path().join("tmp/site");
        assert!(!Scope::above(&root).enter(&root, "").ignores("a.log", false));
        let other = repository.path().join("other");
        assert!(Scope::above(&other).enter(&other, "").ignores("a.log", false));
    }

    #[test]
    fn without_a_repository_its_own_files_hold() {
        let project = project(&[(".gitignore", "*.log\n")]);
        assert!(Scope::above(project.path()).enter(project.path(), "").ignores("x/a.log", false));
    }
}
