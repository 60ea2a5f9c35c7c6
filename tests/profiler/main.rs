//! The profiler's own tests, which need Python and neither an engine nor mod_wsgi.

use std::path::Path;
use std::process::Command;

#[path = "../common/pythons.rs"]
mod pythons;

fn pass(python: &Path, file: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiler").join(file);
    let ran = Command::new(python).arg("-B").arg(&script).output().expect("python3");
    assert!(ran.status.success(), "{}: {}", python.display(), String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn shares_that_are_known_come_out() {
    pass(Path::new("python3"), "test_profile.py");
}

#[test]
fn queries_are_their_callers() {
    pass(Path::new("python3"), "test_sql.py");
}

#[test]
#[expect(clippy::print_stdout, reason = "which Pythons there were")]
fn the_same_is_seen_from_beside() {
    let pythons = pythons::pythons();
    for version in [(3, 13), (3, 14)] {
        match pythons.get(&version) {
            Some(python) => pass(python, "test_outside.py"),
            None => println!("skipped: no Python {}.{} is on this machine", version.0, version.1),
        }
    }
}
