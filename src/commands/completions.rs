//! `parity completions`

use std::process::ExitCode;

use crate::error::{Failure, Kind, Result};
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// bash, zsh, fish, elvish, powershell; or `man` for the man page
    #[arg(value_name = "SHELL")]
    shell: String,
}

pub fn run(ui: &Ui, args: &Args) -> Result<ExitCode> {
    let mut command = super::command_line();
    let mut text = Vec::new();
    if args.shell == "man" {
        clap_mangen::Man::new(command)
            .render(&mut text)
            .map_err(|error| Failure::new(Kind::Other, "cannot write the man page").caused_by(&error))?;
    } else {
        let shell: clap_complete::Shell = args.shell.parse().map_err(|_| {
            Failure::new(Kind::Usage, format!("no completions for the shell `{}`", args.shell.escape_debug()))
                .hint("there are bash, zsh, fish, elvish and powershell, and `man` for the man page")
        })?;
        clap_complete::generate(shell, &mut command, "parity", &mut text);
    }
    ui.result(String::from_utf8_lossy(&text).trim_end());
    Ok(ExitCode::SUCCESS)
}
