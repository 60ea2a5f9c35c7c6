//! Root's project, as an ordinary user's: a second view of its directory in which root's files belong to another user.
//!
//! A server does not run as root, so in a project that belongs to root (a CI job's checkout, mostly) the application
//! could not write; and what it wrote would not be root's. Linux can mount a directory once more with the owners
//! translated (`mount_setattr(2)`, "idmapped mounts", since 5.12): in the view, files of user 0 are the server's,
//! and what the server creates is root's on disk. Nothing in the project changes.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the view of a container's project is: there as long as the container is. Each container has its own, whatever its
/// name, so that one which replaces another does not lose its view to the other's end.
pub fn place(container: &str) -> PathBuf {
    static VIEWS: AtomicU32 = AtomicU32::new(0);
    let number = VIEWS.fetch_add(1, Ordering::Relaxed);
    Path::new("/run/parity").join(format!("{container}-{}-{number}", std::process::id()))
}

/// Makes the view of `project` at `place`, in which user and group 0 are `uid` and `gid`.
///
/// # Errors
/// Systems and file systems that cannot do it; the caller goes on without.
#[cfg(target_os = "linux")]
pub fn mount(project: &Path, place: &Path, uid: u32, gid: u32) -> Result<()> {
    use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

    unmount(place);
    std::fs::create_dir_all(place)?;
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
    let _ = std::fs::remove_dir(place);
    // The directory of all views, once the last is gone.
    let _ = place.parent().map(std::fs::remove_dir);
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
