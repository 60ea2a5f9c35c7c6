//! From a save to the first fresh answer, of a server that otherwise has nothing to do.

use std::sync::Arc;
use std::time::Duration;

use crate::Result;
use crate::clients::{Clients, Manner};
use crate::floor::Floor;
use crate::lineup::LineUp;
use crate::options::Options;
use crate::patience::{self, spread};
use crate::peers::EXPRESS;
use crate::server::Server;
use crate::stats::{Samples, Table, ratio};
use crate::tally::{Counts, Tally};

/// Somebody who waits for the change, and somebody whose connection was there before.
const POLL: Duration = Duration::from_millis(2);
/// In the first 20 ms, in which 2 ms are much.
const CLOSE_POLL: (Duration, Duration) = (Duration::from_millis(20), Duration::from_micros(500));
const KEPT: Duration = Duration::from_millis(10);
/// Until the kept connection is there.
const CONNECTED: Duration = Duration::from_millis(100);
/// For so long an older answer may follow.
const AFTER: Duration = Duration::from_millis(300);
/// With several processes: one may serve old code without being asked for a while.
const AFTER_SEVERAL: Duration = Duration::from_millis(1500);
/// Nobody waits longer; counted as never, and with this time.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// What one peer showed.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    pub times: Samples,
    /// Until the last old answer that came after the first fresh one.
    last_old: Samples,
    /// Processes that were seen to be fresh, the fewest of all saves.
    processes: Option<usize>,
    pub never: usize,
    pub counts: Counts,
}

impl Shown {
    pub fn push(&mut self, fresh: Option<Duration>) {
        self.never += usize::from(fresh.is_none());
        self.times.push_time(fresh.unwrap_or(DEADLINE));
    }

    /// What went wrong, as cells: failed of all, stale, never.
    pub fn wrongs(&self) -> [String; 3] {
        let counts = &self.counts;
        [format!("{} of {}", counts.failed(), counts.requests), counts.stale.to_string(), self.never.to_string()]
    }
}

pub fn run(lineup: &mut LineUp, options: &Options) -> Result<()> {
    let mut shown = vec![Shown::default(); lineup.entries.len()];
    let mut floor = Floor::default();
    // The first round is not counted: it compiles, and shows that saved code is served at all.
    for round in 0..=options.rounds {
        let settled = spread(round, 1500, 2500);
        let project = lineup.project;
        let mut bare = Floor::default();
        let counted = if round == 0 { &mut bare } else { &mut floor };
        lineup.production.awake(|server| counted.measure(server, project))?;
        let turns = lineup.turns(round, |server| {
            patience::sleep(settled)?;
            let seen = save(server, options)?;
            if round == 0 && seen.fresh.is_none() {
                return Err("it did not serve the first save".into());
            }
            Ok(seen)
        })?;
        for (shown, turn) in shown.iter_mut().zip(turns).filter(|_| round > 0) {
            if let Some(seen) = turn {
                shown.push(seen.fresh);
                shown.last_old.push_time(seen.all_fresh.unwrap_or(DEADLINE));
                shown.processes = shown.processes.into_iter().chain([seen.processes]).min();
                shown.counts.add(seen.counts);
            }
        }
    }
    print(lineup, &shown, &floor, options);
    Ok(())
}

/// What one save showed.
struct Seen {
    fresh: Option<Duration>,
    all_fresh: Option<Duration>,
    processes: usize,
    counts: Counts,
}

fn save(server: &mut Server, options: &Options) -> Result<Seen> {
    let tally = Arc::new(Tally::default());
    let mut clients = Clients::of(server.address, &tally);
    clients.add(Manner::Kept, KEPT);
    patience::sleep(CONNECTED)?;
    tally.expect(server.source.next());
    server.source.save(options.save)?;
    server.after_save()?;
    let others = options.processes - 1;
    let poll = POLL * options.processes;
    clients.add_with(Manner::New, move |since| if since < CLOSE_POLL.0 { CLOSE_POLL.1 } else { poll });
    // A single client is likely to be answered by one process again and again.
    (0..others).for_each(|_| clients.add(Manner::New, poll));
    let fresh = patience::until(DEADLINE, || tally.fresh_after())?;
    if fresh.is_some() {
        let wanted = options.processes as usize;
        patience::until(DEADLINE, || (tally.fresh_processes() >= wanted).then_some(()))?;
        patience::sleep(if wanted > 1 { AFTER_SEVERAL } else { AFTER })?;
    }
    drop(clients);
    Ok(Seen { fresh, all_fresh: tally.all_fresh_after(), processes: tally.fresh_processes(), counts: tally.take() })
}

fn print(lineup: &LineUp, shown: &[Shown], floor: &Floor, options: &Options) {
    let several = if options.processes > 1 { format!(", {} processes", options.processes) } else { String::new() };
    println!("### From a save ({}) to the first fresh answer{several} (ms)\n", options.save.words());
    let peers = || lineup.entries.iter().zip(shown).filter(|(_, shown)| shown.times.len() > 0);
    let express = peers().find(|(entry, _)| entry.peer.name == EXPRESS).map(|(_, shown)| shown.times.percentile(50.0));
    let fastest = peers().filter(|(entry, _)| !entry.peer.is_parity()).map(|(_, shown)| shown.times.percentile(50.0)).reduce(f64::min);
    let import = Some(floor.import.percentile(50.0));
    let ratios =
        |times: &Samples| [express, fastest, import].map(|to| to.map_or_else(String::new, |to| ratio(times.percentile(50.0) / to)));
    let head = ["", "n", "p50", "p90", "max", "failed", "stale", "never", "to mod_wsgi-express", "to the fastest peer", "to the import"];
    let mut table = Table::new(&head);
    for (entry, shown) in peers() {
        table.samples(entry.peer.title, &shown.times, 1, shown.wrongs().into_iter().chain(ratios(&shown.times)));
    }
    for (title, times) in [
        ("floor: python, nothing", &floor.nothing),
        ("floor: python, import", &floor.import),
        ("floor: python, import and a first request", &floor.answer),
    ] {
        table.samples(title, times, 1, [const { String::new() }; 3].into_iter().chain(ratios(times)));
    }
    table.print();
    if options.processes > 1 {
        print_last_old(lineup, shown, options);
    }
    print_failures(lineup, shown);
}

/// Until all processes are fresh, as far as anybody can tell who asks.
fn print_last_old(lineup: &LineUp, shown: &[Shown], options: &Options) {
    println!("To the last old answer after a fresh one, or to the fresh one where none followed (ms)\n");
    let mut table = Table::new(&["", "n", "p50", "p90", "max", "stale", "fresh processes seen, at least"]);
    for (entry, shown) in lineup.entries.iter().zip(shown).filter(|(_, shown)| shown.times.len() > 0) {
        let seen = format!("{} of {}", shown.processes.unwrap_or_default(), options.processes);
        table.samples(entry.peer.title, &shown.last_old, 1, [shown.counts.stale.to_string(), seen]);
    }
    table.print();
}

/// What the failures were, peer by peer.
pub fn print_failures(lineup: &LineUp, shown: &[Shown]) {
    for (entry, shown) in lineup.entries.iter().zip(shown).filter(|(_, shown)| shown.counts.failed() > 0) {
        println!("Failed of {}: {}.\n", entry.peer.title, shown.counts.failures());
    }
}
