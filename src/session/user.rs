//! Whose files the application's files are.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The user that the container runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    /// The project belongs to root, and a server does not run as root: without a view in which it is the
    /// server's (`engine::ownership`) the application cannot write there.
    pub roots_project: bool,
}

/// www-data in Debian, which production runs as.
const WWW_DATA: u32 = 33;

impl User {
    /// The one that production's image runs as.
    pub const PRODUCTION: Self = Self { uid: WWW_DATA, gid: WWW_DATA, roots_project: false };
}

/// The host's user; for root, the project's owner, and if that is root as well, production's user.
pub fn user_for(root: &Path) -> User {
    let uid = rustix::process::geteuid().as_raw();
    if uid != 0 {
        return User { uid, gid: rustix::process::getegid().as_raw(), roots_project: false };
    }
    match std::fs::metadata(root) {
        Ok(owner) if owner.uid() != 0 => User { uid: owner.uid(), gid: owner.gid(), roots_project: false },
        Ok(owner) => User { uid: WWW_DATA, gid: WWW_DATA, roots_project: owner.mode() & 0o002 == 0 },
        Err(_) => User { uid: WWW_DATA, gid: WWW_DATA, roots_project: true },
    }
}
