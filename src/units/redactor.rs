//! Keeps secret values out of what is printed.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::Secret;

/// Shorter values are words that are everywhere.
const SHORTEST: usize = 4;
/// Values that are words which are everywhere, and no secrets.
const WORDS: [&str; 23] = [
    "true",
    "false",
    "none",
    "null",
    "http",
    "https",
    "utf8",
    "utf-8",
    "debug",
    "info",
    "warn",
    "warning",
    "error",
    "critical",
    "production",
    "development",
    "staging",
    "testing",
    "localhost",
    "127.0.0.1",
    "0.0.0.0",
    "sqlite",
    "sqlite3",
];
/// Lines of a value that has several, such as a key, are looked for by themselves.
const SHORTEST_LINE: usize = 8;
const STARS: &str = "***";

/// `user:password@` in a URL.
static PASSWORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(://[^\s/:@?#]*):[^\s/@]+@").ok());

/// The values that are not shown.
#[derive(Clone, Default)]
pub struct Redactor {
    /// In all the ways that they may be written, the longest first.
    values: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut values = Vec::new();
        for value in secrets.into_iter().map(Secret::expose).filter(|value| !WORDS.contains(&value.trim().to_ascii_lowercase().as_str())) {
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE && line.len() < value.len());
            for text in lines.chain([value]).filter(|text| text.chars().count() >= SHORTEST && !text.trim().is_empty()) {
                values.extend(ways(text));
            }
        }
        values.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        values.dedup();
        Self { values }
    }

    /// There is something to look for.
    pub fn looks(&self) -> bool {
        !self.values.is_empty()
    }

    /// The bytes without the values; `None`: none of them is there.
    pub fn clean_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut clean: Option<Vec<u8>> = None;
        for value in self.values.iter().map(String::as_bytes) {
            let current = clean.as_deref().unwrap_or(bytes);
            if let Some(first) = find(current, value) {
                clean = Some(replaced(current, first, value));
            }
        }
        clean
    }

    /// The text without the values.
    pub fn clean(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), STARS));
            }
        }
        match &*PASSWORD {
            Some(password) if text.contains("://") => password.replace_all(&text, format!("$1:{STARS}@")).into_owned(),
            _ => text.into_owned(),
        }
    }
}

/// Where a value begins. Most bytes are not its first one.
fn find(bytes: &[u8], value: &[u8]) -> Option<usize> {
    let (first, last) = (*value.first()?, bytes.len().checked_sub(value.len())?);
    let mut from = 0;
    while from <= last {
        from += bytes[from..=last].iter().position(|byte| *byte == first)?;
        if bytes[from..].starts_with(value) {
            return Some(from);
        }
        from += 1;
    }
    None
}

fn replaced(bytes: &[u8], first: usize, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut rest, mut found) = (bytes, Some(first));
    while let Some(at) = found {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(STARS.as_bytes());
        rest = &rest[at + value.len()..];
        found = find(rest, value);
    }
    out.extend_from_slice(rest);
    out
}

/// A value as it is, and as URLs, forms, HTML and JSON have it.
fn ways(value: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let json = serde_json::Value::from(value).to_string();
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut ways = vec![
        value.to_owned(),
        form.replace('+', "%20"),
        form,
        json.get(1..json.len() - 1).unwrap_or_default().to_owned(),
        html.replace('\'', "&#x27;"),
        html.replace('\'', "&#39;"),
        visible(value),
    ];
    ways.retain(|way| way.chars().count() >= SHORTEST);
    ways
}

/// Makes control characters visible, all but line ends and tabs.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                out.extend(c.escape_default());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_in_every_way_they_may_be_written() {
        let redactor = Redactor::new(&[Secret::new("p&ss \"word\""), Secret::new("abc"), Secret::new("one line of it\nand another one\n")]);
        for text in ["p&ss \"word\"", "p%26ss%20%22word%22", "p%26ss+%22word%22", "p&amp;ss &quot;word&quot;", r#"p&ss \"word\""#] {
            assert_eq!(redactor.clean(&format!("<{text}>")), "<***>", "{text}");
        }
        assert_eq!(redactor.clean("abc and another one"), "abc ***");
        let words = Redactor::new(&[Secret::new("True"), Secret::new("sqlite3"), Secret::new("production")]);
        assert_eq!(words.clean("settings/production.py: True, sqlite3"), "settings/production.py: True, sqlite3");
        assert!(!words.looks() && redactor.looks());
        assert_eq!(redactor.clean_bytes(b"\xffp&ss \"word\"\xffp%26ss+%22word%22").unwrap(), b"\xff***\xff***");
        assert_eq!(redactor.clean_bytes(b"\xffabc p&ss"), None);
        assert_eq!(redactor.clean("at https://me:hush@example.com/x"), "at https://me:***@example.com/x");
        assert_eq!(redactor.clean("at https://example.com/a:b@c"), "at https://example.com/a:b@c");
    }
}
