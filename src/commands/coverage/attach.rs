//! `parity coverage --attach`: what `parity up` runs is measured while somebody uses it, without a restart.

use std::time::Duration;

use super::super::attachable;
use super::super::context::Context;
use super::super::smoke;
use super::super::smoke::job::Job;
use super::tests;
use crate::coverage::Report as Lines;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Profile;
use crate::render::dockerfile::COVERAGE_PY;
use crate::session::coverage::attached::{Measuring, Server, tool};
use crate::session::coverage::{Measured, Wanted, remove_left};
use crate::session::image;
use crate::smoke::text::count;

/// When it ends.
#[derive(Debug, Clone, Copy)]
pub struct End {
    pub seconds: Option<u32>,
    /// `c` in the terminal of `parity up` ends it.
    pub by_key: bool,
}

pub async fn measure(
    context: &Context<'_>,
    args: &smoke::Args,
    job: &Job<'_>,
    mut wanted: Wanted<'_>,
    also_tests: bool,
    end: End,
) -> Result<Measured> {
    let interrupts = job.interrupts();
    let engine = interrupts.or(context.engine()).await?;
    let (found, url) = attachable::server(context, &engine, interrupts, "coverage.py").await?;
    let settled = context.settle(args.server(), Profile::Coverage)?;
    let image = image::with_debugger(&engine, &settled.plan, COVERAGE_PY, &settled.how(), interrupts, context.ui).await;
    let image = image.map_err(|failure| settled.explain(failure))?;
    let packed = interrupts.or(tool(&engine, &settled.plan, &image.reference)).await;
    remove_left(&engine, &settled.plan).await?;
    let server = Server { engine: &engine, plan: &settled.plan, container: &found.id };
    let mut measuring = interrupts.or(Measuring::begin(server, wanted.configuration, &packed?)).await?;
    let processes = count(measuring.processes(), "process", "processes");
    let work = async {
        if also_tests {
            context.ui.note(format!("measuring {processes} of {url}"));
            return tests::measured(job, &url).await;
        }
        if job.has_command() {
            context.ui.note(format!("measuring {processes} of {url}"));
            return job.tests(&url).await.map(|()| Vec::new());
        }
        let ends = match end {
            End { seconds: Some(seconds), .. } => format!("it ends after {seconds} s"),
            End { by_key: true, .. } => "c ends it".to_owned(),
            End { .. } => "Ctrl-C ends it".to_owned(),
        };
        context.ui.note(format!("measuring {processes} of {url}: {ends}"));
        tokio::select! {
            () = over(end.seconds) => {}
            () = interrupts.reached(1) => {}
        }
        Ok(Vec::new())
    };
    let Some(done) = measuring.during(work).await else {
        return Err(Failure::new(Kind::Other, "the server ended, or another one took over: what was measured in it is lost")
            .hint("type the command again while the new one runs"));
    };
    match done {
        Ok(given) => wanted.given.extend(given),
        Err(failure) => {
            measuring.abandon().await;
            return Err(failure);
        }
    }
    measuring.finish(&wanted).await
}

async fn over(seconds: Option<u32>) {
    match seconds {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds.into())).await,
        None => std::future::pending().await,
    }
}

/// What a living server cannot tell.
pub fn remark(context: &Context<'_>, report: &Lines) {
    if !report.imported_before.is_empty() {
        let files = count(report.imported_before.len(), "file", "files");
        context.ui.note(format!(
            "{files} had been imported before: lines outside of functions are neither covered nor missing there, and functions that only \
             an import calls are missing"
        ));
    }
    if !report.stale.is_empty() {
        let files = few(&report.stale);
        let text = format!("what ran of an older version does not count, or of one that is not known: {files} changed meanwhile");
        context.ui.report(Event::Warning { text, hint: None });
    }
}

/// Some names, and how many there are beside them.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
