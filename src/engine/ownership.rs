//! Root's project, as an ordinary user's: a second view of its directory in which root's files belong to another user.
//!
//! A server does not run as root, so in a project that belongs to root (a CI job's checkout, mostly) the application
//! could not write; and what it wrote would not be root's. Linux can mount a directory once more with the owners
//! translated (`mount_setattr(2)`, "idmapped mounts", since 5.12): in the view, files of user 0 are the server's,
//! and what the server creates is root's on disk. Nothing in the project changes.

use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};

use super::connect::Engine;
use super::labels::label;
use crate::units::process;

/// The directory of all views.
const VIEWS: &str = "/run/parity";

/// Where the view of a container's project is: there as long as the container is. Each container has its own, whatever its
/// name, so that one which replaces another does not lose its view to the other's end. The name says on which engine the
/// container is, and which process made it.
pub fn place(engine: &Engine, container: &str) -> PathBuf {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    Path::new(VIEWS).join(format!("{container}.{}.{}.{number}", key(engine), process::mark().unwrap_or_default()))
}

/// An engine's address, short.
fn key(engine: &Engine) -> String {
    let host = &engine.endpoint.host;
    let real = host.strip_prefix("unix://").and_then(|socket| fs::canonicalize(socket).ok());
    let digest = Sha256::digest(real.map_or_else(|| host.clone().into_bytes(), |path| path.into_os_string().into_encoded_bytes()));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The views that no container of an engine has, though whoever made them has ended: somebody else has removed it.
///
/// # Errors
/// The engine's.
pub async fn left(engine: &Engine) -> crate::error::Result<Vec<PathBuf>> {
    // Nobody else can mount, or unmount.
    let is_root = rustix::process::geteuid().is_root();
    let candidates = if is_root { of_ended(Path::new(VIEWS), &key(engine)) } else { Vec::new() };
    // Usually there is none, and nothing to ask.
    if candidates.is_empty() {
        return Ok(candidates);
    }
    let containers = engine.labelled(label::VIEW).await?;
    let used: Vec<PathBuf> = containers.into_iter().filter_map(|found| found.labels?.remove(label::VIEW)).map(PathBuf::from).collect();
    Ok(candidates.into_iter().filter(|view| !used.contains(view)).collect())
}

/// The views for containers of an engine that were made by processes which are no more.
fn of_ended(views: &Path, engine: &str) -> Vec<PathBuf> {
    let is_of_ended = |path: &PathBuf| {
        let mut parts = path.file_name()?.to_str()?.rsplitn(4, '.');
        let (_, whose, on, _) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (on == engine && process::has_ended(whose)).then_some(())
    };
    let entries = fs::read_dir(views).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_of_ended(path).is_some()).collect();
    found.sort();
    found
}

/// The container that a view was made for.
pub fn container_of(view: &Path) -> Option<&str> {
    view.file_name()?.to_str()?.rsplitn(4, '.').nth(3)
}

/// Makes the view of `project` at `place`, in which user and group 0 are `uid` and `gid`.
///
/// # Errors
/// Systems and file systems that cannot do it; the caller goes on without.
#[cfg(target_os = "linux")]
pub fn mount(project: &Path, place: &Path, uid: u32, gid: u32) -> Result<()> {
    unmount(place);
    fs::create_dir_all(place)?;
    let mounted = mount_there(project, place, uid, gid);
    if mounted.is_err() {
        unmount(place);
    }
    mounted
}

#[cfg(target_os = "linux")]
fn mount_there(project: &Path, place: &Path, uid: u32, gid: u32) -> Result<()> {
    use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

    let translation = linux::user_namespace(uid, gid)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(rustix::fs::CWD, project, flags)?;
    linux::translate(&tree, &translation)?;
    move_mount(tree, "", rustix::fs::CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn mount(_: &Path, _: &Path, _: u32, _: u32) -> Result<()> {
    Err(Error::other("only Linux can"))
}

/// Takes the view away; that there is none is fine. The project's files are not touched.
pub fn unmount(place: &Path) {
    #[cfg(target_os = "linux")]
    let _ = rustix::mount::unmount(place, rustix::mount::UnmountFlags::DETACH);
    let _ = fs::remove_dir(place);
    // The directory of all views, once the last is gone.
    let _ = place.parent().map(fs::remove_dir);
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
mod linux {
    use std::fs::File;
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::{Error, Result};

    /// A user namespace that says how owners are translated. It lives as long as its file is open.
    pub fn user_namespace(uid: u32, gid: u32) -> Result<File> {
        let mut holder = Command::new("/bin/sh");
        holder.args(["-c", "read -r _"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: unshare(2) is async-signal-safe and changes only the child, which has one thread.
        unsafe {
            holder.pre_exec(|| if libc::unshare(libc::CLONE_NEWUSER) == 0 { Ok(()) } else { Err(Error::last_os_error()) });
        }
        let mut holder = holder.spawn()?;
        let process = format!("/proc/{}", holder.id());
        let namespace = std::fs::write(format!("{process}/uid_map"), format!("0 {uid} 1"))
            .and_then(|()| std::fs::write(format!("{process}/gid_map"), format!("0 {gid} 1")))
            .and_then(|()| File::open(format!("{process}/ns/user")));
        // The end of its input ends it.
        drop(holder.stdin.take());
        holder.wait()?;
        namespace
    }

    /// Gives a detached mount, with all below it, the translation of a user namespace.
    pub fn translate(tree: &impl AsFd, namespace: &File) -> Result<()> {
        let attributes = libc::mount_attr {
            attr_set: libc::MOUNT_ATTR_IDMAP,
            attr_clr: 0,
            propagation: 0,
            userns_fd: namespace.as_raw_fd().unsigned_abs().into(),
        };
        // SAFETY: the descriptors are open, the path is an empty C string, and the structure outlives the call.
        let done = unsafe {
            libc::syscall(
                libc::SYS_mount_setattr,
                tree.as_fd().as_raw_fd(),
                c"".as_ptr(),
                libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
                std::ptr::from_ref(&attributes),
                size_of::<libc::mount_attr>(),
            )
        };
        if done == 0 { Ok(()) } else { Err(Error::last_os_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_cannot_be_made_leaves_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("views/one");
        assert!(mount(&directory.path().join("no project"), &place, 33, 33).is_err());
        assert!(!directory.path().join("views").exists());
    }

    #[test]
    fn views_of_processes_that_ended_are_found_for_their_engine_alone() {
        let directory = tempfile::tempdir().unwrap();
        let mine = process::mark().unwrap();
        let namespace = mine.split('-').next().unwrap();
        let gone = format!("parity-my.site-0a1b2c3d.00ff00ff.{namespace}-4194304-1.0");
        for name in [&gone, &format!("parity-x-0a1b2c3d.00ff00ff.{mine}.0"), &gone.replace("00ff00ff", "11ff11ff"), "parity-x-12-0"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let found = of_ended(directory.path(), "00ff00ff");
        assert_eq!(found, [directory.path().join(&gone)]);
        assert_eq!(container_of(&found[0]), Some("parity-my.site-0a1b2c3d"));
    }
}
