//! What Python and its libraries say where another process holds what is wanted: a lock, a port, a database.

use std::sync::LazyLock;

use regex::RegexSet;

use crate::runtime::HELD;

/// The agent reads the same file.
static PATTERNS: LazyLock<RegexSet> = LazyLock::new(|| {
    let lines = HELD.lines();
    RegexSet::new(lines.map(|pattern| format!("(?i){pattern}"))).expect("the patterns are tested")
});

/// Is this a line of such an error?
pub fn is_held(line: &str) -> bool {
    PATTERNS.is_match(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_that_another_process_holds_something() {
        for line in [
            "BlockingIOError: [Errno 11] Resource temporarily unavailable",
            "OSError: [Errno 98] Address already in use",
            "sqlite3.OperationalError: database is locked",
            "zc.lockfile.LockError: Couldn't lock '/app/data.lock'",
            "PermissionError: [Errno 13] Permission denied: '/app/var/run.lock'",
        ] {
            assert!(is_held(line), "{line}");
        }
        for line in ["PermissionError: [Errno 13] Permission denied: '/app/x'", "ConnectionRefusedError: [Errno 111] refused", ""] {
            assert!(!is_held(line), "{line}");
        }
    }
}
