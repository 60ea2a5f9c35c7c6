//! Requests of many clients while code is saved again and again: none fails, and none gets older code than one before it.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Live;
use crate::project::TestProject;

/// How a client asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over one connection, as long as it lasts.
    KeptAlive,
    /// Over a new connection each time.
    Anew,
    /// With a body, which must come back.
    Post,
    /// For a page that takes a second, part by part.
    Slow,
}

/// An answer: when it was asked for, when it was there, and the number of the code that gave it.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    pub begun: Instant,
    pub ended: Instant,
    pub number: u32,
}

/// Clients that ask until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<(Vec<Answered>, Vec<String>)>>,
}

impl Load {
    pub fn start(url: &str, ways: &[(Way, usize)]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let authority = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        let clients = ways.iter().flat_map(|(way, count)| vec![*way; *count]).map(|way| {
            let mut client = Client { authority: authority.into(), way, kept: None };
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                let (mut answered, mut failed) = (Vec::new(), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    match client.ask() {
                        Ok(number) => answered.push(Answered { begun, ended: Instant::now(), number }),
                        Err(error) => failed.push(format!("{way:?} after {} answers: {error}", answered.len())),
                    }
                }
                (answered, failed)
            })
        });
        Self { clients: clients.collect(), stop }
    }

    /// All answers. There is no failure among them.
    #[track_caller]
    pub fn stop(self) -> Vec<Answered> {
        self.stop.store(true, Ordering::Relaxed);
        let (mut all, mut failed) = (Vec::new(), Vec::new());
        for client in self.clients {
            let (answered, of_client) = client.join().unwrap();
            assert!(!answered.is_empty() || !of_client.is_empty(), "a client has done nothing");
            all.extend(answered);
            failed.extend(of_client);
        }
        assert!(
            failed.is_empty(),
            "{} of {} requests failed: {:#?}",
            failed.len(),
            all.len() + failed.len(),
            &failed[..failed.len().min(10)]
        );
        all
    }
}

struct Client {
    authority: String,
    way: Way,
    kept: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Asks once.
    fn ask(&mut self) -> std::io::Result<u32> {
        let body = match self.way {
            Way::Post => "0123456789".repeat(2000),
            _ => String::new(),
        };
        let (line, connection) = match self.way {
            Way::KeptAlive => ("GET / HTTP/1.1", "keep-alive"),
            Way::Anew => ("GET / HTTP/1.1", "close"),
            Way::Post => ("POST /echo HTTP/1.1", "close"),
            Way::Slow => ("GET /slow?s=1 HTTP/1.1", "close"),
        };
        let head = format!("{line}\r\nHost: {}\r\nConnection: {connection}\r\nContent-Length: {}\r\n\r\n", self.authority, body.len());
        let request = head + &body;
        let text = match self.kept.take().map(|kept| self.over(kept, &request)) {
            Some(Ok(text)) => text,
            // A server may end a connection that nothing is going on in at any time: whoever keeps one has to ask again.
            Some(Err(Ended::Unanswered)) | None => self.over(self.connect()?, &request).map_err(|ended| match ended {
                Ended::Unanswered => Error::new(ErrorKind::UnexpectedEof, "no answer"),
                Ended::Wrong(error) => error,
            })?,
            Some(Err(Ended::Wrong(error))) => return Err(error),
        };
        self.number_in(&text, &body).ok_or_else(|| Error::new(ErrorKind::InvalidData, format!("{text:?}")))
    }

    fn connect(&self) -> std::io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(BufReader::new(stream))
    }

    /// Sends a request and reads the answer's body. The connection is kept if the server keeps it.
    fn over(&mut self, mut stream: BufReader<TcpStream>, request: &str) -> Result<String, Ended> {
        stream.get_mut().write_all(request.as_bytes()).map_err(|_| Ended::Unanswered)?;
        match stream.fill_buf() {
            Ok([]) => return Err(Ended::Unanswered),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Err(Ended::Unanswered),
            other => drop(other?),
        }
        let (mut length, mut chunked, mut keeps) = (None, false, true);
        let status = line(&mut stream)?;
        loop {
            let header = line(&mut stream)?.to_lowercase();
            match header.split_once(": ") {
                None => break,
                Some(("content-length", value)) => length = value.parse().ok(),
                Some(("transfer-encoding", value)) => chunked = value == "chunked",
                Some(("connection", value)) => keeps = value != "close",
                Some(_) => {}
            }
        }
        let mut body = Vec::new();
        if chunked {
            loop {
                let size = line(&mut stream)?;
                let size = u64::from_str_radix(&size, 16).map_err(|_| Error::new(ErrorKind::InvalidData, format!("chunk {size:?}")))?;
                let read = (&mut stream).take(size).read_to_end(&mut body)?;
                if read as u64 != size {
                    return Err(Error::new(ErrorKind::UnexpectedEof, format!("cut off after {:?}", String::from_utf8_lossy(&body))).into());
                }
                line(&mut stream)?;
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = length {
            body.resize(length, 0);
            stream.read_exact(&mut body)?;
        } else {
            stream.read_to_end(&mut body)?;
            keeps = false;
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        if status != "HTTP/1.1 200 OK" {
            return Err(Error::new(ErrorKind::InvalidData, format!("{status}: {body}")).into());
        }
        self.kept = (keeps && self.way == Way::KeptAlive).then_some(stream);
        Ok(body)
    }

    /// The number of the code that gave an answer, if the answer is whole.
    fn number_in(&self, text: &str, sent: &str) -> Option<u32> {
        match self.way {
            Way::KeptAlive | Way::Anew => text.strip_suffix(" second\n")?.strip_prefix("number-")?.parse().ok(),
            Way::Post => text.strip_suffix(sent)?.strip_prefix("number-")?.trim_end().parse().ok(),
            Way::Slow => {
                let parts: Vec<&str> = text.strip_suffix("end\n")?.split_whitespace().collect();
                (parts.len() == 10 && parts.iter().all(|part| *part == parts[0])).then(|| parts[0].strip_prefix("number-")?.parse().ok())?
            }
        }
    }
}

#[derive(Debug)]
enum Ended {
    /// The connection ended before a byte came.
    Unanswered,
    Wrong(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(Error::new(ErrorKind::UnexpectedEof, "the head is cut off"));
    }
    Ok(line.trim_end().to_owned())
}

/// Whoever asks after somebody has had an answer of newer code gets no older.
#[track_caller]
pub fn assert_nothing_stale(all: &[Answered], live: &Live) {
    let mut ends: Vec<&Answered> = all.iter().collect();
    ends.sort_by_key(|answered| answered.ended);
    let mut begins: Vec<&Answered> = all.iter().collect();
    begins.sort_by_key(|answered| answered.begun);
    let (mut newest, mut seen, mut stale) = (0, 0, Vec::new());
    for answered in begins {
        while let Some(before) = ends.get(seen).filter(|before| before.ended < answered.begun) {
            newest = newest.max(before.number);
            seen += 1;
        }
        if answered.number < newest {
            stale.push((answered.number, newest, answered.ended - answered.begun));
        }
    }
    let (count, some) = (stale.len(), &stale[..stale.len().min(10)]);
    assert!(count == 0, "{count} of {} answers are stale: {some:?}\n{}", all.len(), live.session.stderr());
}

/// An application whose answers say the number of the code that gave them.
pub fn numbered() -> TestProject {
    let project = TestProject::copy("modules");
    project.write("first.py", "TEXT = 'number-0'\n");
    let app = project.read("app.py");
    project
        .write("app.py", &app.replace("return [environ[\"wsgi.input\"]", "return [first.TEXT.encode(), b\"\\n\", environ[\"wsgi.input\"]"));
    project
}

/// Saves so many times, each as soon as the one before is served. Nobody notices but by new answers.
#[track_caller]
fn under_load(processes: usize, ways: &[(Way, usize)], saves: u32) -> (usize, Live) {
    let mut live = Live::of(numbered(), &["--processes", &processes.to_string()]);
    // Each process that starts with the server loads what is there when its turn comes.
    live.pids(processes);
    let load = Load::start(&live.url, ways);
    for number in 1..=saves {
        live.save("first.py", &format!("TEXT = 'number-{number}'\n"));
        let served = Instant::now();
        assert_eq!(live.text("/"), format!("number-{number} second\n"), "asked {:?} after it was said", served.elapsed());
    }
    let all = load.stop();
    assert_nothing_stale(&all, &live);
    (all.len(), live)
}

#[test]
fn nobody_notices_fifty_reloads_but_by_what_is_new() {
    let ways = [(Way::KeptAlive, 7), (Way::Anew, 6), (Way::Post, 1), (Way::Slow, 2)];
    let (answers, live) = under_load(1, &ways, 50);
    assert!(answers > 200, "only {answers} answers");
    live.end();
}

#[test]
fn nor_with_several_processes() {
    let (_, live) = under_load(2, &[(Way::KeptAlive, 3), (Way::Anew, 3), (Way::Slow, 1)], 12);
    live.end();
}
