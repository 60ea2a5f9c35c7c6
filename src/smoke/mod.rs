//! `parity smoke`: what is asked of a running application, what is expected, and how it is told.
//!
//! Everything but `client`, `run`, `command` and the asking parts of `probes` is pure.

mod base;
pub mod capture;
pub mod client;
pub mod command;
pub mod evaluate;
pub mod front_page;
mod html;
pub mod journal;
mod mismatch;
pub mod outcome;
pub mod probes;
pub mod question;
pub mod redact;
pub mod report;
pub mod run;
pub mod select;
pub mod text;
mod trouble;

pub use crate::config::checks::{self as check, PROBES};
