//! Takes secrets out of what is shown and exported.
//!
//! In two steps. By name: the values of headers, cookies, and fields of URLs, forms, JSON and HTML whose name [`Names`] knows become
//! `***`. By value: what was found so is looked for in all the rest of the exchange, in the page that repeats it, the traceback, the
//! statement.

use std::io::IsTerminal;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::{Captures, Regex};
use serde_json::Value;
use url::form_urlencoded;

use super::body::{self, Nature};
use super::model::{Body, Exchange, Headers, Recorded, Redacted, Summary, value};
use super::names::Names;
use crate::units::{Redactor, Secret};

/// What stands where a secret was.
pub const STARS: &str = "***";

/// Proof that what is shown is shown to a person: stdout is a terminal.
#[derive(Debug)]
pub struct OnTerminal(());

impl OnTerminal {
    pub fn check() -> Option<Self> {
        std::io::stdout().is_terminal().then_some(Self(()))
    }
}

/// Makes what is recorded fit to be shown.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    names: Names,
    reveals: bool,
}

impl Redaction {
    pub fn new(names: Names) -> Self {
        Self { names, reveals: false }
    }

    /// Leaves secrets where they are, for somebody who asked to see them.
    #[must_use]
    pub fn revealing(self, _: OnTerminal) -> Self {
        Self { reveals: true, ..self }
    }

    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Bodies are unpacked in it; those that cannot be looked into are left out.
    pub fn exchange(&self, recorded: &Recorded) -> Redacted {
        self.all(&[recorded]).into_iter().next().unwrap_or_else(|| Redacted::new(Exchange::default()))
    }

    /// Two of the same request, for a comparison: what is secret in one is hidden in both.
    pub fn pair(&self, one: &Recorded, other: &Recorded) -> (Redacted, Redacted) {
        let mut both = self.all(&[one, other]).into_iter();
        let empty = || Redacted::new(Exchange::default());
        (both.next().unwrap_or_else(empty), both.next().unwrap_or_else(empty))
    }

    pub fn summary(&self, recorded: &Recorded<Summary>) -> Redacted<Summary> {
        let mut summary = recorded.expose().clone();
        if !self.reveals {
            summary.target = Hiding::new(&self.names).target(&summary.target);
        }
        Redacted::new(summary)
    }

    /// What is stored where secrets are not: the same with `***` in their place. A body without a secret stays as it is; one that was packed
    /// is unpacked for it, and one that cannot be looked into is left out.
    pub fn stored(&self, recorded: Recorded) -> Recorded {
        let mut exchange = recorded.into_exposed();
        let before = exchange.clone();
        for (body, headers) in bodies(&mut exchange) {
            body.content = body::content(body, headers);
        }
        let mut hiding = Hiding { keeps_files: true, ..Hiding::new(&self.names) };
        hiding.exchange(&mut exchange);
        cleanse(&mut exchange, &hiding.redactor());
        keep_packed(&mut exchange.request_body, &mut exchange.request_headers, &before.request_body, &before.request_headers);
        keep_packed(&mut exchange.response_body, &mut exchange.response_headers, &before.response_body, &before.response_headers);
        exchange.without_secrets = true;
        Recorded::new(exchange)
    }

    /// Any number of the same request, in their order: what is secret in one is hidden in all.
    pub fn all(&self, exchanges: &[&Recorded]) -> Vec<Redacted> {
        let mut hiding = Hiding::new(&self.names);
        let hidden: Vec<Exchange> = exchanges
            .iter()
            .map(|exchange| {
                let mut shown = exchange.expose().clone();
                for (body, headers) in bodies(&mut shown) {
                    body.content = body::content(body, headers);
                }
                if !self.reveals {
                    hiding.exchange(&mut shown);
                }
                shown
            })
            .collect();
        let redactor = hiding.redactor();
        let clean = |mut exchange: Exchange| {
            if !self.reveals {
                cleanse(&mut exchange, &redactor);
            }
            Redacted::new(exchange)
        };
        hidden.into_iter().map(clean).collect()
    }
}

fn bodies(exchange: &mut Exchange) -> [(&mut Body, &Headers); 2] {
    [(&mut exchange.request_body, &exchange.request_headers), (&mut exchange.response_body, &exchange.response_headers)]
}

/// Has the body as it passed if nothing in it is hidden; otherwise says that it is not packed any more.
fn keep_packed(body: &mut Body, headers: &mut Headers, passed: &Body, passed_headers: &Headers) {
    if !body::is_packed(passed_headers) || body.content.is_none() {
        return;
    }
    if body.content == body::content(passed, passed_headers) {
        body.content.clone_from(&passed.content);
    } else {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding"));
    }
}

/// Values that are hidden where they are found by name, and looked for nowhere else.
const WORDS: [&str; 8] = ["true", "false", "none", "null", "undefined", "bearer", "basic", "password"];
/// A number that is shorter is one of many.
const SHORTEST_NUMBER: usize = 6;

/// The first step: by name.
pub(super) struct Hiding<'a> {
    names: &'a Names,
    found: Vec<Secret>,
    /// Parts of forms that are no text stay as they are.
    keeps_files: bool,
}

impl<'a> Hiding<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        Self { names, found: Vec::new(), keeps_files: false }
    }

    fn redactor(&self) -> Redactor {
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

    fn exchange(&mut self, exchange: &mut Exchange) {
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
    fn target(&mut self, target: &str) -> String {
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

    fn header(&mut self, name: &str, value: &str) -> String {
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

    /// A form with files, part by part. What is no text is only counted, or stays as it is.
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

/// The second step: by value.
fn cleanse(exchange: &mut Exchange, redactor: &Redactor) {
    let texts = [&mut exchange.target, &mut exchange.origin, &mut exchange.reason, &mut exchange.method];
    texts.into_iter().for_each(|text| *text = redactor.clean(text));
    for (_, value) in exchange.request_headers.iter_mut().chain(&mut exchange.response_headers).chain(&mut exchange.environ) {
        *value = redactor.clean(value);
    }
    for statement in &mut exchange.statements {
        statement.sql = redactor.clean(&statement.sql);
    }
    for text in exchange.templates.iter_mut().chain(&mut exchange.log) {
        *text = redactor.clean(text);
    }
    if let Some(error) = &mut exchange.error {
        error.text = redactor.clean(&error.text);
        error.traceback = redactor.clean(&error.traceback);
        for (_, text) in error.locals.iter_mut().flat_map(|frame| &mut frame.locals) {
            *text = redactor.clean(text);
        }
    }
    for (body, _) in bodies(exchange) {
        let Some(content) = body.content.take() else { continue };
        body.content = match body::text(&content) {
            Some(text) => Some(redactor.clean(text).into_bytes()),
            // Half a picture is none.
            None => redactor.clean_bytes(&content).is_none().then_some(content),
        };
    }
}

/// `name=`, `filename=` of a part of a form.
pub(super) static FIELD_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)content-disposition:[^\r\n]*?[;\s]name=(?:"([^"\r\n]*)"|([^;\s]*))"#));
pub(super) static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<(?:input|meta|button|option|param)\b[^>]*>"));
pub(super) static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?s)([\w:.-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)"#));
static ELEMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<([\w.:-]{2,64})>([^<]*)</"));
/// How values are quoted in texts: in JSON, in JSON within JSON, in HTML.
const QUOTES: [&str; 7] = ["\\\"", "\"", "'", "&quot;", "&#34;", "&#39;", "&#x27;"];
/// A quote or none (1), a name (2), how the value is joined to it (3), the value with its quotes (4).
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)
    ( \\?["'] | &quot; | &\#34; | &\#39; | &\#x27; )?
    ( [\w] [\w.\-\[\]]{1,63} )
    ( (?: \\?["'] | &quot; | &\#34; | &\#39; | &\#x27; )? \s* (?: : | => | = ) \s* )
    ( \\" (?s:.*?) (?: \\" | \z )
    | " (?: [^"\\] | \\. )* (?: " | \z )
    | ' (?: [^'\\] | \\. )* (?: ' | \z )
    | &quot; (?s:.*?) (?: &quot; | \z )
    | &\#34; (?s:.*?) (?: &\#34; | \z )
    | &\#39; (?s:.*?) (?: &\#39; | \z )
    | &\#x27; (?s:.*?) (?: &\#x27; | \z )
    | [^\s&;,<>"'{}()\[\]]+
    )"#,
    )
});

/// The patterns are here, and tested.
#[allow(clippy::expect_used, reason = "the texts are constants")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a regular expression")
}

pub(super) fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

pub(super) fn decoded(text: &str) -> String {
    let text = text.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

/// Of HTML.
pub(super) fn unescaped(text: &str) -> String {
    let plain = text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#x27;", "'").replace("&#39;", "'");
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn split<'b>(bytes: &'b [u8], mark: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let current = rest?;
        match split_once(current, mark) {
            Some((before, behind)) => {
                rest = Some(behind);
                Some(before)
            }
            None => rest.take(),
        }
    })
}

fn split_once<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

#[cfg(test)]
mod tests;
