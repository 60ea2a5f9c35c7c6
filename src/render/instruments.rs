//! What a plan has beside production in the processes that serve the application.

use std::collections::BTreeSet;

use super::{debug, reload};
use crate::error::Result;
use crate::plan::Plan;
use crate::runtime::{self, Instrument};

/// Those of a server that is no production's.
pub fn of(plan: &Plan) -> BTreeSet<Instrument> {
    let debug = debug::is_hooked(plan).then_some(Instrument::Debug);
    let reload = plan.reload.is_some().then_some(Instrument::Reload);
    let record = plan.record.is_some().then_some(Instrument::Record);
    debug.into_iter().chain(reload).chain(record).collect()
}

/// The files for `/etc/parity`, by name. None of them is in an image.
///
/// # Errors
/// A value that cannot be written.
pub fn files(plan: &Plan) -> Result<Vec<(String, String)>> {
    let mut files = runtime::files(&of(plan));
    files.extend(reload::settings(plan)?.map(|text| ("reload.json".to_owned(), text)));
    Ok(files)
}
