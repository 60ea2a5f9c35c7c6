//! What it costs to be watched, recorded and profiled: requests per second, their times and the CPU time of each, against a `parity up`
//! that nobody looks at. With another build of parity, the same of that one in the same rounds.
//!
//! Of the three the CPU time is the most certain: on a machine with few processors whoever asks takes from whoever answers.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::options::Options;
use crate::patience;
use crate::peers::{How, PRODUCTION, Peer};
use crate::projects::Project;
use crate::requests::{self, CONNECTIONS};
use crate::server::{Server, Setup};
use crate::source::token;
use crate::stats::{Samples, Table, ratio};
use crate::usage::usage;
use crate::{Result, http};

/// One server's turn.
const TURN: Duration = Duration::from_secs(2);
/// Until what the save caused is over, and processes stand by again.
const REST: Duration = Duration::from_secs(3);
/// Until what a turn left to be done is done: what is recorded is stored.
const AFTER: Duration = Duration::from_millis(700);
const DEADLINE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
/// A profiler that has begun.
const PROFILING: Duration = Duration::from_millis(1500);

const SHOWN: &Peer = &foreground("parity up, a line per request", &[]);
const RECORDED: &Peer = &foreground("parity up --record", &["--record"]);
const PROFILED: &Peer = &foreground("parity up, parity profile --attach", &[]);

/// In this order in each build's part of the table. The others are compared with the first.
const KINDS: [&Peer; 5] = [PRODUCTION, SHOWN, WATCHED, RECORDED, PROFILED];
const WATCHED: &Peer = &Peer { name: "", title: "parity up --reload-on-changes", only: None, how: How::Parity(&[]) };

const fn foreground(title: &'static str, flags: &'static [&'static str]) -> Peer {
    Peer { name: "", title, only: None, how: How::Foreground(flags) }
}

struct Entry {
    title: String,
    server: Server,
    rates: Samples,
    /// The 99th percentile of each turn.
    slowest: Samples,
    /// Microseconds of a request: in the container, and by parity on this machine.
    cpu: [Samples; 2],
}

pub fn run(options: &Options) -> Result<()> {
    for project in &options.projects {
        let mut entries = start(project, options)?;
        for round in 0..options.rounds {
            let count = entries.len();
            for turn in 0..count {
                // Another one is first in each round.
                patience::sleep(Duration::ZERO)?;
                entries[(round + turn) % count].turn()?;
            }
        }
        print(project, &entries);
    }
    Ok(())
}

impl Entry {
    fn turn(&mut self) -> Result<()> {
        let profiler = if self.server.peer.title == PROFILED.title { Some(Profiler::of(&self.server)?) } else { None };
        let before = usage(&self.server)?;
        let (per_second, times) = requests::answered(self.server.address, TURN)?;
        patience::sleep(AFTER)?;
        let after = usage(&self.server)?;
        drop(profiler);
        self.rates.push(per_second);
        self.slowest.push(times.percentile(99.0));
        for (part, cpu) in self.cpu.iter_mut().enumerate() {
            cpu.push((after[part].cpu - before[part].cpu).as_secs_f64() * 1e6 / times.len() as f64);
        }
        Ok(())
    }
}

/// `parity profile --attach`, until it is dropped.
struct Profiler(Child);

impl Profiler {
    fn of(server: &Server) -> Result<Self> {
        let mut command = server.parity(&["profile", "--attach", "--output", "/dev/null", "--as", "json"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let begun = Self(child);
        patience::sleep(PROFILING)?;
        Ok(begun)
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        if let Some(process) = Pid::from_raw(self.0.id().cast_signed()) {
            let _ = kill_process(process, Signal::INT);
        }
        let _ = self.0.wait();
    }
}

fn start(project: &'static Project, options: &Options) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut lock = None;
    let builds = [None].into_iter().chain(options.versus.as_deref().map(Some));
    for program in builds {
        for peer in KINDS {
            let setup = Setup { project, processes: options.processes, lock: lock.as_deref(), program };
            let server = ready(peer, setup, options)?;
            lock.get_or_insert(server.lock()?);
            let title = program.map_or_else(|| peer.title.to_owned(), |program| format!("{}, {}", peer.title, name(program)));
            entries.push(Entry { title, server, rates: Samples::default(), slowest: Samples::default(), cpu: Default::default() });
        }
    }
    Ok(entries)
}

/// Starts one and has it warm; one that is watched serves what was saved once.
fn ready(peer: &'static Peer, setup: Setup, options: &Options) -> Result<Server> {
    let mut server = Server::start(peer, setup)?;
    if peer.is_parity() {
        server.source.save(options.save)?;
        let saved = server.source.saved();
        let fresh = || {
            std::thread::sleep(POLL);
            let (_, page) = http::Connection::open(server.address).and_then(|mut connection| connection.get("/")).ok()?;
            (token(&page)? == saved).then_some(())
        };
        patience::until(DEADLINE, fresh)?.ok_or("it did not serve what was saved")?;
        patience::sleep(REST)?;
    }
    requests::per_second(server.address, TURN / 2)?;
    Ok(server)
}

fn print(project: &Project, entries: &[Entry]) {
    println!("### Requests per second, {}, {CONNECTIONS} keep-alive connections\n", project.title);
    let head =
        ["", "n", "p50", "to the first", "p99 of their times (ms)", "to the first", "CPU of each (µs)", "to the first", "on this machine"];
    let mut table = Table::new(&[&head[..], &["requests/s to the other build"]].concat());
    for (index, entry) in entries.iter().enumerate() {
        // The first of a build is not watched; the first build is this one.
        let first = &entries[index - index % KINDS.len()];
        let over = |of: fn(&Entry) -> &Samples| {
            if index % KINDS.len() == 0 { String::new() } else { ratio(of(entry).over(of(first)).percentile(50.0)) }
        };
        let middle = |of: &Samples, digits: usize| format!("{:.digits$}", of.percentile(50.0));
        let other =
            entries.get(index + KINDS.len()).map_or_else(String::new, |other| ratio(entry.rates.over(&other.rates).percentile(50.0)));
        table.row([
            entry.title.clone(),
            entry.rates.len().to_string(),
            middle(&entry.rates, 0),
            over(|entry| &entry.rates),
            middle(&entry.slowest, 1),
            over(|entry| &entry.slowest),
            middle(&entry.cpu[0], 0),
            over(|entry| &entry.cpu[0]),
            middle(&entry.cpu[1], 0),
            other,
        ]);
    }
    table.print();
}

fn name(program: &Path) -> String {
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}
