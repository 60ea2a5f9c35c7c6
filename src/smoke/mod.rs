//! `parity smoke`: what is asked of a running application, what is expected, and how it is told.
//!
//! Everything but `client`, `run` and the asking part of `probes` is pure.

pub mod capture;
pub mod client;
pub mod evaluate;
pub mod journal;
pub mod outcome;
pub mod probes;
pub mod redact;
pub mod report;
pub mod run;
pub mod select;
mod text;

pub use crate::config::checks::{self as check, PROBES};
