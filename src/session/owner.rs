//! Who owns a container: the foreground `parity up` that started it, as long as it lives.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::units::process::started;

/// The name of a project's container. One name for one directory: the engine itself refuses a second one.
pub fn container_name(name: &str, root: &Path) -> String {
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("parity-{name}-{digest}")
}

/// This process, as the label says it: `host:pid:start`.
pub fn me() -> String {
    let pid = std::process::id();
    format!("{}:{pid}:{}", host(), started(pid).unwrap_or_default())
}

/// Is it the label of another command, which still runs?
pub fn is_anothers(owner: &str) -> bool {
    owner != me() && is_alive(owner)
}

/// Does the process of a label still run? One of another machine is believed to.
pub fn is_alive(owner: &str) -> bool {
    let mut parts = owner.rsplitn(3, ':');
    let (Some(start), Some(pid), Some(on)) = (parts.next(), parts.next(), parts.next()) else { return false };
    if on != host() {
        return true;
    }
    let Ok(pid) = pid.parse::<u32>() else { return false };
    match started(pid) {
        Some(now) => now == start,
        // Without /proc a process that can be signalled lives.
        None => {
            !Path::new("/proc/self").exists()
                && i32::try_from(pid)
                    .ok()
                    .and_then(rustix::process::Pid::from_raw)
                    .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
        }
    }
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_a_reused_number_does_not_count() {
        assert!(is_alive(&me()));
        let other_start = format!("{}:{}:1", host(), std::process::id());
        assert!(!is_alive(&other_start));
        assert!(!is_alive("nonsense"));
        assert!(is_alive("another-machine:1:1"));
    }

    #[test]
    fn names_differ_for_directories_of_the_same_name() {
        assert_ne!(container_name("site", Path::new("/a/site")), container_name("site", Path::new("/b/site")));
    }
}
