//! `parity coverage`

mod attach;
mod changes;
mod kept;
mod tests;
mod written;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::process::ExitCode;

use futures_util::future::LocalBoxFuture;
use serde_json::json;

use super::context::Context;
use super::flags::ServerFlags;
use super::production::Source;
use super::report_file;
use super::settled::Settled;
use super::smoke::job::Job;
use super::smoke::{self, reports};
use crate::coverage::{Changed, Configuration, Format, Note, Report as Lines, Shown, annotations, lines};
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::{Plan, Profile};
use crate::render::coverage::command;
use crate::session::Interrupts;
use crate::session::coverage::{Measured, Wanted, ended, remove_left, turn};
use crate::session::smoke::{Fate, Server, Start, with_server};
use crate::smoke::journal::Journal;
use crate::smoke::run::Before;
use kept::Kept;

/// The exit code where too little is covered.
const TOO_LITTLE: u8 = 2;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Write a report into a file, or for html into a directory: html, lcov, xml, json, data or github; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report)]
    report: Vec<(Format, PathBuf)>,

    /// Only the lines that have changed since this commit or branch
    #[arg(long, value_name = "REF")]
    changed_since: Option<String>,

    /// Exit with 2 if less than this percentage is covered
    #[arg(long, value_name = "PERCENT", value_parser = percentage)]
    fail_under: Option<f64>,

    /// Tell by which check a line was reached, in the html and json reports
    #[arg(long, conflicts_with_all = ["jobs", "command"])]
    by_check: bool,

    /// Add to what earlier runs with this flag have measured, of files that have not changed since
    #[arg(long)]
    append: bool,

    /// Add what the command measures itself, as `coverage run -m pytest` and `pytest --cov` do
    #[arg(long, requires = "command")]
    also_tests: bool,

    /// Measure what `parity up` runs at this moment, without a restart, until Ctrl-C; on Python 3.12 and newer
    #[arg(long, conflicts_with_all = ["by_check", "only", "skip", "jobs"])]
    attach: bool,

    /// `c` in the terminal of `parity up` has begun it, and ends it
    #[arg(long, hide = true, requires = "attach")]
    ended_by_key: bool,

    /// End --attach after so many seconds
    #[arg(long, value_name = "SECONDS", requires = "attach", conflicts_with = "command", value_parser = clap::value_parser!(u32).range(1..))]
    duration: Option<u32>,

    /// Only this check, and those whose captured values it needs; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// Leave out a check; may be repeated
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,

    /// Requests at once, of neighbouring checks that only read
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,

    #[command(flatten)]
    server: ServerFlags,

    /// The project's own tests, run instead of the checks with PARITY_URL in their environment
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

const AFTER_HELP: &str = "\
The checks are those of `parity smoke`. coverage.py measures in each process of the server, from before
the application is imported, and its settings in .coveragerc, setup.cfg, tox.ini or pyproject.toml are the
project's own. Nothing of it is in an image that is deployed.";

fn report(text: &str) -> Result<(Format, PathBuf), String> {
    report_file::parse(text, &Format::NAMES, "lcov=coverage.lcov")
}

fn percentage(text: &str) -> Result<f64, String> {
    let percent: f64 = text.trim_end_matches('%').parse().map_err(|_| "write a percentage, such as 80")?;
    if (0.0..=100.0).contains(&percent) { Ok(percent) } else { Err("a percentage is from 0 to 100".into()) }
}

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let attached = args.attach.then_some(attach::End { seconds: args.duration, by_key: args.ended_by_key });
    let Args { report, changed_since, fail_under, by_check, append, also_tests, only, skip, jobs, server, command, .. } = args;
    if by_check && !report.iter().any(|(format, _)| matches!(format, Format::Html | Format::Json)) {
        return Err(Failure::new(Kind::Usage, "--by-check is told in the html and json reports, and none is asked for")
            .hint("add `--report html=htmlcov`"));
    }
    let configuration = Configuration::of(&context.root)?;
    not_shadowed(context)?;
    let changed = changed_since.as_deref().map(|reference| changes::since(context, reference)).transpose()?;
    let checks = smoke::Args::of_checks(server, only, skip, jobs, command);
    let interrupts = Interrupts::listen()?;
    let shown = if context.ui.is_json() { crate::ui::Format::Json } else { crate::ui::Format::Human };
    let job = Job::new(context, &checks, shown, &interrupts)?;
    let formats: Vec<Format> = report.iter().map(|(format, _)| *format).collect();
    let kept = Kept::of(context)?;
    let given = if append { kept.files()? } else { Vec::new() };
    let wanted = Wanted { formats: &formats, configuration: configuration.as_ref(), by_check, keep: append, given };
    let measured = match attached {
        Some(end) => attach::measure(context, &checks, &job, wanted, also_tests, end).await,
        None => measure(context, &checks, &job, wanted, also_tests).await,
    };
    let suite = job.finish();
    let Measured { report: all, written } = measured?;
    remark(context, &all);
    if append {
        kept.replace(&written)?;
    } else {
        kept.remove();
    }
    let told = match &changed {
        Some(changed) => all.of_changed(changed),
        None => all.clone(),
    };
    tell(context, &told, changed.as_ref());
    if attached.is_some() {
        attach::remark(context, &all);
    }
    let prefix = reports::prefix(context);
    for (format, path) in &report {
        match format {
            Format::Github => written::text(path, &(annotations(&told, &prefix).join("\n") + "\n"))?,
            format => written::from_archive(&written, *format, path)?,
        }
        context.ui.note(format!("wrote {}", path.display()));
    }
    if changed.is_some() && context.environment.get("GITHUB_ACTIONS").is_some_and(|set| set == "true") {
        annotations(&told, &prefix).iter().for_each(|line| context.ui.aside(line));
    }
    let failed = suite.count().failed;
    if failed > 0 {
        return Err(smoke::verdict(&suite, failed));
    }
    let least = fail_under.or(all.fail_under).filter(|least| told.percent() < *least && !told.files.is_empty());
    Ok(match least {
        None => ExitCode::SUCCESS,
        Some(least) => {
            let failure = Failure::new(Kind::Usage, format!("{:.2} % is covered, which is less than {least} %", told.percent()));
            context.ui.failure(&failure.hint(if fail_under.is_some() {
                "--fail-under asks for it"
            } else {
                "`fail_under` in the settings of coverage.py asks for it"
            }));
            ExitCode::from(TOO_LITTLE)
        }
    })
}

/// A module of the project's that is named as coverage.py would not be found any more.
fn not_shadowed(context: &Context<'_>) -> Result<()> {
    let found = ["coverage.py", "coverage/__init__.py"].into_iter().find(|name| context.root.join(name).is_file());
    match found {
        None => Ok(()),
        Some(name) => Err(Failure::new(Kind::Project, format!("the project's own {name} has the name of coverage.py's package"))
            .cause("the application would import coverage.py instead of it")
            .hint("rename it to measure which lines run")),
    }
}

/// Runs the checks at a server that measures, and ends it.
async fn measure(context: &Context<'_>, args: &smoke::Args, job: &Job<'_>, wanted: Wanted<'_>, also_tests: bool) -> Result<Measured> {
    let interrupts = job.interrupts();
    let mut settled = context.settle(args.server(), Profile::Coverage)?;
    let source = Source::of(context, args.server())?;
    let engine = interrupts.or(context.engine()).await?;
    context.join_services(&engine, &mut settled.plan, interrupts).await?;
    context.ui.note(settled.plan.summary());
    let image = source.image_with_coverage(context, &engine, interrupts).await?;
    let measured = serve(context, job, &engine, &settled, &image.id, wanted, also_tests).await;
    let removed = remove_left(&engine, &settled.plan).await;
    let measured = measured.map_err(|failure| settled.explain(failure))?;
    removed.map(|()| measured)
}

async fn serve(
    context: &Context<'_>,
    job: &Job<'_>,
    engine: &Engine,
    settled: &Settled,
    image: &str,
    mut wanted: Wanted<'_>,
    also_tests: bool,
) -> Result<Measured> {
    let plan: &Plan = &settled.plan;
    let journal = Journal::default();
    let sink = journal.clone();
    let post_mortem = |_: String| -> LocalBoxFuture<'_, ()> { Box::pin(async {}) };
    let start = Start {
        engine,
        plan,
        secrets: &settled.secrets,
        image,
        command: &command(plan, wanted.configuration, wanted.by_check)?,
        interrupts: job.interrupts(),
        report: context.ui,
        log: std::sync::Arc::new(move |record| sink.push(record)),
        post_mortem: &post_mortem,
    };
    let work = async |server: &Server| {
        if let Some(took) = server.ready_after {
            context.ui.note(format!("{} (first answer after {:.1} s)", server.url, took.as_secs_f64()));
        }
        let number = Cell::new(0);
        let failed: RefCell<Option<Failure>> = RefCell::default();
        let before = |name: String| -> LocalBoxFuture<'_, ()> {
            number.set(number.get() + 1);
            let (turn, failed) = (turn(engine, server, number.get(), name), &failed);
            Box::pin(async move {
                if let Err(failure) = turn.await {
                    failed.borrow_mut().get_or_insert(failure);
                }
            })
        };
        match () {
            () if also_tests => wanted.given.extend(tests::measured(job, &server.url).await?),
            () if job.has_command() => job.tests(&server.url).await?,
            () => job.check_after(&server.url, Some(&journal), wanted.by_check.then_some(&before as Before<'_>)).await?,
        }
        if let Some(failure) = failed.take() {
            return Err(failure);
        }
        Ok((job.interrupts().or(ended(engine, plan, server, image, &wanted)).await?, Fate::Remove))
    };
    with_server(&start, work).await
}

/// What the measuring ran into.
fn remark(context: &Context<'_>, report: &Lines) {
    for note in report.notes() {
        let (text, hint) = match note {
            Note::Failed(why) => (format!("coverage.py did not begin in a process: {why}"), None),
            Note::Unsaved(why) => (format!("something that was measured could not be written down: {why}"), None),
            Note::Trace => (
                "the application has a trace function of its own (sys.settrace): lines that ran after it was set are not measured".into(),
                Some("a debugger, or another tool that measures, does that: run without it"),
            ),
            Note::Coverage => (
                "the application runs coverage.py itself: lines that ran meanwhile are not measured".into(),
                Some("`parity coverage` needs no call in the project: run without it"),
            ),
            Note::Branches(python) => (
                format!("branches are not measured, only lines: sys.monitoring of Python {python} does not tell of them"),
                Some("`parity coverage` without --attach does; so does --attach on Python 3.14"),
            ),
            Note::Plugin(name) => (format!("the plug-in {name} of coverage.py is left out: no server has plug-ins"), None),
        };
        context.ui.report(Event::Warning { text, hint: hint.map(String::from) });
    }
}

/// The table, or what programs read.
fn tell(context: &Context<'_>, report: &Lines, changed: Option<&Changed>) {
    if context.ui.is_json() {
        let file = |(path, file): (&String, &crate::coverage::File)| json!({"path": path, "statements": file.statements(), "missing": file.missing, "percent": file.percent()});
        let files: Vec<_> = report.files.iter().map(file).collect();
        let line = json!({"event": "coverage", "percent": report.percent(), "processes": report.processes, "files": files});
        return context.ui.result(&line.to_string());
    }
    if report.files.is_empty() {
        let what = if changed.is_some_and(Changed::is_empty) { "nothing has changed" } else { "no line that can run has changed" };
        return context.ui.note(what);
    }
    for line in lines(report, Shown { skip_covered: report.skip_covered }) {
        context.ui.result(&line);
    }
}
