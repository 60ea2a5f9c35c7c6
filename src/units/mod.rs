//! Small value types that every other part shares.

pub mod at_once;
mod entry_point;
pub mod files;
pub mod layout;
pub mod lines;
#[cfg(test)]
pub(crate) mod mutated;
mod origin;
pub mod path;
pub mod process;
pub mod quantity;
mod redactor;
pub mod scratch;
mod secret;
pub mod signal;
pub mod terminal;

pub use entry_point::{Callable, EntryPoint};
pub use origin::{Origin, Sourced};
pub use redactor::{Redactor, visible};
pub use secret::Secret;
