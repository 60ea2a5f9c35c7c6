//! What each request costs at the peers of a table, which take turns.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::load::{CONNECTIONS, End, load};
use crate::peers::{Peer, Project};
use crate::server::Server;
use crate::stats::{Samples, Table, ratio};
use crate::usage::usage;
use crate::{Result, patience};

/// One server's turn.
const TURN: Duration = Duration::from_secs(2);
/// Until what a turn left to be done is done: what is recorded is stored.
const AFTER: Duration = Duration::from_millis(700);

/// A peer, or why it does not take part, or no longer.
#[derive(Debug)]
pub struct Entry {
    pub peer: &'static Peer,
    pub server: std::result::Result<Server, String>,
    rates: Samples,
    /// The 99th percentile of each turn.
    slowest: Samples,
    /// Microseconds of a request: in the container, and by parity on this machine.
    cpu: [Samples; 2],
    asked: usize,
    failures: BTreeMap<String, usize>,
}

impl Entry {
    pub fn start(peer: &'static Peer, project: &Project, path: &str) -> Result<Self> {
        let warm = |server: Server| load(server.address, path, CONNECTIONS, End::After(TURN / 2)).map(|_| server);
        let server = patience::or_reason(peer.title, Server::start(peer, project, "").and_then(warm))?;
        Ok(Self {
            peer,
            server,
            rates: Samples::default(),
            slowest: Samples::default(),
            cpu: Default::default(),
            asked: 0,
            failures: BTreeMap::new(),
        })
    }

    /// Its turn: what is done before, the load, what is done after.
    pub fn turn<T>(
        &mut self,
        path: &str,
        before: impl FnOnce(&Server) -> Result<T>,
        after: impl FnOnce(&Server, T) -> Result<()>,
    ) -> Result<()> {
        let Ok(server) = &self.server else { return Ok(()) };
        let turn = || -> Result<_> {
            let begun = before(server)?;
            let used = usage(server)?;
            let answers = load(server.address, path, CONNECTIONS, End::After(TURN))?;
            patience::sleep(AFTER)?;
            let now = usage(server)?;
            after(server, begun)?;
            Ok((answers, [0, 1].map(|part| now[part].cpu.saturating_sub(used[part].cpu))))
        };
        match patience::or_reason(self.peer.title, turn())? {
            Err(reason) => self.server = Err(reason),
            Ok((answers, cpu)) => {
                self.rates.push(answers.per_second);
                self.slowest.push(answers.times.percentile(99.0));
                for (samples, cpu) in self.cpu.iter_mut().zip(cpu) {
                    samples.push(cpu.as_secs_f64() * 1e6 / answers.asked() as f64);
                }
                self.asked += answers.asked();
                answers.failures.into_iter().for_each(|(failure, times)| *self.failures.entry(failure).or_default() += times);
            }
        }
        Ok(())
    }
}

/// Gives each its turn; another begins in each round.
pub fn rounds(entries: &mut [Entry], count: usize, mut turn: impl FnMut(&mut Entry) -> Result<()>) -> Result<()> {
    for round in 0..count {
        for index in 0..entries.len() {
            patience::sleep(Duration::ZERO)?;
            let index = (round + index) % entries.len();
            turn(&mut entries[index])?;
        }
    }
    Ok(())
}

/// A table of them; with the first the others are compared.
pub fn print(title: &str, entries: &[Entry]) {
    println!("### {title}, {CONNECTIONS} keep-alive connections\n");
    let head = ["", "n", "requests/s", "ratio", "p99 (ms)", "ratio", "CPU of each (µs)", "ratio", "parity's own", "not 200"];
    let mut table = Table::new(&head);
    let first = &entries[0];
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.rates.len() > 0) {
        let over = |of: fn(&Entry) -> &Samples| match index {
            0 => String::new(),
            _ => ratio(of(entry).over(of(first)).percentile(50.0)),
        };
        let middle = |of: &Samples, digits: usize| format!("{:.digits$}", of.percentile(50.0));
        table.row([
            entry.peer.title.to_owned(),
            entry.rates.len().to_string(),
            middle(&entry.rates, 0),
            over(|entry| &entry.rates),
            middle(&entry.slowest, 1),
            over(|entry| &entry.slowest),
            middle(&entry.cpu[0], 0),
            over(|entry| &entry.cpu[0]),
            middle(&entry.cpu[1], 0),
            format!("{} of {}", entry.failures.values().sum::<usize>(), entry.asked),
        ]);
    }
    table.print();
    for Entry { peer, server, failures, .. } in entries {
        if !failures.is_empty() {
            let failures: Vec<_> = failures.iter().map(|(failure, times)| format!("{times} × {failure}")).collect();
            println!("{}: {}\n", peer.title, failures.join(", "));
        }
        if let Err(reason) = server {
            println!("{} was not run, or not to the end: {reason}\n", peer.title);
        }
    }
}
