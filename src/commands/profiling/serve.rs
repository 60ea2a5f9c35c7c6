//! The server that is profiled.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::Args;
use super::load::{Load, Tally};
use crate::commands::attachable;
use crate::commands::context::Context;
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::logs::Record;
use crate::plan::{self, Plan};
use crate::profiling::Profile;
use crate::profiling::imports::Imports;
use crate::render;
use crate::requests::store;
use crate::session::Interrupts;
use crate::session::image;
use crate::session::profiling::{Profiled, Profiling};
use crate::session::smoke::{Fate, Server, Start, with_server};
use crate::smoke::text::count;

/// For an import.
const IMPORT: Duration = Duration::from_secs(120);

/// A profile, and what came of the requests that were made for it.
pub struct Seen {
    pub profile: Profile,
    pub tally: Tally,
}

/// Profiles a server of its own, as production has it but for what `parity diff --profile profile` tells.
pub async fn own(context: &Context<'_>, args: &Args, load: &Load, interrupts: &Interrupts) -> Result<Seen> {
    with_own(context, args, interrupts, async |engine, plan, server| {
        let processes = usize::try_from(*plan.server.processes).ok();
        let profiled = Profiled { engine, container: &server.id, rate: args.rate.into(), processes, store: None };
        profile(context, args, load, interrupts, profiled, &server.url).await
    })
    .await
}

/// Imports the application in a process of its own, beside a server of its own.
pub async fn startup(context: &Context<'_>, args: &Args, interrupts: &Interrupts) -> Result<Imports> {
    with_own(context, args, interrupts, async |engine, plan, server| {
        let (argv, input) = render::profiler::startup(plan);
        let ran = tokio::time::timeout(IMPORT, engine.run_to_the_end(&server.id, argv, input));
        let failed = || Failure::new(Kind::Other, "the application cannot be imported in a process of its own");
        let (_, said) = interrupts.or(async { ran.await.map_err(|_| failed().cause("it does not end"))? }).await?;
        Imports::read(&said).ok_or_else(|| failed().details(said.lines().rev().take(5).collect::<Vec<_>>().into_iter().rev()))
    })
    .await
}

/// Starts a server, lets something be done with it, and removes it.
async fn with_own<T>(
    context: &Context<'_>,
    args: &Args,
    interrupts: &Interrupts,
    work: impl AsyncFnOnce(&Engine, &Plan, &Server) -> Result<T>,
) -> Result<T> {
    let mut settled = context.settle(&args.server, plan::Profile::Profiler)?;
    context.remark(&settled);
    context.ui.note(settled.plan.summary());
    let engine = interrupts.or(context.engine()).await?;
    context.join_services(&engine, &mut settled.plan, interrupts).await?;
    let image = image::ensure(&engine, &settled.plan, &settled.how(), interrupts, context.ui).await;
    let image = image.map_err(|failure| settled.explain(failure))?;
    let (log, mut records) = mpsc::unbounded_channel::<Record>();
    let start = Start {
        engine: &engine,
        plan: &settled.plan,
        secrets: &settled.secrets,
        image: &image.reference,
        command: &[],
        interrupts,
        report: context.ui,
        log: Arc::new(move |record| {
            // Nobody is left who reads it when the command ends.
            let _ = log.send(record);
        }),
        post_mortem: &|_| async {}.boxed_local(),
    };
    let work = async |server: &Server| {
        let shown = async {
            while let Some(record) = records.recv().await {
                context.ui.report(Event::Log { record });
            }
            std::future::pending().await
        };
        tokio::select! {
            done = work(&engine, &settled.plan, server) => Ok((done?, Fate::Remove)),
            () = shown => unreachable!("it is pending"),
        }
    };
    with_server(&start, work).await.map_err(|failure| settled.explain(failure))
}

/// The server of `parity up`, or of `parity debug`. It goes on when this ends.
pub async fn attached(context: &Context<'_>, args: &Args, load: &Load, interrupts: &Interrupts) -> Result<Seen> {
    let engine = interrupts.or(context.engine()).await?;
    let (found, url) = attachable::server(context, &engine, interrupts, "a profiler").await?;
    let store = store::path(&context.environment, &context.container()).ok();
    let profiled = Profiled { engine: &engine, container: &found.id, rate: args.rate.into(), processes: None, store };
    profile(context, args, load, interrupts, profiled, &url).await
}

/// Profiles until the requests are made, the time is over, or Ctrl-C.
async fn profile(
    context: &Context<'_>,
    args: &Args,
    load: &Load,
    interrupts: &Interrupts,
    profiled: Profiled<'_>,
    url: &str,
) -> Result<Seen> {
    let mut profiling = interrupts.or(Profiling::begin(profiled)).await?;
    let processes = count(profiling.processes(), "process", "processes");
    if load.is_none() {
        let end = match args.duration {
            Some(seconds) => format!("it ends after {seconds} s"),
            None if args.ended_by_key => "p ends it".to_owned(),
            None => "Ctrl-C ends it".to_owned(),
        };
        if !args.attach {
            context.ui.report(Event::Serving { url: url.to_owned(), took: None });
        }
        context.ui.note(format!("profiling {processes}: {end}"));
    } else {
        context.ui.note(format!("profiling {processes} of {url}"));
    }
    let mut tally = Tally::new();
    let over = async {
        match args.duration {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds.into())).await,
            None => std::future::pending().await,
        }
    };
    let work = async {
        tokio::select! {
            made = load.make(url, &mut tally) => made,
            () = over => Ok(()),
            () = interrupts.reached(1) => Ok(()),
        }
    };
    match profiling.during(work).await {
        Some(done) => done?,
        None => context.ui.report(Event::Warning { text: "the server ended, or another one took over".into(), hint: None }),
    }
    let (profile, kept) = profiling.finish().await;
    if let Err(failure) = kept {
        let text = format!("what was seen of recorded requests is not stored: {}", failure.message);
        context.ui.report(Event::Warning { text, hint: failure.hints.first().cloned() });
    }
    Ok(Seen { profile, tally })
}
