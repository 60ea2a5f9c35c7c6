//! Whether git is about to write the tree: it holds `index.lock` during a checkout, merge or rebase.

use std::path::{Path, PathBuf};

use crate::units::files;

/// Git's lock file for the work tree that a directory is in, whether it is there now or not. `None`: no work tree.
pub fn git_lock(root: &Path) -> Option<PathBuf> {
    root.ancestors().find_map(git_directory).map(|directory| directory.join("index.lock"))
}

/// Whether git works on the tree now.
pub fn is_git_at_work(root: &Path) -> bool {
    git_lock(root).is_some_and(|lock| lock.exists())
}

/// What `.git` in a directory is or, in a linked work tree and in a submodule, says: `gitdir: ../.git/modules/shop`.
fn git_directory(tree: &Path) -> Option<PathBuf> {
    let git = tree.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = files::read_text(&git).ok()?;
    let directory = text.strip_prefix("gitdir:")?.trim();
    Some(tree.join(directory))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn finds_the_lock_of_this_work_tree() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for made in ["repo/.git/worktrees/two", "repo/.git/modules/sub", "repo/app/deep", "repo/sub", "two/app"] {
            fs::create_dir_all(root.join(made)).unwrap();
        }
        fs::write(root.join("repo/sub/.git"), "gitdir: ../.git/modules/sub\n").unwrap();
        fs::write(root.join("two/.git"), format!("gitdir: {}\n", root.join("repo/.git/worktrees/two").display())).unwrap();
        for (tree, lock) in [
            ("repo", "repo/.git/index.lock"),
            ("repo/app/deep", "repo/.git/index.lock"),
            ("repo/sub", "repo/sub/../.git/modules/sub/index.lock"),
            ("two/app", "repo/.git/worktrees/two/index.lock"),
        ] {
            assert_eq!(git_lock(&root.join(tree)), Some(root.join(lock)), "{tree}");
            assert!(!is_git_at_work(&root.join(tree)), "{tree}");
            fs::write(root.join(lock), "").unwrap();
            assert!(is_git_at_work(&root.join(tree)), "{tree}");
            fs::remove_file(root.join(lock)).unwrap();
        }
    }
}
