//! `shutdown`: the server is told to end while requests are under way. Those must be answered, and the server must end in time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::watch;

use super::ask::{Answer, Ask, Lost};
use crate::engine::Engine;
use crate::error::Result;
use crate::session::smoke::Server;
use crate::smoke::outcome::Finding;

/// Clients that ask one request after the other.
const CLIENTS: usize = 6;
/// For so long before the signal.
const LOAD: Duration = Duration::from_millis(400);
/// By then the server has a request that was sent; before, nobody can tell.
const ACCEPTING: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(15);
/// What an engine gives a container before it kills it.
const LIMIT: u32 = 10;

/// Everything that was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// Requests that were under way when the signal was sent.
    pub under_way: Vec<(Ask, Result<Answer, Lost>)>,
    /// From the signal to the end; `None`: it had to be killed.
    pub took: Option<Duration>,
}

/// Asks and signals.
///
/// # Errors
/// The engine's.
pub async fn look(engine: &Engine, server: &Server, address: &str, requests: &[Ask]) -> Result<Seen> {
    let (stop, stopped) = watch::channel(false);
    let clients = join_all((0..CLIENTS).map(|client| {
        let stopped = stopped.clone();
        async move {
            let mut asked = Vec::new();
            for ask in requests.iter().cycle().skip(client) {
                let begun = Instant::now();
                let got = ask.send(address, PATIENCE).await;
                let over = got.is_err() || *stopped.borrow();
                asked.push((begun, Instant::now(), ask, got));
                if over {
                    break;
                }
            }
            asked
        }
    }));
    let signal = async {
        tokio::time::sleep(LOAD).await;
        let sent = Instant::now();
        // As every engine ends a container: by the image's signal, and by force when the time is up.
        engine.stop(&server.id, LIMIT).await?;
        let took = Some(sent.elapsed()).filter(|took| took.as_secs() < u64::from(LIMIT));
        // The clients find nobody any more, and those whom nobody hears need not go on.
        let _ = stop.send(true);
        Ok((sent, took))
    };
    let (asked, signalled) = tokio::join!(clients, signal);
    let (sent, took) = signalled?;
    let under_way = asked.into_iter().flatten().filter(|(begun, ended, ..)| *begun + ACCEPTING < sent && *ended > sent);
    Ok(Seen { under_way: under_way.map(|(_, _, ask, got)| (ask.clone(), got)).collect(), took })
}

/// What is wrong.
pub fn judge(seen: &Seen) -> Vec<Finding> {
    let mut wrong = Vec::new();
    let lost: Vec<_> = seen.under_way.iter().filter_map(|(ask, got)| Some((ask, got.as_ref().err()?))).collect();
    if let Some((ask, lost_how)) = lost.first() {
        wrong.push(
            Finding::new(format!("{} of {} requests under way at the end were not answered", lost.len(), seen.under_way.len()))
                .details([format!("{ask}: {lost_how}")])
                .hint("they have until the engine kills the container (`docker stop --time`): answer sooner, or give them longer"),
        );
    }
    match seen.took {
        Some(_) => {}
        None => wrong.push(
            Finding::new(format!("the server did not end within {LIMIT} seconds"))
                .hint("an engine kills it then, and what is under way: answer long polls sooner, and let no `atexit` function wait"),
        ),
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_under_way_must_be_answered_and_the_end_come() {
        let answer = Answer { status: 200, headers: Vec::new(), body: Vec::new(), took: Duration::ZERO };
        let well = Seen { under_way: vec![(Ask::get("/"), Ok(answer))], took: Some(Duration::from_secs(1)) };
        assert_eq!(judge(&well), []);
        let badly = Seen { under_way: vec![(Ask::get("/"), Err(Lost::Closed))], took: None };
        let texts: Vec<_> = judge(&badly).into_iter().map(|finding| finding.text).collect();
        assert_eq!(texts, ["1 of 1 requests under way at the end were not answered", "the server did not end within 10 seconds"]);
    }
}
