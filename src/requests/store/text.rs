//! A text that is looked for in all that is stored of requests, in whichever case.

use regex::bytes::{Regex, RegexBuilder};
use rusqlite::Row;

use super::{Failure, Kind, Result};

/// Bytes that a long text takes when it is made ready; no command line has one that takes more.
const MOST: usize = 256 << 20;

/// A text, made ready once for many requests: no copy in small letters is made of each.
#[derive(Debug)]
pub struct Wanted {
    text: Regex,
    /// As it is in JSON, where a quote or a line end is written in another way.
    in_json: Regex,
}

impl Wanted {
    /// # Errors
    /// A text of many megabytes.
    pub fn new(text: &str) -> Result<Self> {
        let ready = |text: &str| {
            let built = RegexBuilder::new(&regex::escape(text)).case_insensitive(true).size_limit(MOST).build();
            built.map_err(|error| Failure::new(Kind::Usage, "the text to look for is too long").caused_by(&error))
        };
        let in_json = serde_json::Value::from(text).to_string();
        Ok(Self { text: ready(text)?, in_json: ready(&in_json[1..in_json.len() - 1])? })
    }

    /// Is it in a request? Its JSON and its two bodies are in the row from this column on.
    pub fn is_in(&self, row: &Row<'_>, first: usize) -> rusqlite::Result<bool> {
        if self.in_json.is_match(row.get_ref(first)?.as_str().unwrap_or_default().as_bytes()) {
            return Ok(true);
        }
        for column in [first + 1, first + 2] {
            if row.get_ref(column)?.as_blob_or_null().ok().flatten().is_some_and(|body| self.text.is_match(body)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
