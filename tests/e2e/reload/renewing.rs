//! What the agent does to processes after a reload, with the Python that it runs in.

use crate::python;

#[test]
fn only_what_has_served_is_ended() {
    assert_eq!(python::run(&[("cases.py", include_str!("renewing.py"))], ""), "done\n");
}
