//! What the agent does to processes after a reload, with the Python that it runs in.

use crate::engine;
use crate::project::base;

#[test]
fn only_what_has_served_is_ended() {
    let startup = include_str!("../../../templates/startup.py").replace("{{ seconds }}", "15");
    let given = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("slots.py", include_str!("../../../images/reload/slots.py")),
        ("renewing.py", include_str!("../../../images/reload/renewing.py")),
        ("draining.py", include_str!("../../../images/reload/draining.py")),
        ("deaths.py", include_str!("../../../images/reload/deaths.py")),
        ("startup.py", &startup),
        ("cases.py", include_str!("renewing.py")),
    ] {
        std::fs::write(given.path().join(name), text).unwrap();
    }
    assert_eq!(engine::run_in(&base().image, "python /given/cases.py", given.path()), "done\n");
}
