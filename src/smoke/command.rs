//! The project's own tests: a command that finds the server's address in `PARITY_URL`.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Instant;

use super::outcome::{Finding, Outcome, What};
use crate::engine::Group;
use crate::error::{Failure, Kind, Result};
use crate::session::Interrupts;

/// As it would be typed.
pub fn name(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" "))
}

/// Runs the command to its end. What it prints goes where ours goes, unless stdout is a program's.
///
/// # Errors
/// [`Kind::Interrupted`], once the command and its children have ended too.
pub async fn run(
    command: &[String],
    url: &str,
    environment: &[(&str, &Path)],
    to_stdout: bool,
    interrupts: &Interrupts,
) -> Result<Outcome> {
    let begun = Instant::now();
    let [program, arguments @ ..] = command else { return Err(Failure::new(Kind::Usage, "there is no command behind `--`")) };
    let outcome = |finding: Finding| Outcome::failed(name(command), What::Tests, begun.elapsed(), vec![finding]);
    let mut child = tokio::process::Command::new(program);
    child.args(arguments).envs(environment.iter().copied()).env("PARITY_URL", url).process_group(0);
    if std::io::stdin().is_terminal() {
        // Its group is not the terminal's: reading from there would stop it.
        child.stdin(Stdio::null());
    }
    if !to_stdout {
        let stderr = std::io::stderr().as_fd().try_clone_to_owned();
        child.stdout(stderr.map_err(|error| Failure::new(Kind::Other, "stderr cannot be shared").caused_by(&error))?);
    }
    let mut child = match child.spawn() {
        Ok(child) => child,
        Err(why) => return Ok(outcome(Finding::new(format!("`{program}` cannot be run: {why}")))),
    };
    let group = Group::of(&child);
    let status =
        interrupts.or(async { child.wait().await.map_err(|error| Failure::new(Kind::Other, "a command was lost").caused_by(&error)) });
    let status = status.await?;
    group.ended();
    Ok(match status.success() {
        true => Outcome::passed(name(command), What::Tests, begun.elapsed()),
        false => outcome(Finding::new(how_it_ended(status))),
    })
}

fn how_it_ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".into(),
    }
}
