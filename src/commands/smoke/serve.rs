//! The server that is checked, where parity runs it.

use super::job::Job;
use super::{Against, Args, Context};
use crate::error::{Failure, Kind, Result};

/// Starts production's server, or finds the one of `parity up`, lets the job work on it, and stops what was started.
pub async fn serve(_context: &Context<'_>, args: &Args, _job: &Job<'_>) -> Result<()> {
    let what = if args.against == Some(Against::Up) { "--against up" } else { "without --url" };
    Err(Failure::new(Kind::Usage, format!("`parity smoke` cannot start a server yet ({what})")).hint("write `parity smoke --url URL`"))
}
