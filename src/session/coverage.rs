//! What the processes of a server have measured, once it has ended: combined and reported on by coverage.py in a container of its own,
//! which has the server's volume, no network, and nothing of this machine.

pub mod attached;

use serde_json::json;

use super::owner;
use super::smoke::Server;
use crate::coverage::{Configuration, Format, Report};
use crate::engine::container::Wish;
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::render::coverage::{DATA, TOOL};
use crate::runtime::COVERAGE_REPORT;
use crate::session::User;
use crate::units::layout;

/// Seconds for requests that are under way and for what is written down last.
const GRACE: u32 = 20;
/// Seconds for which the container of a report is there at most.
const LIFE: &str = "900";
/// Where it works.
const WORK: &str = "/tmp/parity-coverage";
/// Where it has files of this machine.
const GIVEN: &str = "/tmp/parity-given";
/// Bytes of a report, and of all that coverage.py writes.
const MOST_TOLD: usize = 128 << 20;
const MOST_WRITTEN: usize = 1 << 30;

/// What is wanted of it.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub formats: &'a [Format],
    pub configuration: Option<&'a Configuration>,
    /// Lines are told apart by the check that ran them.
    pub by_check: bool,
    /// What is measured now is for later runs as well.
    pub keep: bool,
    /// Files of coverage.py's that are added to what is measured: `kept` and `kept.json` of an earlier run, and `tests.N` with the paths
    /// of this machine.
    pub given: Vec<(String, Vec<u8>)>,
}

/// What there is of it.
#[derive(Debug)]
pub struct Measured {
    pub report: Report,
    /// What coverage.py has written, as a tar archive of which nothing is trusted.
    pub written: Vec<u8>,
}

/// Where things are in the container of a report.
#[derive(Debug)]
struct Places<'a> {
    tool: &'a str,
    data: &'a str,
    /// Where it works.
    work: &'a str,
    /// Where it has files of this machine.
    given: &'a str,
    /// The processes had begun before they were measured, and files may have changed meanwhile.
    is_attached: bool,
}

/// Ends a server, and reports on what its processes have measured.
///
/// # Errors
/// The engine's; nothing was measured.
pub async fn ended(engine: &Engine, plan: &Plan, server: &Server, image: &str, wanted: &Wanted<'_>) -> Result<Measured> {
    engine.stop(&server.id, GRACE).await?;
    let wish = container(plan, &server.name, image, Some(&server.id));
    let places = Places { tool: TOOL, data: DATA, work: WORK, given: GIVEN, is_attached: false };
    let id = engine.create(&wish).await?;
    let started = engine.start(&id, &wish).await;
    let reported = match started {
        Ok(()) => report(engine, plan, &id, &places, wanted).await,
        Err(failure) => Err(failure),
    };
    engine.remove(&id).await?;
    reported
}

/// Removes what is left of this command's containers, however it ended.
///
/// # Errors
/// The engine's.
pub async fn remove_left(engine: &Engine, plan: &Plan) -> Result<()> {
    for left in engine.observe_project(&plan.root).await? {
        if left.profile == plan.profile.name() && left.owner == Some(owner::me()) {
            engine.remove(&left.id).await?;
        }
    }
    Ok(())
}

fn container(plan: &Plan, server: &str, image: &str, volumes_of: Option<&String>) -> Wish {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Wish {
        name: format!("{server}-report"),
        image: image.to_owned(),
        command: ["sleep", LIFE].map(String::from).to_vec(),
        env: Vec::new(),
        labels: vec![
            label(label::VERSION, env!("CARGO_PKG_VERSION")),
            label(label::PROJECT, &plan.root.to_string_lossy()),
            label(label::PROFILE, plan.profile.name()),
            label(label::OWNER, &owner::me()),
        ],
        user: format!("{}:{}", User::PRODUCTION.uid, User::PRODUCTION.gid),
        bind: None,
        tmpfs: vec![layout::RUN.to_owned(), "/tmp".to_owned()],
        writable: Vec::new(),
        working_directory: layout::APP.into(),
        publish: None,
        debug_port: None,
        network: Some("none".into()),
        networks: Vec::new(),
        lends_network: false,
        joins: None,
        volumes_of: volumes_of.cloned(),
    }
}

async fn report(engine: &Engine, plan: &Plan, id: &str, places: &Places<'_>, wanted: &Wanted<'_>) -> Result<Measured> {
    let formats: Vec<String> = wanted.formats.iter().filter(|format| format.is_coverages()).map(ToString::to_string).collect();
    let settings = json!({
        "tool": places.tool,
        "data": places.data,
        "work": places.work,
        "attached": places.is_attached,
        "project": layout::APP,
        "root": plan.root.to_string_lossy(),
        "config": wanted.configuration.map(|found| json!({"name": found.name, "text": found.text})),
        "reports": formats,
        "by-check": wanted.by_check,
        "keep": wanted.keep,
        "given": places.given,
    });
    give(engine, id, places.given, &wanted.given).await?;
    let program = ["/opt/venv/bin/python", "-I", "-S", "-c", COVERAGE_REPORT].map(String::from).to_vec();
    let report = Report::read(&engine.ask(id, program, settings.to_string().as_bytes(), MOST_TOLD).await?)?;
    let written = if formats.is_empty() && !wanted.keep {
        Vec::new()
    } else {
        let archive = ["tar", "-C", &format!("{}/out", places.work), "-cf", "-", "."].map(String::from).to_vec();
        engine.ask(id, archive, &[], MOST_WRITTEN).await?
    };
    Ok(Measured { report, written })
}

/// Hands files to the container.
async fn give(engine: &Engine, id: &str, directory: &str, given: &[(String, Vec<u8>)]) -> Result<()> {
    if given.is_empty() {
        return Ok(());
    }
    let failed = |error: std::io::Error| Failure::new(Kind::Other, "cannot pack what was measured before").caused_by(&error);
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in given {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o600);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, content.as_slice()).map_err(failed)?;
    }
    let archive = archive.into_inner().map_err(failed)?;
    let unpack = ["sh", "-c", "mkdir -p \"$0\" && tar -x --no-same-owner -C \"$0\"", directory].map(String::from).to_vec();
    engine.ask(id, unpack, &archive, MOST_TOLD).await.map(|_| ())
}

/// Has each process of a server tell lines that run from now on apart from those before, by a name. Those that end meanwhile are not waited for.
const TURN: &str = r#"
d=$0
printf '%s\n%s' "$1" "$2" >"$d/turn.new" && mv "$d/turn.new" "$d/turn" || exit
i=0
while [ $i -lt 500 ]; do
    all=1
    for begun in "$d"/begun.*; do
        pid=${begun##*.}
        [ ! -d "/proc/$pid" ] || [ "$(cat "$d/turn.$pid" 2>/dev/null)" = "$1" ] || all=0
    done
    [ $all = 0 ] || exit 0
    i=$((i + 1))
    sleep 0.02
done
echo 'a process does not tell which check runs' >&2
exit 1
"#;

/// The next check begins. `number`: another one each time.
///
/// # Errors
/// The engine's; a process that does not answer.
pub async fn turn(engine: &Engine, server: &Server, number: usize, name: String) -> Result<()> {
    let argv = ["sh", "-c", TURN, DATA, &number.to_string(), &name].map(String::from).to_vec();
    engine.ask(&server.id, argv, &[], MOST_TOLD).await.map(|_| ())
}
