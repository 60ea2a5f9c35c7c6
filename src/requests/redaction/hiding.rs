//! The first step: secrets are found by the names of what holds them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Captures;
use serde_json::Value;
use url::form_urlencoded;

use super::STARS;
use super::patterns::{ATTRIBUTE, ELEMENT, FIELD_NAME, NAMED, QUOTES, TAG, decoded, split, split_once, unescaped, unquoted};
use crate::requests::body::{self, Nature};
use crate::requests::model::{Body, Exchange, Headers, value};
use crate::requests::names::Names;
use crate::units::{Redactor, Secret};

/// Values that are hidden where they are found by name, and looked for nowhere else.
const WORDS: [&str; 8] = ["true", "false", "none", "null", "undefined", "bearer", "basic", "password"];
/// A number that is shorter is one of many.
const SHORTEST_NUMBER: usize = 6;

/// The first step: by name.
pub(in crate::requests) struct Hiding<'a> {
    names: &'a Names,
    found: Vec<Secret>,
    /// Binary parts of forms stay as they are.
    keeps_files: bool,
}

impl<'a> Hiding<'a> {
    pub(in crate::requests) fn new(names: &'a Names) -> Self {
        Self { names, found: Vec::new(), keeps_files: false }
    }

    pub(super) fn keeping_files(self) -> Self {
        Self { keeps_files: true, ..self }
    }

    pub(super) fn redactor(&self) -> Redactor {
        Redactor::new(&self.found)
    }

    fn hide(&mut self, value: &str) -> String {
        let value = value.trim();
        if value.is_empty() {
            return String::new();
        }
        let is_number = value.len() < SHORTEST_NUMBER && value.bytes().all(|byte| byte.is_ascii_digit());
        if value != STARS && !is_number && !WORDS.contains(&value.to_ascii_lowercase().as_str()) {
            self.found.push(Secret::new(value));
            let bare = value.trim_matches('"');
            let json = serde_json::from_str::<String>(&format!("\"{value}\"")).unwrap_or_default();
            for other in [bare, &decoded(value), &unescaped(value), &json, &unescaped(&json)] {
                if other != value && !other.is_empty() {
                    self.found.push(Secret::new(other));
                }
            }
        }
        STARS.into()
    }

    pub(super) fn exchange(&mut self, exchange: &mut Exchange) {
        exchange.target = self.target(&exchange.target);
        self.headers(&mut exchange.request_headers);
        self.headers(&mut exchange.response_headers);
        let (request, response) = (exchange.request_headers.clone(), exchange.response_headers.clone());
        self.body(&mut exchange.request_body, &request);
        self.body(&mut exchange.response_body, &response);
        for (name, value) in &mut exchange.environ {
            *value = match (name.as_str(), name.strip_prefix("HTTP_")) {
                (_, Some(header)) => self.header(&header.replace('_', "-"), value),
                ("QUERY_STRING", _) => self.query(value),
                ("REQUEST_URI", _) => self.target(value),
                _ if self.names.is_secret(name) => self.hide(value),
                _ => std::mem::take(value),
            };
        }
        if let Some(error) = &mut exchange.error {
            let text = self.scan(&error.text);
            if text != error.text {
                error.traceback = error.traceback.replace(&error.text, &text);
                error.text = text;
            }
            for (name, text) in error.locals.iter_mut().flat_map(|frame| &mut frame.locals) {
                *text = if self.names.is_secret(name) { self.hide(unquoted(text)) } else { self.scan(text) };
            }
        }
        for line in &mut exchange.log {
            *line = self.scan(line);
        }
        for statement in &mut exchange.statements {
            statement.sql = self.scan(&statement.sql);
        }
    }

    /// A path with its query.
    pub(super) fn target(&mut self, target: &str) -> String {
        let (rest, fragment) = target.split_once('#').map_or((target, None), |(rest, fragment)| (rest, Some(fragment)));
        let mut text = match rest.split_once('?') {
            Some((path, query)) => format!("{path}?{}", self.query(query)),
            None => rest.to_owned(),
        };
        if let Some(fragment) = fragment {
            text += "#";
            text += &self.query(fragment);
        }
        text
    }

    /// `a=1&token=***`: all that is not hidden as it was written.
    fn query(&mut self, query: &str) -> String {
        let mut parts = Vec::new();
        for part in query.split('&') {
            match part.split_once('=') {
                Some((name, value)) if self.names.is_secret(&decoded(name)) => parts.push(format!("{name}={}", self.hide(value))),
                // An address in an address.
                Some((name, value)) if value.contains("%3F") || value.contains("%3f") => {
                    let inner = decoded(value);
                    let hidden = self.target(&inner);
                    let encoded = || form_urlencoded::byte_serialize(hidden.as_bytes()).collect::<String>();
                    parts.push(format!("{name}={}", if hidden == inner { value.to_owned() } else { encoded() }));
                }
                _ => parts.push(part.to_owned()),
            }
        }
        parts.join("&")
    }

    fn headers(&mut self, headers: &mut Headers) {
        for (name, value) in headers {
            *value = self.header(name, value);
        }
    }

    pub(super) fn header(&mut self, name: &str, value: &str) -> String {
        match name.to_ascii_lowercase().as_str() {
            "cookie" => {
                let one = |cookie: &str| match cookie.split_once('=') {
                    Some((name, value)) => format!("{}={}", name.trim(), self.hide(value)),
                    None => self.hide(cookie),
                };
                value.split(';').map(one).collect::<Vec<_>>().join("; ")
            }
            "set-cookie" => {
                let (cookie, attributes) = value.split_once(';').map_or((value, None), |(cookie, rest)| (cookie, Some(rest)));
                let hidden = match cookie.split_once('=') {
                    Some((name, value)) => format!("{}={}", name.trim(), self.hide(value)),
                    None => self.hide(cookie),
                };
                attributes.map_or(hidden.clone(), |attributes| format!("{hidden};{attributes}"))
            }
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, said)) => {
                    let user = STANDARD.decode(said.trim()).ok().and_then(|said| String::from_utf8(said).ok());
                    if let Some((_, password)) = user.as_deref().and_then(|user| user.split_once(':')) {
                        self.hide(password);
                    }
                    format!("{scheme} {}", self.hide(said))
                }
                None => self.hide(value),
            },
            name if self.names.is_secret(name) => self.hide(value),
            _ if value.contains('?') => self.target(value),
            _ if value.contains('=') => self.scan(value),
            _ => value.to_owned(),
        }
    }

    fn body(&mut self, body: &mut Body, headers: &Headers) {
        let Some(content) = body.content.take() else { return };
        let nature = Nature::of(headers);
        if nature == Nature::Multipart {
            let kind = value(headers, "content-type").unwrap_or_default();
            body.content = Some(self.multipart(&content, kind));
            return;
        }
        let Some(text) = body::text(&content).filter(|_| nature != Nature::Binary) else {
            // Looked through for what was found elsewhere.
            body.content = Some(content);
            return;
        };
        let hidden = match nature {
            Nature::Form => self.query(text),
            Nature::Json => self.json(text),
            _ if text.trim_start().starts_with(['{', '[']) => self.json(text),
            _ => {
                let fields = self.fields(text);
                self.scan(&fields)
            }
        };
        body.content = Some(hidden.into_bytes());
    }

    fn json(&mut self, text: &str) -> String {
        let Ok(mut value) = serde_json::from_str::<Value>(text) else { return self.scan(text) };
        let before = self.found.len();
        let mut hidden = 0;
        self.json_value(&mut value, &mut hidden);
        if hidden == 0 && before == self.found.len() { text.to_owned() } else { value.to_string() }
    }

    fn json_value(&mut self, value: &mut Value, hidden: &mut usize) {
        match value {
            Value::Object(fields) => {
                // `{"name": "password", "value": "…"}`
                let named = ["name", "key", "field", "id"]
                    .iter()
                    .any(|key| matches!(fields.get(*key), Some(Value::String(name)) if self.names.is_secret(name)));
                for (name, value) in fields {
                    if self.names.is_secret(name) || named && matches!(name.as_str(), "value" | "content" | "val") {
                        self.json_secret(value);
                        *hidden += 1;
                    } else {
                        self.json_value(value, hidden);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json_value(item, hidden)),
            Value::String(text) if text.starts_with("http") && text.contains('?') => {
                let clean = self.target(text);
                *hidden += usize::from(clean != *text);
                *text = clean;
            }
            _ => {}
        }
    }

    /// All that is in it, and then it is gone.
    fn json_secret(&mut self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => return,
            Value::Number(number) => drop(self.hide(&number.to_string())),
            Value::String(text) => drop(self.hide(text)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.json_secret(item)),
            Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| self.json_secret(value)),
        }
        *value = Value::String(STARS.into());
    }

    /// A form with files, part by part. Binary parts are only counted, or stay as they are.
    fn multipart(&mut self, content: &[u8], kind: &str) -> Vec<u8> {
        let boundary =
            kind.split(';').filter_map(|part| part.trim().split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("boundary"));
        let boundary = boundary.map(|(_, value)| value.trim_matches('"')).filter(|boundary| !boundary.is_empty());
        let Some(boundary) = boundary else {
            return self.scan(&String::from_utf8_lossy(content)).into_bytes();
        };
        let mark = format!("--{boundary}");
        let mut out = Vec::new();
        let mut parts = split(content, mark.as_bytes());
        // What is before the first one is nobody's.
        parts.next();
        for part in parts {
            out.extend_from_slice(mark.as_bytes());
            let (head, data) = match split_once(part, b"\r\n\r\n") {
                Some(halves) => halves,
                None => {
                    out.extend_from_slice(self.scan(&String::from_utf8_lossy(part)).as_bytes());
                    continue;
                }
            };
            let head = String::from_utf8_lossy(head);
            let name = FIELD_NAME.captures(&head).and_then(|found| found.get(1).or(found.get(2))).map(|name| name.as_str().to_owned());
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(b"\r\n\r\n");
            let ended = data.ends_with(b"\r\n");
            let data = if ended { &data[..data.len() - 2] } else { data };
            let shown = match body::text(data) {
                Some(text) if name.is_some_and(|name| self.names.is_secret(&name)) => self.hide(text),
                Some(text) if text.trim_start().starts_with(['{', '[']) => self.json(text),
                Some(text) => self.scan(text),
                None if self.keeps_files => {
                    out.extend_from_slice(data);
                    String::new()
                }
                None => format!("({} bytes)", data.len()),
            };
            out.extend_from_slice(shown.as_bytes());
            out.extend_from_slice(if ended { b"\r\n" } else { b"" });
        }
        out
    }

    /// Fields of forms in HTML, with the values that they have.
    fn fields(&mut self, text: &str) -> String {
        if !text.contains('<') {
            return text.to_owned();
        }
        let hide = |tag: &Captures<'_>| {
            let tag = &tag[0];
            let named = ATTRIBUTE.captures_iter(tag).any(|found| {
                matches!(found[1].to_ascii_lowercase().as_str(), "name" | "id" | "property" | "http-equiv")
                    && self.names.is_secret(unquoted(&found[2]))
            });
            // A name alone is no secret: it is what the field is called.
            let is_password = ATTRIBUTE
                .captures_iter(tag)
                .any(|found| found[1].eq_ignore_ascii_case("type") && unquoted(&found[2]).eq_ignore_ascii_case("password"));
            if !named && !is_password {
                return tag.to_owned();
            }
            let hidden = ATTRIBUTE.replace_all(tag, |found: &Captures<'_>| match found[1].to_ascii_lowercase().as_str() {
                "value" | "content" => format!("{}=\"{}\"", &found[1], self.hide(unquoted(&found[2]))),
                _ => found[0].to_owned(),
            });
            hidden.into_owned()
        };
        TAG.replace_all(text, hide).into_owned()
    }

    /// Whatever looks like a name with a value, in any text.
    fn scan(&mut self, text: &str) -> String {
        let hide = |found: &Captures<'_>| {
            if !self.names.is_secret(&found[2]) {
                return found[0].to_owned();
            }
            let (whole, value) = (&found[0], &found[4]);
            let before = &whole[..whole.len() - value.len()];
            let quote = QUOTES.iter().find(|quote| value.starts_with(*quote));
            match quote {
                Some(quote) => {
                    let inner = &value[quote.len()..];
                    let (inner, end) = inner.strip_suffix(quote).map_or((inner, ""), |inner| (inner, *quote));
                    if inner.is_empty() {
                        return whole.to_owned();
                    }
                    // Only what is quoted is surely a value.
                    format!("{before}{quote}{}{end}", self.hide(inner))
                }
                None => format!("{before}{STARS}"),
            }
        };
        let found = NAMED.replace_all(text, hide).into_owned();
        if !found.contains("</") {
            return found;
        }
        // `<password>…</password>`
        let hide = |element: &Captures<'_>| {
            if self.names.is_secret(&element[1]) { format!("<{}>{}</", &element[1], self.hide(&element[2])) } else { element[0].to_owned() }
        };
        ELEMENT.replace_all(&found, hide).into_owned()
    }
}
