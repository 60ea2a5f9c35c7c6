//! `parity up`

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use super::context::Context;
use super::flags::ServerFlags;
use super::keys;
use super::settled::Settled;
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Profile;
use crate::session::image::{self, How};
use crate::session::reload::{Following, Inputs};
use crate::session::up::{Foreground, Up, up};
use crate::session::{Interrupts, User, user_for};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Start it in the background and print its URL
    #[arg(short, long)]
    detach: bool,

    /// With --detach: return only when the application answers
    #[arg(long, requires = "detach")]
    wait: bool,

    /// Build the image even if it is there, and replace the running server
    #[arg(long)]
    build: bool,

    /// Replace the running server even if nothing changed
    #[arg(long)]
    force_recreate: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub async fn run(context: &Context<'_>, mut args: Args) -> Result<ExitCode> {
    if args.detach {
        without_reload(context, &mut args.server)?;
        without_recording(context, &mut args.server)?;
    }
    let interrupts = Interrupts::listen()?;
    if !args.detach {
        // What follows is for a reader: without one it ends as by Ctrl-C.
        interrupts.also(context.ui.until_unread());
    }
    let mut settled = context.settle(&args.server, Profile::Up)?;
    context.remark(&settled);
    context.ui.note(settled.plan.summary());
    if settled.plan.reload.is_none() && context.config(&args.server)?.reload.sync.is_some_and(|said| said.value) {
        context.ui.report(Event::Warning {
            text: "`sync` uploads what is saved, so it goes with `reload-on-changes` only: the project is mounted".into(),
            hint: None,
        });
    }
    let mut engine = interrupts.or(context.engine()).await?;
    context.join_services(&engine, &mut settled.plan, &interrupts).await?;
    let how = How { build: args.build, ..settled.how() };
    let image = image::ensure(&engine, &settled.plan, &how, &interrupts, context.ui).await;
    let image = image.map_err(|failure| settled.explain(failure))?;
    let (image, user) = (image.reference, user_for(&context.root));
    let mut recreate = args.build || args.force_recreate;
    let mut typed = if args.detach { None } else { keys::read(&context.root) };
    if settled.plan.reload.is_none() {
        let recording = context.recording(&settled)?;
        let (keys, turns) = typed.as_mut().map(|typed| (&mut typed.keys, &mut typed.turns)).unzip();
        let foreground = Foreground { keys, ..Foreground::default() };
        let wish = Up { detach: args.detach, wait: args.wait, ..wish(&settled, &image, user, recreate) };
        let serve = Box::pin(up(&engine, &wish, foreground, &interrupts, context.ui));
        let ended = recording.beside(&engine, context.ui, turns, serve).await;
        ended.map_err(|failure| settled.explain(failure))?;
        let written = context.ui.written().map(|()| ExitCode::SUCCESS);
        return written
            .map_err(|failure| if args.detach { failure.hint("the server runs: `parity status` shows its URL") } else { failure });
    }
    let told = RefCell::new(settled.remarks.clone());
    let mut kept = None;
    loop {
        let replan = || anew(context, &args.server, &settled, &mut told.borrow_mut()).map(|anew| inputs(&anew));
        let following = Some(Following { inputs: inputs(&settled), replan: &replan });
        let (keys, turns) = typed.as_mut().map(|typed| (&mut typed.keys, &mut typed.turns)).unzip();
        let foreground = Foreground { following, keys, started: None, kept: Some(&mut kept) };
        let recording = context.recording(&settled)?;
        let wish = wish(&settled, &image, user, recreate);
        let serve = Box::pin(up(&engine, &wish, foreground, &interrupts, context.ui));
        match recording.beside(&engine, context.ui, turns, serve).await {
            Err(failure) if failure.kind == Kind::EngineLost && interrupts.count() == 0 => {
                let hint = Some("Ctrl-C ends".into());
                context.ui.report(Event::Warning { text: "the engine stopped answering: waiting for it to come back".into(), hint });
                engine = interrupts.or(come_back(context)).await?;
                recreate = false;
                // A server that has to be started anew has the settings of now. What needs another image is switched to.
                let now = anew(context, &args.server, &settled, &mut told.borrow_mut());
                if let Ok(now) = now
                    && now.plan.image == settled.plan.image
                {
                    settled = now;
                }
            }
            ended => return ended.map(|()| ExitCode::SUCCESS).map_err(|failure| settled.explain(failure)),
        }
    }
}

/// A server in the foreground.
fn wish<'a>(settled: &'a Settled, image: &'a str, user: User, recreate: bool) -> Up<'a> {
    Up { plan: &settled.plan, secrets: &settled.secrets, image, user, detach: false, wait: false, recreate }
}

/// Settles again in a session.
fn anew(context: &Context<'_>, flags: &ServerFlags, settled: &Settled, told: &mut Vec<String>) -> Result<Settled> {
    let mut anew = context.settle(flags, Profile::Up)?;
    context.remark_news(&anew, told);
    anew.plan.join_as(&settled.plan);
    // This session records, or does not, to its end.
    anew.plan.record.clone_from(&settled.plan.record);
    Ok(anew)
}

/// Between two attempts to reach an engine that restarts.
const PAUSE: Duration = Duration::from_millis(500);

async fn come_back(context: &Context<'_>) -> Result<Engine> {
    loop {
        if let Ok(engine) = context.engine().await {
            return Ok(engine);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

pub(super) fn inputs(settled: &Settled) -> Inputs {
    Inputs {
        plan: settled.plan.clone(),
        secrets: settled.secrets.clone(),
        how: settled.how(),
        environment_files: settled.environment_files.clone(),
    }
}

/// What is saved is watched by the command in the foreground: in the background there is none.
fn without_reload(context: &Context<'_>, flags: &mut ServerFlags) -> Result<()> {
    const KEY: &str = "reload-on-changes";
    if flags.switches_on(KEY) {
        return Err(Failure::new(Kind::Usage, "--reload-on-changes does not go with --detach")
            .cause("it is this command that watches what you save, so it must stay in the foreground")
            .hint("leave out `--detach`, or run `parity up --reload-on-changes` in a terminal of its own"));
    }
    if let Some(said) = context.config(flags)?.reload.on_changes.filter(|said| said.value) {
        context.ui.note(format!("with --detach nothing watches what you save, so {KEY} ({}) is left out", said.origin));
        flags.push("--detach", KEY, false);
    }
    Ok(())
}

/// What is recorded is stored by the command in the foreground as well.
fn without_recording(context: &Context<'_>, flags: &mut ServerFlags) -> Result<()> {
    const KEY: &str = "record";
    if flags.switches_on(KEY) {
        return Err(Failure::new(Kind::Usage, "--record does not go with --detach")
            .cause("it is this command that stores what is recorded, so it must stay in the foreground")
            .hint("leave out `--detach`"));
    }
    if let Some(said) = context.config(flags)?.record.on.filter(|said| said.value) {
        context.ui.note(format!("with --detach nothing stores what is recorded, so {KEY} ({}) is left out", said.origin));
        flags.push("--detach", KEY, false);
    }
    Ok(())
}
