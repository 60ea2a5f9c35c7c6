//! Saves in quick succession, each as long as the one before: Python takes a `.pyc` for current when the second of the
//! source's time and its size are the same, so code from the middle may be served until the next save.

use std::sync::Arc;
use std::time::Duration;

use crate::Result;
use crate::clients::{Clients, Manner};
use crate::http::Connection;
use crate::lineup::LineUp;
use crate::options::Options;
use crate::patience::{self, spread};
use crate::server::Server;
use crate::source::{Save, token};
use crate::stats::Table;
use crate::tally::Tally;

const SAVES: usize = 4;
/// Somebody reloads the page all the while.
const POLL: Duration = Duration::from_millis(20);
/// The former run's reload is done, and its second is over.
const BEFORE: Duration = Duration::from_millis(1500);
/// Then the last save must be served.
const AFTER: Duration = Duration::from_secs(3);

pub fn run(lineup: &mut LineUp, options: &Options) -> Result<()> {
    let mut wrong = vec![(0, 0); lineup.entries.len()];
    for round in 0..options.runs {
        let turns = lineup.turns(round, |server| serves_another(server, round, options.save))?;
        for ((wrong, runs), turn) in wrong.iter_mut().zip(turns) {
            *wrong += usize::from(turn == Some(true));
            *runs += usize::from(turn.is_some());
        }
    }
    println!("### {SAVES} saves of the same length, 150 to 400 ms apart: not the last one is served after {} s\n", AFTER.as_secs());
    let mut table = Table::new(&["", "runs", "wrong"]);
    for (entry, (wrong, runs)) in lineup.entries.iter().zip(wrong).filter(|(_, (_, runs))| *runs > 0) {
        table.row([entry.peer.title.into(), runs.to_string(), wrong.to_string()]);
    }
    table.print();
    Ok(())
}

fn serves_another(server: &mut Server, round: usize, how: Save) -> Result<bool> {
    patience::sleep(BEFORE)?;
    let mut clients = Clients::of(server.address, &Arc::new(Tally::default()));
    clients.add(Manner::New, POLL);
    for save in 0..SAVES {
        if save > 0 {
            patience::sleep(spread(round * SAVES + save, 150, 400))?;
        }
        server.source.save(how)?;
    }
    server.after_save()?;
    patience::sleep(AFTER)?;
    drop(clients);
    let page = Connection::open(server.address)?.get("/").map(|(_, page)| page).unwrap_or_default();
    Ok(token(&page) != Some(server.source.next() - 1))
}
