//! `parity shell`

use std::process::ExitCode;

use super::context::Context;
use super::exec::run_in_container;
use super::terminal;
use crate::engine::exec::Command;
use crate::error::{Failure, Kind, Result};

#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(context: &Context<'_>, _args: Args) -> Result<ExitCode> {
    if !terminal::interactive() {
        return Err(Failure::new(Kind::Usage, "`parity shell` needs a terminal").hint("in a script use `parity exec -T -- CMD`"));
    }
    let argv = ["/bin/sh", "-c", "if command -v bash >/dev/null; then exec bash; else exec sh; fi"].map(String::from).to_vec();
    run_in_container(context, Command { argv, tty: true, stdin: true, env: Vec::new(), working_directory: None }).await
}
