//! Requests as the probes need them: byte by byte, each on a connection of its own, and what exactly came back.

use std::time::{Duration, Instant};

use crate::runtime::protocol::probe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More of an answer is not compared.
const MOST: u64 = 4 * 1024 * 1024;

/// One request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// As it goes over the wire.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub took: Duration,
}

/// Why nothing, or not all of it, came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    #[error("the connection was refused")]
    Refused,
    #[error("the connection was closed without an answer")]
    Closed,
    #[error("the answer ended in the middle")]
    Truncated,
    #[error("no answer came in time")]
    TimedOut,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET".into(), path: path.into(), ..Self::default() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Asks the server at `127.0.0.1:8000`.
    pub async fn send(&self, address: &str, patience: Duration) -> Result<Answer, Lost> {
        let begun = Instant::now();
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.map_err(|_| Lost::Refused)?;
            // The server may answer, and close, before it has read all of a body.
            let _ = stream.write_all(&self.bytes(address)).await;
            let mut received = Vec::new();
            // A connection that is reset has given what it had.
            let _ = stream.take(MOST).read_to_end(&mut received).await;
            parse(&received, self.method == "HEAD").map(|answer| Answer { took: begun.elapsed(), ..answer })
        };
        tokio::time::timeout(patience, exchange).await.unwrap_or(Err(Lost::TimedOut))
    }

    fn bytes(&self, address: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if self.header("connection").is_none() {
            head += "Connection: close\r\n";
        }
        if self.header("host").is_none() {
            head += &format!("Host: {address}\r\n");
        }
        let framed = self.header("content-length").is_some() || self.header("transfer-encoding").is_some();
        if !self.body.is_empty() && !framed {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The process that answered, where the validator tells.
    pub fn process(&self) -> Option<u32> {
        self.header(probe::PROCESS)?.parse().ok()
    }

    /// The thread of that process.
    pub fn thread(&self) -> Option<u64> {
        self.header(probe::THREAD)?.parse().ok()
    }

    /// The cookies that it sets, as a browser sends them back.
    pub fn cookies(&self) -> Option<String> {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        let pairs: Vec<_> = set.filter_map(|(_, value)| value.split(';').next()).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// `200, "hello"`: for people.
    pub fn shown(&self) -> String {
        const WIDTH: usize = 60;
        let text = String::from_utf8_lossy(&self.body);
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut = if line.chars().count() > WIDTH { "…" } else { "" };
        format!("{} {:?}{cut}", self.status, line.chars().take(WIDTH).collect::<String>())
    }
}

fn parse(mut received: &[u8], is_head: bool) -> Result<Answer, Lost> {
    loop {
        let end = received.windows(4).position(|four| four == b"\r\n\r\n").ok_or(Lost::Closed)?;
        let head = String::from_utf8_lossy(&received[..end]);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse::<u16>().ok()).ok_or(Lost::Closed)?;
        let rest = &received[end + 4..];
        if (100..200).contains(&status) {
            received = rest;
            continue;
        }
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let answer = Answer { status, headers, body: Vec::new(), took: Duration::ZERO };
        let body = if is_head || matches!(status, 204 | 304) {
            Vec::new()
        } else if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            unchunked(rest).ok_or(Lost::Truncated)?
        } else {
            let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
            match length {
                Some(length) if length as u64 >= MOST => rest.to_vec(),
                Some(length) => rest.get(..length).ok_or(Lost::Truncated)?.to_vec(),
                None => rest.to_vec(),
            }
        };
        return Ok(Answer { body, ..answer });
    }
}

/// The body of chunks; `None` without the last one.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_whole_or_lost() {
        let whole = |bytes: &[u8]| parse(bytes, false).map(|answer| String::from_utf8(answer.body).unwrap());
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc"), Ok("ab".into()));
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"), Err(Lost::Truncated));
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\n\r\n"), Ok("abc".into()));
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), Err(Lost::Truncated));
        assert_eq!(whole(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc"), Ok("abc".into()));
        assert_eq!(whole(b""), Err(Lost::Closed));
    }

    #[test]
    fn cookies_go_back_as_they_came() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n\r\n", false).unwrap();
        assert_eq!(answer.cookies().as_deref(), Some("a=1; b=2"));
    }
}
