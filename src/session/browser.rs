//! The browser of whoever types.

use crate::events::{Event, Report};

/// Opens what is served in the user's browser.
pub fn open_browser(url: &str, report: &dyn Report) {
    if let Err(error) = open::that_detached(url) {
        report.report(Event::Warning { text: format!("cannot open a browser: {error}"), hint: None });
    }
}
