//! `parity compare`

mod servers;
mod target;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use super::context::Context;
use super::flags::ServerFlags;
use super::replay::origin;
use super::report_file;
use super::requests::Requests;
use crate::compare::Ignore;
use crate::compare::report::{Block, Comparison, ReportFormat, Verdict, blocks, summary};
use crate::compare::side::{Compared, Side, Sides, Wanted};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Difference;
use crate::requests::har::{self, Limits};
use crate::requests::scrub::Scrubber;
use crate::requests::{Filter, Redaction, Store, withheld};
use crate::session::Interrupts;
use crate::session::stage::stage;
use crate::smoke::check::Check;
use crate::smoke::client::{Base, Client};
use crate::smoke::text::count;
use crate::ui::{Format, Mark};
use crate::units::{Secret, files};
use servers::{Prepared, Workshop};
use target::{From, Target};

/// The exit code where answers differ, as `diff` and `terraform plan` have it.
const DIFFER: u8 = 2;
/// The stage in which they are asked.
const ASKING: &str = "requests";
/// Requests that are held in memory.
const MOST_REQUESTS: usize = 10_000;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// What is compared: production, up, running, ref:GIT-REF, image:IMAGE or a URL
    #[arg(value_name = "A", value_parser = Target::parse)]
    first: Target,

    /// With what
    #[arg(value_name = "B", value_parser = Target::parse)]
    second: Target,

    /// The requests: recorded, smoke (those of `smoke:`, and /), or a HAR file [default: recorded, if there are any]
    #[arg(long, value_name = "WHICH", value_parser = From::parse)]
    requests: Option<From>,

    /// Leave out a header, cookie, field of JSON, path of JSON ($.items[*].at), attribute or element of HTML; may be repeated
    #[arg(long, value_name = "NAME")]
    ignore: Vec<String>,

    /// Also send requests that may change data, with cookies and authorization, to a URL
    #[arg(long)]
    r#unsafe: bool,

    /// Also write a report to a file: human, json, junit or html; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report)]
    report: Vec<(ReportFormat, PathBuf)>,

    #[command(flatten)]
    server: ServerFlags,
}

const AFTER_HELP: &str = "\
production is the image of the project as it is now, ref:GIT-REF that of a commit, up a server as
`parity up` has it; each is started for this with its own copy of the data, and removed. running is
the server that `parity up` runs. A is asked twice, and by a second server: what differs there is noise.
The report goes to stdout; `--format` takes junit and html here as well.
Exits with 0 if all answers are equal, and with 2 if some differ.";

fn report(text: &str) -> Result<(ReportFormat, PathBuf), String> {
    report_file::parse(text, &ReportFormat::NAMES, "junit=report.xml")
}

pub async fn run(context: &Context<'_>, args: Args, format: Format) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let material = Material::of(context, &args)?;
    let is_local = args.first.is_local() || args.second.is_local();
    let engine = if is_local { Some(interrupts.or(context.engine()).await?) } else { None };
    let workshop = Workshop { context, args: &args, engine, interrupts: &interrupts };
    let first = Box::pin(workshop.prepare(&args.first)).await?;
    let second = Box::pin(workshop.prepare(&args.second)).await?;
    let compared = compare(&workshop, &material, &first, &second).await;
    workshop.tidy(&first).await;
    workshop.tidy(&second).await;
    let comparison = compared?;
    give(context, &args, format, &comparison)?;
    let count = comparison.count();
    match count.differ {
        0 if count.equal == 0 => Err(Failure::new(Kind::Usage, "nothing was compared: every request was skipped")),
        0 => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::from(DIFFER)),
    }
}

/// What is asked, and what may be shown of the answers.
struct Material {
    wanted: Vec<Wanted>,
    /// They are checks, which are below the mount point; recorded requests have it in them.
    of_checks: bool,
    redaction: Redaction,
    scrubber: Scrubber,
    ignore: Ignore,
    /// Cookies and authorization are sent.
    with_secrets: bool,
}

impl Material {
    fn of(context: &Context<'_>, args: &Args) -> Result<Self> {
        let config = context.config(&args.server)?;
        let requests = Requests::of(context, false)?;
        let mut secrets: Vec<Secret> = config.env.iter().map(|(_, secret)| secret.value.clone()).collect();
        for target in [&args.first, &args.second] {
            if let Target::Url(url) = target {
                secrets.extend(Base::parse(url)?.secrets());
            }
        }
        let (mut wanted, of_checks) = match &args.requests {
            Some(From::Recorded) => (recorded(&requests.store()?)?, false),
            Some(From::Har(file)) => (of_file(&requests, file)?, false),
            Some(From::Smoke) => (checks(config.smoke), true),
            None => match Store::find(&requests.path)?.map(|store| recorded(&store)).transpose()? {
                Some(recorded) if !recorded.is_empty() => (recorded, false),
                _ => (checks(config.smoke), true),
            },
        };
        let may_write = args.r#unsafe || (args.first.is_local() && args.second.is_local());
        let before = wanted.len();
        wanted.retain(|wanted| may_write || wanted.is_safe());
        if wanted.len() < before {
            let left_out = before - wanted.len();
            context
                .ui
                .note(format!("skipped {} that may change data there: `--unsafe` sends them", count(left_out, "request", "requests")));
        }
        let nothing = withheld::Given::default();
        let without = wanted
            .iter()
            .filter(|wanted| matches!(wanted, Wanted::Recorded(recorded) if withheld::told(recorded.expose(), &nothing).is_some()));
        match without.count() {
            0 => {}
            some => context.ui.note(format!(
                "{} asked without secrets, which are not stored (record-secrets: false)",
                count(some, "request is", "requests are")
            )),
        }
        if wanted.is_empty() {
            return Err(Failure::new(Kind::Usage, "there is nothing to ask").hint("`parity requests` lists what is recorded"));
        }
        let ignore = config.compare_ignore.into_iter().flat_map(|names| names.value).chain(args.ignore.clone());
        Ok(Self {
            wanted,
            of_checks,
            redaction: requests.redaction,
            scrubber: Scrubber::new(&secrets),
            ignore: Ignore::new(ignore),
            with_secrets: may_write,
        })
    }

    /// `server`: the URL of the one that was started.
    fn client(&self, prepared: &Prepared, server: Option<&str>) -> Result<Client> {
        let url = match (prepared, server) {
            (_, Some(server)) if self.of_checks => server.to_owned(),
            (_, Some(server)) => origin(server),
            (Prepared::There { url, is_ours: true, .. }, None) if !self.of_checks => origin(url),
            (Prepared::There { url, .. }, None) => url.clone(),
            (Prepared::Startable(_), None) => String::new(),
        };
        let base = Base::parse(&url)?;
        Ok(if self.of_checks { Client::new(base) } else { Client::without_cookies(base) })
    }

    fn side<'a>(&'a self, client: &'a Client, prepared: &Prepared) -> Side<'a> {
        let records = matches!(prepared, Prepared::There { records: true, .. });
        Side::new(client, &self.redaction, &self.scrubber, self.with_secrets, records)
    }
}

fn recorded(store: &Store) -> Result<Vec<Wanted>> {
    let all = store.all(&Filter { last: Some(MOST_REQUESTS), ..Filter::default() })?;
    Ok(all.into_iter().map(|recorded| Wanted::Recorded(recorded.into())).collect())
}

fn of_file(requests: &Requests, file: &Path) -> Result<Vec<Wanted>> {
    let mut all = Vec::new();
    har::import(file, Limits::new(requests.record.body_limit()), &mut |recorded| {
        if all.len() >= MOST_REQUESTS {
            return Err(Failure::new(Kind::BadFile, format!("{} has more than {MOST_REQUESTS} requests", file.display()))
                .hint("`parity requests import` keeps the newest of any number"));
        }
        all.push(Wanted::Recorded(recorded.into()));
        Ok(())
    })?;
    Ok(all)
}

/// The front page is asked for in any case.
fn checks(mut checks: Vec<Check>) -> Vec<Wanted> {
    let front = Check::front_page();
    let asks_for_it =
        |check: &Check| check.request.method == "GET" && check.request.path == front.request.path && check.request.query.is_empty();
    if !checks.iter().any(asks_for_it) {
        checks.insert(0, front);
    }
    checks.into_iter().map(|check| Wanted::Check(Box::new(check))).collect()
}

/// Starts what is to be started, and asks.
async fn compare(workshop: &Workshop<'_>, material: &Material, first: &Prepared, second: &Prepared) -> Result<Comparison> {
    let twin = workshop.twin(first)?;
    let Args { first: of, second: with, .. } = workshop.args;
    let servers = [(of.label(), Some(first)), (format!("{}, again", of.label()), twin.as_ref()), (with.label(), Some(second))];
    let ask = async |urls: [Option<String>; 3]| {
        let [one, again, other] = urls;
        ask(workshop, material, [(first, one), (twin.as_ref().unwrap_or(first), again), (second, other)]).await
    };
    Box::pin(workshop.serve_all(servers, ask)).await
}

/// `servers`: each with the URL of the one that was started from it.
async fn ask(workshop: &Workshop<'_>, material: &Material, servers: [(&Prepared, Option<String>); 3]) -> Result<Comparison> {
    let begun = Instant::now();
    let [(first, server), (twin, twin_server), (second, other_server)] = servers;
    let client = material.client(first, server.as_deref())?;
    let client_of_twin = twin_server.map(|url| material.client(twin, Some(&url))).transpose()?;
    let client_of_second = material.client(second, other_server.as_deref())?;
    let sides = Sides {
        first: material.side(&client, first),
        twin: client_of_twin.as_ref().map(|client| material.side(client, twin)),
        second: material.side(&client_of_second, second),
        redaction: &material.redaction,
        ignore: &material.ignore,
        declared: &declared(first, second),
    };
    let mut requests: Vec<Compared> = Vec::new();
    let count = material.wanted.len();
    let all = async {
        for (number, wanted) in material.wanted.iter().enumerate() {
            workshop.context.ui.report(Event::StageProgress { id: ASKING.into(), text: format!("{} of {count}", number + 1) });
            requests.push(sides.compare(wanted).await);
        }
        Ok(())
    };
    stage(workshop.context.ui, ASKING, ASKING, count.to_string(), workshop.interrupts.or(all)).await?;
    let Args { first, second, .. } = workshop.args;
    Ok(Comparison { first: first.label(), second: second.label(), requests, took: begun.elapsed() })
}

/// What only one of two servers of ours does differently from production. Of one that is somebody else's nothing is known.
fn declared(first: &Prepared, second: &Prepared) -> Vec<Difference> {
    let (Some(first), Some(second)) = (first.differences(), second.differences()) else { return Vec::new() };
    let only = |these: &[Difference], those: &[Difference]| these.iter().filter(|row| !those.contains(row)).cloned().collect::<Vec<_>>();
    [only(second, first), only(first, second)].concat()
}

fn give(context: &Context<'_>, args: &Args, format: Format, comparison: &Comparison) -> Result<()> {
    let shown = match format {
        Format::Json => Some(ReportFormat::Json),
        Format::Junit => Some(ReportFormat::Junit),
        Format::Html => Some(ReportFormat::Html),
        Format::Human | Format::Tap | Format::Github => None,
    };
    if let Some(shown) = shown {
        context.ui.result(shown.render(comparison).trim_end());
    } else {
        for Block { verdict, line, below } in blocks(comparison, context.ui.is_verbose()) {
            let mark = match verdict {
                Verdict::Equal => Mark::Good,
                Verdict::Differs => Mark::Bad,
                Verdict::Skipped => Mark::Doubtful,
            };
            context.ui.marked(mark, &line, &below);
        }
        context.ui.result(&summary(comparison));
        if comparison.count().differ > 0 && [&args.first, &args.second].contains(&&Target::Up) {
            context.ui.note("`parity diff` lists what `parity up` does differently from production, and why");
        }
    }
    for (format, path) in &args.report {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let written = parent.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| files::write_to(path, format.render(comparison)));
        written.map_err(|error| Failure::new(Kind::Other, format!("cannot write the report {}", path.display())).caused_by(&error))?;
        context.ui.note(format!("wrote {}", path.display()));
    }
    Ok(())
}
