//! Requests that failed without a word in the log: the first one gets a hint.

use super::{RecordKind, Request};

const HINT: &str = "the application has logged nothing of it: `parity up --record` keeps tracebacks, and `parity requests show` shows them; \
                    where DEBUG is off, Django logs them only with a handler of your own in LOGGING";

/// What a log has said so far.
#[derive(Debug, Default)]
pub struct Unexplained {
    /// A traceback at any time: the application, or whoever imports it, does log what it fails with.
    explains: bool,
    /// Anything of the application's since the last failed request.
    has_spoken: bool,
    is_told: bool,
}

impl Unexplained {
    pub fn hear(&mut self, kind: RecordKind) {
        self.explains |= matches!(kind, RecordKind::Traceback | RecordKind::Error | RecordKind::Warning);
        self.has_spoken |= kind == RecordKind::Application;
    }

    /// Somebody else tells what the application fails with.
    pub fn has_explained(&mut self) {
        self.explains = true;
    }

    /// A hint for these requests, which have just been answered. What the log has to say of them has come before.
    pub fn hint(&mut self, requests: &[Request]) -> Option<String> {
        if !requests.iter().any(|request| request.status == 500 && request.by_application) {
            return None;
        }
        let has_spoken = std::mem::take(&mut self.has_spoken);
        if self.explains || has_spoken || self.is_told {
            return None;
        }
        self.is_told = true;
        Some(HINT.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Paths, Reader, Stream};

    fn requests(status: u16, handler: &str) -> String {
        format!("\x1eparity-requests 1\t{status}\t-\t90\t0\t+\t{handler}\tGET\t/\n")
    }

    fn hints(log: &str) -> usize {
        hints_of(Reader::new(Paths::default()), log)
    }

    fn hints_of(mut reader: Reader, log: &str) -> usize {
        let mut records = reader.feed(Stream::Stderr, log.as_bytes());
        records.extend(reader.flush());
        records.iter().filter(|record| record.hint.as_deref() == Some(HINT)).count()
    }

    #[test]
    fn the_first_request_that_failed_without_a_word_has_a_hint() {
        let failed = requests(500, "wsgi-script");
        assert_eq!(hints(&failed), 1);
        assert_eq!(hints(&failed.repeat(3)), 1);
        assert_eq!(hints(&(requests(200, "wsgi-script") + &requests(500, "-") + &requests(404, "wsgi-script"))), 0);
        assert_eq!(hints(&format!("something went wrong\n{failed}")), 0);
        assert_eq!(hints(&format!("something went wrong\n{failed}{failed}")), 1);
        let traceback = "Traceback (most recent call last):\n  File \"/app/wsgi.py\", line 1, in <module>\n    x\nNameError: x\n";
        assert_eq!(hints(&format!("{traceback}started\n{failed}{failed}")), 0);
    }

    #[test]
    fn of_what_lies_before_the_part_that_is_read_nothing_is_said() {
        assert_eq!(hints_of(Reader::new(Paths::default()).from_midway(), &requests(500, "wsgi-script")), 0);
    }
}
