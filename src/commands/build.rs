//! `parity build`

use std::process::ExitCode;
use std::time::Instant;

use super::context::Context;
use super::flags::ServerFlags;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Profile;
use crate::session::Interrupts;
use crate::session::image::{self, How};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Push the image to `image.repository`
    #[arg(long)]
    push: bool,

    /// Build the image that is deployed, with the project in it, under this name
    #[arg(long, value_name = "NAME")]
    production: Option<String>,

    /// Build without the engine's cache
    #[arg(long)]
    no_cache: bool,

    /// Take the newest base and write it to parity.lock
    #[arg(long)]
    update_base: bool,
}

/// Prints the image's name on stdout.
pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let profile = if args.production.is_some() { Profile::Production } else { Profile::Up };
    let settled = context.settle(&ServerFlags::default(), profile)?;
    if args.push && args.production.is_none() && settled.plan.image.repository.is_none() {
        return Err(Failure::new(Kind::Usage, "there is no repository to push to")
            .hint("write it in parity.yaml: `image: {repository: registry.example.com/team/app}`"));
    }
    let engine = interrupts.or(context.engine()).await?;
    context.remark(&settled);
    let how = How { no_cache: args.no_cache, update_base: args.update_base, ..settled.how() };
    let image = match &args.production {
        Some(name) => image::production(&engine, &settled.plan, name, &how, &interrupts, context.ui).await,
        None => image::ensure(&engine, &settled.plan, &how, &interrupts, context.ui).await,
    };
    let image = image.map_err(|failure| settled.explain(failure))?;
    if image.worked == 0 && args.production.is_none() {
        context.ui.note("nothing to build: the image is up to date");
    }
    if args.push {
        let begun = Instant::now();
        let title = format!("pushing {}", image.reference);
        context.ui.report(Event::StageStarted { id: "push".into(), title: title.clone() });
        let pushed = interrupts.or(engine.push(&image.reference, "push", context.ui)).await;
        let (id, took) = ("push".into(), begun.elapsed());
        match pushed {
            Ok(digest) => context.ui.report(Event::StageDone { id, title, detail: digest, took }),
            Err(failure) => {
                context.ui.report(Event::StageFailed { id, title, took });
                return Err(failure);
            }
        }
    }
    context.ui.result(&image.reference);
    Ok(ExitCode::SUCCESS)
}
