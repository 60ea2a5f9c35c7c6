//! Another commit of the project, checked out for as long as something is built from it.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::image::git::{command, without_filters};
use crate::error::{Failure, Kind, Result};
use crate::units::scratch;

/// The working tree of a commit in a directory of its own. It is removed when this is dropped.
#[derive(Debug)]
pub struct Worktree {
    /// The project in it.
    pub root: PathBuf,
    /// The commit, in full.
    pub commit: String,
    top: PathBuf,
    repository: PathBuf,
    _scratch: TempDir,
}

impl Worktree {
    /// Checks out what a branch, tag or commit names.
    ///
    /// # Errors
    /// [`Kind::Usage`]: there is no repository, or nothing of that name in it, or not this project.
    pub fn of(project: &Path, name: &str) -> Result<Self> {
        let asked = |arguments: &[&str]| run(project, arguments).map(|text| text.trim_end_matches('\n').to_owned());
        let no_repository = |why: String| {
            Failure::new(Kind::Usage, format!("{} is in no git repository that can be read", project.display()))
                .cause(why)
                .hint("`ref:` names a commit of the project's repository")
        };
        let prefix = asked(&["rev-parse", "--show-prefix"]).map_err(no_repository)?;
        // What begins with a dash would be an option.
        let commit = asked(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]).map_err(|_| {
            Failure::new(Kind::Usage, format!("git knows no commit `{}`", name.escape_debug()))
                .hint("`git branch -a` and `git tag` list names; `git fetch origin NAME` gets one that is not here")
        })?;
        let cannot = |why: &dyn std::fmt::Display| Failure::new(Kind::Other, format!("cannot check out {name}")).cause(why);
        let scratch = scratch::directory().map_err(|error| cannot(&error))?;
        let owner = std::fs::metadata(project).map_err(|error| cannot(&error))?;
        if rustix::process::geteuid().is_root() && owner.uid() != 0 {
            chown(scratch.path(), Some(owner.uid()), Some(owner.gid())).map_err(|error| cannot(&error))?;
        }
        // The directory's name is the project's where nothing else names it.
        let own_name = project.file_name().filter(|_| prefix.is_empty()).unwrap_or_else(|| "repository".as_ref());
        let top = scratch.path().join(own_name);
        let text = top.to_string_lossy().into_owned();
        let settings = without_filters(project, "smudge|process");
        let mut arguments: Vec<&str> = settings.iter().flat_map(|setting| ["-c", setting]).collect();
        arguments.extend(["worktree", "add", "--detach", "--quiet", &text, &commit]);
        let root = top.join(prefix.trim_end_matches('/'));
        let worktree = Self { root, commit: commit.clone(), top: top.clone(), repository: project.to_owned(), _scratch: scratch };
        // Those that were killed have left their names.
        let _ = run(project, &["worktree", "prune"]);
        run(project, &arguments).map_err(|why| cannot(&why))?;
        if !worktree.root.is_dir() {
            return Err(Failure::new(Kind::Usage, format!("{name} has no directory {prefix}"))
                .hint("the project was not there yet: name a later commit"));
        }
        Ok(worktree)
    }

    /// Brings files that the commit does not have, such as those that git ignores.
    ///
    /// # Errors
    /// The system's.
    pub fn bring<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
        for name in names {
            let (from, to) = (self.repository.join(name), self.root.join(name));
            // A link of the commit's could lead anywhere.
            let is_inside =
                || to.parent().and_then(|parent| parent.canonicalize().ok()).is_some_and(|parent| parent.starts_with(&self.root));
            if to.symlink_metadata().is_ok() || !from.is_file() || !is_inside() {
                continue;
            }
            let copied = std::fs::copy(&from, &to);
            copied.map_err(|error| Failure::new(Kind::Other, format!("cannot copy {}", from.display())).caused_by(&error))?;
        }
        Ok(())
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        let top = self.top.to_string_lossy().into_owned();
        // The directory goes in any case; this takes it out of git's list as well.
        let _ = run(&self.repository, &["worktree", "remove", "--force", &top]);
    }
}

/// What git prints, or what it says instead.
fn run(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = command(directory, arguments).output().map_err(|error| format!("git cannot be run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.lines().last().unwrap_or("git failed").to_owned());
    }
    String::from_utf8(output.stdout).map_err(|_| "git prints no text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(directory: &Path, arguments: &[&str]) -> String {
        let all = [&["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"], arguments].concat();
        run(directory, &all).unwrap()
    }

    #[test]
    fn another_commit_is_there_for_a_while() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap().join("repo");
        let project = root.join("shop");
        std::fs::create_dir_all(&project).unwrap();
        git(&root, &["init", "-q"]);
        std::fs::write(project.join("app.py"), "one").unwrap();
        // A hook of the repository's is not run, nor is a filter.
        let hook = root.join(".git/hooks/post-checkout");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, "#!/bin/sh\ntouch hooked\n").unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        git(&root, &["config", "filter.x.smudge", "touch filtered; cat"]);
        std::fs::write(root.join(".gitattributes"), "*.py filter=x\n").unwrap();
        git(&root, &["add", "."]);
        git(&root, &["commit", "-qm", "one"]);
        std::fs::write(project.join("app.py"), "two").unwrap();
        std::fs::write(project.join(".env"), "A=b").unwrap();

        let worktree = Worktree::of(&project, "main").unwrap();
        worktree.bring([".env", "app.py", "none"]).unwrap();
        assert_eq!(std::fs::read_to_string(worktree.root.join("app.py")).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(worktree.root.join(".env")).unwrap(), "A=b");
        assert!(!worktree.top.join("hooked").exists() && !worktree.top.join("filtered").exists());
        assert!(worktree.root.ends_with("shop"));
        let top = worktree.top.clone();
        drop(worktree);
        assert!(!top.exists() && !top.parent().unwrap().exists());
        assert_eq!(git(&root, &["worktree", "list"]).lines().count(), 1);

        for name in ["nothing", "--help", "", "main:shop"] {
            assert_eq!(Worktree::of(&project, name).unwrap_err().kind, Kind::Usage, "{name}");
        }
        assert!(Worktree::of(place.path(), "main").unwrap_err().message.contains("in no git repository"));
    }
}
