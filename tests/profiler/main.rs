//! The profiler's own tests, which need Python and neither an engine nor mod_wsgi.

use std::path::Path;
use std::process::Command;

#[test]
fn shares_that_are_known_come_out() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiler/test_profile.py");
    let ran = Command::new("python3").arg("-B").arg(&script).output().expect("python3");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
