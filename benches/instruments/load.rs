//! Clients of a server, of which some answers may be failures: a peer that cannot answer two at once is measured, too.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::Connection;
use crate::stats::Samples;

/// No more than the server's five threads: the machine is small, and the load comes from it as well.
pub const CONNECTIONS: usize = 4;
/// After a connection that failed.
const REST: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy)]
pub enum End {
    After(Duration),
    /// When so many have been asked.
    Count(usize),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Answers {
    /// Of those with 200.
    pub per_second: f64,
    /// Milliseconds of each.
    pub times: Samples,
    /// By what went wrong.
    pub failures: BTreeMap<String, usize>,
}

impl Answers {
    pub fn asked(&self) -> usize {
        self.times.len() + self.failures.values().sum::<usize>()
    }

    /// `3 × HTTP 500`
    pub fn failures(&self) -> String {
        self.failures.iter().map(|(failure, times)| format!("{times} × {failure}")).collect::<Vec<_>>().join(", ")
    }
}

/// Asks on so many kept connections.
pub fn load(server: SocketAddr, path: &str, connections: usize, end: End) -> Result<Answers> {
    let begun = Instant::now();
    let asked = AtomicUsize::new(0);
    let goes_on = || match end {
        End::After(time) => begun.elapsed() < time,
        End::Count(count) => asked.fetch_add(1, Ordering::Relaxed) < count,
    };
    let client = || {
        let (mut times, mut failures) = (Vec::new(), BTreeMap::<String, usize>::new());
        let mut kept = None;
        while goes_on() {
            let begun = Instant::now();
            let connection = kept.take().filter(|connection: &Connection<_>| !connection.closed);
            let answer = connection.map_or_else(|| Connection::open(server), Ok).and_then(|mut connection| {
                let (status, _) = connection.get(path)?;
                kept = Some(connection);
                Ok(status)
            });
            match answer {
                Ok(200) => times.push(begun.elapsed()),
                Ok(status) => *failures.entry(format!("HTTP {status}")).or_default() += 1,
                Err(error) => {
                    *failures.entry(error.kind().to_string()).or_default() += 1;
                    thread::sleep(REST);
                }
            }
        }
        (times, failures)
    };
    let mut answers = Answers::default();
    thread::scope(|scope| -> Result<()> {
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
        for client in clients {
            let (times, failures) = client.join().map_err(|_| "a client panicked")?;
            times.into_iter().for_each(|took| answers.times.push_time(took));
            failures.into_iter().for_each(|(failure, times)| *answers.failures.entry(failure).or_default() += times);
        }
        Ok(())
    })?;
    answers.per_second = answers.times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok(answers)
}
