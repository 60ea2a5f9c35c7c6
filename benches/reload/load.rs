//! Reloads of a server that is busy: nobody may notice one.

use std::sync::Arc;
use std::time::Duration;

use crate::Result;
use crate::clients::{Clients, Manner};
use crate::lineup::LineUp;
use crate::options::Options;
use crate::patience::{self, spread};
use crate::saved::{DEADLINE, Shown, print_failures};
use crate::server::Server;
use crate::source::Save;
use crate::stats::Table;
use crate::tally::{Counts, Tally};

/// Sixteen connections.
const CLIENTS: &[(Manner, usize)] = &[(Manner::Kept, 7), (Manner::New, 7), (Manner::Post, 1), (Manner::Slow, 1)];
/// Of each client after an answer: busy, but no race for the processor, which would be all that is measured.
const PAUSE: Duration = Duration::from_millis(20);
/// Until all are connected and every thread has worked.
const BEFORE: Duration = Duration::from_secs(1);
/// Reloads in one turn.
const TURN: usize = 5;
/// Between two of them, in milliseconds: a reloader that compares times of files needs a second after a reload to know them.
const SETTLED: (u64, u64) = (1500, 2500);

pub fn run(lineup: &mut LineUp, options: &Options) -> Result<()> {
    let mut shown = vec![Shown::default(); lineup.entries.len()];
    for turn in 0..options.reloads.div_ceil(TURN) {
        let reloads = TURN.min(options.reloads - turn * TURN);
        let turns = lineup.turns(turn, |server| reload(server, turn, reloads, options.save))?;
        for (shown, turn) in shown.iter_mut().zip(turns) {
            if let Some(turn) = turn {
                turn.fresh.into_iter().for_each(|fresh| shown.push(fresh));
                shown.counts.add(turn.counts);
            }
        }
    }
    println!("### The same under load: 16 connections (ms)\n");
    let mut table = Table::new(&["", "n", "p50", "p90", "max", "failed", "stale", "never"]);
    for (entry, shown) in lineup.entries.iter().zip(&shown).filter(|(_, shown)| shown.times.len() > 0) {
        table.samples(entry.peer.title, &shown.times, 1, shown.wrongs());
    }
    table.print();
    print_failures(lineup, &shown);
    Ok(())
}

struct Turn {
    fresh: Vec<Option<Duration>>,
    counts: Counts,
}

fn reload(server: &mut Server, turn: usize, reloads: usize, how: Save) -> Result<Turn> {
    let tally = Arc::new(Tally::default());
    let mut clients = Clients::of(server.address, &tally);
    for &(manner, count) in CLIENTS {
        (0..count).for_each(|_| clients.add(manner, PAUSE));
    }
    patience::sleep(BEFORE)?;
    tally.take();
    let mut fresh = Vec::new();
    for reload in 0..reloads {
        tally.expect(server.source.next());
        server.source.save(how)?;
        server.after_save()?;
        fresh.push(patience::until(DEADLINE, || tally.fresh_after())?);
        patience::sleep(spread(turn * TURN + reload, SETTLED.0, SETTLED.1))?;
    }
    drop(clients);
    Ok(Turn { fresh, counts: tally.take() })
}
