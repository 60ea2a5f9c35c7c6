//! The Python that runs in containers, tested without one: `tests/runtime`, by each Python of this machine that it has to run on.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// What Debian has had since bookworm, and what this machine calls its own.
const PYTHONS: [&str; 5] = ["python3", "python3.11", "python3.12", "python3.13", "python3.14"];

/// Its version, where it is there and one that the runtime has to run on.
fn version(python: &str) -> Option<(u32, u32)> {
    let ask = "import sys; print(*sys.version_info[:2])";
    let output = Command::new(python).args(["-c", ask]).stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?)).filter(|version| *version >= (3, 11))
}

#[test]
#[expect(clippy::print_stdout, reason = "which Pythons there were, and how many tests")]
fn its_own_tests_pass() {
    let mut done = BTreeSet::new();
    for python in PYTHONS {
        let Some(version) = version(python) else { continue };
        if !done.insert(version) {
            continue;
        }
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime");
        let ran = Command::new(python).args(["-B", "-m", "unittest"]).current_dir(directory).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && !said.contains("Ran 0 tests"), "{python}:\n{said}");
        println!(
            "{python} ({}.{}): {}",
            version.0,
            version.1,
            said.lines().rev().find(|line| line.starts_with("Ran ")).unwrap_or_default()
        );
    }
    // In the container of `tests/e2e/instruments.rs` they run in any case.
    if done.is_empty() {
        println!("skipped: no Python from 3.11 on is on this machine");
    }
}
