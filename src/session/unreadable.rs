//! Files of a mounted project that its server may not read: `chmod 000`, or another user's secret. Python tells of those that it
//! imports, when it does; templates, data and what is loaded already are told by nobody else.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::User;
use crate::events::Event;

/// Entries of a project that are looked at when a server starts.
const MOST_ENTRIES: usize = 50_000;
/// Files that are named.
const MOST_NAMED: usize = 3;

/// May the server not read a file, or not look into a directory? What is no such thing, or is gone, is none of ours.
pub fn is_unreadable(path: &Path, user: User) -> bool {
    fs::metadata(path).is_ok_and(|found| (found.is_file() || found.is_dir()) && !may_read(path, &found, user))
}

fn may_read(path: &Path, found: &Metadata, user: User) -> bool {
    // The system knows access lists as well, but answers for this process.
    if rustix::process::geteuid().as_raw() == user.uid {
        let wanted = if found.is_dir() { rustix::fs::Access::READ_OK | rustix::fs::Access::EXEC_OK } else { rustix::fs::Access::READ_OK };
        return rustix::fs::accessat(rustix::fs::CWD, path, wanted, rustix::fs::AtFlags::EACCESS).is_ok();
    }
    // In the view of root's project its files are the server's.
    let is = |owner: u32, mine: u32| if user.roots_project { owner == 0 } else { owner == mine };
    let bits = match () {
        () if is(found.uid(), user.uid) => found.mode() >> 6,
        () if is(found.gid(), user.gid) => found.mode() >> 3,
        () => found.mode(),
    };
    let wanted = if found.is_dir() { 0o5 } else { 0o4 };
    bits & wanted == wanted
}

/// Looks through a project. What is below a directory that `skips` names is not looked at. Paths are relative to it.
pub fn look(root: &Path, user: User, skips: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let (mut found, mut left) = (BTreeSet::new(), MOST_ENTRIES);
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root.join(&directory)).into_iter().flatten().flatten() {
            left = left.saturating_sub(1);
            let (Ok(kind), Some(name)) = (entry.file_type(), entry.file_name().to_str().map(str::to_owned)) else { continue };
            let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
            if left == 0 || kind.is_dir() && skips(&path) || !kind.is_file() && !kind.is_dir() {
                continue;
            }
            if is_unreadable(&root.join(&path), user) {
                found.insert(path);
            } else if kind.is_dir() {
                directories.push(path);
            }
        }
    }
    found
}

/// What is told of them; `None`: there is none.
pub fn warning(root: &Path, paths: &BTreeSet<String>) -> Option<Event> {
    let mode = |path: &String| {
        fs::metadata(root.join(path)).map_or_else(|_| String::new(), |found| format!(" (mode {:03o})", found.mode() & 0o777))
    };
    let named: Vec<String> = paths.iter().take(MOST_NAMED).map(|path| format!("{path}{}", mode(path))).collect();
    let first = paths.first()?;
    let more = paths.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(Event::Warning {
        text: format!("the server is not allowed to read {}{more}", named.join(", ")),
        hint: Some(format!("`chmod u+r {first}` lets its owner read it; `ls -l` shows whose it is")),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_that_the_server_may_not_read_are_found() {
        let project = tempfile::tempdir().unwrap();
        let root = project.path();
        for (path, mode) in
            [("app.py", 0o644), ("secret.py", 0o000), ("templates/a.html", 0o000), ("node_modules/x.js", 0o000), ("group.py", 0o040)]
        {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "x").unwrap();
            fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(root.join("closed")).unwrap();
        fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("secret.py", root.join("link.py")).unwrap();
        let owner = fs::metadata(root).unwrap();
        // As root this process may read everything, the server may not.
        let user = User { uid: owner.uid(), gid: owner.gid(), roots_project: false };
        let user = if user.uid == 0 { User { uid: 33, gid: 33, roots_project: true } } else { user };
        let found = look(root, user, |directory| directory == "node_modules");
        assert_eq!(found.iter().collect::<Vec<_>>(), ["closed", "group.py", "secret.py", "templates/a.html"]);
        let Some(Event::Warning { text, hint }) = warning(root, &found) else { panic!("nothing is told") };
        assert_eq!(text, "the server is not allowed to read closed (mode 600), group.py (mode 040), secret.py (mode 000) and 1 more");
        assert!(hint.unwrap().contains("`chmod u+r closed`"));
        assert!(!is_unreadable(&root.join("gone"), user) && !is_unreadable(&root.join("app.py"), user));
        fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(warning(root, &BTreeSet::new()), None);
    }
}
