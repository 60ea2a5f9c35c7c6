//! `parity status --files`: what a save of a file would do, and why.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::context::Context;
use super::flags::ServerFlags;
use super::up::inputs;
use crate::changes::{Action, Touched, Verdict};
use crate::engine::container::State;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::Profile;
use crate::session::reload::{self, Saves};
use crate::ui::Table;

/// Prints it of these files and of those in these directories; of none: of what the running application has touched.
pub async fn run(context: &Context<'_>, paths: &[PathBuf]) -> Result<ExitCode> {
    // Whether the server was started so, or will be, does not matter: it is about what would be done.
    let mut flags = ServerFlags::default();
    flags.push("--files", "reload-on-changes", true);
    let inputs = inputs(&context.settle(&flags, Profile::Up)?);
    let saves = Saves::of(&inputs);
    let touched = running(context, paths.is_empty()).await?;
    let mut files = Vec::new();
    for path in paths {
        let path = relative(&context.root, path)?;
        let is_directory = context.root.join(&path).is_dir();
        files.extend(if is_directory { saves.files_below(&path) } else { vec![path] });
    }
    if paths.is_empty() {
        let there = |file: &&str| context.root.join(file).is_file();
        files.extend(touched.files().into_iter().filter(there).map(String::from));
    }
    let mut table = Table::default();
    table.row(["FILE", "WHEN SAVED", "WHY"]);
    for file in files {
        let verdict = saves.verdict(&file, &touched);
        if context.ui.is_json() {
            context.ui.result(&as_json(&file, &verdict, &touched).to_string());
        } else {
            table.row([&file, &done(&verdict.action), &verdict.cause]);
        }
    }
    if !context.ui.is_json() {
        context.ui.result(&table.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// What the application has done that runs with reload.
async fn running(context: &Context<'_>, needed: bool) -> Result<Touched> {
    let engine = context.engine().await?;
    let found = engine.observe_project(&context.root).await?;
    match found.iter().find(|container| container.reloads && container.state == State::Running) {
        Some(container) => reload::touched(&engine, &container.id).await,
        None if needed => Err(Failure::new(Kind::NotRunning, "no server is running that reloads, so no file is known to be read")
            .hint("name files: `parity status --files PATH`; or type `parity up --reload-on-changes` in another terminal")),
        None => {
            context.ui.note("no server is running that reloads: what the application opens and writes is not known");
            Ok(Touched::default())
        }
    }
}

/// A path as typed, relative to the project.
fn relative(root: &Path, path: &Path) -> Result<String> {
    let failed = |error: &std::io::Error| Failure::new(Kind::Other, "the current directory cannot be read").caused_by(error);
    let mut full = std::env::current_dir().map_err(|error| failed(&error))?;
    // The directory that is typed may be a link's; the project's has none.
    full = full.canonicalize().unwrap_or(full);
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(full.pop()),
            part => full.push(part),
        }
    }
    let inside = full.strip_prefix(root).ok().and_then(Path::to_str);
    inside.map(str::to_owned).ok_or_else(|| {
        Failure::new(Kind::Usage, format!("{} is not in the project", path.display())).cause(format!("its directory is {}", root.display()))
    })
}

fn done(action: &Action) -> String {
    match action {
        Action::Ignore => "ignored".into(),
        Action::Served => "served as it is".into(),
        Action::Collect => "collects static files".into(),
        Action::Reload => "reloads".into(),
        Action::Rebuild => "builds the image".into(),
        Action::Reconfigure => "reads the settings".into(),
        Action::Restart | Action::Replace => "replaces the container".into(),
        Action::Exec(command) => format!("runs `{command}`"),
    }
}

fn as_json(file: &str, verdict: &Verdict, touched: &Touched) -> serde_json::Value {
    let (action, command) = match &verdict.action {
        Action::Ignore => ("ignore", None),
        Action::Served => ("served", None),
        Action::Collect => ("collect-static", None),
        Action::Reload => ("reload", None),
        Action::Rebuild => ("rebuild", None),
        Action::Reconfigure => ("reconfigure", None),
        Action::Restart => ("restart", None),
        Action::Replace => ("replace", None),
        Action::Exec(command) => ("exec", Some(command)),
    };
    json!({
        "file": file,
        "action": action,
        "command": command,
        "cause": verdict.cause,
        "imported": touched.imported.contains(file),
        "opened": touched.opened.contains(file),
        "written": touched.written.contains(file),
    })
}
