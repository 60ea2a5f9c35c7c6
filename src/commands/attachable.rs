//! The server that `--attach` is about: that of `parity up`, or of `parity debug`.

use super::context::Context;
use crate::engine::Engine;
use crate::engine::container::{Observed, State, not_running};
use crate::error::{Failure, Kind, Result};
use crate::session::Interrupts;
use crate::session::siblings::{self, Role};

/// The one that runs, and its URL. `tool`: what is to be let into its processes.
///
/// # Errors
/// None runs, or one that has no way in.
pub async fn server(context: &Context<'_>, engine: &Engine, interrupts: &Interrupts, tool: &str) -> Result<(Observed, String)> {
    let running = interrupts.or(engine.observe_project(&context.root)).await?.into_iter();
    let running = running.filter(|found| found.state == State::Running && siblings::role(&found.name) == Role::Server);
    let found = running.min_by_key(|found| found.name != context.container()).ok_or_else(|| not_running(&context.container()))?;
    if !matches!(found.profile.as_str(), "up" | "debug") {
        return Err(Failure::new(
            Kind::Usage,
            format!("{} runs the {} profile, which has no way in for {tool}", found.name, found.profile),
        )
        .hint("without `--attach` a server of its own is started; `parity up` starts one that has a way in"));
    }
    let url = found.url.clone().ok_or_else(|| not_running(&found.name))?;
    Ok((found, url))
}
