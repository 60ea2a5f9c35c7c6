//! What it costs to be watched: requests per second of `parity up --reload-on-changes`, after a save, against `parity up`. With another
//! build of parity, the same of that one in the same rounds.

use std::path::Path;
use std::time::Duration;

use crate::options::Options;
use crate::patience;
use crate::peers::{self, PRODUCTION, Peer};
use crate::projects::Project;
use crate::requests::{self, CONNECTIONS};
use crate::server::{Server, Setup};
use crate::source::token;
use crate::stats::{Samples, Table, ratio};
use crate::{Result, http};

/// One server's turn.
const TURN: Duration = Duration::from_secs(2);
/// Until what the save caused is over, and processes stand by again.
const REST: Duration = Duration::from_secs(3);
const DEADLINE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// In this order in each build's part of the table.
const KINDS: [&str; 2] = ["parity up", "parity up --reload-on-changes"];

struct Entry {
    title: String,
    server: Server,
    rates: Samples,
}

pub fn run(options: &Options) -> Result<()> {
    for project in &options.projects {
        let mut entries = start(project, options)?;
        for round in 0..options.rounds {
            let count = entries.len();
            for turn in 0..count {
                // Another one is first in each round.
                let entry = &mut entries[(round + turn) % count];
                patience::sleep(Duration::ZERO)?;
                entry.rates.push(requests::per_second(entry.server.address, TURN)?);
            }
        }
        print(project, &entries);
    }
    Ok(())
}

fn start(project: &'static Project, options: &Options) -> Result<Vec<Entry>> {
    let watched = peers::named("parity").ok_or("the peers have parity among them")?;
    let mut entries = Vec::new();
    let mut lock = None;
    let builds = [None].into_iter().chain(options.versus.as_deref().map(Some));
    for program in builds {
        for (title, peer) in KINDS.into_iter().zip([PRODUCTION, watched]) {
            let setup = Setup { project, processes: options.processes, lock: lock.as_deref(), program };
            let server = ready(peer, setup, options)?;
            lock.get_or_insert(server.lock()?);
            let title = program.map_or_else(|| title.to_owned(), |program| format!("{title}, {}", name(program)));
            entries.push(Entry { title, server, rates: Samples::default() });
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
    let mut table = Table::new(&["", "n", "p50", "p10", "min", "to `parity up`, round by round", "to the other build, round by round"]);
    for (index, Entry { title, rates, .. }) in entries.iter().enumerate() {
        let cells = [50.0, 10.0, 0.0].map(|percent| format!("{:.0}", rates.percentile(percent)));
        // Of a pair, the first is not watched; the first pair is of this build.
        let unwatched = (index % 2 == 1).then(|| &entries[index - 1]);
        let other = entries.get(index + KINDS.len());
        let ratios = [unwatched, other].map(|to| to.map_or_else(String::new, |to| ratio(rates.over(&to.rates).percentile(50.0))));
        table.row([title.clone(), rates.len().to_string()].into_iter().chain(cells).chain(ratios));
    }
    table.print();
}

fn name(program: &Path) -> String {
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}
