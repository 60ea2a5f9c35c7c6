//! What a plan has beside production in the processes that serve the application.

use std::collections::BTreeSet;

use super::{coverage, debug, reload};
use crate::error::Result;
use crate::plan::{Plan, Profile};
use crate::runtime::{self, Instrument};
use crate::units::layout;

/// Those of a server that is no production's.
pub fn of(plan: &Plan) -> BTreeSet<Instrument> {
    let coverage = (plan.profile == Profile::Coverage).then_some(Instrument::Coverage);
    let debug = debug::is_hooked(plan).then_some(Instrument::Debug);
    let reload = plan.reload.is_some().then_some(Instrument::Reload);
    let record = (plan.record.is_some() && !plan.profile.is_baked()).then_some(Instrument::Record);
    coverage.into_iter().chain(debug).chain(reload).chain(record).collect()
}

/// Where they are in a container, if there are any.
pub fn directory(plan: &Plan) -> Option<&'static str> {
    match plan.profile {
        _ if of(plan).is_empty() => None,
        Profile::Coverage => Some(coverage::DIRECTORY),
        _ => Some(layout::ETC),
    }
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
