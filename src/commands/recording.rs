//! What commands that serve do to record requests.

use super::context::Context;
use super::settled::Settled;
use crate::error::Result;
use crate::requests::scrub::Scrubber;
use crate::requests::{Marks, Storing, store};
use crate::session::recording::{Recording, Settings};

impl Context<'_> {
    /// Opens the store for a session that records. One that does not may begin to.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn recording(&self, settled: &Settled) -> Result<Recording> {
        Recording::new(self.recorded(settled, self.container(), Marks::default()), settled.plan.record.is_some())
    }

    /// The same for a server of `parity smoke`, which has that name.
    ///
    /// # Errors
    /// As [`Self::recording`].
    pub fn recording_of_checks(&self, settled: &Settled, name: String, marks: Marks) -> Result<Recording> {
        Recording::new(Settings { is_baked: true, ..self.recorded(settled, name, marks) }, true)
    }

    fn recorded(&self, settled: &Settled, name: String, marks: Marks) -> Settings {
        let path = store::path(&self.environment, &self.container()).ok();
        let scrubber = Scrubber::new(settled.secrets.iter().map(|(_, value)| value));
        let storing = Storing::new(scrubber, &settled.record);
        Settings { path, keep: settled.record.keep(), extent: settled.record.extent(), storing, name, is_baked: false, marks }
    }
}
