//! The Python that runs in containers, tested without one: `tests/runtime`, by each Python of this machine that it has to run on.
//! `tests/pythons.sh` gets those that Debian has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Debian has had them since bookworm, but for 3.12.
const WANTED: [(u32, u32); 4] = [(3, 11), (3, 12), (3, 13), (3, 14)];

/// Its version, where it is there and one that the runtime has to run on.
fn version(python: &Path) -> Option<(u32, u32)> {
    let ask = "import sys; print(*sys.version_info[:2])";
    let output = Command::new(python).args(["-c", ask]).stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?)).filter(|version| *version >= (3, 11))
}

/// One below each of these directories, where it is there.
fn below(directory: PathBuf, inside: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join(inside)).filter(|path| path.exists()).collect()
}

/// Those of this machine, one for each version.
fn pythons() -> BTreeMap<(u32, u32), PathBuf> {
    let named = ["python3", "python3.11", "python3.12", "python3.13", "python3.14"].map(PathBuf::from);
    let pyenv = std::env::home_dir().unwrap_or_default().join(".pyenv/versions");
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pythons");
    let all = named.into_iter().chain(below(pyenv, "bin/python3")).chain(below(fetched, "usr/bin/python"));
    let mut found = BTreeMap::new();
    for python in all {
        if let Some(version) = version(&python) {
            found.entry(version).or_insert(python);
        }
    }
    found
}

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
