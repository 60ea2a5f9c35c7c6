//! What the server says of the requests that it has answered.

use serde::Serialize;

use super::text::{neutralise, unescape};

/// What a line about requests starts with; `images/runtime/parity_runtime/request_log.py` writes it.
const MARK: &str = "\x1eparity-requests ";
/// Between two requests.
const SEPARATOR: char = '\x1e';

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// When it came: microseconds since 1970.
    pub at: i64,
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    pub status: u16,
    /// Microseconds from its first byte to the last byte of its answer.
    pub micros: u64,
    /// Of the answer's body.
    pub bytes: u64,
    /// The application has answered it; else Apache by itself, a static file for instance.
    pub by_application: bool,
    /// The client was gone before the answer was complete.
    pub aborted: bool,
}

impl Request {
    /// The requests of a line; `None`: not such a line. What cannot be read of it is left out.
    pub fn read(line: &str) -> Option<Vec<Self>> {
        Some(line.strip_prefix(MARK)?.split(SEPARATOR).filter_map(Self::fields).collect())
    }

    fn fields(text: &str) -> Option<Self> {
        let mut fields = text.splitn(9, '\t');
        let mut next = || fields.next();
        let (at, last_status, first_status, micros, bytes) = (next()?, next()?, next()?, next()?, next()?);
        let (connection, handler, method, path) = (next()?, next()?, next()?, next()?);
        Some(Self {
            at: at.parse().ok()?,
            // What the client has got.
            status: if first_status == "-" { last_status } else { first_status }.parse().ok()?,
            micros: micros.parse().ok()?,
            bytes: bytes.parse().ok()?,
            by_application: handler == "wsgi-script",
            aborted: connection == "X",
            method: neutralise(&unescape(method)),
            path: neutralise(&unescape(path)),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::protocol::testing::example;

    const ONE: &str = "1795801382000000\t200\t-\t12345\t5120\t+\twsgi-script\tGET\t/polls/3/";

    #[test]
    fn several_of_a_line() {
        let line = format!(
            "{MARK}{ONE}\x1e1795801382000001\t500\t413\t90\t0\tX\t-\tPOST\t/caf\\xc3\\xa9/\\x1b[2J\x1enonsense\x1e1\t200\t-\tx\t1\t+\t-\tGET\t/"
        );
        let requests = Request::read(&line).unwrap();
        assert_eq!(requests.len(), 2, "{requests:?}");
        assert_eq!((requests[0].status, requests[0].micros, requests[0].path.as_str()), (200, 12345, "/polls/3/"));
        assert!(requests[0].by_application && !requests[0].aborted);
        assert_eq!((requests[1].method.as_str(), requests[1].path.as_str()), ("POST", "/café/\\x1b[2J"));
        assert!(!requests[1].by_application && requests[1].aborted && requests[1].status == 413);
    }

    #[test]
    fn what_python_writes_is_read() {
        let line = example("request-log", "line");
        let requests = Request::read(line.as_str().unwrap()).unwrap();
        assert_eq!(requests.iter().map(|one| (one.status, one.path.as_str())).collect::<Vec<_>>(), [(200, "/polls/3/"), (413, "/café/")]);
    }

    #[test]
    fn other_lines_are_not() {
        assert_eq!(Request::read(ONE), None);
        assert_eq!(Request::read(&format!(" {MARK}{ONE}")), None);
        assert_eq!(Request::read(MARK), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn whatever_it_says_no_control_character_is_left(text in any::<String>()) {
            let line = format!("{MARK}1\t200\t-\t1\t1\t+\t-\t{text}\t{text}");
            for request in Request::read(&line).unwrap() {
                prop_assert!(!request.path.chars().chain(request.method.chars()).any(|c| c.is_control() && c != '\t' && c != '\x1b'));
            }
        }
    }
}
