//! What it costs to measure which lines run, and how much of it is told: `parity coverage` beside mod_wsgi-express' own, both asked for
//! two processes of five threads.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::http::{Connection, address};
use crate::load::{CONNECTIONS, End, load};
use crate::options::Options;
use crate::peers::{How, Peer, Project, peer};
use crate::program::Running;
use crate::server::{Server, workplace};
use crate::stats::{Samples, Table, ratio};
use crate::workplace::Workplace;
use crate::{Result, patience};

const TURN: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(120);
const BEGUN: Duration = Duration::from_secs(3);
const PATH: &str = "/";
const SEVERAL: &str = "processes: 2\nthreads: 5\n";
const UP: &Peer = &peer("parity up", "", How::Detached);
const PLAIN_EXPRESS: &Peer = &peer("mod_wsgi-express", "", How::Express("--processes 2"));
const EXPRESS: &Peer = &peer(
    "mod_wsgi-express --enable-coverage",
    "",
    How::Express("--processes 2 --enable-coverage --coverage-directory /app/.measured/html"),
);
/// What says which of its lines run when these are asked.
const LINES: &str = include_str!("overlays/common/lines.py");
const OFTEN: [&str; 3] = ["a", "b", "c"];
const ONCE: &str = "once";

const KINDS: [&str; 6] = [
    "parity smoke --no-probes -- CMD",
    "parity coverage -- CMD",
    "parity up",
    "parity up, parity coverage --attach",
    "mod_wsgi-express",
    "mod_wsgi-express --enable-coverage",
];

#[derive(Default)]
struct Kind {
    rates: Samples,
    /// Milliseconds from the start of the command until its server is given to the tests.
    starts: Samples,
    told: Option<Told>,
}

/// Lines of the module, as a tool tells them.
struct Told {
    run: BTreeSet<usize>,
    missing: BTreeSet<usize>,
}

pub fn run(options: &Options) -> Result<()> {
    for project in &options.projects {
        let mut kinds: [Kind; 6] = Default::default();
        let work = workplace(project, "", SEVERAL)?;
        // Its database, which goes into the image with it.
        work.run(&["up", "--detach", "--port", "0", "--quiet"])?;
        if !project.before.is_empty() {
            work.run(project.before)?;
        }
        work.run(&["down"])?;
        let attached = Server::start(UP, project, SEVERAL)?;
        let express = Server::start(PLAIN_EXPRESS, project, SEVERAL)?;
        let measured = Server::start(EXPRESS, project, SEVERAL)?;
        for server in [&attached, &express, &measured] {
            load(server.address, PATH, CONNECTIONS, End::After(TURN / 2))?;
        }
        // The images are there.
        own(&work, &SMOKE)?;
        own(&work, &COVERAGE)?;
        for round in 0..options.rounds {
            for turn in 0..kinds.len() {
                patience::sleep(Duration::ZERO)?;
                let kind = (round + turn) % kinds.len();
                let rate = |server: &Server| Ok::<_, crate::Error>(load(server.address, PATH, CONNECTIONS, End::After(TURN))?.per_second);
                let rate = match kind {
                    0 | 1 => {
                        let (start, rate, told) = own(&work, if kind == 0 { &SMOKE } else { &COVERAGE })?;
                        kinds[kind].starts.push_time(start);
                        kinds[kind].told = told.or(kinds[kind].told.take());
                        rate
                    }
                    2 => rate(&attached)?,
                    3 => {
                        let (rate, told) = beside(&attached)?;
                        kinds[kind].told = Some(told);
                        rate
                    }
                    4 => rate(&express)?,
                    _ => rate(&measured)?,
                };
                kinds[kind].rates.push(rate);
            }
        }
        ask(&measured)?;
        measured.stop()?;
        kinds[5].told = Some(of_html(&measured.measured().join("html"))?);
        print(project, &kinds);
    }
    Ok(())
}

/// Arguments before those that are the same for both.
const SMOKE: [&str; 2] = ["smoke", "--no-probes"];
const COVERAGE: [&str; 3] = ["coverage", "--report", "json=coverage.json"];

/// A server that a command starts for tests, which here are a load.
fn own(work: &Workplace, arguments: &[&str]) -> Result<(Duration, f64, Option<Told>)> {
    let (url, over) = (work.root.join(".measured/url"), work.root.join(".measured/over"));
    for path in [&url, &over] {
        let _ = std::fs::remove_file(path);
    }
    // Under another name first: it is read when it is whole.
    let tests =
        format!("echo \"$PARITY_URL\" > {0}~ && mv {0}~ {0} && while [ ! -e {1} ]; do sleep 0.02; done", url.display(), over.display());
    let log = tempfile::NamedTempFile::new()?;
    let mut command = work.parity(&[arguments, &["--", "sh", "-c", &tests]].concat());
    command.stdout(log.reopen()?).stderr(log.reopen()?);
    let begun = Instant::now();
    let mut running = Running::start(command)?;
    let failed = || -> crate::Error { format!("{arguments:?}: {}", std::fs::read_to_string(log.path()).unwrap_or_default()).into() };
    let found = patience::until(DEADLINE, || {
        if !matches!(running.child().try_wait(), Ok(None)) {
            return Some(None);
        }
        std::fs::read_to_string(&url).ok().map(Some)
    })?;
    let start = begun.elapsed();
    let server = address(&found.flatten().ok_or_else(failed)?)?;
    load(server, PATH, CONNECTIONS, End::After(TURN / 4))?;
    let rate = load(server, PATH, CONNECTIONS, End::After(TURN))?.per_second;
    ask_at(server)?;
    std::fs::write(&over, "")?;
    if !running.child().wait()?.success() {
        return Err(failed());
    }
    let told = if arguments == COVERAGE { Some(of_json(&work.root.join("coverage.json"))?) } else { None };
    Ok((start, rate, told))
}

/// The server that runs already, with `parity coverage --attach`.
fn beside(server: &Server) -> Result<(f64, Told)> {
    let report = server.root().join("coverage.json");
    let _ = std::fs::remove_file(&report);
    let mut command = server.parity(&["coverage", "--attach", "--report", "json=coverage.json"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let running = Running::start(command)?;
    patience::sleep(BEGUN)?;
    let rate = load(server.address, PATH, CONNECTIONS, End::After(TURN))?.per_second;
    ask(server)?;
    running.end()?;
    Ok((rate, of_json(&report)?))
}

fn ask(server: &Server) -> Result<()> {
    ask_at(server.address)
}

/// The requests of which it is known which lines they run.
fn ask_at(server: std::net::SocketAddr) -> Result<()> {
    for kind in OFTEN.into_iter().cycle().take(30).chain([ONCE]) {
        match Connection::open(server)?.get(&format!("/measured/lines?kind={kind}"))? {
            (200, _) => {}
            (status, _) => return Err(format!("HTTP {status} from the lines").into()),
        }
    }
    Ok(())
}

/// coverage.py's JSON.
fn of_json(path: &Path) -> Result<Told> {
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let file = &report["files"]["lines.py"];
    let lines = |name: &str| file[name].as_array().into_iter().flatten().filter_map(|line| usize::try_from(line.as_u64()?).ok()).collect();
    Ok(Told { run: lines("executed_lines"), missing: lines("missing_lines") })
}

/// Its HTML, which is all that mod_wsgi-express writes: `<p class="run"><span class="n"><a id="t5"`.
fn of_html(directory: &Path) -> Result<Told> {
    let mut told = Told { run: BTreeSet::new(), missing: BTreeSet::new() };
    let Ok(files) = std::fs::read_dir(directory) else { return Ok(told) };
    for file in files {
        let path = file?.path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("lines_py.html")) {
            continue;
        }
        let page = std::fs::read_to_string(path)?;
        for paragraph in page.split("<p class=\"").skip(1) {
            let line = paragraph.split_once("id=\"t").and_then(|(_, rest)| rest.split('"').next()?.parse().ok());
            match line {
                Some(line) if paragraph.starts_with("run") => told.run.insert(line),
                Some(line) if paragraph.starts_with("mis") => told.missing.insert(line),
                _ => false,
            };
        }
    }
    Ok(told)
}

/// Lines that are marked so.
fn marked(mark: &str) -> BTreeSet<usize> {
    (1..).zip(LINES.lines()).filter(|(_, line)| line.ends_with(mark)).map(|(number, _)| number).collect()
}

fn print(project: &Project, kinds: &[Kind; 6]) {
    println!("### Requests per second, 2 processes of 5 threads, {CONNECTIONS} keep-alive connections, and lines, {}\n", project.title);
    let head =
        ["", "n", "requests/s", "to the row above", "start (ms)", "to the row above", "lines that run, told", "lines that do not, told"];
    let mut table = Table::new(&head);
    let (runs, never) = (marked("# runs"), marked("# never"));
    for (index, (title, kind)) in KINDS.iter().zip(kinds).enumerate() {
        let over = |of: fn(&Kind) -> &Samples| match index % 2 {
            1 if of(kind).len() > 0 => ratio(of(kind).over(of(&kinds[index - 1])).percentile(50.0)),
            _ => String::new(),
        };
        let start = if kind.starts.len() > 0 { format!("{:.0}", kind.starts.percentile(50.0)) } else { String::new() };
        let share = |told: &BTreeSet<usize>, truth: &BTreeSet<usize>| format!("{} of {}", told.intersection(truth).count(), truth.len());
        let [run, missing] = match &kind.told {
            Some(told) => [share(&told.run, &runs), share(&told.missing, &never)],
            None => Default::default(),
        };
        table.row([
            (*title).to_owned(),
            kind.rates.len().to_string(),
            format!("{:.0}", kind.rates.percentile(50.0)),
            over(|kind| &kind.rates),
            start,
            over(|kind| &kind.starts),
            run,
            missing,
        ]);
    }
    table.print();
}
