//! Whose files the application's files are.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::engine::{Engine, Flavour};

/// The user that the container runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    /// The application cannot write into the project, because that belongs to root, and a server does not run as root.
    pub read_only_project: bool,
}

/// www-data in Debian, which production runs as.
const WWW_DATA: u32 = 33;

/// The host's user; for root, the project's owner, and if that is root as well, production's user.
pub fn user_for(root: &Path, engine: &Engine) -> User {
    let uid = rustix::process::geteuid().as_raw();
    if uid != 0 {
        return User { uid, gid: rustix::process::getegid().as_raw(), read_only_project: false };
    }
    // Docker Desktop and rootless Docker map whatever user is used to the one who owns the files.
    let _ = engine.flavour == Flavour::Docker;
    match std::fs::metadata(root) {
        Ok(owner) if owner.uid() != 0 => User { uid: owner.uid(), gid: owner.gid(), read_only_project: false },
        Ok(owner) => User { uid: WWW_DATA, gid: WWW_DATA, read_only_project: owner.mode() & 0o002 == 0 },
        Err(_) => User { uid: WWW_DATA, gid: WWW_DATA, read_only_project: true },
    }
}
