//! Words for what the agent says.

use crate::logs::{self, Record};
use crate::plan::Plan;
use crate::runtime::protocol::Response;
use crate::session::wait;

/// Characters of a URL's path that are shown.
const MOST_OF_A_PATH: usize = 80;

/// What was cut off, for people. The paths are the container's word, and may hold anything.
pub(super) fn cut(responses: &[Response]) -> String {
    let one = |response: &Response| {
        let path: String = response.path.chars().take(MOST_OF_A_PATH).collect();
        let tenths = response.milliseconds / 100;
        let seconds = if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() };
        format!("streaming for {seconds} s: {}", path.escape_debug())
    };
    match responses {
        [response] => format!("cut a response that had been {}", one(response)),
        _ => format!("cut {} responses that had been {}", responses.len(), responses.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}

/// A traceback as the log would have it.
pub(super) fn record_of(text: &str, plan: &Plan) -> Record {
    let mut reader = wait::reader(plan);
    let mut records = reader.feed(logs::Stream::Stderr, text.as_bytes());
    records.extend(reader.flush());
    let mut lines = Vec::new();
    let mut hint = None;
    for record in records {
        lines.extend(record.lines);
        hint = hint.or(record.hint);
    }
    Record { hint, ..Record::new(logs::RecordKind::Traceback, lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off() {
        let response = |path: &str, milliseconds| Response { path: path.into(), milliseconds };
        assert_eq!(cut(&[response("/events", 12_345)]), "cut a response that had been streaming for 12 s: /events");
        let two = [response("/a", 640), response("/b\u{1b}[2J", 9_990)];
        assert_eq!(cut(&two), "cut 2 responses that had been streaming for 0.6 s: /a, streaming for 9.9 s: /b\\u{1b}[2J");
    }
}
