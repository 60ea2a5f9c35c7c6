//! `parity diff`

use std::process::ExitCode;

use serde_json::{Value, json};

use super::context::Context;
use super::flags::ServerFlags;
use crate::error::Result;
use crate::plan::{Difference, Profile};
use crate::ui::Table;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What `parity smoke` does otherwise, not `parity up`
    #[arg(long)]
    smoke: bool,

    #[command(flatten)]
    server: ServerFlags,
}

/// Needs no engine.
pub fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let settled = context.settle(&args.server, if args.smoke { Profile::Smoke } else { Profile::Up })?;
    let differences = &settled.plan.differences;
    if context.ui.is_json() {
        context.ui.result(&as_json(differences).to_string());
    } else {
        context.remark(&settled);
        context.ui.result(&table(differences).to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// What differs from production, for people.
pub fn table(differences: &[Difference]) -> Table {
    let mut table = Table::default();
    table.row(["WHAT", "HERE", "PRODUCTION", "WHY"]);
    for Difference { what, here, production, cause } in differences {
        table.row([what, here, production, cause]);
    }
    table
}

/// The same for programs: a list.
pub fn as_json(differences: &[Difference]) -> Value {
    let json = |d: &Difference| json!({"what": d.what, "production": d.production, "here": d.here, "cause": d.cause});
    differences.iter().map(json).collect()
}
