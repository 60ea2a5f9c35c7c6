//! The page of recorded requests, as its script asks it.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::Stdio;

use crate::Result;
use crate::http::{Connection, address};
use crate::program::Running;
use crate::workplace::Workplace;

#[derive(Debug)]
pub struct Page {
    connection: Connection<TcpStream>,
    host: String,
    token: String,
    _running: Running,
}

impl Page {
    pub fn open(work: &Workplace) -> Result<Self> {
        let mut command = work.parity(&["requests", "open", "--no-browser"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running::start(command)?;
        let mut link = String::new();
        BufReader::new(running.child().stdout.take().ok_or("there is no output")?).read_line(&mut link)?;
        let (url, token) = link.trim().split_once("/#").ok_or("the page has no token")?;
        let address = address(url)?;
        Ok(Self { connection: Connection::open(address)?, host: address.to_string(), token: token.to_owned(), _running: running })
    }

    /// Bytes of the answer.
    pub fn get(&mut self, path: &str) -> Result<usize> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nX-Parity-Token: {}\r\n\r\n", self.host, self.token);
        match self.connection.send(&request)? {
            (200, body) => Ok(body.len()),
            (status, _) => Err(format!("HTTP {status} from the page").into()),
        }
    }
}
