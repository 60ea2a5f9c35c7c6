//! The validator itself, with the Python that it is used with.

use crate::python;

#[test]
fn it_knows_what_is_not_wsgi_and_changes_no_answer() {
    let said = python::run(&[("cases.py", include_str!("validator.py"))], "");
    assert!(said.ends_with(" cases\n"), "{said}");
}
