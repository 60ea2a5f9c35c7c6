//! The Python that runs in containers, tested without one: `tests/runtime`, by each Python of this machine that it has to run on.
//! `tests/pythons.sh` gets those that Debian has.

use std::path::Path;
use std::process::{Command, Stdio};

use pythons::pythons;

#[path = "common/pythons.rs"]
mod pythons;

/// Debian has had them since bookworm, but for 3.12.
const WANTED: [(u32, u32); 4] = [(3, 11), (3, 12), (3, 13), (3, 14)];

#[test]
#[expect(clippy::print_stdout, reason = "which Pythons there were, and how many tests")]
fn its_own_tests_pass() {
    let pythons = pythons();
    for ((major, minor), python) in &pythons {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime");
        let ran = Command::new(python).args(["-B", "-m", "unittest"]).current_dir(directory).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        let python = python.display();
        assert!(ran.status.success() && !said.contains("Ran 0 tests"), "{python}:\n{said}");
        println!("{major}.{minor} ({python}): {}", said.lines().rev().find(|line| line.starts_with("Ran ")).unwrap_or_default());
    }
    // In the container of `tests/e2e/instruments.rs` they run in any case.
    for (major, minor) in WANTED.into_iter().filter(|version| !pythons.contains_key(version)) {
        println!("skipped: no Python {major}.{minor} is on this machine");
    }
}
