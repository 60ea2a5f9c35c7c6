//! What the recorder in the container says: frames, written by `images/record/parity_record/wrapper.py`. A frame is four bytes with the
//! number of those that follow (lowest first), and a message in the form of [`super::marshal`].
//!
//! The application runs as the recorder's user and can write in its name, so nothing in a message is more than data.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::marshal;
use super::model::{Body, Exchange, Headers, Raised, Recorded, Statement, Timings};

/// Bytes of a message: two bodies of the largest limit, with room.
pub const LONGEST: usize = 72 << 20;

/// Bytes of what the server calls a request.
const LONGEST_ID: usize = 100;

/// A message.
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
enum Form {
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
    #[serde(default)]
    thread: u64,
    environ: BTreeMap<String, Shown>,
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
    data: Option<Bytes>,
    #[serde(default)]
    file: bool,
}

struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl Visitor<'_> for Of {
            type Value = Bytes;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Of)
    }
}

/// A value of the environ, as people read it.
struct Shown(String);

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Shown;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value")
            }

            fn visit_str<E>(self, text: &str) -> Result<Shown, E> {
                Ok(Shown(text.to_owned()))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Shown, E> {
                Ok(Shown(String::from_utf8_lossy(bytes).into_owned()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Shown, E> {
                Ok(Shown(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Shown, E> {
                Ok(Shown(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Shown, E> {
                Ok(Shown(value.to_string()))
            }

            fn visit_unit<E>(self) -> Result<Shown, E> {
                Ok(Shown("None".into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Shown, A::Error> {
                let mut shown = Vec::new();
                while let Some(Shown(element)) = elements.next_element()? {
                    shown.push(element);
                }
                Ok(Shown(format!("({})", shown.join(", "))))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Shown, A::Error> {
                while pairs.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Shown("<dict>".into()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Reads a message; `None`: it is none of the recorder's.
pub fn read(message: &[u8]) -> Option<Message> {
    Some(match marshal::from_slice(message).ok()? {
        Form::Lost { lost } => Message::Lost(lost),
        Form::Collecting { .. } => Message::Collecting,
        Form::Request(request) => Message::Recorded(Box::new(Recorded::new(exchange(*request)))),
    })
}

fn micros(seconds: f64) -> u64 {
    // Negative numbers and those that are none become 0.
    (seconds * 1e6) as u64
}

fn exchange(request: Request) -> Exchange {
    let mut environ: BTreeMap<String, String> = request.environ.into_iter().map(|(name, Shown(value))| (name, value)).collect();
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
        log: Vec::new(),
        more_log: 0,
        pid: request.pid,
        thread: request.thread,
        server_id: request.server.get("request_id").and_then(Value::as_str).filter(|id| id.len() <= LONGEST_ID).map(str::to_owned),
        mark: request.server.get("check").and_then(Value::as_str).map(str::to_owned),
        slot,
        scrubbed: false,
        without_secrets: false,
        imported: false,
    }
}

fn body(part: Part) -> Body {
    Body { size: part.size, sha256: part.sha256, file: part.file, content: part.data.map(|Bytes(content)| content) }
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

/// Puts messages together from pieces.
#[derive(Debug, Default)]
pub struct Frames {
    begun: Vec<u8>,
    /// Of a message that is too long, what is still to come.
    skips: usize,
}

impl Frames {
    pub fn feed(&mut self, mut piece: &[u8]) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        while !piece.is_empty() {
            if self.skips > 0 {
                let skipped = self.skips.min(piece.len());
                self.skips -= skipped;
                piece = &piece[skipped..];
                continue;
            }
            let wanted = match self.begun.first_chunk() {
                Some(length) => 4 + u32::from_le_bytes(*length) as usize,
                None => 4,
            };
            let (taken, rest) = piece.split_at(piece.len().min(wanted - self.begun.len()));
            self.begun.extend_from_slice(taken);
            piece = rest;
            let Some(length) = self.begun.first_chunk().map(|length| u32::from_le_bytes(*length) as usize) else { continue };
            if length > LONGEST {
                (self.begun, self.skips) = (Vec::new(), length);
            } else if self.begun.len() == 4 + length {
                messages.push(self.begun.split_off(4));
                self.begun.clear();
            }
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tests/recorder/frames.py` writes.
    const FRAMES: &[u8] = include_bytes!("../../tests/recorder/frames.bin");

    #[test]
    fn a_message_is_an_exchange() {
        let messages = Frames::default().feed(FRAMES);
        let Some(Message::Recorded(recorded)) = read(&messages[0]) else { panic!("not read") };
        let got = recorded.expose();
        assert_eq!((got.method.as_str(), got.url().as_str()), ("POST", "http://127.0.0.1:8000/a%20b?c=d"));
        assert_eq!(got.request_headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["Content-Type", "Host", "X-Api-Key"]);
        assert_eq!(got.request_body.content.as_deref(), Some(&b"hello"[..]));
        assert_eq!((got.status, got.reason.as_str()), (Some(404), "Not Found"));
        assert_eq!((got.response_body.size, got.response_body.file, got.response_body.content.is_none()), (9, true, true));
        assert_eq!((got.timings.total, got.timings.queue, got.timings.gil), (12_400, 299, 2));
        assert_eq!((got.pid, got.thread), (31, 40));
        assert_eq!((got.slot.as_deref(), got.statements.len(), got.more_statements), (Some("g1"), 1, 2));
        let environ = |name: &str| got.environ.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!((environ("wsgi.multithread"), environ("apache.version")), (Some("true"), Some("(2, 4, 71)")));
        assert_eq!((environ("BIG"), environ("NEGATIVE")), (Some("1099511627776"), Some("-7000000000")));
        assert_eq!(environ("HALF"), Some("/\u{fffd}\u{fffd}\u{fffd}"));
        assert!(!got.environ.iter().any(|(name, _)| name.starts_with("HTTP_")));
        assert!(matches!(read(&messages[1]), Some(Message::Lost(12))));
        assert!(matches!(read(&messages[2]), Some(Message::Collecting)));
    }

    #[test]
    fn what_is_no_message() {
        for bytes in [&b""[..], b"{0", b"[\0\0\0\0", b"{u\x05\0\0\0began", b"Traceback", b"u\xff\xff\xff\xff", b"u\xff\xff\xff\x7f", b"N"] {
            assert!(read(bytes).is_none(), "{bytes:?}");
        }
        // Lists in lists.
        assert!(read(&b"[\x01\0\0\0".repeat(100_000)).is_none());
    }

    proptest::proptest! {
        #[test]
        fn cut_off_or_changed_it_is_read_or_left(at in 0_usize..2000, byte: u8, cut: bool) {
            let mut message = Frames::default().feed(FRAMES).remove(0);
            let at = at % message.len();
            if cut { message.truncate(at) } else { message[at] = byte }
            let _ = read(&message);
        }

        #[test]
        fn pieces_make_the_same_messages(sizes in proptest::collection::vec(1_usize..400, 1..60)) {
            let whole = Frames::default().feed(FRAMES);
            let (mut frames, mut rest, mut got) = (Frames::default(), FRAMES, Vec::new());
            for size in sizes {
                let (piece, after) = rest.split_at(size.min(rest.len()));
                got.extend(frames.feed(piece));
                rest = after;
            }
            got.extend(frames.feed(rest));
            proptest::prop_assert_eq!(got, whole);
        }
    }

    #[test]
    fn a_path_is_put_together_where_the_server_does_not_say_it() {
        let environ = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(target(&environ(&[("PATH_INFO", "/\u{c3}\u{a4} b"), ("QUERY_STRING", "c")])), "/%C3%A4%20b?c");
        assert_eq!(target(&environ(&[("REQUEST_URI", "http://h/x?y")])), "/x?y");
    }

    #[test]
    fn messages_have_an_end() {
        let mut frames = Frames::default();
        assert!(frames.feed(&u32::MAX.to_le_bytes()).is_empty());
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..200 {
            assert!(frames.feed(&piece).is_empty());
            assert!(frames.begun.capacity() <= piece.len());
        }
        frames.skips = 3;
        assert_eq!(frames.feed(b"xxx\x01\0\0\0N"), [b"N".to_vec()]);
    }
}
