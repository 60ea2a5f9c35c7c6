//! What git says of a directory, without running what its repository names.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// What git prints; `None`: it fails, or there is none.
pub(super) fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = command(root, arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()).flatten()
}

/// A command of git's, in a directory, as its owner.
pub(in crate::session) fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // A repository may name programs to run: for monitoring files, and as hooks.
    command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=true"]);
    command.args(arguments).current_dir(root).env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    as_owner(&mut command, root);
    command.stdin(Stdio::null());
    command
}

/// Settings that switch off the filters of the repository's own configuration, of which a program may be one: the application can
/// write there. `kinds`: `clean|process`.
pub(in crate::session) fn without_filters(root: &Path, kinds: &str) -> Vec<String> {
    let configured = git(root, &["config", "--show-scope", "--name-only", "--get-regexp", &format!(r"^filter\..*\.({kinds})$")]);
    let of_repository = |line: &str| {
        let (scope, key) = line.split_once('\t')?;
        let filter = key.rsplit_once('.')?.0;
        matches!(scope, "local" | "worktree").then(|| [format!("{key}="), format!("{filter}.required=false")])
    };
    configured.unwrap_or_default().lines().filter_map(of_repository).flatten().collect()
}

/// What `git status` prints of a directory. Git would run the filters of the repository's configuration for files that were touched, and
/// those of submodules: the application can write there. What such a filter would make equal counts as changed.
pub(super) fn status(root: &Path) -> Option<String> {
    looking_at_files(root, &["status", "--porcelain", "--ignore-submodules=dirty", "--", "."])
}

/// What has changed since a branch or commit, committed or not, as `git diff` prints it, and the files that git does not know, each with a
/// NUL behind it. Of a branch that has gone on, what it had when this one began counts. `None`: git does not know it.
pub fn changed_since(root: &Path, reference: &str) -> Option<(String, String)> {
    let known = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{reference}^{{commit}}")])?;
    let base = git(root, &["merge-base", known.trim(), "HEAD"]).unwrap_or(known);
    let diff = ["diff", "--unified=0", "--relative", "--no-prefix", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"];
    let diff = [&diff[..], &["--ignore-submodules=dirty", base.trim(), "--", "."]].concat();
    let untracked = git(root, &["ls-files", "--others", "--exclude-standard", "-z", "--", "."])?;
    Some((looking_at_files(root, &diff)?, untracked))
}

/// Runs git so that no filter of the repository's is run.
fn looking_at_files(root: &Path, command: &[&str]) -> Option<String> {
    let switched_off = without_filters(root, "clean|process");
    let mut arguments: Vec<&str> = switched_off.iter().flat_map(|setting| ["-c", setting]).collect();
    arguments.extend(command);
    git(root, &arguments)
}

/// Git refuses to look at what belongs to another user, and nothing of another user's should be run as root.
fn as_owner(command: &mut Command, root: &Path) {
    let Some(owner) = std::fs::metadata(root).ok().filter(|owner| owner.uid() != 0) else { return };
    if rustix::process::geteuid().is_root() {
        // Root's own configuration is not theirs to read.
        command.uid(owner.uid()).gid(owner.gid()).env("HOME", "/").env("XDG_CONFIG_HOME", "/").env("GIT_CONFIG_GLOBAL", "/dev/null");
    }
}

/// The version that setuptools-scm finds for the last commit, but for the date that it adds where files were changed since: an image
/// must not be another with each day.
pub(super) fn version(directory: &Path) -> Option<String> {
    let described = git(directory, &["describe", "--tags", "--long", "--match", "*[0-9]*"]);
    match described {
        Some(described) => of_tag(described.trim()),
        None => {
            let (count, node) = (git(directory, &["rev-list", "--count", "HEAD"])?, git(directory, &["rev-parse", "--short", "HEAD"])?);
            plain(format!("0.1.dev{}+g{}", count.trim(), node.trim()))
        }
    }
}

/// `v1.2.3-4-gabcdef0` is `1.2.4.dev4+gabcdef0`; a tag itself is its version.
fn of_tag(described: &str) -> Option<String> {
    let (rest, node) = described.rsplit_once('-')?;
    let (tag, distance) = rest.rsplit_once('-')?;
    // `shop-v1.2.3` is a tag of a repository with several packages.
    let start = tag.find(|c: char| c.is_ascii_digit())?;
    let version = &tag[start..];
    if distance == "0" {
        return plain(version.to_owned());
    }
    let digits = version.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    let next = match version[digits..].parse::<u64>() {
        Ok(last) => format!("{}{}", &version[..digits], last.checked_add(1)?),
        Err(_) => version.to_owned(),
    };
    plain(format!("{next}.dev{distance}+{node}"))
}

fn plain(version: String) -> Option<String> {
    let is_plain = version.chars().all(|c| c.is_ascii_alphanumeric() || ".+!_-".contains(c));
    (is_plain && !version.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_tags() {
        for (described, version) in [
            ("v1.2.3-0-gabc1234", Some("1.2.3")),
            ("1.2-4-gabc1234", Some("1.3.dev4+gabc1234")),
            ("shop-v1.2.9-1-gabc1234", Some("1.2.10.dev1+gabc1234")),
            ("v2.0rc1-3-gabc1234", Some("2.0rc2.dev3+gabc1234")),
            ("v1.0'x-0-gabc", None),
            ("x", None),
        ] {
            assert_eq!(of_tag(described).as_deref(), version, "{described}");
        }
    }

    #[test]
    fn a_worktree_has_the_versions_of_its_repository() {
        let directory = tempfile::tempdir().unwrap();
        let (root, tree) = (directory.path().join("main"), directory.path().join("tree"));
        std::fs::create_dir(&root).unwrap();
        let run = |at: &Path, arguments: &[&str]| {
            let mut command = Command::new("git");
            let done =
                command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]).args(arguments).current_dir(at).output().unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        assert_eq!(version(&root), None);
        run(&root, &["init", "-q"]);
        run(&root, &["commit", "-q", "--allow-empty", "-m", "x"]);
        assert!(version(&root).unwrap().starts_with("0.1.dev1+g"));
        run(&root, &["tag", "v3.4"]);
        run(&root, &["worktree", "add", "-q", tree.to_str().unwrap()]);
        assert_eq!(version(&tree).as_deref(), Some("3.4"));
        run(&tree, &["commit", "-q", "--allow-empty", "-m", "y"]);
        assert!(version(&tree).unwrap().starts_with("3.5.dev1+g"), "{:?}", version(&tree));
    }
}
