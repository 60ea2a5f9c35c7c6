//! Just enough HTTP to ask and to load: blocking, on the standard library, the same for every peer.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries of a server that is not there yet: short against what is measured, and no load on a machine of two cores.
const PAUSE: Duration = Duration::from_millis(1);

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Connection<S: Read> {
    stream: BufReader<S>,
    /// The server has said that it closes it.
    pub closed: bool,
    /// The answer to the last request has begun to arrive.
    pub answered: bool,
}

impl Connection<TcpStream> {
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream), closed: false, answered: false })
    }
}

impl Connection<UnixStream> {
    pub fn open_socket(path: &str) -> Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream), closed: false, answered: false })
    }
}

impl<S: Read + Write> Connection<S> {
    /// One GET: status and body.
    pub fn get(&mut self, path: &str) -> Result<(u16, Vec<u8>)> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// One POST: status and body.
    #[allow(dead_code, reason = "only the benchmark of reloads uses it")]
    pub fn post(&mut self, path: &str, form: &str) -> Result<(u16, Vec<u8>)> {
        let length = form.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        ))
    }

    /// A request as it is sent: status and body of the answer.
    pub fn send(&mut self, request: &str) -> Result<(u16, Vec<u8>)> {
        self.answered = false;
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        self.answered = true;
        self.closed = status.starts_with("HTTP/1.0");
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        let mut length = None;
        let mut chunked = false;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(':') {
                None => break,
                Some(("content-length", value)) => length = value.trim().parse::<usize>().ok(),
                Some(("connection", value)) => self.closed = value.trim() == "close",
                Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
                Some(_) => {}
            }
        }
        let mut body = Vec::new();
        match length {
            _ if chunked => self.chunks(&mut body)?,
            Some(length) => self.exactly(length, &mut body)?,
            None => {
                self.stream.read_to_end(&mut body)?;
                self.closed = true;
            }
        }
        Ok((status, body))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn exactly(&mut self, length: usize, body: &mut Vec<u8>) -> Result<()> {
        let from = body.len();
        body.resize(from + length, 0);
        self.stream.read_exact(&mut body[from..])
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> Result<()> {
        loop {
            let length = usize::from_str_radix(&self.line()?, 16).map_err(|_| ErrorKind::InvalidData)?;
            self.exactly(length, body)?;
            self.line()?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

/// `http://127.0.0.1:8000` or `http://127.0.0.1:8000/mount`, as an address.
pub fn address(url: &str) -> Result<SocketAddr> {
    let rest = url.trim().trim_start_matches("http://");
    rest.split('/').next().unwrap_or(rest).parse().map_err(|_| Error::new(ErrorKind::InvalidInput, format!("not an address: {url:?}")))
}

/// Asks in a tight loop, each time on a new connection, until the answer is 200.
pub fn first_200(address: SocketAddr, path: &str, deadline: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        match Connection::open(address).and_then(|mut connection| connection.get(path)) {
            Ok((200, _)) => return Ok(()),
            Ok((status @ (404 | 500), _)) => return Err(Error::other(format!("HTTP {status} from {address}{path}"))),
            _ if begun.elapsed() > deadline => return Err(ErrorKind::TimedOut.into()),
            _ => std::thread::sleep(PAUSE),
        }
    }
}
