//! The debugger: the `up` and `debug` profiles have a way in for it, and no image does.

use crate::plan::{Debug, Plan, Profile};

/// Can the debugger get into the processes that serve?
pub fn is_hooked(plan: &Plan) -> bool {
    match plan.profile {
        Profile::Production | Profile::Smoke | Profile::Coverage | Profile::Release => false,
        // The profiler comes in by the same way.
        Profile::Up | Profile::Profiler => true,
        Profile::Debug(Debug { without_debugger, .. }) => !without_debugger,
    }
}
