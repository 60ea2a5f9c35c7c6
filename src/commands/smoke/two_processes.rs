//! The probe `multi-process` where production runs one process: would it work with more? Asked of a server of its own, beside the
//! last probes of the first one, and told as a remark, whatever it is.

use std::collections::BTreeSet;
use std::time::Instant;

use super::Args;
use super::job::Job;
use super::serve::Scene;
use crate::commands::settled::Settled;
use crate::error::{Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Plan;
use crate::render::smoke::{Configuration, command};
use crate::session::smoke::{Fate, Server, Start, with_server};
use crate::smoke::journal::Journal;
use crate::smoke::outcome::{Finding, Outcome, Status, What};
use crate::smoke::probes::{Done, Validator, one_cannot_import, run};

pub const MULTI_PROCESS: &str = "multi-process";

/// Tries it, unless production runs several, which have been looked at then. `None`: nothing is told of it.
pub async fn two_processes(args: &Args, job: &Job<'_>, scene: &Scene<'_>, settled: &Settled, image: &str) -> Result<Option<Outcome>> {
    let unwanted = match job.unwanted(MULTI_PROCESS) {
        _ if *scene.plan.server.processes > 1 => return Ok(None),
        Some(None) => return Ok(None),
        Some(reason) => reason,
        None if job.keeps() => Some("the server is kept (--keep-on-failure), and it runs one process".into()),
        None if args.image.is_some() => Some("production runs one process, and only an image that is built here is tried with two".into()),
        None => None,
    };
    match unwanted {
        Some(reason) => Ok(Some(Outcome::skipped(MULTI_PROCESS, What::Probe, reason))),
        None => look(job, scene, settled, image).await.map(Some),
    }
}

async fn look(job: &Job<'_>, scene: &Scene<'_>, settled: &Settled, image: &str) -> Result<Outcome> {
    let begun = Instant::now();
    let plan = with_two(scene.plan);
    let (journal, validator) = (Journal::default(), Validator::default());
    let start = Start {
        engine: scene.engine,
        plan: &plan,
        secrets: &settled.secrets,
        image,
        command: &command(&plan, Configuration::Plan)?,
        interrupts: job.interrupts(),
        report: &Unheard,
        log: validator.sink(&journal),
        post_mortem: &|_| Box::pin(async {}),
    };
    let work = async |server: &Server| {
        let done = Done::all(&server.url, job.rehearse(&server.url).await?);
        let scene = Scene { plan: &plan, journal: journal.clone(), validator: validator.clone(), shell: BTreeSet::new(), ..*scene };
        Ok((run(&scene.with(server), &done, MULTI_PROCESS, None).await, Fate::Remove))
    };
    let ended = with_server(&start, work).await;
    let records = journal.between(begun, Instant::now());
    let remarks = match ended {
        Err(failure) if failure.kind == Kind::Interrupted => return Err(failure),
        Ok(Outcome { status: Status::Passed | Status::Failed, findings, .. }) => findings,
        other => match (one_cannot_import(&records), other) {
            (Some(finding), _) => vec![finding],
            (None, Ok(skipped)) => return Ok(skipped),
            (None, Err(failure)) => {
                let reason = format!("a server with two processes does not start: {}", failure.message);
                return Ok(Outcome::skipped(MULTI_PROCESS, What::Probe, reason));
            }
        },
    };
    let findings = remarks.into_iter().map(in_words_of_two).collect();
    Ok(Outcome { findings, ..Outcome::passed(MULTI_PROCESS, What::Probe, begun.elapsed()) })
}

/// The same server with two processes, wherever it can be published.
fn with_two(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.server.processes.value = 2;
    plan.server.port.value = 0;
    plan
}

/// Nobody has two yet.
fn in_words_of_two(finding: Finding) -> Finding {
    Finding { text: format!("with two processes, and production runs one: {}", finding.text), ..finding }
}

/// Of a server that is there for a trial nothing is heard.
struct Unheard;

impl Report for Unheard {
    fn report(&self, _: Event) {}
}
