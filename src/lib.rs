//! parity runs a Python WSGI project under production's Apache/mod_wsgi, in a container, from one command.
//!
//! Data flows one way, and so do the imports:
//!
//! ```text
//! dotenv → config, project → plan → changes, fidelity, coverage, render, requests, profiling → engine → session → smoke, replay → compare, page → commands → ui
//! ```
//!
//! `units` and `runtime`, the Python in containers and what it says, import none of these.
//!
//! Everything up to and including `changes`, `fidelity`, `coverage`, `render`, `profiling` and (but for its store) `requests` is pure: no clock, randomness, engine,
//! terminal or secret value.

pub mod changes;
pub mod commands;
pub mod compare;
pub mod config;
pub mod coverage;
pub mod dotenv;
pub mod engine;
pub mod error;
pub mod events;
pub mod fidelity;
pub mod indexes;
pub mod logs;
pub mod page;
pub mod plan;
pub mod profiling;
pub mod project;
pub mod render;
pub mod replay;
pub mod requests;
pub mod runtime;
pub mod session;
pub mod smoke;
pub mod ui;
pub mod units;
pub mod watch;
