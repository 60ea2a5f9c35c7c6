//! How many requests per second a server answers.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::Connection;

/// No more than the server's five threads: the machine is small, and the load comes from it as well.
pub const CONNECTIONS: usize = 4;

/// Loads a server for so long; answers per second. Anything but a 200 fails the run.
pub fn per_second(server: SocketAddr, time: Duration) -> Result<f64> {
    let begun = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            thread::spawn(move || -> std::io::Result<u32> {
                let mut connection = Connection::open(server)?;
                let mut answers = 0;
                while begun.elapsed() < time {
                    if connection.closed {
                        connection = Connection::open(server)?;
                    }
                    match connection.get("/")? {
                        (200, _) => answers += 1,
                        (status, _) => return Err(std::io::Error::other(format!("HTTP {status} under load"))),
                    }
                }
                Ok(answers)
            })
        })
        .collect();
    let mut answers = 0;
    for client in clients {
        answers += client.join().map_err(|_| "a client panicked")??;
    }
    Ok(f64::from(answers) / begun.elapsed().as_secs_f64())
}
