//! `parity status`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;

use super::context::Context;
use super::saves;
use crate::engine::Engine;
use crate::engine::container::{Observed, State};
use crate::error::Result;
use crate::runtime::protocol::Slot;
use crate::session::reload;
use crate::session::siblings::{self, Role};
use crate::ui::Table;

/// For so long a container of which no process is left may be said to run.
const ENDING: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Every project on this engine, not this one only
    #[arg(short, long)]
    all: bool,

    /// What saving a file would do, and why: of these files, or of all that the running application has imported, opened or
    /// written
    #[arg(long, value_name = "PATH", num_args = 0.., conflicts_with = "all")]
    files: Option<Vec<PathBuf>>,
}

/// Succeeds whether something runs or not; which of the two is in its output.
pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    if let Some(paths) = &args.files {
        return saves::run(context, paths).await;
    }
    let engine = context.engine().await?;
    let begun = Instant::now();
    let (found, slots) = loop {
        let found = servers(&engine, context, &args).await?;
        match slots(&engine, &found).await {
            Ok(slots) => break (found, slots),
            // A server that ends while it is asked is found to have ended then.
            Err(_) if begun.elapsed() < ENDING => tokio::time::sleep(PAUSE).await,
            Err(failure) => return Err(failure),
        }
    };
    if context.ui.is_json() {
        for (container, slots) in found.iter().zip(&slots) {
            context.ui.result(&as_json(container, slots).to_string());
        }
    } else if found.is_empty() {
        context.ui.result("not running");
    } else {
        let mut table = Table::default();
        table.row(["NAME", "STATE", "URL", "PROFILE", "PROJECT"]);
        for container in &found {
            let url = container.url.as_deref().unwrap_or("-");
            table.row([&container.name, &state(container), url, &container.profile, &container.project]);
        }
        context.ui.result(&table.to_string());
        if slots.iter().any(|slots| !slots.is_empty()) {
            context.ui.result(&format!("\n{}", memory(&found, &slots)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What there is, but for what is one with a server that is there: it holds the port, or finishes requests.
async fn servers(engine: &Engine, context: &Context<'_>, args: &Args) -> Result<Vec<Observed>> {
    let mut found = if args.all { engine.observe_all().await? } else { engine.observe_project(&context.root).await? };
    let servers: Vec<String> =
        found.iter().filter(|found| siblings::role(&found.name) == Role::Server).map(|found| found.name.clone()).collect();
    let is_behind = |found: &Observed| servers.iter().any(|server| *server != found.name && siblings::belongs(&found.name, server));
    found.retain(|found| !is_behind(found));
    Ok(found)
}

async fn slots(engine: &Engine, found: &[Observed]) -> Result<Vec<BTreeMap<String, Slot>>> {
    let mut slots = Vec::new();
    for container in found {
        let reloads = container.reloads && container.state == State::Running;
        slots.push(if reloads { reload::slots(engine, &container.id).await? } else { BTreeMap::new() });
    }
    Ok(slots)
}

fn state(container: &Observed) -> String {
    match (container.state, container.exit_code) {
        (State::Running, _) => "running".into(),
        (State::Paused, _) => "paused".into(),
        (State::Created, _) => "starting".into(),
        (State::Stopped, Some(code)) if code != 0 => format!("exited ({code})"),
        (State::Stopped, _) => "stopped".into(),
    }
}

/// What the processes cost that stand by to serve what is saved next.
fn memory(found: &[Observed], slots: &[BTreeMap<String, Slot>]) -> Table {
    let mut table = Table::default();
    table.row(["NAME", "SLOT", "STATE", "PROCESSES", "MEMORY"]);
    for (container, slots) in found.iter().zip(slots) {
        for (slot, Slot { kilobytes, processes, active, failing }) in slots {
            let state = match (active, failing) {
                (true, true) => "failing",
                (true, false) => "serving",
                (false, _) => "standby",
            };
            table.row([&container.name, slot, state, &processes.to_string(), &format!("{} MB", kilobytes / 1000)]);
        }
    }
    table
}

fn as_json(container: &Observed, slots: &BTreeMap<String, Slot>) -> serde_json::Value {
    json!({
        "name": container.name,
        "state": state(container),
        "url": container.url,
        "profile": container.profile,
        "project": container.project,
        "image": container.image,
        "started": container.started,
        "id": container.id,
        "slots": slots.iter().map(|(name, slot)| json!({
            "name": name, "active": slot.active, "failing": slot.failing, "processes": slot.processes, "kilobytes": slot.kilobytes
        })).collect::<Vec<_>>(),
    })
}
