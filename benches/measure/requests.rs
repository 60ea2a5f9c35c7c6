//! How many requests per second a server answers.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::Connection;
use crate::stats::Samples;

/// No more than the server's five threads: the machine is small, and the load comes from it as well.
pub const CONNECTIONS: usize = 4;

/// Loads a server for so long; answers per second. Anything but a 200 fails the run.
pub fn per_second(server: SocketAddr, time: Duration) -> Result<f64> {
    Ok(answered(server, time)?.0)
}

/// The same, and the time of each request in milliseconds.
pub fn answered(server: SocketAddr, time: Duration) -> Result<(f64, Samples)> {
    let begun = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            thread::spawn(move || -> std::io::Result<Vec<Duration>> {
                let mut connection = Connection::open(server)?;
                let mut answers = Vec::new();
                while begun.elapsed() < time {
                    if connection.closed {
                        connection = Connection::open(server)?;
                    }
                    let asked = Instant::now();
                    match connection.get("/")? {
                        (200, _) => answers.push(asked.elapsed()),
                        (status, _) => return Err(std::io::Error::other(format!("HTTP {status} under load"))),
                    }
                }
                Ok(answers)
            })
        })
        .collect();
    let mut times = Samples::default();
    for client in clients {
        client.join().map_err(|_| "a client panicked")??.into_iter().for_each(|took| times.push_time(took));
    }
    Ok((times.len() as f64 / begun.elapsed().as_secs_f64(), times))
}
