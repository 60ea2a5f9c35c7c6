//! Whether what `parity diff` declares is all that differs: what an application sees of its server, in production and here.
//!
//! The probe (`images/runtime/parity_runtime/fidelity/probe.py`) tells it as JSON, `{SECTION: {NAME: VALUE}}`. Pure.

mod compare;
mod explain;
mod nature;
mod seen;
mod shown;

pub use compare::{Observation, compare};
pub use explain::{Explained, explain, unseen};
pub use seen::{MOST_BYTES, Seen};
pub use shown::Shown;
