//! `parity profile`

mod load;
mod result;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use super::context::Context;
use super::flags::ServerFlags;
use crate::error::{Failure, Kind, Result};
use crate::profiling::table;
use crate::session::Interrupts;
use load::Load;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Profile what `parity up` runs at this moment, without a restart
    #[arg(long)]
    attach: bool,

    /// `p` in the terminal of `parity up` has begun it, and ends it
    #[arg(long, hide = true, requires = "attach")]
    ended_by_key: bool,

    /// Make this many requests [default: 50, or as many as fit into --duration]
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    number: Option<u32>,

    /// Requests at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,

    /// Make the requests of the checks in parity.yaml
    #[arg(long, conflicts_with_all = ["requests", "path"])]
    smoke: bool,

    /// Make the requests that were recorded
    #[arg(long, value_name = "WHICH", value_enum, conflicts_with = "path")]
    requests: Option<Which>,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    duration: Option<u32>,

    /// Show what the application's import costs, module by module, instead of requests
    #[arg(long, conflicts_with_all = ["attach", "smoke", "requests", "path", "number", "duration", "written_as", "compare"])]
    startup: bool,

    /// Samples in a second
    #[arg(long, value_name = "HZ", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rate: u16,

    /// What a row of the table is
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = By::Function)]
    by: By,

    /// Rows of the table
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    rows: usize,

    /// Write the profile in this format instead of the table
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    written_as: Option<Format>,

    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE", requires = "written_as")]
    output: Option<PathBuf>,

    /// Compare with a profile that `--as json` wrote
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,

    /// Exit with 2 if a request takes so much longer than before: 10%
    #[arg(long, value_name = "PERCENT", requires = "compare", value_parser = percent)]
    fail_over: Option<f64>,

    #[command(flatten)]
    server: ServerFlags,

    /// Make requests for these paths, `/path` or `POST /path`, and end with them
    #[arg(last = true, value_name = "[METHOD] PATH")]
    path: Vec<String>,
}

const AFTER_HELP: &str = "\
Starts a server of its own, with production's processes and threads, and samples what the threads
of requests do until Ctrl-C. Without `--as` it prints a table, and names the file with the flame
graph.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    Recorded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Function,
    Line,
    Route,
    Process,
}

impl From<By> for table::By {
    fn from(by: By) -> Self {
        match by {
            By::Function => Self::Function,
            By::Line => Self::Line,
            By::Route => Self::Route,
            By::Process => Self::Process,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One HTML file
    Flamegraph,
    /// For https://www.speedscope.app
    Speedscope,
    /// Stacks of one line each, with microseconds
    Collapsed,
    /// For Python's pstats, and what reads its files
    Pstats,
    /// All of it, for --compare
    Json,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    number.ok().filter(|number| number.is_finite() && *number >= 0.0).ok_or_else(|| "write a percentage such as 10%".to_owned())
}

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    // What cannot be written is said before anything is measured.
    let before = args.compare.as_deref().map(result::read).transpose()?;
    if args.written_as == Some(Format::Pstats) && args.output.is_none() {
        return Err(Failure::new(Kind::Usage, "pstats is a binary format").hint("name a file for it: `--output profile.pstats`"));
    }
    let load = Load::new(context, &args)?;
    let interrupts = Interrupts::listen()?;
    interrupts.also(context.ui.until_unread());
    if args.startup {
        let imports = serve::startup(context, &args, &interrupts).await?;
        return result::show_imports(context, &imports);
    }
    let seen = if args.attach {
        serve::attached(context, &args, &load, &interrupts).await?
    } else {
        serve::own(context, &args, &load, &interrupts).await?
    };
    result::show(context, &args, &seen, before.as_ref())
}
