//! HAR 1.2, the format in which browsers and proxies save what they have seen.

use std::cell::Cell;
use std::io::{BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use super::body;
use super::model::{Body, Exchange, Headers, Recorded, Redacted, Timings, media_type, value};
use crate::error::{Failure, Kind, Result};

/// A file of them, with a line end.
pub fn export(exchanges: &[Redacted]) -> Vec<u8> {
    let entries: Vec<Value> = exchanges.iter().map(entry).collect();
    let log = json!({
        "log": {
            "version": "1.2",
            "creator": {"name": "parity", "version": env!("CARGO_PKG_VERSION")},
            "pages": [],
            "entries": entries,
        }
    });
    let mut bytes = serde_json::to_vec_pretty(&log).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn entry(exchange: &Redacted) -> Value {
    let millis = |micros: u64| micros as f64 / 1000.0;
    let mut entry = json!({
        "startedDateTime": when(exchange.began),
        "time": millis(exchange.timings.queue + exchange.timings.total),
        "request": {
            "method": exchange.method,
            "url": exchange.url(),
            "httpVersion": exchange.protocol,
            "cookies": cookies(&exchange.request_headers),
            "headers": headers(&exchange.request_headers),
            "queryString": query(&exchange.target),
            "headersSize": -1,
            "bodySize": exchange.request_body.size,
        },
        "response": {
            "status": exchange.status.unwrap_or(0),
            "statusText": exchange.reason,
            "httpVersion": exchange.protocol,
            "cookies": set_cookies(&exchange.response_headers),
            "headers": headers(&exchange.response_headers),
            "content": content(&exchange.response_body, &exchange.response_headers),
            "redirectURL": value(&exchange.response_headers, "location").unwrap_or_default(),
            "headersSize": -1,
            "bodySize": exchange.response_body.size,
        },
        "cache": {},
        "timings": {"blocked": millis(exchange.timings.queue), "send": 0, "wait": millis(exchange.timings.total), "receive": 0},
    });
    if exchange.request_body.size > 0 {
        entry["request"]["postData"] = post_data(&exchange.request_body, &exchange.request_headers);
    }
    if let Some(error) = &exchange.error {
        entry["_error"] = json!({"type": error.kind, "text": error.text, "traceback": error.traceback});
    }
    if !exchange.statements.is_empty() {
        let one = |statement: &super::Statement| json!({"sql": statement.sql, "time": millis(statement.micros)});
        entry["_statements"] = exchange.statements.iter().map(one).collect();
    }
    entry
}

fn when(micros: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

fn headers(headers: &Headers) -> Value {
    headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn cookies(headers: &Headers) -> Value {
    let cookies = value(headers, "cookie").unwrap_or_default();
    let pair = |cookie: &str| cookie.trim().split_once('=').map(|(name, value)| json!({"name": name, "value": value}));
    cookies.split(';').filter_map(pair).collect()
}

fn set_cookies(headers: &Headers) -> Value {
    let one = |cookie: &str| {
        let (name, value) = cookie.split(';').next()?.split_once('=')?;
        let has = |attribute: &str| cookie.split(';').skip(1).any(|part| part.trim().eq_ignore_ascii_case(attribute));
        Some(json!({"name": name.trim(), "value": value, "httpOnly": has("httponly"), "secure": has("secure")}))
    };
    super::model::values(headers, "set-cookie").filter_map(one).collect()
}

fn query(target: &str) -> Value {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn post_data(body: &Body, headers: &Headers) -> Value {
    let kind = value(headers, "content-type").unwrap_or_default();
    match body.content.as_deref().map(|content| (content, body::text(content))) {
        Some((_, Some(text))) => json!({"mimeType": kind, "text": text}),
        // There is no field for it.
        Some((content, None)) => json!({"mimeType": kind, "text": "", "_base64": STANDARD.encode(content)}),
        None => json!({"mimeType": kind, "text": "", "comment": missing(body)}),
    }
}

fn content(body: &Body, headers: &Headers) -> Value {
    let kind = value(headers, "content-type").unwrap_or("x-unknown");
    match body.content.as_deref().map(|content| (content, body::text(content))) {
        Some((_, Some(text))) => json!({"size": text.len(), "mimeType": kind, "text": text}),
        Some((content, None)) => json!({"size": content.len(), "mimeType": kind, "text": STANDARD.encode(content), "encoding": "base64"}),
        None => json!({"size": body.size, "mimeType": kind, "comment": missing(body)}),
    }
}

/// Why there is no content, for people.
pub fn missing(body: &Body) -> String {
    match (&body.sha256, body.file) {
        (Some(digest), true) => format!("a file that the server sent, sha256 {digest}"),
        (Some(digest), false) => format!("larger than record-body-limit, sha256 {digest}"),
        (None, true) => "a file that the server sent".into(),
        (None, false) => "not shown: it cannot be looked through for secrets".into(),
    }
}

/// Bytes that are read at once.
const MOST_PIECE: usize = 256 << 10;

/// What is taken of a file.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body that are kept.
    pub body: u64,
    /// Bytes of one entry with all that is in it.
    pub entry: u64,
    /// Bytes of the file.
    pub file: u64,
}

impl Limits {
    pub fn new(body: u64) -> Self {
        Self { body, entry: 64 << 20, file: 4 << 30 }
    }
}

/// Reads a file entry by entry, so that one of any size takes no more memory than its largest entry. Returns how many there were.
///
/// # Errors
/// [`Kind::BadFile`] with the place; whatever `each` fails with.
pub fn import(path: &Path, limits: Limits, each: &mut dyn FnMut(Recorded) -> Result<()>) -> Result<u64> {
    let failed = |why: &dyn std::error::Error| {
        Failure::new(Kind::BadFile, format!("{} cannot be read as HAR", path.display())).cause(why.to_string())
    };
    // Opening a pipe would wait for its other end.
    let found = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(Failure::new(Kind::BadFile, format!("{} is not a regular file", path.display())));
    }
    if found.len() > limits.file {
        return Err(Failure::new(Kind::BadFile, format!("{} is larger than {} GiB", path.display(), limits.file >> 30)));
    }
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    read(file, limits, each).map_err(|wrong| match wrong {
        Wrong::Ours(failure) => failure,
        Wrong::Json(error) => {
            let failure = Failure::new(Kind::BadFile, format!("{} cannot be read as HAR", path.display())).cause(error.to_string());
            failure.hint("browsers write it with \"Save all as HAR\" in the network panel; what came before the mistake is imported")
        }
    })
}

enum Wrong {
    Ours(Failure),
    Json(serde_json::Error),
}

fn read(from: impl Read, limits: Limits, each: &mut dyn FnMut(Recorded) -> Result<()>) -> std::result::Result<u64, Wrong> {
    let room = Rc::new(Cell::new(limits.entry));
    let mut state = State { room: Rc::clone(&room), limits, count: 0, failed: None, each, has_log: false };
    // Outside of the guard: the parser takes byte by byte.
    let piece = usize::try_from(limits.entry / 4).unwrap_or(MOST_PIECE).min(MOST_PIECE);
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(piece, Guarded { from, room }));
    let done = Field { state: &mut state, name: "log" }.deserialize(&mut json).and_then(|()| json.end());
    match (state.failed, done) {
        (Some(failure), _) => Err(Wrong::Ours(failure)),
        (None, Err(error)) => Err(Wrong::Json(error)),
        (None, Ok(())) if !state.has_log => Err(Wrong::Json(serde::de::Error::custom("there is no `log` with `entries` in it"))),
        (None, Ok(())) => Ok(state.count),
    }
}

/// A reader that ends with an error where one entry takes too much.
struct Guarded<R> {
    from: R,
    room: Rc<Cell<u64>>,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(buffer)?;
        match self.room.get().checked_sub(read as u64) {
            Some(left) => self.room.set(left),
            None => return Err(std::io::Error::other("an entry is larger than 64 MiB")),
        }
        Ok(read)
    }
}

struct State<'a> {
    room: Rc<Cell<u64>>,
    limits: Limits,
    count: u64,
    failed: Option<Failure>,
    each: &'a mut dyn FnMut(Recorded) -> Result<()>,
    has_log: bool,
}

/// An object of which one field matters: `log`, and in it `entries`.
struct Field<'s, 'a> {
    state: &'s mut State<'a>,
    name: &'static str,
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Field<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an object with `{}`", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name != self.name {
                map.next_value::<IgnoredAny>()?;
            } else if name == "log" {
                map.next_value_seed(Field { state: &mut *self.state, name: "entries" })?;
            } else {
                self.state.has_log = true;
                map.next_value_seed(Entries { state: &mut *self.state })?;
            }
        }
        Ok(())
    }
}

struct Entries<'s, 'a> {
    state: &'s mut State<'a>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> std::result::Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<Entry>()? {
            self.state.room.set(self.state.limits.entry);
            self.state.count += 1;
            if let Err(failure) = (self.state.each)(Recorded::new(entry.exchange(self.state.limits.body))) {
                self.state.failed = Some(failure);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    started_date_time: String,
    time: f64,
    request: Request,
    response: Response,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Request {
    method: String,
    url: String,
    http_version: String,
    headers: Vec<Pair>,
    post_data: Option<PostData>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Response {
    status: f64,
    status_text: String,
    headers: Vec<Pair>,
    content: Content,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PostData {
    mime_type: String,
    text: Option<String>,
    params: Vec<Pair>,
    #[serde(rename = "_base64")]
    base64: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Content {
    size: f64,
    mime_type: String,
    text: Option<String>,
    encoding: Option<String>,
}

impl Entry {
    fn exchange(self, most: u64) -> Exchange {
        let Self { started_date_time, time, request, response } = self;
        let began = OffsetDateTime::parse(&started_date_time, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let url = Url::parse(&request.url).ok();
        let origin = url.as_ref().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let target = url.map_or_else(|| request.url.clone(), |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned());
        let pairs = |pairs: Vec<Pair>| pairs.into_iter().map(|pair| (pair.name, pair.value)).collect::<Headers>();
        let mut request_headers = pairs(request.headers);
        // Names such as `:authority` are HTTP/2's.
        request_headers.retain(|(name, _)| !name.starts_with(':'));
        let mut response_headers = pairs(response.headers);
        // The text is unpacked.
        response_headers.retain(|(name, _)| !name.starts_with(':') && !name.eq_ignore_ascii_case("content-encoding"));
        if media_type(&response_headers).is_empty() && !response.content.mime_type.is_empty() {
            response_headers.push(("content-type".into(), response.content.mime_type));
        }
        let request_body = match request.post_data {
            None => Some(Vec::new()),
            Some(data) => {
                if media_type(&request_headers).is_empty() && !data.mime_type.is_empty() {
                    request_headers.push(("content-type".into(), data.mime_type));
                }
                let form = || {
                    let pairs = data.params.iter().map(|pair| (&pair.name, &pair.value));
                    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
                };
                let binary = data.base64.as_deref().and_then(|text| STANDARD.decode(text).ok());
                Some(binary.or_else(|| data.text.clone().map(String::into_bytes)).unwrap_or_else(form))
            }
        };
        let content = response.content.text.and_then(|text| match response.content.encoding.as_deref() {
            Some("base64") => STANDARD.decode(text).ok(),
            _ => Some(text.into_bytes()),
        });
        let status = Some(response.status as u16).filter(|status| *status > 0);
        Exchange {
            began: (began.unix_timestamp_nanos() / 1000) as i64,
            method: request.method,
            target,
            origin,
            protocol: request.http_version,
            request_headers,
            request_body: kept(request_body, 0, most),
            status,
            reason: response.status_text,
            response_headers,
            response_body: kept(content, response.content.size as u64, most),
            complete: status.is_some(),
            timings: Timings { total: (time * 1000.0) as u64, ..Timings::default() },
            imported: true,
            ..Exchange::default()
        }
    }
}

/// A body up to the limit, then its size and digest.
pub fn kept(content: Option<Vec<u8>>, size: u64, most: u64) -> Body {
    match content {
        Some(content) if content.len() as u64 > most => {
            Body { size: content.len() as u64, sha256: Some(digest(&content)), ..Body::default() }
        }
        Some(content) => Body { size: content.len() as u64, content: Some(content), ..Body::default() },
        None => Body { size, ..Body::default() },
    }
}

pub fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{Names, Redaction, testing};

    fn imported(text: &[u8], limits: Limits) -> (std::result::Result<u64, String>, Vec<Exchange>) {
        let mut got = Vec::new();
        let done = read(text, limits, &mut |recorded| {
            got.push(recorded.into_exposed());
            Ok(())
        });
        let done = done.map_err(|wrong| match wrong {
            Wrong::Ours(failure) => failure.message,
            Wrong::Json(error) => error.to_string(),
        });
        (done, got)
    }

    #[test]
    fn what_is_exported_is_imported() {
        let exchange = testing::exchange(|exchange| {
            exchange.method = "POST".into();
            exchange.request_headers.push(("Content-Type".into(), "application/octet-stream".into()));
            exchange.request_body = testing::body(b"\xff\0");
            exchange.response_body = testing::body("ä".as_bytes());
        });
        let file = export(&[Redaction::new(Names::default()).exchange(&Recorded::new(exchange.clone()))]);
        let (done, got) = imported(&file, Limits::new(1 << 20));
        assert_eq!(done.unwrap(), 1);
        let got = &got[0];
        assert_eq!((got.url(), got.began, got.status), (exchange.url(), exchange.began, Some(200)));
        assert_eq!(got.request_body.content.as_deref(), Some(&b"\xff\0"[..]));
        assert_eq!(got.response_body.content.as_deref(), Some("ä".as_bytes()));
        assert!(got.imported);
    }

    #[test]
    fn files_of_others() {
        let text = r#"{"log": {"version": "1.2", "pages": [{"x": [1, {}]}], "creator": null, "entries": [
            {"startedDateTime": "2026-11-27T10:00:00.5+01:00", "time": 12.5,
             "request": {"method": "POST", "url": "https://h.example:8443/a?b=c#d", "httpVersion": "h2", "headers": [{"name": ":path", "value": "/"}],
                         "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "c"}]}},
             "response": {"status": 200, "content": {"size": 3, "mimeType": "image/png", "text": "AAEC", "encoding": "base64"}}},
            {"request": {"url": "nonsense"}, "response": {"status": 0}}]}, "comment": "x"}"#;
        let (done, got) = imported(text.as_bytes(), Limits::new(2));
        assert_eq!(done.unwrap(), 2);
        assert_eq!((got[0].origin.as_str(), got[0].target.as_str()), ("https://h.example:8443", "/a?b=c"));
        assert_eq!(got[0].began, 1_795_770_000_500_000);
        assert_eq!(got[0].request_body.size, 5);
        assert_eq!((got[0].response_body.size, got[0].response_body.content.is_none()), (3, true));
        assert_eq!(media_type(&got[0].response_headers), "image/png");
        assert_eq!((got[1].target.as_str(), got[1].status), ("nonsense", None));
    }

    #[test]
    fn bombs_and_nonsense_are_refused() {
        let limits = Limits { body: 10, entry: 100_000, file: u64::MAX };
        let refused = |text: &str| imported(text.as_bytes(), limits).0.unwrap_err();
        assert!(refused("").contains("EOF"), "{}", refused(""));
        assert!(refused("[]").contains("an object with `log`"));
        assert!(refused("{}").contains("there is no `log`"));
        assert!(refused(r#"{"log": {"entries": 7}}"#).contains("a list of entries"));
        let nested = format!("{{\"log\": {{\"entries\": [{{\"request\": {{\"postData\": {}", "{\"params\": [".repeat(200));
        assert!(!refused(&nested).is_empty());
        let nested = format!("{{\"x\": {}", "[".repeat(1_000_000));
        assert!(refused(&nested).contains("larger than 64 MiB"), "{}", refused(&nested));
        let large = format!("{{\"log\": {{\"entries\": [{{\"response\": {{\"content\": {{\"text\": \"{}\"}}}}}}]}}}}", "A".repeat(200_000));
        assert!(refused(&large).contains("larger than 64 MiB"));
        // Many small ones are no matter.
        let entry = r#"{"request": {"url": "http://h/"}}"#;
        let many = format!("{{\"log\": {{\"entries\": [{}]}}}}", vec![entry; 20_000].join(","));
        assert_eq!(imported(many.as_bytes(), limits).0.unwrap(), 20_000);
    }
}
