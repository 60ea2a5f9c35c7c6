//! The command line: one command, one file.

mod attachable;
mod build;
mod clean;
mod compare;
mod completions;
mod config;
mod context;
mod coverage;
mod debug;
mod diff;
mod doctor;
mod down;
mod editor;
mod exec;
mod flags;
mod init;
mod keys;
mod logs;
mod production;
mod profile;
mod profiling;
mod record_flags;
mod recording;
mod release;
mod reload_flags;
mod replay;
mod report_file;
mod requests;
mod restart;
mod saves;
mod settled;
mod shell;
mod smoke;
mod status;
mod terminal;
mod up;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::session::{Interrupts, interrupted};
use crate::ui::{Format, Ui, Verbosity};
use context::Context;

/// Run a Python WSGI project under production's Apache/mod_wsgi, in a container, from one command.
#[derive(Debug, Parser)]
#[command(name = "parity", version, propagate_version = true, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// The project's directory [default: the nearest one upwards with a parity.yaml or manage.py, or this one]
    #[arg(long, global = true, value_name = "DIR", env = "PARITY_PROJECT", hide_env = true)]
    project: Option<PathBuf>,

    /// Print errors and results only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Print each line of a build, what Apache says as a matter of course, and saves that nothing is done about
    #[arg(short, long, global = true)]
    verbose: bool,

    /// How to print what happens: for people, or as JSON Lines on stdout
    #[arg(long, global = true, value_enum, default_value_t, env = "PARITY_FORMAT", hide_env = true, value_name = "FORMAT")]
    format: Format,
}

const AFTER_HELP: &str = "\
In a project's directory, `parity up` is all it takes. `parity config` shows what was understood
and why, `parity doctor` checks what is needed, `parity help exit-codes` lists the exit codes.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the image, start the server, show its log until Ctrl-C
    Up(up::Args),
    /// Run it with a debugger: a prompt where an exception is raised, and at breakpoints
    Debug(debug::Args),
    /// Check it on production's server, for CI
    Smoke(smoke::Args),
    /// Measure which lines of the project the checks reach, on production's server
    Coverage(coverage::Args),
    /// Show where the time of requests goes, in production's processes and threads
    Profile(profiling::Args),
    /// Stop the server and remove its container
    Down(down::Args),
    /// Remove containers, images and files of parity's that are not in use
    Clean(clean::Args),
    /// Show what runs
    #[command(visible_alias = "ps")]
    Status(status::Args),
    /// Show the server's log
    Logs(logs::Args),
    /// Restart the running server with the settings that it was started with
    Restart(restart::Args),
    /// List the requests that were recorded, show them here or in the browser, export them
    Requests(requests::Args),
    /// Send recorded requests again, and compare the responses
    Replay(replay::Args),
    /// Send the same requests to two servers, and show where the responses differ
    Compare(compare::Args),
    /// Run a command in the running container, in the application's environment
    Exec(exec::Args),
    /// Open a shell in the running container
    Shell(shell::Args),
    /// Build the image without starting it
    Build(build::Args),
    /// Run what comes once before a deployment, in the image that is deployed
    Release(release::Args),
    /// Show the settled plan, with the origin of each value
    Config(config::Args),
    /// Show what `parity up`, or another profile, does differently from production, and why
    Diff(diff::Args),
    /// Write a short parity.yaml of what was found
    Init(init::Args),
    /// Check the engine, the machine and the project, and say what to do
    Doctor(doctor::Args),
    /// Print a completion script for a shell, or the man page
    Completions(completions::Args),
    /// List the exit codes
    #[command(name = "exit-codes", hide = true)]
    ExitCodes,
}

/// Parses the command line, runs the command, prints its failure. Returns the exit code.
pub fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    // `parity help exit-codes` is where people look for them; clap's own `help` would print that command's usage.
    if arguments.len() == 3 && arguments[1] == "help" && arguments[2] == "exit-codes" {
        arguments.remove(1);
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let printed = error.print().is_ok_and(|()| std::io::stdout().flush().is_ok());
            let helped = printed && matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if helped { ExitCode::SUCCESS } else { ExitCode::from(Kind::Usage.exit_code()) };
        }
    };
    let verbosity = match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    // What was found is a report on stdout; what happens meanwhile is for people.
    let (reports, others): (bool, &[Format]) = match cli.command {
        Command::Smoke(_) => (true, &[Format::Tap, Format::Junit, Format::Github]),
        Command::Compare(_) => (true, &[Format::Junit, Format::Html]),
        _ => (false, &[]),
    };
    let ui = Ui::new(if reports { Format::Human } else { cli.format }, verbosity);
    if !matches!(cli.format, Format::Human | Format::Json) && !others.contains(&cli.format) {
        let names: Vec<String> =
            [Format::Human, Format::Json].iter().chain(others).map(|format| format!("{format:?}").to_lowercase()).collect();
        let failure = Failure::new(Kind::Usage, "this format is for `parity smoke` or `parity compare`");
        ui.failure(&failure.hint(format!("here `--format` takes {}", names.join(", "))));
        return ExitCode::from(Kind::Usage.exit_code());
    }
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Other, "cannot start").caused_by(&error))
        .and_then(|runtime| {
            let done = runtime.block_on(async {
                tokio::select! {
                    biased;
                    done = dispatch(&ui, cli.project, cli.command, cli.format) => done,
                    () = Interrupts::given_up() => Err(given_up()),
                }
            });
            // A blocking read of a credential helper or of stdin must not hold the exit.
            runtime.shutdown_background();
            done
        });
    ui.finish();
    // Nobody reads any more: that was the end that the reader wanted.
    let result = match result {
        Err(failure) if failure.kind == Kind::Interrupted && failure.causes.is_empty() && ui.is_unread() => Ok(ExitCode::SUCCESS),
        result => result,
    };
    let result = result.and_then(|code| ui.written().map(|()| code));
    match result {
        Ok(code) => code,
        Err(failure) => {
            if failure.kind == Kind::Interrupted && failure.causes.is_empty() && !ui.is_json() {
                ui.note(failure.message);
            } else {
                ui.failure(&failure);
            }
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

/// A command that was interrupted and did not end.
fn given_up() -> Failure {
    interrupted()
        .cause("what was under way does not end, and is left as it is")
        .hint("`parity down` removes what is left, once `docker ps` answers; so does the next `parity up` or `smoke`")
}

async fn dispatch(ui: &Ui, project: Option<PathBuf>, command: Command, format: Format) -> Result<ExitCode> {
    match command {
        Command::Completions(args) => return completions::run(ui, &args),
        Command::ExitCodes => return Ok(exit_codes(ui)),
        _ => {}
    }
    let context = Context::new(ui, project)?;
    match command {
        // Large futures; a thread's stack is not.
        Command::Up(args) => Box::pin(up::run(&context, args)).await,
        Command::Debug(args) => Box::pin(debug::run(&context, args)).await,
        Command::Smoke(args) => smoke::run(&context, args, format).await,
        Command::Coverage(args) => Box::pin(coverage::run(&context, args)).await,
        Command::Profile(args) => Box::pin(profiling::run(&context, args)).await,
        Command::Down(args) => down::run(&context, args).await,
        Command::Clean(args) => clean::run(&context, args).await,
        Command::Status(args) => status::run(&context, args).await,
        Command::Logs(args) => logs::run(&context, args).await,
        Command::Restart(args) => restart::run(&context, args).await,
        Command::Requests(args) => requests::run(&context, args).await,
        Command::Replay(args) => Box::pin(replay::run(&context, args)).await,
        Command::Compare(args) => Box::pin(compare::run(&context, args, format)).await,
        Command::Exec(args) => exec::run(&context, args).await,
        Command::Shell(args) => shell::run(&context, args).await,
        Command::Build(args) => build::run(&context, args).await,
        Command::Release(args) => release::run(&context, args).await,
        Command::Config(args) => config::run(&context, args),
        Command::Diff(args) => diff::run(&context, args).await,
        Command::Init(args) => init::run(&context, args),
        Command::Doctor(args) => doctor::run(&context, args).await,
        Command::Completions(_) | Command::ExitCodes => Ok(ExitCode::SUCCESS),
    }
}

fn exit_codes(ui: &Ui) -> ExitCode {
    let mut table = crate::ui::Table::default();
    table.row(["0", "all is well"]);
    for (kind, meaning) in Kind::ALL {
        table.row([kind.exit_code().to_string(), meaning.to_owned()]);
    }
    ui.result(&table.to_string());
    ExitCode::SUCCESS
}

/// The command line as clap has it, for completions and the man page.
pub fn command_line() -> clap::Command {
    Cli::command()
}
