//! The server that is checked, where parity runs it.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join, join_all};
use tokio::sync::oneshot;

use super::job::Job;
use super::two_processes::{MULTI_PROCESS, two_processes};
use super::{Against, Args, Context};
use crate::commands::production::{Source, push};
use crate::commands::settled::Settled;
use crate::engine::Engine;
use crate::error::Result;
use crate::events::Report;
use crate::plan::{Plan, Profile};
use crate::render::smoke::{Configuration, command};
use crate::session::image;
use crate::session::smoke::{Fate, Server, Start, how_it_ended, running, with_server};
use crate::smoke::journal::Journal;
use crate::smoke::outcome::{Finding, Image, Outcome, What};
use crate::smoke::probes::{Done, Ground, Validator, cannot_load, run};

/// Starts production's server, or finds the one of `parity up`, lets the job work on it, and stops what was started.
pub async fn serve(context: &Context<'_>, args: &Args, job: &Job<'_>) -> Result<()> {
    let interrupts = job.interrupts();
    let mut settled = context.settle(&args.server, Profile::Smoke)?;
    // What goes into the image is said before an engine is asked for.
    let source = match args.against.is_none() && args.image.is_none() {
        true => Some(Source::of(context, &args.server.without(&["record"]))?),
        false => None,
    };
    let engine = interrupts.or(context.engine()).await?;
    if args.against.is_none() {
        context.join_services(&engine, &mut settled.plan, interrupts).await?;
    }
    let scene = Scene {
        engine: &engine,
        plan: &settled.plan,
        own: args.against.is_none(),
        journal: Journal::default(),
        validator: Validator::default(),
        shell: context.environment.keys().cloned().collect(),
        verbose: context.ui.is_verbose(),
    };
    if args.against == Some(Against::Up) {
        let log = scene.validator.sink(&scene.journal);
        let server = interrupts.or(running(&engine, &settled.plan, log)).await?;
        return work(job, &scene.with(&server), &mut None).await;
    }
    context.ui.note(settled.plan.summary());
    let image = match (&source, &args.image) {
        (Some(source), _) => source.image(context, &engine, interrupts).await?,
        (None, reference) => image::existing(&engine, reference.as_deref().unwrap_or_default(), interrupts, context.ui).await?,
    };
    let mut tested = Image { id: image.id.clone(), names: vec![image.reference], digests: image.digest.into_iter().collect() };
    job.set_image(tested.clone());
    both(context, args, job, &scene, &settled, &image.id).await?;
    if args.tag.is_empty() {
        return Ok(());
    }
    if !job.has_passed() {
        context.ui.note("the image gets no name: not everything passed");
        return Ok(());
    }
    for name in &args.tag {
        interrupts.or(engine.tag(&tested.id, name)).await?;
        tested.names.push(name.clone());
        job.set_image(tested.clone());
    }
    for name in args.tag.iter().filter(|_| args.push) {
        tested.digests.extend(push(context, &engine, interrupts, name).await?);
        job.set_image(tested.clone());
    }
    Ok(())
}

/// The server that is checked, and the one with two processes. That one is started when nothing more is measured on the first: what both
/// would change, such as a database that they share, stays as the checks and `concurrency` expect it.
async fn both(context: &Context<'_>, args: &Args, job: &Job<'_>, scene: &Scene<'_>, settled: &Settled, image: &str) -> Result<()> {
    // Whether there is a second one may depend on any failure of the first.
    if job.waits_for_failures() {
        check(context, job, scene, settled, image, &mut None).await?;
        two_processes(args, job, scene, settled, image).await?.into_iter().for_each(|outcome| job.add(outcome));
        return Ok(());
    }
    let (measured, begin) = oneshot::channel();
    let mut measured = Some(measured);
    let first = async {
        let checked = AssertUnwindSafe(check(context, job, scene, settled, image, &mut measured)).catch_unwind().await;
        // A server that never came so far is followed by no other.
        drop(measured.take());
        checked
    };
    let second = async {
        match begin.await {
            Ok(()) => two_processes(args, job, scene, settled, image).await,
            Err(_) => Ok(None),
        }
    };
    // Boxed: each is large. What one of them has started is removed whatever becomes of the other.
    let (checked, tried) = join(Box::pin(first), Box::pin(second)).await;
    checked.unwrap_or_else(|panic| resume_unwind(panic))?;
    tried?.into_iter().for_each(|outcome| job.add(outcome));
    Ok(())
}

/// Told once that what follows on a server may be done beside something else.
type Measured = Option<oneshot::Sender<()>>;

/// Lets the job work on a server of its own.
async fn check(
    context: &Context<'_>,
    job: &Job<'_>,
    scene: &Scene<'_>,
    settled: &Settled,
    image: &str,
    measured: &mut Measured,
) -> Result<()> {
    let post_mortem = |container: String| -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            if job.unwanted("load").is_none()
                && let Some(outcome) = cannot_load(scene.engine, &container, scene.plan, &scene.shell).await
            {
                job.add(outcome);
            }
        })
    };
    let start = Start {
        engine: scene.engine,
        plan: &settled.plan,
        secrets: &settled.secrets,
        image,
        command: &command(&settled.plan, Configuration::Image)?,
        interrupts: job.interrupts(),
        report: context.ui,
        log: scene.validator.sink(&scene.journal),
        post_mortem: &post_mortem,
    };
    let all = async |server: &Server| {
        if let Some(took) = server.ready_after {
            context.ui.note(format!("{} (first answer after {:.1} s)", server.url, took.as_secs_f64()));
        }
        let ground = scene.with(server);
        let work = Box::pin(work(job, &ground, measured));
        match job.marks() {
            Some(marks) => {
                let recording = context.recording_of_checks(settled, server.name.clone(), marks.clone())?;
                recording.beside(scene.engine, context.ui, None, work).await?;
            }
            None => work.await?,
        }
        Ok(((), if job.keeps() { Fate::Keep } else { Fate::Remove }))
    };
    with_server(&start, all).await.map_err(|failure| settled.explain(failure))
}

/// What the probes look at, before there is a server.
pub struct Scene<'a> {
    pub engine: &'a Engine,
    pub plan: &'a Plan,
    pub own: bool,
    pub journal: Journal,
    pub validator: Validator,
    pub shell: BTreeSet<String>,
    pub verbose: bool,
}

impl Scene<'_> {
    pub fn with<'s>(&'s self, server: &'s Server) -> Ground<'s> {
        let Self { engine, plan, own, journal, validator, shell, verbose } = self;
        Ground { engine, server, own: *own, plan, journal, validator, shell, verbose: *verbose }
    }
}

/// Checks, then the project's own tests, then the probes, of which the last ends the server.
async fn work(job: &Job<'_>, ground: &Ground<'_>, measured: &mut Measured) -> Result<()> {
    let url = &ground.server.url;
    job.check(url, Some(ground.journal)).await?;
    job.tests(url).await?;
    if let Some(marks) = job.marks() {
        // What the probes ask is nobody's request.
        marks.end();
    }
    if ground.server.has_ended() {
        let how = how_it_ended(ground.engine, ground.server).await;
        let finding = Finding::new(format!("{how} while it was checked")).hint("`parity up` and the same requests show what it says last");
        job.add(Outcome::failed("server", What::Probe, Duration::ZERO, vec![finding]));
    }
    let done = Done::all(url, job.exchanges());
    // One process has nothing to be compared with: that is another server's part.
    let is_alone = ground.own && *ground.plan.server.processes == 1;
    let here = |probe: &&str| !(is_alone && *probe == MULTI_PROCESS);
    for together in STEPS {
        if together.contains(&BESIDE_OTHERS)
            && let Some(measured) = measured.take()
        {
            // Nobody may be left who wants to know.
            let _ = measured.send(());
        }
        let together: Vec<&str> = together.iter().copied().filter(here).collect();
        // What fails first is the last that is looked at.
        let at_once = if job.waits_for_failures() { 1 } else { together.len().max(1) };
        for together in together.chunks(at_once) {
            let each = together.iter().filter_map(|probe| {
                let unwanted = match job.unwanted(probe) {
                    Some(None) => return None,
                    unwanted => unwanted.flatten(),
                };
                // A server that somebody wants to look at is not ended.
                let is_kept = || (*probe == "shutdown" && job.keeps()).then(|| "the server is kept (--keep-on-failure)".into());
                Some(run(ground, &done, probe, unwanted.or_else(is_kept)))
            });
            let outcomes = job.interrupts().or(async { Ok(join_all(each.collect::<Vec<_>>()).await) }).await?;
            outcomes.into_iter().for_each(|outcome| job.add(outcome));
        }
    }
    Ok(())
}

/// The first probe that measures nothing which other work on this machine would change.
const BESIDE_OTHERS: &str = "load";

/// The probes, in their order. `load` has a process of its own, and `server-differences` asks what `load` does not see.
const STEPS: [&[&str]; 5] =
    [&["wsgi-compliance"], &["concurrency"], &["multi-process"], &[BESIDE_OTHERS, "server-differences"], &["shutdown"]];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::PROBES;

    #[test]
    fn each_probe_has_its_turn_in_the_order_that_is_documented() {
        assert_eq!(STEPS.concat(), PROBES);
    }
}
