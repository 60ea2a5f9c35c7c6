//! One run of a project: observe, decide, execute. What happens is reported as events.

mod create;
pub mod decide;
mod diagnose;
mod follow;
pub mod image;
mod interrupts;
mod owner;
pub mod ready;
pub mod stop;
pub mod up;
mod user;

pub use interrupts::Interrupts;
pub use owner::container_name;
pub use user::{User, user_for};
