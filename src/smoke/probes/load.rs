//! `load`: the application loaded in a fresh process as mod_wsgi does it, and as a development server does it.

mod judge;

use std::time::Duration;

use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::project::{Django, Framework};
use crate::render::archive;
use crate::runtime;
use crate::runtime::protocol::Message;
use crate::runtime::protocol::load::{Loaded, Settings};
use crate::units::{Callable, EntryPoint, Sourced, layout};

pub use judge::judge;

/// Seconds that each of the two ways may take.
const PATIENCE: u64 = 60;
/// Puts the program into memory, where Python can read it as files, and runs it.
const RUN: &str = "directory=$(mktemp -d /tmp/parity-load.XXXXXX) && base64 -d | tar -xzC \"$directory\" && \
                   /opt/venv/bin/python \"$directory/run.py\" load \"$0\"; code=$?; rm -rf \"$directory\"; exit $code";

/// Loads it, in the container.
///
/// # Errors
/// The engine's, and a container in which that is not possible.
pub async fn look(engine: &Engine, container: &str, plan: &Plan) -> Result<Loaded> {
    let argv = ["sh", "-c", RUN, &settings(plan).to_text()].map(String::from).to_vec();
    let program = archive(&runtime::loading());
    let patience = Duration::from_secs(2 * PATIENCE + 10);
    let failed = || Failure::new(Kind::Other, "the application cannot be loaded in a process of its own");
    let ran = tokio::time::timeout(patience, engine.run_to_the_end(container, argv, program.as_bytes())).await;
    let (_, said) = ran.map_err(|_| failed().cause("it does not end"))??;
    let found = Loaded::find(&said);
    let found = found.ok_or_else(|| failed().details(said.lines().rev().take(5).collect::<Vec<_>>().into_iter().rev()))?;
    found.map_err(|why| failed().cause(why.to_string()))
}

fn settings(plan: &Plan) -> Settings {
    let inside = |path: &str| format!("{}/{path}", layout::APP);
    let (framework, manage_py) = match plan.framework.as_ref().map(|framework| &framework.value) {
        Some(Framework::Django(Django { manage_py, .. })) => (Some("django"), Some(inside(manage_py))),
        Some(Framework::Flask) => (Some("flask"), None),
        Some(Framework::Plain) | None => (None, None),
    };
    let app = match &plan.app.value {
        EntryPoint::Module { module, callable: Callable::Object(name) } => Some(format!("{module}:{name}")),
        EntryPoint::Module { module, callable: Callable::Factory(name) } => Some(format!("{module}:{name}()")),
        EntryPoint::Script { .. } | EntryPoint::Installed { .. } => None,
    };
    Settings {
        handler: format!("{}/handler.wsgi", layout::ETC),
        working_directory: (*plan.working_directory).clone(),
        python_path: plan.python_path.iter().map(|Sourced { value, .. }| value.clone()).collect(),
        framework,
        manage_py,
        app,
        seconds: PATIENCE,
    }
}
