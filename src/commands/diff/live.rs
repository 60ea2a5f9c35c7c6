//! `parity diff --live`: what the application itself sees of the server of `parity up`, and of production's.

use std::process::ExitCode;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::Args;
use crate::commands::context::Context;
use crate::commands::production::Source;
use crate::commands::settled::Settled;
use crate::engine::Engine;
use crate::engine::container::Observed;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::fidelity::{Explained, Observation, Seen, Shown, compare, explain};
use crate::plan::{Difference, Profile, of_requests};
use crate::render;
use crate::session::fidelity::look;
use crate::session::smoke::{Fate, Start, with_server};
use crate::session::{Interrupts, siblings};
use crate::ui::Table;

/// The exit code where something differs that is not declared.
const UNDECLARED: u8 = 2;

pub async fn run(context: &Context<'_>, mut args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let engine = interrupts.or(context.engine()).await?;
    let found = interrupts.or(running(context, &engine)).await?;
    let reloads = |settled: &Settled| settled.plan.reload.is_some();
    let mut up = context.settle(&args.server, Profile::Up)?;
    if reloads(&up) != found.reloads {
        // It was started with the flag.
        args.server.push("--reload-on-changes", "reload-on-changes", found.reloads);
        up = context.settle(&args.server, Profile::Up)?;
    }
    up.look_through();
    context.remark(&up);
    let here = interrupts.or(look(&engine, &found.id, &up.plan, true)).await?;
    let production = production(context, &args, &engine, &interrupts).await?;
    let observed = compare(&production, &here);
    let mut declared = up.plan.differences.clone();
    declared.push(of_requests());
    let explained = explain(&observed, &declared);
    let shown = Shown::new(up.secrets.iter().map(|(_, value)| value));
    context.ui.result(&if context.ui.is_json() { as_json(&explained, &shown).to_string() } else { text(&explained, &shown) });
    match explained.iter().filter(|one| one.cause.is_none()).count() {
        0 => Ok(ExitCode::SUCCESS),
        count => {
            context.ui.note(format!("{count} of {} differences are undeclared", explained.len()));
            Ok(ExitCode::from(UNDECLARED))
        }
    }
}

/// The server of `parity up`.
async fn running(context: &Context<'_>, engine: &Engine) -> Result<Observed> {
    let name = context.container();
    let found = siblings::running(engine, &context.root, &name).await?;
    if found.profile != Profile::Up.name() {
        return Err(Failure::new(Kind::NotRunning, format!("what runs is of `parity {}`", found.profile))
            .hint("`--live` compares the server of `parity up`: start that"));
    }
    Ok(found)
}

/// What the application sees in production: in the image that would be deployed, hardened as `parity smoke` runs it.
async fn production(context: &Context<'_>, args: &Args, engine: &Engine, interrupts: &Interrupts) -> Result<Seen> {
    let mut settled = context.settle(&args.server.without(&["port", "host"]), Profile::Smoke)?;
    context.join_services(engine, &mut settled.plan, interrupts).await?;
    let image = Source::of(context, &args.server)?.image(context, engine, interrupts).await?;
    let nothing = |_: String| -> LocalBoxFuture<'_, ()> { async {}.boxed_local() };
    let start = Start {
        engine,
        plan: &settled.plan,
        secrets: &settled.secrets,
        image: &image.id,
        command: &render::fidelity::command(&settled.plan)?,
        interrupts,
        report: context.ui,
        log: Arc::new(|_| ()),
        post_mortem: &nothing,
    };
    let looked = with_server(&start, async |server| Ok((look(engine, &server.id, &settled.plan, false).await?, Fate::Remove)));
    looked.await.map_err(|failure| settled.explain(failure))
}

fn text(explained: &[Explained<'_>], shown: &Shown) -> String {
    if explained.is_empty() {
        return "the application sees no difference".into();
    }
    let mut table = Table::default();
    table.row(["SEEN", "HERE", "PRODUCTION", "DECLARED AS"]);
    for Explained { observation, cause } in explained {
        let Observation { production, here, .. } = observation;
        let value = |value: &Option<Value>| shown.short(observation, value.as_ref());
        table.row([shown.place(observation), value(here), value(production), cause.map_or("undeclared", |row| &row.what).to_owned()]);
    }
    table.to_string()
}

fn as_json(explained: &[Explained<'_>], shown: &Shown) -> Value {
    let row = |Explained { observation, cause }: &Explained<'_>| {
        let value = |value: &Option<Value>| value.as_ref().map(|value| shown.value(observation, value));
        let declared = |Difference { what, cause, .. }: &Difference| json!({"what": what, "cause": cause});
        json!({
            "section": observation.section,
            "name": observation.name,
            "production": value(&observation.production),
            "here": value(&observation.here),
            "declared": cause.map(declared),
        })
    };
    explained.iter().map(row).collect()
}
