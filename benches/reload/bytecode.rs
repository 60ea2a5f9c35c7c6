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
/// What is not served by then never is.
const MORE: Duration = Duration::from_secs(7);

/// How one peer's runs ended.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    runs: usize,
    wrong: usize,
    /// Of the wrong ones, those that stayed so.
    for_ever: usize,
}

/// What a run showed.
enum End {
    Right,
    Late,
    Wrong,
}

pub fn run(lineup: &mut LineUp, options: &Options) -> Result<()> {
    let mut ends = vec![Ends::default(); lineup.entries.len()];
    for round in 0..options.runs {
        let turns = lineup.turns(round, |server| end_of_run(server, round, options.save))?;
        for (ends, end) in ends.iter_mut().zip(turns).filter_map(|(ends, end)| Some((ends, end?))) {
            ends.runs += 1;
            ends.wrong += usize::from(!matches!(end, End::Right));
            ends.for_ever += usize::from(matches!(end, End::Wrong));
        }
    }
    let [after, end] = [AFTER, AFTER + MORE].map(|time| time.as_secs());
    println!("### {SAVES} saves of the same length, 150 to 400 ms apart: is the last one served?\n");
    let mut table = Table::new(&["", "runs", &format!("not after {after} s"), &format!("nor after {end} s")]);
    for (entry, ends) in lineup.entries.iter().zip(ends).filter(|(_, ends)| ends.runs > 0) {
        table.row([entry.peer.title.into(), ends.runs.to_string(), ends.wrong.to_string(), ends.for_ever.to_string()]);
    }
    table.print();
    Ok(())
}

fn end_of_run(server: &mut Server, round: usize, how: Save) -> Result<End> {
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
    if serves_last(server).is_some() {
        return Ok(End::Right);
    }
    let late = patience::until(MORE, || serves_last(server))?;
    Ok(late.map_or(End::Wrong, |()| End::Late))
}

fn serves_last(server: &Server) -> Option<()> {
    let (_, page) = Connection::open(server.address).and_then(|mut connection| connection.get("/")).ok()?;
    (token(&page)? == server.source.saved()).then_some(())
}
