//! Requests as a list: a line each.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::model::{Redacted, Summary};
use crate::units::quantity;

/// The titles of the columns.
pub const TITLES: [&str; 8] = ["ID", "AGE", "METHOD", "STATUS", "TIME", "SIZE", "SQL", "PATH"];

/// For people, a cell for each column. `now`: microseconds since 1970.
pub fn cells(summary: &Redacted<Summary>, now: i64) -> [String; 8] {
    let error = summary.error.as_ref().map(|error| format!("  {error}")).unwrap_or_default();
    [
        summary.id.to_string(),
        age(now.saturating_sub(summary.began)),
        summary.method.clone(),
        summary.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
        quantity::micros(summary.micros),
        quantity::bytes(summary.size),
        if summary.statements > 0 { summary.statements.to_string() } else { "-".into() },
        format!("{}{error}", summary.target),
    ]
}

/// For programs.
pub fn json(summary: &Redacted<Summary>) -> Value {
    json!({
        "id": summary.id,
        "began": when(summary.began),
        "method": summary.method,
        "target": summary.target,
        "status": summary.status,
        "milliseconds": millis(summary.micros),
        "bytes": summary.size,
        "statements": summary.statements,
        "error": summary.error,
    })
}

pub fn when(micros: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.replace_nanosecond(time.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

pub fn millis(micros: u64) -> f64 {
    (micros as f64 / 10.0).round() / 100.0
}

/// `12 s`, `3 min`
fn age(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        ..0 => "0 s".into(),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{Names, Raised, Recorded, Redaction, testing};

    #[test]
    fn a_line_each() {
        let summary = |change: fn(&mut crate::requests::Exchange)| {
            Redaction::new(Names::default()).summary(&Recorded::new(testing::exchange(change).summary()))
        };
        let failed = summary(|exchange| {
            exchange.id = 1234;
            exchange.status = None;
            exchange.error = Some(Raised { kind: "KeyError".into(), ..Raised::default() });
            exchange.target = "/cart?token=x".into();
            exchange.timings.total = 2_340_000;
            exchange.more_statements = 3;
        });
        let cells = |summary| cells(&summary, 1_790_000_180_000_000).join(" | ");
        assert_eq!(cells(summary(|_| ())), "7 | 2 min | GET | 200 | 12 ms | 5 B | - | /polls/3/?page=2");
        assert_eq!(cells(failed), "1234 | 2 min | GET | - | 2.3 s | 5 B | 3 | /cart?token=***  KeyError");
        assert_eq!(
            json(&summary(|_| ())).to_string(),
            r#"{"id":7,"began":"2026-09-21T14:13:20.123Z","method":"GET","target":"/polls/3/?page=2","status":200,"milliseconds":12.4,"bytes":5,"statements":0,"error":null}"#
        );
    }
}
