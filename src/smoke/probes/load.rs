//! `load`: the application loaded in a fresh process as mod_wsgi does it, and as a development server does it.

mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::project::{Django, Framework};
use crate::runtime::LOAD;
use crate::units::{Callable, EntryPoint, Sourced, layout};

pub use judge::judge;

/// Seconds that each of the two ways may take.
const PATIENCE: u64 = 60;
/// Puts the script into memory, where Python can read it as a file, and runs it.
const RUN: &str = "file=$(mktemp /tmp/parity-load.XXXXXX) && cat >\"$file\" && /opt/venv/bin/python \"$file\" \"$0\"; code=$?; rm -f \"$file\"; exit $code";

/// What both ways met.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Seen {
    server: Way,
    /// `None`: the project has no development server.
    development: Option<Way>,
}

/// What one way of loading met.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Way {
    error: Option<Raised>,
    seconds: f64,
    /// The project's own, by name, with their files.
    modules: BTreeMap<String, String>,
    slowest: Vec<Slow>,
    threads: Vec<Done>,
    files: Vec<Done>,
    /// To other programs, kept or not.
    connections: Vec<Done>,
    /// Addresses that one process alone can have.
    listeners: Vec<Done>,
    programs: Vec<Done>,
    variables: Vec<Variable>,
    /// Environment variables that it set itself.
    set: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Raised {
    r#type: String,
    text: String,
    place: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Slow {
    module: String,
    seconds: f64,
}

/// Something that was done at import, and is left of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Done {
    what: String,
    place: Option<String>,
    /// By the project's own code, not by a library.
    own: bool,
    /// A program that has ended since.
    #[serde(default)]
    ended: bool,
}

/// An environment variable that the project's code reads at import.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Variable {
    name: String,
    present: bool,
    place: Option<String>,
}

impl Seen {
    /// A development server gets along with what the server does not.
    pub fn only_the_server_fails(&self) -> bool {
        self.server.error.is_some() && self.development.as_ref().is_some_and(|development| development.error.is_none())
    }
}

/// Loads it, in the container.
///
/// # Errors
/// The engine's, and a container in which that is not possible.
pub async fn look(engine: &Engine, container: &str, plan: &Plan) -> Result<Seen> {
    let argv = ["sh", "-c", RUN, &settings(plan)].map(String::from).to_vec();
    let patience = Duration::from_secs(2 * PATIENCE + 10);
    let failed = || Failure::new(Kind::Other, "the application cannot be loaded in a process of its own");
    let ran = tokio::time::timeout(patience, engine.run_to_the_end(container, argv, LOAD.as_bytes())).await;
    let (_, said) = ran.map_err(|_| failed().cause("it does not end"))??;
    // The code may print what it likes before.
    let line = said.lines().rev().find(|line| line.starts_with("{\"server\""));
    let line = line.ok_or_else(|| failed().details(said.lines().rev().take(5).collect::<Vec<_>>().into_iter().rev()))?;
    serde_json::from_str(line).map_err(|error| failed().caused_by(&error))
}

/// How it is loaded, for the script.
fn settings(plan: &Plan) -> String {
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
    let python_path: Vec<&String> = plan.python_path.iter().map(|Sourced { value, .. }| value).collect();
    json!({
        "handler": format!("{}/handler.wsgi", layout::ETC),
        "working_directory": *plan.working_directory,
        "python_path": python_path,
        "framework": framework,
        "manage_py": manage_py,
        "app": app,
        "seconds": PATIENCE,
    })
    .to_string()
}
