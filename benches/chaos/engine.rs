//! Questions to the engine past parity and past the walk's line to it: what the command `docker` would answer, without a process for each.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use crate::Result;

pub const SOCKET: &str = "/var/run/docker.sock";
const ANSWER: Duration = Duration::from_secs(20);

/// A list of what has what a filter says, such as `label` and `dev.parity.project=/srv/shop`.
pub fn list(of: &str, filter: &str, value: &str) -> Result<Vec<Value>> {
    let filters = serde_json::json!({ filter: [value] }).to_string();
    match get(&format!("/{of}/json?all=1&filters={}", encoded(&filters)))? {
        Value::Array(found) => Ok(found),
        other => Err(format!("the engine does not list {of}: {other}").into()),
    }
}

fn get(path: &str) -> Result<Value> {
    let mut stream = UnixStream::connect(SOCKET)?;
    stream.set_read_timeout(Some(ANSWER))?;
    // With this version the answer comes in one piece, and the connection is closed behind it.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the engine's answer has no body")?;
    if head.split(' ').nth(1) != Some("200") {
        return Err(format!("the engine answers {path} with {head}: {body}").into());
    }
    Ok(serde_json::from_str(body)?)
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}
