//! Why there may be no events: the medium that the files are on, a limit of the system, or a setting. In words for a user.

use std::io;
use std::path::Path;

/// Why files are compared, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub why: String,
    pub hint: Option<String>,
}

const ENOSPC: i32 = 28;
const EMFILE: i32 = 24;

pub(super) fn asked_for() -> Obstacle {
    Obstacle { why: "`watch-polling` is on".into(), hint: None }
}

/// What an error of the system's events means.
pub(super) fn limit(error: &io::Error) -> Obstacle {
    let (why, setting) = match error.raw_os_error().filter(|_| cfg!(target_os = "linux")) {
        Some(ENOSPC) => {
            (format!("the system's limit of watched directories is reached{}", now("max_user_watches")), "max_user_watches=524288")
        }
        Some(EMFILE) => {
            (format!("the system's limit of watching programs is reached{}", now("max_user_instances")), "max_user_instances=1024")
        }
        _ => return Obstacle { why: format!("the system gives no file events: {error}"), hint: None },
    };
    let hint = format!("`sudo sysctl fs.inotify.{setting}` raises it; until the next start files are compared every half second");
    Obstacle { why, hint: Some(hint) }
}

/// A limit's value, for a person to recognize.
fn now(setting: &str) -> String {
    let value = std::fs::read_to_string(format!("/proc/sys/fs/inotify/{setting}")).unwrap_or_default();
    if value.is_empty() { value } else { format!(" (fs.inotify.{setting} is {})", value.trim()) }
}

/// A file system whose files others change without this system's knowledge.
#[cfg(target_os = "linux")]
pub(super) fn without_events(root: &Path) -> Option<Obstacle> {
    use std::os::unix::fs::MetadataExt;
    let device = std::fs::metadata(root).ok()?.dev();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    remote(&mounts, rustix::fs::major(device), rustix::fs::minor(device))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn without_events(_: &Path) -> Option<Obstacle> {
    None
}

/// By the mount's type, as FUSE has one magic number for what is far and what is here.
#[cfg(any(target_os = "linux", test))]
fn remote(mounts: &str, major: u32, minor: u32) -> Option<Obstacle> {
    let device = format!("{major}:{minor}");
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&device))?;
    let kind = mount.split_once(" - ")?.1.split(' ').next()?;
    let whose = match kind {
        "nfs" | "nfs4" | "cifs" | "smb3" | "smbfs" | "afs" | "ceph" | "lustre" | "glusterfs" | "gfs2" | "ocfs2" | "beegfs"
        | "fuse.sshfs" | "fuse.glusterfs" | "fuse.rclone" | "fuse.s3fs" | "fuse.davfs" => "another machine",
        "9p" | "drvfs" | "vboxsf" | "vmhgfs" | "fuse.vmhgfs-fuse" | "prl_fs" | "virtiofs" | "fuse.grpcfuse" | "fuse.osxfs"
        | "fakeowner" => "this virtual machine's host",
        _ => return None,
    };
    Some(Obstacle {
        why: format!("the project is on a file system of {whose} ({kind}), which does not tell what changes there"),
        hint: Some("on a local disk a change is noticed at once".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_file_systems_others_change() {
        let mounts = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /home rw - nfs4 server:/home rw,vers=4.2
41 22 0:36 / /mnt/c rw,noatime - 9p drvfs rw,aname=drvfs
42 22 0:37 /a /far rw master:3 propagate_from:2 - fuse.sshfs me@there: rw
43 22 0:38 / /near rw - fuse.fuse-overlayfs fuse-overlayfs rw
";
        let kind = |major, minor| remote(mounts, major, minor).map(|obstacle| obstacle.why);
        assert!(kind(0, 35).unwrap().contains("another machine (nfs4)"));
        assert!(kind(0, 36).unwrap().contains("virtual machine's host (9p)"));
        assert!(kind(0, 37).unwrap().contains("another machine (fuse.sshfs)"));
        for (major, minor) in [(0, 38), (254, 0), (9, 9)] {
            assert_eq!(kind(major, minor), None);
        }
    }
}
