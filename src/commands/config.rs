//! `parity config`

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::context::Context;
use super::diff;
use super::flags::ServerFlags;
use super::profile::Which;
use super::settled::Settled;
use super::terminal;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::Listed;
use crate::render;
use crate::render::dockerfile::Options;
use crate::session::image::LockFile;
use crate::ui::Table;
use crate::units::files;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also the settings that nobody set
    #[arg(short, long)]
    all: bool,

    /// Write the Dockerfile, httpd.conf, handler and start script that would be used into a directory
    #[arg(long, value_name = "DIR")]
    render: Option<PathBuf>,

    /// Whose plan
    #[arg(long, value_enum, default_value_t)]
    profile: Which,

    /// The same as `--profile production`
    #[arg(long, conflicts_with = "profile")]
    production: bool,

    #[command(flatten)]
    server: ServerFlags,
}

/// Needs no engine.
pub fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let which = if args.production { Which::Production } else { args.profile };
    let mut settled = context.settle(&args.server, which.into())?;
    settled.look_through();
    if let Some(directory) = &args.render {
        return write(context, &settled, directory);
    }
    let listed = settled.plan.list();
    if context.ui.is_json() {
        context.ui.result(&json!({"plan": as_json(&listed), "differences": diff::as_json(&settled.plan.differences)}).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    context.remark(&settled);
    let shown = |listed: &&Listed| args.all || !listed.is_untold();
    let hidden = listed.iter().filter(|listed| !shown(listed)).count();
    let mut table = Table::default();
    for Listed { key, value, origin } in listed.iter().filter(shown) {
        table.row([format!("{key}:"), value.clone(), format!("# {origin}")]);
    }
    context.ui.result(&table.to_string());
    if hidden > 0 {
        context.ui.result(&format!("\n{hidden} more settings have mod_wsgi-express' defaults: `parity config --all` lists them"));
    }
    if !settled.plan.differences.is_empty() {
        let columns = terminal::size().map(|(columns, _)| columns.into());
        context.ui.result(&format!("\nWhat differs from production:\n{}", diff::text(&settled.plan.differences, columns)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Values by name. What is there several times, as a rule of `watch`, is a list.
fn as_json(listed: &[Listed]) -> serde_json::Map<String, Value> {
    let mut values = serde_json::Map::new();
    for Listed { key, value, origin } in listed {
        let value = json!({"value": value, "origin": origin.to_string()});
        match values.get_mut(key) {
            None => drop(values.insert(key.clone(), value)),
            Some(Value::Array(several)) => several.push(value),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    values
}

/// Writes the files of the build and of `/etc/parity`. No value of the application's environment is in them.
fn write(context: &Context<'_>, settled: &Settled, directory: &std::path::Path) -> Result<ExitCode> {
    let plan = &settled.plan;
    let base = match LockFile::open(&context.root)?.lock {
        Some(lock) => crate::engine::base::reference_of(&lock.base),
        None => plan.image.base.name(),
    };
    let options = Options { base, ..Options::default() };
    let mut files: Vec<(String, Vec<u8>)> = render::context_files(plan, &options)?;
    files.extend(render::profile_files(plan)?.into_iter().map(|(name, content)| (name, content.into_bytes())));
    for (name, content) in files {
        let path = directory.join(&name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| files::write(&path, content));
        written.map_err(|error| Failure::new(Kind::Other, format!("cannot write {}", path.display())).caused_by(&error))?;
        context.ui.note(format!("wrote {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}
