//! The Pythons of this machine that what runs in containers has to run on. `tests/pythons.sh` gets those that Debian has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
pub fn pythons() -> BTreeMap<(u32, u32), PathBuf> {
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
