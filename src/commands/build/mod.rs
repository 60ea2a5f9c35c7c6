//! `parity build`

pub(super) mod list;

use std::process::ExitCode;

use super::context::Context;
use super::flags::ServerFlags;
use super::production::{Source, name, push};
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::Profile;
use crate::project::contents::suspicions;
use crate::session::Interrupts;
use crate::session::image::{self, How};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Push the image: to `image.repository`, or with --production where its name says
    #[arg(long)]
    push: bool,

    /// Build the image that is deployed, with the project in it, and name it
    #[arg(long, value_name = "NAME", value_parser = name)]
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
    if args.list {
        return list(context);
    }
    let reference = match &args.production {
        Some(name) => production(context, &args, name.as_deref()).await?,
        None => runtime(context, &args).await?,
    };
    context.ui.result(&reference);
    Ok(ExitCode::SUCCESS)
}

fn list(context: &Context<'_>) -> Result<ExitCode> {
    let mut settled = context.settle(&ServerFlags::default(), Profile::Production)?;
    let contents = settled.survey()?;
    context.remark(&settled);
    list::show(context, &contents, &suspicions::look(&contents, &settled.secrets));
    Ok(ExitCode::SUCCESS)
}

async fn production(context: &Context<'_>, args: &Args, name: Option<&str>) -> Result<String> {
    if args.push && name.is_none() {
        return Err(Failure::new(Kind::Usage, "an image without a name cannot be pushed")
            .hint("`parity build --production registry.example.com/team/app:1.2 --push`"));
    }
    let interrupts = Interrupts::listen()?;
    let source = Source::of(context, &ServerFlags::default())?.no_cache(args.no_cache).update_base(args.update_base);
    let engine = interrupts.or(context.engine()).await?;
    let image = source.image(context, &engine, &interrupts).await?;
    if image.worked == 0 {
        context.ui.note("nothing to build: the image is up to date");
    }
    let reference = name.unwrap_or(&image.reference);
    // With the name that it is about to get.
    context.ui.note(format!("to run it as `parity smoke` tests it:\n{}", source.run_line(&engine, reference)?));
    let Some(name) = name else { return Ok(image.reference) };
    interrupts.or(engine.tag(&image.id, name)).await?;
    if args.push {
        push(context, &engine, &interrupts, name).await?;
    }
    Ok(name.to_owned())
}

async fn runtime(context: &Context<'_>, args: &Args) -> Result<String> {
    let interrupts = Interrupts::listen()?;
    let settled = context.settle(&ServerFlags::default(), Profile::Up)?;
    if args.push && settled.plan.image.repository.is_none() {
        return Err(Failure::new(Kind::Usage, "there is no repository to push to")
            .hint("write it in parity.yaml: `image: {repository: registry.example.com/team/app}`"));
    }
    let engine = interrupts.or(context.engine()).await?;
    let how = How { no_cache: args.no_cache, update_base: args.update_base, ..settled.how() };
    context.remark(&settled);
    let image = image::ensure(&engine, &settled.plan, &how, &interrupts, context.ui).await;
    let image = image.map_err(|failure| settled.explain(failure))?;
    if image.worked == 0 {
        context.ui.note("nothing to build: the image is up to date");
    }
    if args.push {
        push(context, &engine, &interrupts, &image.reference).await?;
    }
    Ok(image.reference)
}
