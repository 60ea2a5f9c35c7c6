//! Where an application spends its time: what the profiler in the container says (`images/profile`), as a profile of the host's files, and
//! what is made of it. Pure.

pub mod collapsed;
pub mod compare;
pub mod flamegraph;
mod gather;
pub mod imports;
pub mod json;
pub mod model;
mod place;
pub mod pstats;
mod requests;
pub mod speedscope;
pub mod table;
#[cfg(test)]
mod testing;
mod tree;

pub use gather::Gathering;
pub use model::{Profile, Weight};
pub use requests::Seen;
