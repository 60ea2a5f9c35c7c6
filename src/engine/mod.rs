//! The container engine, Docker or Podman, over its API: the only source of truth about what runs.
//!
//! Nothing here decides; it does what it is told and says what it sees. Labels on images and containers
//! carry what parity must know later; there is no state file.

mod answers;
pub mod base;
mod bootstrap;
pub mod build;
mod compose;
mod connect;
pub mod container;
mod context;
mod error;
pub mod exec;
mod group;
pub mod image;
pub mod inventory;
mod labels;
mod load;
pub mod ownership;
mod progress;
pub mod registry;
pub mod reproducible;
pub mod secrets;
mod sight;

pub use bootstrap::tool as bootstrap_tool;
pub use compose::ComposeProject;
pub use connect::{Engine, Flavour, connect};
pub use context::{Endpoint, endpoint};
pub use error::explain;
pub use group::Group;
pub use labels::label;
