//! The recorder's own tests, which need Python and neither an engine nor mod_wsgi.

use std::path::Path;
use std::process::Command;

#[test]
fn answers_are_the_same_with_and_without_the_recorder() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorder/test_record.py");
    let ran = Command::new("python3").arg("-B").arg(&script).output().expect("python3");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
