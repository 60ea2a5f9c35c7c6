//! What a profile costs, and how true it is: shares of the time of functions of which the application itself says what they took.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::costs::{self, Entry};
use crate::http::Connection;
use crate::options::Options;
use crate::peers::{How, PLAIN, Peer, Project, of_django, peer};
use crate::program::Running;
use crate::server::{MEASURED, Server};
use crate::stats::Table;
use crate::workplace::output;
use crate::{Result, patience};

const ATTACHED: &Peer = &peer("parity up, parity profile --attach", "", How::Detached);
const PLAIN_EXPRESS: &Peer = &peer("mod_wsgi-express", "", How::Express(""));
const EXPRESS: &Peer =
    &peer("mod_wsgi-express --enable-profiler", "", How::Express("--enable-profiler --profiler-directory /app/.measured/pstats"));
const PYINSTRUMENT: &Peer = &peer("pyinstrument's middleware", "pyinstrument", How::Detached);
const CPROFILE: &Peer = &peer("cProfile, Werkzeug's middleware", "cprofile", How::Detached);
const PY_SPY: &Peer = &peer("py-spy record, with CAP_SYS_PTRACE", "", How::Detached);
const SILK: &Peer = &of_django("django-silk, SILKY_PYTHON_PROFILER", "silk-profiler");

const PEERS: [&Peer; 8] = [PLAIN, ATTACHED, PLAIN_EXPRESS, EXPRESS, PYINSTRUMENT, CPROFILE, PY_SPY, SILK];
const PATH: &str = "/measured/busy";
const FUNCTIONS: [&str; 3] = ["sixty", "thirty", "ten"];
/// Reads files of cProfile and pyinstrument, in a container.
const PROGRAM: &str = include_str!("shares.py");
/// A profiler that has begun.
const BEGUN: Duration = Duration::from_millis(1500);
/// Seconds in which a turn is over.
const PY_SPY_TIME: &str = "6";

/// Seconds, or whatever a profiler counts, of each of the functions.
type Times = [f64; 3];

pub fn run(options: &Options) -> Result<()> {
    for project in &options.projects {
        let peers = PEERS.into_iter().filter(|peer| peer.serves(project));
        let mut entries = peers.map(|peer| Entry::start(peer, project, PATH)).collect::<Result<Vec<_>>>()?;
        let mut seen: BTreeMap<&str, Times> = BTreeMap::new();
        let turn = |entry: &mut Entry| {
            let peer = entry.peer;
            let before = |server: &Server| Profiler::begin(peer, server);
            let after = |server: &Server, profiler: Profiler| {
                let times = profiler.end(peer, server)?;
                let sum = seen.entry(peer.title).or_default();
                sum.iter_mut().zip(times).for_each(|(sum, time)| *sum += time);
                server.forget()
            };
            entry.turn(PATH, before, after)
        };
        costs::rounds(&mut entries, options.rounds, turn)?;
        costs::print(&format!("Requests profiled, {}", project.title), &entries);
        print(project, &entries, &mut seen)?;
        without_capability(&entries);
    }
    Ok(())
}

/// What runs beside a server for its turn.
enum Profiler {
    /// It writes into the server's directory, or when the server ends.
    Within,
    Beside(Running, NamedTempFile),
}

impl Profiler {
    fn begin(peer: &Peer, server: &Server) -> Result<Self> {
        let file = NamedTempFile::new()?;
        let command = if peer.title == ATTACHED.title {
            let output = file.path().to_string_lossy().into_owned();
            let mut command = server.parity(&["profile", "--attach", "--as", "collapsed", "--output", &output]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command
        } else if peer.title == PY_SPY.title {
            let mut command = py_spy(server, &["--cap-add", "SYS_PTRACE"])?;
            command.stdout(file.reopen()?).stderr(Stdio::null());
            command
        } else {
            // What it wrote while the server was made warm.
            server.forget()?;
            return Ok(Self::Within);
        };
        let running = Running::start(command)?;
        patience::sleep(BEGUN)?;
        Ok(Self::Beside(running, file))
    }

    fn end(self, peer: &Peer, server: &Server) -> Result<Times> {
        match self {
            Self::Within if peer.by.is_empty() => Ok(Times::default()),
            Self::Within => within(server, &format!("/app/{MEASURED}")),
            Self::Beside(mut running, file) => {
                if peer.title == PY_SPY.title {
                    // It ends by itself.
                    running.child().wait()?;
                } else {
                    running.end()?;
                }
                Ok(collapsed(&std::fs::read_to_string(file.path())?))
            }
        }
    }
}

/// In a container of its own, as root, in the process namespace of the server's.
fn py_spy(server: &Server, more: &[&str]) -> Result<Command> {
    let process = process(server)?;
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--user", "0", "--pid", &format!("container:{}", server.container)]).args(more);
    command.args(["--entrypoint", "/opt/venv/bin/py-spy", &server.image, "record", "--rate", "100", "--duration", PY_SPY_TIME]);
    command.args(["--format", "raw", "--output", "/dev/stdout", "--pid", &process]);
    Ok(command)
}

/// The process that serves, as it is numbered in its container.
fn process(server: &Server) -> Result<String> {
    let (_, page) = Connection::open(server.address)?.get("/")?;
    let page = String::from_utf8_lossy(&page).into_owned();
    let process = page.split_once("process-").map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect());
    process.ok_or_else(|| "the page does not say its process".into())
}

/// What files in a directory of a container say.
fn within(server: &Server, directory: &str) -> Result<Times> {
    let said: serde_json::Value = serde_json::from_str(&server.exec(&["python", "-c", PROGRAM, directory])?)?;
    Ok(FUNCTIONS.map(|name| said[name].as_f64().unwrap_or_default()))
}

/// Lines of stacks: `a (file:1);b (file:2) 12`.
fn collapsed(text: &str) -> Times {
    let mut times = Times::default();
    for (stack, weight) in text.lines().filter_map(|line| line.rsplit_once(' ')) {
        for (time, name) in times.iter_mut().zip(FUNCTIONS) {
            if stack.split(';').any(|frame| frame.starts_with(&format!("{name} ("))) {
                *time += weight.parse::<f64>().unwrap_or_default();
            }
        }
    }
    times
}

fn print(project: &Project, entries: &[Entry], seen: &mut BTreeMap<&str, Times>) -> Result<()> {
    let Ok(plain) = &entries[0].server else { return Err("the server that is not profiled has ended".into()) };
    let (_, truth) = Connection::open(plain.address)?.get("/measured/truth")?;
    let truth: serde_json::Value = serde_json::from_slice(&truth)?;
    let truth = shares(FUNCTIONS.map(|name| truth[name].as_f64().unwrap_or_default())).ok_or("the application has done nothing")?;
    if let Some(Ok(express)) = entries.iter().find(|entry| entry.peer.title == EXPRESS.title).map(|entry| &entry.server) {
        seen.insert(EXPRESS.title, at_its_end(express, plain)?);
    }
    println!("### Shares of the time of three functions, {}\n", project.title);
    let mut table = Table::new(&["", "a loop", "small calls", "another loop", "largest error, points"]);
    let row = |shares: Times| shares.map(|share| format!("{share:.1} %"));
    table.row(["the application itself, CPU".to_owned()].into_iter().chain(row(truth)).chain([String::new()]));
    for Entry { peer, .. } in entries {
        let Some(times) = seen.get(peer.title) else { continue };
        if [PLAIN.title, PLAIN_EXPRESS.title].contains(&peer.title) {
            continue;
        }
        match shares(*times) {
            Some(shares) => {
                let error = shares.iter().zip(truth).map(|(share, truth)| (share - truth).abs()).fold(0.0, f64::max);
                table.row([peer.title.to_owned()].into_iter().chain(row(shares)).chain([format!("{error:.1}")]));
            }
            None => table.row([peer.title, "", "", "", "it knows none of them"].map(String::from)),
        }
    }
    table.print();
    Ok(())
}

/// What a server has written as it ended. No Python is left there to read it, but in another container.
fn at_its_end(server: &Server, other: &Server) -> Result<Times> {
    server.stop()?;
    let Ok(files) = std::fs::read_dir(server.measured().join("pstats")) else { return Ok(Times::default()) };
    for file in files {
        let file = file?;
        std::fs::copy(file.path(), other.measured().join(file.file_name()))?;
    }
    within(other, &format!("/app/{MEASURED}"))
}

fn shares(times: Times) -> Option<Times> {
    let all: f64 = times.iter().sum();
    (all > 0.0).then(|| times.map(|time| time / all * 100.0))
}

/// What py-spy says where nobody has given it the capability.
fn without_capability(entries: &[Entry]) {
    let Some(Ok(server)) = entries.iter().find(|entry| entry.peer.title == PY_SPY.title).map(|entry| &entry.server) else { return };
    let inside = process(server).and_then(|process| server.exec(&["py-spy", "dump", "--pid", &process])).map(drop);
    let beside = py_spy(server, &[]).and_then(|mut command| output(&mut command)).map(drop);
    for (how, said) in [("in the container", inside), ("beside it, as root, without the capability", beside)] {
        let said = said.err().map_or_else(|| "nothing: it works".to_owned(), |error| error.to_string());
        // The first line is the command.
        let said: Vec<_> = said.lines().skip(1).filter(|line| !line.trim().is_empty()).collect();
        println!("py-spy {how} says: {}\n", said.join(" / "));
    }
}
