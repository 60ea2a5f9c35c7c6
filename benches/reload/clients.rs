//! Clients that ask a server until they are told to stop, each on a thread of its own.

use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::http::Connection;
use crate::source::{process, token};
use crate::tally::Tally;

/// How a client asks.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Each time on a new connection.
    New,
    /// On one connection that is kept.
    Kept,
    /// It posts a form, each time on a new connection.
    Post,
    /// It reads an answer that takes 400 ms.
    Slow,
}

type Answer = (u16, Vec<u8>);
type Kept = Option<Connection<TcpStream>>;

/// The last line of a slow answer.
const END: &[u8] = b"end\n";

/// Clients of one server; dropping them stops them.
#[derive(Debug)]
pub struct Clients {
    server: SocketAddr,
    tally: Arc<Tally>,
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    pub fn of(server: SocketAddr, tally: &Arc<Tally>) -> Self {
        Self { server, tally: tally.clone(), stopped: Arc::default(), threads: Vec::new() }
    }

    /// Another client, which asks so long after each answer.
    pub fn add(&mut self, manner: Manner, pause: Duration) {
        self.add_with(manner, move |_| pause);
    }

    /// Another client, which asks as long after each answer as is said for the time since it began.
    pub fn add_with(&mut self, manner: Manner, pause: impl Fn(Duration) -> Duration + Send + 'static) {
        let begun = Instant::now();
        let (server, tally, stopped) = (self.server, self.tally.clone(), self.stopped.clone());
        self.threads.push(thread::spawn(move || {
            let mut kept = None;
            while !stopped.load(Ordering::Relaxed) {
                let asked = Instant::now();
                match manner.ask(server, &mut kept) {
                    Ok((200, page)) => match token(&page) {
                        Some(token) => tally.answered(asked, token, process(&page)),
                        None => tally.failed("a page without the token".into()),
                    },
                    Ok((status, _)) => tally.failed(format!("HTTP {status}")),
                    Err(error) => tally.failed(error.kind().to_string()),
                }
                thread::sleep(pause(begun.elapsed()));
            }
        }));
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Manner {
    fn ask(self, server: SocketAddr, kept: &mut Kept) -> Result<Answer> {
        match self {
            Self::New => Connection::open(server)?.get("/"),
            Self::Kept => ask_again(server, kept),
            Self::Post => Connection::open(server)?.post("/", "name=a+chair&count=2"),
            Self::Slow => match Connection::open(server)?.get("/slow")? {
                (200, page) if !page.ends_with(END) => Err(Error::new(ErrorKind::UnexpectedEof, "cut short")),
                answer => Ok(answer),
            },
        }
    }
}

/// A server may close a kept connection between two requests; then clients ask once more on a new one, as browsers do.
fn ask_again(server: SocketAddr, kept: &mut Kept) -> Result<Answer> {
    if let Some(mut connection) = kept.take().filter(|connection| !connection.closed) {
        match connection.get("/") {
            Ok(answer) => {
                *kept = Some(connection);
                return Ok(answer);
            }
            Err(error) if connection.answered || !hung_up(&error) => return Err(error),
            Err(_) => {}
        }
    }
    let mut connection = Connection::open(server)?;
    let answer = connection.get("/")?;
    *kept = Some(connection);
    Ok(answer)
}

fn hung_up(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe)
}
