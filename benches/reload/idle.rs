//! What a server costs while nobody asks and nothing is saved: looking for changes, and keeping processes ready.

use std::time::{Duration, Instant};

use crate::lineup::LineUp;
use crate::options::Options;
use crate::server::Server;
use crate::stats::Table;
use crate::usage::usage;
use crate::{Result, patience};

/// Until what the last turn caused is over.
const BEFORE: Duration = Duration::from_secs(3);
const TIME: Duration = Duration::from_secs(10);

/// Of the container, and of parity on this machine.
struct Cost {
    percent: [f64; 2],
    megabytes: [f64; 2],
}

pub fn run(lineup: &mut LineUp, _: &Options) -> Result<()> {
    let production = lineup.production.awake(cost)?;
    let turns = lineup.turns(0, cost)?;
    println!("### Idle for {} s\n", TIME.as_secs());
    let mut table = Table::new(&["", "CPU, % of a core", "outside the container", "memory, MB", "outside the container"]);
    let titles = lineup.entries.iter().map(|entry| entry.peer.title);
    for (title, cost) in [(lineup.production.peer.title, Some(production))].into_iter().chain(titles.zip(turns)) {
        if let Some(Cost { percent, megabytes }) = cost {
            let cells = percent.map(|percent| format!("{percent:.2}")).into_iter().chain(megabytes.map(|size| format!("{size:.0}")));
            table.row([title.to_owned()].into_iter().chain(cells));
        }
    }
    table.print();
    Ok(())
}

fn cost(server: &mut Server) -> Result<Cost> {
    patience::sleep(BEFORE)?;
    let (begun, before) = (Instant::now(), usage(server)?);
    patience::sleep(TIME)?;
    let (time, after) = (begun.elapsed(), usage(server)?);
    Ok(Cost {
        percent: [0, 1].map(|part| 100.0 * (after[part].cpu - before[part].cpu).as_secs_f64() / time.as_secs_f64()),
        megabytes: after.map(|usage| usage.bytes as f64 / 1e6),
    })
}
