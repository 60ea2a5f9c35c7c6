//! What commands that serve do to record requests.

use super::context::Context;
use super::settled::Settled;
use crate::engine::Engine;
use crate::error::Result;
use crate::events::Report;
use crate::requests::scrub::Scrubber;
use crate::requests::store;
use crate::session::recording::{Recording, Settings};

impl Context<'_> {
    /// Opens the store for a session that records; `None`: it does not.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn recording(&self, settled: &Settled) -> Result<Option<Recording>> {
        if settled.plan.record.is_none() {
            return Ok(None);
        }
        let name = self.container();
        let path = store::path(&self.environment, &name)?;
        let scrubber = Scrubber::new(settled.secrets.iter().map(|(_, value)| value));
        Recording::begin(Settings { path, keep: settled.record.keep(), scrubber, name }).map(Some)
    }
}

/// Serves, and records if that is wanted.
pub async fn beside<T>(recording: Option<Recording>, engine: &Engine, report: &dyn Report, served: impl Future<Output = T>) -> T {
    match recording {
        Some(recording) => recording.beside(engine, report, served).await,
        None => served.await,
    }
}
