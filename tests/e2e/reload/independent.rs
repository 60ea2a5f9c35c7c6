//! What may be imported ahead of time, with random trees of packages. `PARITY_TREES=3000` tries so many of them, and
//! `PARITY_SEED=70` begins with that one.

use std::env::var;

use crate::python;

/// Enough to find again what was once wrong, and few enough for every day.
const TREES: &str = "150";

#[test]
fn what_is_imported_ahead_of_time_depends_on_nothing_of_the_project() {
    let files = [
        ("cases.py", include_str!("independent/cases.py")),
        ("ring.py", include_str!("independent/ring.py")),
        ("trees.py", include_str!("independent/trees.py")),
    ];
    let arguments = format!("{} {}", var("PARITY_TREES").as_deref().unwrap_or(TREES), var("PARITY_SEED").as_deref().unwrap_or("0"));
    let said = python::run(&files, &arguments);
    assert!(said.contains(" trees, 0 wrong, "), "{said}");
}
