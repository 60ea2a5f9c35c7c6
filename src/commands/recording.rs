//! What commands that serve do to record requests.

use super::context::Context;
use super::settled::Settled;
use crate::error::Result;
use crate::requests::scrub::Scrubber;
use crate::requests::{Storing, store};
use crate::session::recording::{Recording, Settings};

impl Context<'_> {
    /// Opens the store for a session that records. One that does not may begin to.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn recording(&self, settled: &Settled) -> Result<Recording> {
        let name = self.container();
        let path = store::path(&self.environment, &name).ok();
        let scrubber = Scrubber::new(settled.secrets.iter().map(|(_, value)| value));
        let storing = Storing::new(scrubber, &settled.record);
        let settings = Settings { path, keep: settled.record.keep(), body_limit: settled.record.body_limit(), storing, name };
        Recording::new(settings, settled.plan.record.is_some())
    }
}
