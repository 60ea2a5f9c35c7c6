//! One run of a project: observe, decide, execute. What happens is reported as events.

mod browser;
pub mod clean;
pub mod copy;
pub mod coverage;
mod create;
pub mod decide;
mod diagnose;
pub mod fidelity;
pub mod follow;
pub mod image;
mod interrupts;
pub mod leftovers;
mod onlooker;
mod own_question;
mod owner;
mod patience;
pub mod profiling;
mod ready;
pub mod recording;
pub mod release;
pub mod reload;
pub mod services;
pub mod siblings;
pub mod smoke;
pub mod stop;
mod stuck;
mod succession;
mod unreadable;
pub mod up;
mod upload;
mod user;
pub mod wait;
pub mod worktree;

pub use interrupts::{Interrupts, interrupted};
pub use owner::{container_name, is_alive};
pub use user::{User, user_for};
