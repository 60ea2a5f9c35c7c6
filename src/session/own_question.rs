//! What an application logs of parity's own question whether it answers. That nothing is at its path is told beside the URL.

use std::time::{Duration, Instant};

use crate::logs::{Record, RecordKind};

/// A line of the log may come so long after the answer.
const LATE: Duration = Duration::from_secs(1);

/// The question.
#[derive(Debug, Default)]
pub struct OwnQuestion {
    /// As Django says it, and those that follow it.
    said: Option<String>,
    /// When the answer came, from which on nobody else's `Not Found` is taken for it.
    until: Option<Instant>,
}

impl OwnQuestion {
    pub fn at(url: &str) -> Self {
        let said = url::Url::parse(url).ok().map(|url| format!("Not Found: {}", url.path()));
        Self { said, until: None }
    }

    pub fn answered(&mut self, status: u16) {
        if status == 404 {
            self.until = Some(Instant::now() + LATE);
        } else {
            self.said = None;
        }
    }

    /// Is this record of it? One is.
    pub fn is_told_by(&mut self, record: &Record) -> bool {
        let Some(said) = &self.said else { return false };
        let [line] = &record.lines[..] else { return false };
        let is = record.kind == RecordKind::Application
            && line.text.ends_with(said.as_str())
            && self.until.is_none_or(|until| Instant::now() < until);
        if is {
            self.said = None;
        }
        is
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Paths, Reader, Stream};

    fn records(line: &str) -> Vec<Record> {
        let mut reader = Reader::new(Paths::of_project("/home/ada/shop"));
        let mut records = reader.feed(Stream::Stderr, line.as_bytes());
        records.extend(reader.flush());
        records
    }

    #[test]
    fn one_record_is_of_the_question() {
        let mut own = OwnQuestion::at("http://127.0.0.1:8000/");
        let [other, not_found] = [&records("Not Found: /favicon.ico\n")[0], &records("WARNING Not Found: /\n")[0]];
        assert!(!own.is_told_by(other));
        own.answered(404);
        assert!(own.is_told_by(not_found) && !own.is_told_by(not_found), "the next one is somebody else's");
        let mut own = OwnQuestion::at("http://127.0.0.1:8000/");
        own.answered(200);
        assert!(!own.is_told_by(not_found));
    }
}
