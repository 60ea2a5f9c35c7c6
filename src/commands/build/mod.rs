//! `parity build`

mod list;

use std::process::ExitCode;
use std::time::Instant;

use super::context::Context;
use super::flags::ServerFlags;
use super::settled::Settled;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Profile;
use crate::project::contents::{Contents, suspicions};
use crate::session::Interrupts;
use crate::session::image::{self, How};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Push the image to `image.repository`, or where its name says
    #[arg(long)]
    push: bool,

    /// Build the image that is deployed, with the project in it, under this name
    #[arg(long, value_name = "NAME")]
    production: Option<Option<String>>,

    /// Show what of the project would go into that image, and what stays out
    #[arg(long, requires = "production", conflicts_with_all = ["push", "no_cache", "update_base"])]
    list: bool,

    /// Build without the engine's cache
    #[arg(long)]
    no_cache: bool,

    /// Take the newest base and write it to parity.lock
    #[arg(long)]
    update_base: bool,
}

/// Prints the image's name on stdout.
pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let profile = if args.production.is_some() { Profile::Production } else { Profile::Up };
    let mut settled = context.settle(&ServerFlags::default(), profile)?;
    if args.push && args.production.is_none() && settled.plan.image.repository.is_none() {
        return Err(Failure::new(Kind::Usage, "there is no repository to push to")
            .hint("write it in parity.yaml: `image: {repository: registry.example.com/team/app}`"));
    }
    if args.list {
        let contents = settled.survey()?;
        context.remark(&settled);
        list::show(context, &contents, &suspicions::look(&contents, &settled.secrets));
        return Ok(ExitCode::SUCCESS);
    }
    let interrupts = Interrupts::listen()?;
    let how = How {
        build: false,
        no_cache: args.no_cache,
        update_base: args.update_base,
        build_ca: settled.build_ca.clone(),
        selection: settled.selection(),
    };
    let engine = interrupts.or(context.engine()).await?;
    let image = match &args.production {
        Some(name) => {
            let name = name.as_deref().ok_or_else(nameless)?;
            let contents = contents(context, &mut settled)?;
            image::production(&engine, &settled.plan, name, contents, &how, &interrupts, context.ui).await?
        }
        None => image::ensure(&engine, &settled.plan, &how, &interrupts, context.ui).await?,
    };
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

fn nameless() -> Failure {
    Failure::new(Kind::Usage, "the image needs a name").hint("`parity build --production registry.example.com/team/app:1.2`")
}

/// What goes into the image that is deployed, with everything that is to be said of it.
pub(super) fn contents(context: &Context<'_>, settled: &mut Settled) -> Result<Contents> {
    let contents = settled.survey()?;
    context.remark(settled);
    if let Some(ignored) = list::git_ignored(&contents) {
        context.ui.note(ignored);
    }
    // What is only likely is said by `--list`: each build would say it again.
    let certain: Vec<_> = suspicions::look(&contents, &settled.secrets).into_iter().filter(|found| found.certain).collect();
    list::warn(context, &certain);
    Ok(contents)
}
