//! `parity smoke`

pub mod job;
pub mod reports;
mod serve;
mod two_processes;

use std::path::PathBuf;
use std::process::ExitCode;

use super::context::Context;
use super::flags::ServerFlags;
use super::production::{name, reference};
use super::report_file;
use crate::error::{Failure, Kind, Result};
use crate::session::Interrupts;
use crate::smoke::outcome::{Suite, What};
use crate::smoke::report::ReportFormat;
use crate::smoke::text::count;
use crate::ui::Format;
use job::Job;

#[derive(Debug, Default, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Check a deployment instead of a server started for it
    #[arg(long, value_name = "URL", conflicts_with_all = ["against", "keep_on_failure", "port", "host"])]
    url: Option<String>,

    /// Check what `parity up` runs at this moment
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with_all = ["keep_on_failure", "port", "host"])]
    against: Option<Against>,

    /// Check an image that `parity build --production` built, here or elsewhere, instead of building one
    #[arg(long, value_name = "IMAGE", value_parser = reference, conflicts_with_all = ["url", "against"])]
    image: Option<String>,

    /// Give the image that was checked this name, unless something failed; may be repeated
    #[arg(long, value_name = "NAME", value_parser = name, conflicts_with_all = ["url", "against"])]
    tag: Vec<String>,

    /// Push it by these names
    #[arg(long, requires = "tag")]
    push: bool,

    /// Leave the server running if something failed
    #[arg(long)]
    keep_on_failure: bool,

    /// Stop after the first failure
    #[arg(long)]
    fail_fast: bool,

    /// Only this check or probe, and the checks whose captured values it needs; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// Leave out a check or probe; may be repeated
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,

    /// Leave out the probes
    #[arg(long)]
    no_probes: bool,

    /// Requests at once, of neighbouring checks that only read
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,

    /// Repeat a check that fails for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    retry_timeout: u32,

    /// Also write a report to a file: human, json, tap, junit or github; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report)]
    report: Vec<(ReportFormat, PathBuf)>,

    #[command(flatten)]
    server: ServerFlags,

    /// The project's own tests, run with PARITY_URL in their environment
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

impl Args {
    /// What was said about the server.
    pub fn server(&self) -> &ServerFlags {
        &self.server
    }

    /// Checks alone, without probes, for a command that has another use of them.
    pub fn of_checks(server: ServerFlags, only: Vec<String>, skip: Vec<String>, jobs: u16, command: Vec<String>) -> Self {
        Self { no_probes: true, only, skip, jobs, server, command, ..Self::default() }
    }
}

const AFTER_HELP: &str = "\
The report goes to stdout; `--format` takes tap, junit and github here as well. Checks are written
below `smoke:` in parity.yaml; without any, `/` must answer below 500.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Against {
    Up,
}

fn report(text: &str) -> Result<(ReportFormat, PathBuf), String> {
    report_file::parse(text, &ReportFormat::NAMES, "junit=report.xml")
}

pub async fn run(context: &Context<'_>, args: Args, format: Format) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    if args.server.switches_on("record") && (args.url.is_some() || args.against.is_some()) {
        return Err(Failure::new(Kind::Usage, "--record does not go with --url and --against")
            .cause("only the server that this command starts is told to record")
            .hint("`parity up --record` records the requests of the server that it runs"));
    }
    let job = Job::new(context, &args, format, &interrupts)?;
    let ended = match &args.url {
        Some(url) => job.elsewhere(url).await,
        None => serve::serve(context, &args, &job).await,
    };
    // What is known is reported also where something else has failed since.
    let suite = job.finish();
    if !suite.outcomes.is_empty() {
        reports::give(context, &args.report, format, &suite)?;
    }
    ended?;
    match suite.count().failed {
        0 => Ok(ExitCode::SUCCESS),
        failed => Err(verdict(&suite, failed)),
    }
}

pub fn verdict(suite: &Suite, failed: usize) -> Failure {
    let all = count(suite.outcomes.len(), "check", "checks");
    let failure = Failure::new(Kind::Checks, format!("{failed} of {all} failed"));
    match suite.outcomes.iter().find(|outcome| outcome.has_failed() && outcome.what != What::Tests) {
        Some(first) => failure.hint(format!("one alone is done with `--only {}`", shell_word(&first.name))),
        None => failure,
    }
}

fn shell_word(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "NAME".into(), std::borrow::Cow::into_owned)
}
