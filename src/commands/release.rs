//! `parity release`

use std::process::ExitCode;

use super::context::Context;
use super::flags::ServerFlags;
use super::production::{Source, reference};
use crate::error::Result;
use crate::events::Report;
use crate::plan::{Plan, Profile, Store};
use crate::session::Interrupts;
use crate::session::image;
use crate::session::release::release;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// That of an image that is deployed, pulled if need be, instead of the project's as it is now
    #[arg(long, value_name = "IMAGE", value_parser = reference)]
    image: Option<String>,
}

const AFTER_HELP: &str = "\
The commands of `hooks: {release: […]}` in parity.yaml run in the image that is deployed, with the
application's environment, in a container of their own: once, however many containers the
deployment has. Those of `hooks: {start: […]}` run in each of them.";

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let mut settled = context.settle(&ServerFlags::default(), Profile::Release)?;
    if args.image.is_none() && settled.plan.release_hooks.is_empty() {
        context.ui.note("nothing to do: `hooks: {release: […]}` in parity.yaml is empty");
        return Ok(ExitCode::SUCCESS);
    }
    let kept: Vec<_> = settled.plan.stored(Store::Volume).map(Plan::directory_name).collect();
    if !kept.is_empty() {
        context.ui.note(format!(
            "what release hooks write to {} ends with their container: `start` hooks make such files ready",
            kept.join(", ")
        ));
    }
    let (engine, image) = match &args.image {
        Some(reference) => {
            let engine = interrupts.or(context.engine()).await?;
            let image = image::existing(&engine, reference, &interrupts, context.ui).await?;
            (engine, image)
        }
        None => {
            let source = Source::of(context, &ServerFlags::default())?;
            let engine = interrupts.or(context.engine()).await?;
            let image = source.image(context, &engine, &interrupts).await?;
            (engine, image)
        }
    };
    context.join_services(&engine, &mut settled.plan, &interrupts).await?;
    if !release(&engine, &settled.plan, &settled.secrets, &image.id, &interrupts, context.ui).await? {
        context.ui.note(format!("nothing to do: {} has no release hooks", image.reference));
    }
    Ok(ExitCode::SUCCESS)
}
