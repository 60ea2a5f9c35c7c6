//! `parity diff`

mod live;

use std::process::ExitCode;

use serde_json::{Value, json};

use super::context::Context;
use super::flags::ServerFlags;
use super::profile::Which;
use super::terminal;
use crate::error::Result;
use crate::plan::Difference;
use crate::ui::Table;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// What is compared with production
    #[arg(long, value_enum, default_value_t)]
    profile: Which,

    /// Measure it: what the application sees in the server of `parity up` that runs, and in production's image
    #[arg(long, conflicts_with = "profile")]
    live: bool,

    #[command(flatten)]
    server: ServerFlags,
}

const AFTER_HELP: &str = "\
With --live one request for `health-check` is made to either server, and a probe beside the application
tells what there is to see: environment, modules, threads, mounts, the server's directives and more. The
exit code is 2 where something differs that no line of `parity diff` declares.";

/// Needs no engine, unless what runs is asked.
pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    if args.live {
        return live::run(context, args).await;
    }
    let mut settled = context.settle(&args.server, args.profile.into())?;
    settled.look_through();
    let differences = &settled.plan.differences;
    if context.ui.is_json() {
        context.ui.result(&as_json(differences).to_string());
    } else {
        context.remark(&settled);
        context.ui.result(&text(differences, terminal::size().map(|(columns, _)| columns.into())));
    }
    Ok(ExitCode::SUCCESS)
}

/// What differs from production, for people: a table, or one below the other where the terminal is not as wide as that.
pub fn text(differences: &[Difference], columns: Option<usize>) -> String {
    let mut table = Table::default();
    table.row(["WHAT", "HERE", "PRODUCTION", "WHY"]);
    for Difference { what, here, production, cause, .. } in differences {
        table.row([what, here, production, cause]);
    }
    let table = table.to_string();
    let width = table.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    if columns.is_none_or(|columns| width <= columns) {
        return table;
    }
    let block = |Difference { what, here, production, cause, .. }: &Difference| {
        format!("{what}\n  here:        {here}\n  production:  {production}\n  why:         {cause}")
    };
    differences.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// The same for programs: a list.
pub fn as_json(differences: &[Difference]) -> Value {
    let json = |d: &Difference| json!({"what": d.what, "production": d.production, "here": d.here, "cause": d.cause, "signs": d.signs});
    differences.iter().map(json).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_the_terminal() {
        let [what, here, production, cause] = ["project", "mounted", "copied", "so that it is fast"].map(String::from);
        let differences = [Difference { what, production, here, cause, signs: Vec::new() }];
        let table = "WHAT     HERE     PRODUCTION  WHY\nproject  mounted  copied      so that it is fast";
        assert_eq!(text(&differences, None), table);
        assert_eq!(text(&differences, Some(80)), table);
        assert_eq!(
            text(&differences, Some(40)),
            "project\n  here:        mounted\n  production:  copied\n  why:         so that it is fast"
        );
    }
}
