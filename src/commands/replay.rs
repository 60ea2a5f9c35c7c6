//! `parity replay`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::context::Context;
use super::editor;
use super::requests::{Requests, Selection};
use crate::engine::container::State;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::render::record::SETTINGS;
use crate::replay::{Outcome, Replay, is_safe};
use crate::requests::Recorded;
use crate::requests::edit;
use crate::requests::har::{self, Limits};
use crate::requests::list::millis;
use crate::session::Interrupts;
use crate::session::siblings::{self, Role};
use crate::smoke::client::{Base, Client};
use crate::smoke::text::count;
use crate::units::{at_once, quantity};

/// The exit code where answers differ, as `diff` and `terraform plan` have it.
const DIFFER: u8 = 2;
/// Requests of a file that are held in memory.
const MOST_OF_A_FILE: usize = 10_000;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Their numbers in the list of `parity requests`
    #[arg(value_name = "ID", required_unless_present_any = ["all", "har", "status", "path", "method", "slower_than", "grep", "last"])]
    ids: Vec<i64>,

    /// All recorded requests
    #[arg(long, conflicts_with = "ids")]
    all: bool,

    /// The requests of a HAR file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "all"])]
    har: Option<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    /// Send them to this server instead of the local one
    #[arg(long, value_name = "URL")]
    against: Option<String>,

    /// With --against: also send requests that may change data, with cookies and authorization
    #[arg(long, requires = "against")]
    r#unsafe: bool,

    /// Edit the request in $EDITOR before it is sent
    #[arg(long, requires = "ids", conflicts_with_all = ["jobs", "pace"])]
    edit: bool,

    /// So many at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,

    /// With the pauses between them that there were
    #[arg(long)]
    pace: bool,
}

const AFTER_HELP: &str = "\
Cookies and tokens of forms that were given in the course of what is recorded are replaced by those that are given now.
Exits with 0 if all answers are as recorded, and with 2 if some differ.";

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let requests = Requests::of(context, false)?;
    let mut recorded = wanted(&requests, &args)?;
    if args.edit {
        recorded = vec![edited(&recorded)?];
    }
    let interrupts = Interrupts::listen()?;
    interrupts.also(context.ui.until_unread());
    let (url, is_recorded) = match &args.against {
        Some(url) => (url.clone(), false),
        None => {
            let (url, is_recorded) = interrupts.or(running(context, "parity replay --against URL")).await?;
            (origin(&url), is_recorded)
        }
    };
    let is_local = args.against.is_none();
    let before = recorded.len();
    recorded.retain(|recorded| is_local || args.r#unsafe || is_safe(&recorded.expose().method));
    if recorded.len() < before {
        let left_out = before - recorded.len();
        context.ui.note(format!("skipped {} that may change data there: `--unsafe` sends them", count(left_out, "request", "requests")));
    }
    if recorded.is_empty() {
        return Err(Failure::new(Kind::Usage, "there is nothing to replay").hint("`parity requests` lists what is recorded"));
    }
    let client = Client::without_cookies(Base::parse(&url)?);
    let replay = Replay::new(&client, &requests.redaction, &requests.scrubber);
    let replay = replay.with_secrets(is_local || args.r#unsafe).recorded(is_recorded);
    let mut tally = Tally::default();
    let asked = ask(&replay, &recorded, &args, |outcome| tell(context, &outcome, &mut tally));
    let asked = async {
        asked.await;
        Ok(())
    };
    interrupts.or(asked).await?;
    if !context.ui.is_json() {
        context.ui.result(&tally.summary());
    }
    Ok(if tally.differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFER) })
}

/// The one request, as the user has edited it.
fn edited(recorded: &[Recorded]) -> Result<Recorded> {
    let [recorded] = recorded else {
        return Err(Failure::new(Kind::Usage, "--edit edits one request").hint("name one: `parity replay --edit ID`"));
    };
    let refused = |cause: String| Failure::new(Kind::Usage, "the request cannot be sent").cause(cause).hint("nothing was sent");
    let text = edit::text(recorded.expose()).map_err(|why| refused(why.into()))?;
    let edited = editor::edit(&text, ".http")?;
    if edited.trim().is_empty() {
        return Err(refused("the text is empty".into()));
    }
    edit::read(&edited, recorded.expose()).map(Recorded::new).map_err(refused)
}

/// The requests that are meant, in the order in which they came.
fn wanted(requests: &Requests, args: &Args) -> Result<Vec<Recorded>> {
    if let Some(file) = &args.har {
        let mut all = Vec::new();
        har::import(file, Limits::new(requests.record.body_limit()), &mut |recorded| {
            if all.len() >= MOST_OF_A_FILE {
                return Err(Failure::new(Kind::BadFile, format!("{} has more than {MOST_OF_A_FILE} requests", file.display()))
                    .hint("`parity requests import` imports any number"));
            }
            all.push(recorded);
            Ok(())
        })?;
        return Ok(all);
    }
    let store = requests.store()?;
    if args.ids.is_empty() {
        return store.all(&args.selection.filter());
    }
    args.ids.iter().map(|id| requests.get(&store, *id)).collect()
}

/// Asks one request again, as `parity replay ID` does, and says what came of it for a program.
pub(super) async fn one(context: &Context<'_>, requests: &Requests, id: i64) -> Result<Value> {
    let recorded = requests.get(&requests.store()?, id)?;
    let (url, is_recorded) = running(context, "parity replay --against URL").await?;
    let client = Client::without_cookies(Base::parse(&url)?);
    let replay = Replay::new(&client, &requests.redaction, &requests.scrubber).with_secrets(true).recorded(is_recorded);
    Ok(for_programs(&replay.one(&recorded).await))
}

/// The URL of the server that runs, and whether it records requests. `otherwise`: the command that needs none.
pub(super) async fn running(context: &Context<'_>, otherwise: &str) -> Result<(String, bool)> {
    let engine = context.engine().await?;
    let found = engine.observe_project(&context.root).await?.into_iter();
    let found = found.filter(|found| found.state == State::Running && siblings::role(&found.name) == Role::Server);
    let name = context.container();
    // `parity up` before `parity smoke`, which runs under other names.
    let (url, id) =
        found.filter_map(|found| Some((found.name != name, found.url?, found.id))).min().map(|(_, url, id)| (url, id)).ok_or_else(
            || {
                Failure::new(Kind::NotRunning, format!("{name} is not running"))
                    .hint(format!("start it with `parity up` in another terminal; `{otherwise}` needs none"))
            },
        )?;
    let (code, _) = engine.run(&id, ["test", "-e", SETTINGS].map(String::from).to_vec()).await?;
    Ok((url, code == 0))
}

/// Without the mount point: it is in what was recorded.
pub(super) fn origin(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}

async fn ask(replay: &Replay<'_>, recorded: &[Recorded], args: &Args, mut each: impl FnMut(Outcome)) {
    let begun = Instant::now();
    let first = recorded.first().map_or(0, |recorded| recorded.expose().began);
    let work = recorded.iter().map(|recorded| async move {
        if args.pace {
            let offset = u64::try_from(recorded.expose().began - first).unwrap_or(0);
            tokio::time::sleep_until((begun + Duration::from_micros(offset)).into()).await;
        }
        replay.one(recorded).await
    });
    let mut outcomes = std::pin::pin!(at_once::in_order(work, args.jobs.into()));
    while let Some(outcome) = outcomes.next().await {
        each(outcome);
    }
}

#[derive(Debug, Default)]
struct Tally {
    alike: usize,
    differ: usize,
}

impl Tally {
    fn summary(&self) -> String {
        let all = self.alike + self.differ;
        let requests = if all == 1 { "request" } else { "requests" };
        match self.differ {
            0 => format!("{all} {requests}, all answered as recorded"),
            differ => format!("{all} {requests}, {} answered as recorded, {differ} not", self.alike),
        }
    }
}

fn for_programs(outcome: &Outcome) -> Value {
    let request = &outcome.request;
    let (status, milliseconds) = match &outcome.answer {
        Ok((status, took)) => (Some(*status), Some(millis(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)))),
        Err(_) => (None, None),
    };
    json!({
        "id": request.id,
        "method": request.method,
        "target": request.target,
        "recorded": {"status": request.status, "milliseconds": millis(request.micros)},
        "now": {"status": status, "milliseconds": milliseconds},
        "alike": outcome.is_alike(),
        "trouble": outcome.answer.as_ref().err(),
        "remark": outcome.remark,
        "differences": outcome.differences.iter().map(|difference| json!({"what": difference.what, "lines": difference.lines})).collect::<Vec<_>>(),
    })
}

fn tell(context: &Context<'_>, outcome: &Outcome, tally: &mut Tally) {
    let alike = outcome.is_alike();
    *(if alike { &mut tally.alike } else { &mut tally.differ }) += 1;
    let request = &outcome.request;
    if context.ui.is_json() {
        return context.ui.result(&for_programs(outcome).to_string());
    }
    let number = if request.id > 0 { format!("#{} ", request.id) } else { String::new() };
    let said = match &outcome.answer {
        Ok((status, duration)) => {
            format!(
                "{status} in {} (recorded: {})",
                quantity::micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)),
                quantity::micros(request.micros)
            )
        }
        Err(why) => why.clone(),
    };
    let mut hints: Vec<String> = Vec::new();
    for difference in &outcome.differences {
        hints.push(difference.what.clone());
        hints.extend(difference.lines.iter().map(|line| format!("  {line}")));
    }
    hints.extend(outcome.remark.clone());
    let mark = if alike { crate::ui::Mark::Good } else { crate::ui::Mark::Bad };
    context.ui.marked(mark, &format!("{number}{} {}  {said}", request.method, request.target), &hints);
}
