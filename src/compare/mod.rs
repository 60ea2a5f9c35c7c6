//! `parity compare`: the same requests asked of two servers, and what of the answers differs.
//!
//! ```text
//! side: asks  →  lines (a body by path, node or line)  →  noise: what one side answers differently anyhow
//!                                                                 ↓
//!                    report  ←  causes: told once, and why  ←  judge: what else differs
//! ```
//!
//! All but `side` is pure.

mod causes;
mod ignore;
mod judge;
mod lines;
mod moments;
mod noise;
pub mod report;
pub mod side;

pub use causes::{Cause, Group, groups};
pub use ignore::Ignore;
pub use judge::{Answers, Difference, Got, differences};
