//! Work that is shown as a stage.

use std::time::Instant;

use crate::error::Result;
use crate::events::{Event, Report};

/// Reports some work as a stage, with a word for how it was done.
///
/// # Errors
/// Those of the work.
pub async fn stage<T>(
    report: &dyn Report,
    id: &str,
    title: &str,
    done: impl Into<String>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let begun = Instant::now();
    report.report(Event::StageStarted { id: id.into(), title: title.into() });
    let result = work.await;
    let (id, title, took) = (id.into(), title.into(), begun.elapsed());
    report.report(match &result {
        Ok(_) => Event::StageDone { id, title, detail: Some(done.into()), took },
        Err(_) => Event::StageFailed { id, title, took },
    });
    result
}
