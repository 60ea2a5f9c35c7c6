//! Requests that were recorded: what is known of them, and everything that is made of that.
//!
//! ```text
//! message (a line of the recorder's), har (a file)  →  model  →  store (SQLite)
//!                                                               ↓
//!                         list, show, har, curl, check, pytest  ←  redaction  ←  Recorded
//! ```
//!
//! Secrets do not leave by accident: what comes out of the store is a [`Recorded`], which nothing can show. Whatever is printed or
//! exported takes a [`Redacted`], and only [`Redaction`] makes one.
//!
//! All but [`store`] is pure.

pub mod alike;
pub mod body;
pub mod check;
pub mod curl;
pub mod edit;
pub mod filter;
pub mod har;
pub mod list;
pub mod log;
pub mod mapping;
pub mod marks;
pub mod marshal;
pub mod message;
pub mod model;
pub mod names;
pub mod pytest;
pub mod redaction;
pub mod scrub;
pub mod show;
pub mod store;
pub mod storing;
#[cfg(test)]
pub mod testing;
pub mod withheld;

pub use filter::Filter;
pub use marks::Marks;
pub use model::{Body, Exchange, Frame, Raised, Recorded, Redacted, Statement, Summary};
pub use names::Names;
pub use redaction::{OnTerminal, Redaction};
pub use store::{Keep, Samples, Store};
pub use storing::Storing;
