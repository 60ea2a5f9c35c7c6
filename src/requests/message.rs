//! What the recorder in the container says: lines of JSON, written by `images/record/parity_record/wrapper.py`.
//!
//! The application runs as the recorder's user and can write in its name, so nothing in a line is more than data.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::model::{Body, Exchange, Headers, Raised, Recorded, Statement, Timings};

/// Bytes of a line: two bodies of the largest limit in base64, with room.
pub const MOST_OF_A_LINE: usize = 96 << 20;

/// A line.
#[derive(Debug)]
pub enum Message {
    /// The collector is there.
    Collecting,
    /// A request that was recorded.
    Recorded(Box<Recorded>),
    /// So many were not: nobody took them in time.
    Lost(u64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Lost {
        lost: u64,
    },
    Collecting {
        #[serde(rename = "collecting")]
        _collecting: bool,
    },
    Request(Box<Request>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Request {
    began: f64,
    pid: u32,
    environ: BTreeMap<String, Value>,
    request_body: Part,
    status: Option<String>,
    headers: Headers,
    response_body: Part,
    error: Option<Raised>,
    complete: bool,
    seconds: f64,
    cpu: f64,
    statements: Vec<(String, f64, String)>,
    more_statements: u64,
    templates: Vec<String>,
    #[serde(default)]
    server: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Part {
    size: u64,
    sha256: Option<String>,
    data: Option<String>,
    #[serde(default)]
    file: bool,
}

/// Reads a line; `None`: it is none of the recorder's.
pub fn read(line: &[u8]) -> Option<Message> {
    Some(match serde_json::from_slice(line).ok()? {
        Line::Lost { lost } => Message::Lost(lost),
        Line::Collecting { .. } => Message::Collecting,
        Line::Request(request) => Message::Recorded(Box::new(Recorded::new(exchange(*request)))),
    })
}

fn micros(seconds: f64) -> u64 {
    // Negative numbers and those that are none become 0.
    (seconds * 1e6) as u64
}

fn exchange(request: Request) -> Exchange {
    let mut environ: BTreeMap<String, String> = request.environ.into_iter().map(|(name, value)| (name, text(value))).collect();
    let of = |name: &str| environ.get(name).cloned().unwrap_or_default();
    let (status, reason) = split_status(request.status.as_deref());
    let target = target(&environ);
    let server = |name: &str| request.server.get(name).and_then(Value::as_f64);
    let queue = match (server("request_start"), server("application_start")) {
        (Some(start), Some(called)) if start > 0.0 => micros(called - start),
        _ => 0,
    };
    let slot = Some(of("PARITY_SLOT")).filter(|slot| !slot.is_empty());
    let (method, protocol) = (of("REQUEST_METHOD"), of("SERVER_PROTOCOL"));
    let origin = origin(&environ);
    let mut request_headers = Vec::new();
    for (name, value) in &environ {
        let header = match name.as_str() {
            "CONTENT_TYPE" | "CONTENT_LENGTH" if !value.is_empty() => title(name),
            _ => match name.strip_prefix("HTTP_") {
                Some(header) => title(header),
                None => continue,
            },
        };
        request_headers.push((header, value.clone()));
    }
    environ.retain(|name, _| !name.starts_with("HTTP_"));
    Exchange {
        id: 0,
        began: (request.began * 1e6) as i64,
        method,
        target,
        origin,
        protocol,
        request_headers,
        request_body: body(request.request_body),
        status,
        reason,
        response_headers: request.headers,
        response_body: body(request.response_body),
        error: request.error,
        complete: request.complete,
        timings: Timings {
            total: micros(request.seconds),
            cpu: micros(request.cpu),
            queue,
            gil: micros(server("gil_wait_time").unwrap_or_default()),
        },
        environ: environ.into_iter().collect(),
        statements: request
            .statements
            .into_iter()
            .map(|(sql, seconds, database)| Statement { sql, micros: micros(seconds), database })
            .collect(),
        more_statements: request.more_statements,
        templates: request.templates,
        pid: request.pid,
        slot,
        scrubbed: false,
        imported: false,
    }
}

fn body(part: Part) -> Body {
    let content = part.data.and_then(|data| STANDARD.decode(data).ok());
    Body { size: part.size, sha256: part.sha256, file: part.file, content }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// `404` and `Not Found`.
pub fn split_status(status: Option<&str>) -> (Option<u16>, String) {
    let (code, reason) = status.map_or(("", ""), |status| status.split_once(' ').unwrap_or((status, "")));
    (code.parse().ok(), reason.to_owned())
}

/// `HTTP_X_API_KEY` was `X-Api-Key`, or nearly.
fn title(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_string() + &letters.as_str().to_ascii_lowercase())
    };
    name.split('_').map(word).collect::<Vec<_>>().join("-")
}

/// As it was in the request's first line. Where the server does not say, it is put together again.
fn target(environ: &BTreeMap<String, String>) -> String {
    let of = |name: &str| environ.get(name).map(String::as_str).unwrap_or_default();
    let raw = of("REQUEST_URI");
    if raw.starts_with('/') {
        return raw.to_owned();
    }
    // A whole URL, as proxies are asked.
    if let Some(path) = raw.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])) {
        return path.to_owned();
    }
    let path = format!("{}{}", of("SCRIPT_NAME"), of("PATH_INFO"));
    // WSGI has each byte as a character of its own.
    let encoded: String = path
        .chars()
        .map(|c| match c {
            'a'..='z'
            | 'A'..='Z'
            | '0'..='9'
            | '/'
            | '-'
            | '.'
            | '_'
            | '~'
            | '!'
            | '$'
            | '&'
            | '\''
            | '('
            | ')'
            | '*'
            | '+'
            | ','
            | ';'
            | '='
            | ':'
            | '@' => c.to_string(),
            c => format!("%{:02X}", u32::from(c) & 0xFF),
        })
        .collect();
    match of("QUERY_STRING") {
        "" => encoded,
        query => format!("{encoded}?{query}"),
    }
}

fn origin(environ: &BTreeMap<String, String>) -> String {
    let of = |name: &str| environ.get(name).map(String::as_str).unwrap_or_default();
    let scheme = match of("wsgi.url_scheme") {
        "" => "http",
        scheme => scheme,
    };
    let host = match of("HTTP_HOST") {
        "" => format!("{}:{}", of("SERVER_NAME"), of("SERVER_PORT")),
        host => host.to_owned(),
    };
    format!("{scheme}://{host}")
}

/// Puts lines together from pieces, and leaves out those that are too long.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    skips: bool,
}

impl Lines {
    pub fn feed(&mut self, piece: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if !self.skips {
                self.begun.extend_from_slice(part);
            }
            self.skips |= self.begun.len() > MOST_OF_A_LINE;
            if part.ends_with(b"\n") {
                if !self.skips {
                    lines.push(std::mem::take(&mut self.begun));
                }
                (self.begun, self.skips) = (Vec::new(), false);
            } else if self.skips {
                self.begun = Vec::new();
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"began": 1790000000.5, "pid": 31, "environ": {"REQUEST_METHOD": "POST", "REQUEST_URI": "/a%20b?c=d",
        "HTTP_HOST": "127.0.0.1:8000", "HTTP_X_API_KEY": "k", "CONTENT_TYPE": "text/plain", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http", "wsgi.multithread": true, "PARITY_SLOT": "g1"},
        "request-body": {"size": 5, "data": "aGVsbG8="}, "status": "404 Not Found", "headers": [["X", "y"]],
        "response-body": {"size": 9, "sha256": "00", "file": true}, "error": {"type": "E", "text": "t", "traceback": "T"}, "complete": true,
        "seconds": 0.0124, "cpu": 0.008, "statements": [["select 1", 0.001, "sqlite"]], "more-statements": 2, "templates": ["a.html"],
        "server": {"request_start": 100.0, "application_start": 100.0003, "request_id": "x", "gil_wait_time": 0.000002}}"#;

    #[test]
    fn a_line_is_an_exchange() {
        let Some(Message::Recorded(recorded)) = read(LINE.as_bytes()) else { panic!("not read") };
        let got = recorded.expose();
        assert_eq!((got.method.as_str(), got.url().as_str()), ("POST", "http://127.0.0.1:8000/a%20b?c=d"));
        assert_eq!(got.request_headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["Content-Type", "Host", "X-Api-Key"]);
        assert_eq!(got.request_body.content.as_deref(), Some(&b"hello"[..]));
        assert_eq!((got.status, got.reason.as_str()), (Some(404), "Not Found"));
        assert_eq!((got.response_body.size, got.response_body.file, got.response_body.content.is_none()), (9, true, true));
        assert_eq!((got.timings.total, got.timings.queue, got.timings.gil), (12_400, 299, 2));
        assert_eq!((got.slot.as_deref(), got.statements.len(), got.more_statements), (Some("g1"), 1, 2));
        assert!(got.environ.iter().any(|(name, value)| name == "wsgi.multithread" && value == "true"));
        assert!(!got.environ.iter().any(|(name, _)| name.starts_with("HTTP_")));
    }

    #[test]
    fn other_lines() {
        assert!(matches!(read(br#"{"lost": 12, "pid": 3}"#), Some(Message::Lost(12))));
        assert!(matches!(read(br#"{"collecting": true}"#), Some(Message::Collecting)));
        for line in ["", "{}", "[]", r#"{"began": "x"}"#, "Traceback"] {
            assert!(read(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn a_path_is_put_together_where_the_server_does_not_say_it() {
        let environ = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(target(&environ(&[("PATH_INFO", "/\u{c3}\u{a4} b"), ("QUERY_STRING", "c")])), "/%C3%A4%20b?c");
        assert_eq!(target(&environ(&[("REQUEST_URI", "http://h/x?y")])), "/x?y");
    }

    #[test]
    fn lines_have_an_end() {
        let mut lines = Lines::default();
        assert_eq!(lines.feed(b"{\"a"), Vec::<Vec<u8>>::new());
        assert_eq!(lines.feed(b"\": 1}\n{}\n{"), [b"{\"a\": 1}\n".to_vec(), b"{}\n".to_vec()]);
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..200 {
            assert!(lines.feed(&piece).is_empty());
            assert!(lines.begun.capacity() <= 2 * MOST_OF_A_LINE + piece.len());
        }
        assert_eq!(lines.feed(b"\n{}\n"), [b"{}\n".to_vec()]);
    }
}
