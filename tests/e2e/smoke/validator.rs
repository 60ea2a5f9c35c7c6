//! The validator itself, with the Python that it is used with.

use crate::engine;
use crate::project::base;

#[test]
fn it_knows_what_is_not_wsgi_and_changes_no_answer() {
    let given = tempfile::tempdir().unwrap();
    std::fs::write(given.path().join("validator.py"), include_str!("../../../images/smoke/validator.py")).unwrap();
    std::fs::write(given.path().join("cases.py"), include_str!("validator.py")).unwrap();
    let said = engine::run_in(&base().image, "python /given/cases.py", given.path());
    assert!(said.ends_with(" cases\n"), "{said}");
}
