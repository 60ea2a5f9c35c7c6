//! The debugger's files. The `up` and `debug` profiles have them, and no image does.

use crate::plan::{Debug, Plan, Profile};

/// Can the debugger get into the processes that serve?
pub fn is_hooked(plan: &Plan) -> bool {
    match plan.profile {
        Profile::Production | Profile::Smoke | Profile::Release => false,
        Profile::Up => true,
        Profile::Debug(Debug { without_debugger, .. }) => !without_debugger,
    }
}

/// The files for `/etc/parity`, by name.
pub fn files(plan: &Plan) -> Vec<(String, String)> {
    if !is_hooked(plan) {
        return Vec::new();
    }
    [
        ("hook.py", include_str!("../../images/debug/hook.py")),
        ("debugger.py", include_str!("../../images/debug/debugger.py")),
        ("console.py", include_str!("../../images/debug/console.py")),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}
