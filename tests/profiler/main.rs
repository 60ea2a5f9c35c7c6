//! The profiler's own tests, which need Python and neither an engine nor mod_wsgi.

use std::path::Path;
use std::process::Command;

fn pass(file: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiler").join(file);
    let ran = Command::new("python3").arg("-B").arg(&script).output().expect("python3");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn shares_that_are_known_come_out() {
    pass("test_profile.py");
}

#[test]
fn queries_are_their_callers() {
    pass("test_sql.py");
}
