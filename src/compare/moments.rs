//! What is another in each answer of a clean application: times, durations, ids, addresses. A text becomes its shape, with a mark
//! in the place of each, and the times beside it: two answers of one moment may tell times that are close, and in no other zone.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Two answers that are compared are given within so many seconds.
const TOLERANCE: i64 = 300;
const DAY: i64 = 86_400;
const QUARTER: i64 = 900;
/// Of a shift by whole quarters of an hour.
const SHARP: i64 = 120;

/// A time that a text tells, as a clock on the wall would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Days since 1970.
    Date(i64),
    /// Seconds since 1970 where it is told.
    Time(i64),
    /// Seconds since midnight.
    Clock(i64),
}

impl Moment {
    /// May both be what one clock shows?
    fn is_close(self, other: Self) -> bool {
        self.apart(other).is_some_and(|seconds| seconds.abs() <= TOLERANCE)
    }

    /// Seconds from one to the other.
    fn apart(self, other: Self) -> Option<i64> {
        match (self, other) {
            (Self::Date(one), Self::Date(other)) => Some((other - one).saturating_mul(DAY)),
            (Self::Time(one), Self::Time(other)) => Some(other - one),
            (Self::Clock(one), Self::Clock(other)) => {
                let seconds = (other - one).rem_euclid(DAY);
                Some(if seconds > DAY / 2 { seconds - DAY } else { seconds })
            }
            _ => None,
        }
    }
}

/// A text without what is another each time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    pub text: String,
    pub moments: Vec<Moment>,
}

impl Shape {
    /// Of two with the same text.
    pub fn has_same_moments(&self, other: &Self) -> bool {
        self.moments.len() == other.moments.len() && self.moments.iter().zip(&other.moments).all(|(one, other)| one.is_close(*other))
    }

    /// How far the times of two are apart, where that is what time zones are apart: `+2 h`.
    pub fn zone_shift(&self, other: &Self) -> Option<String> {
        let shift = |(one, other): (&Moment, &Moment)| match (one, other) {
            (Moment::Date(_), _) => None,
            _ => one.apart(*other),
        };
        let seconds = self.moments.iter().zip(&other.moments).filter_map(shift).find(|seconds| seconds.abs() > TOLERANCE)?;
        let quarters = (seconds + seconds.signum() * QUARTER / 2) / QUARTER;
        let is_zone = quarters.abs() >= 2 && quarters.abs() <= 26 * 4 && (seconds - quarters * QUARTER).abs() <= SHARP;
        let (sign, minutes) = (if quarters < 0 { '-' } else { '+' }, quarters.abs() * 15);
        is_zone.then(|| match (minutes / 60, minutes % 60) {
            (0, minutes) => format!("{sign}{minutes} min"),
            (hours, 0) => format!("{sign}{hours} h"),
            (hours, minutes) => format!("{sign}{hours} h {minutes} min"),
        })
    }
}

type Reader = fn(&Captures<'_>) -> Option<(Moment, String)>;

/// Ways to write a time, the most special first.
static TIMES: LazyLock<Vec<(Regex, Reader)>> = LazyLock::new(|| {
    const DAY_NAME: &str = r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*";
    const MONTH: &str = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";
    const TIME: &str = r"(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?";
    const ZONE: &str = r"(?: ?(?P<zone>Z|UTC|GMT|[A-Z]{2,4}T|[+-]\d\d:?\d\d)\b)?";
    let all: [(String, Reader); 7] = [
        (format!(r"\b(?P<y>\d{{4}})-(?P<mo>\d\d)-(?P<d>\d\d)(?:[T _]{TIME}{ZONE})?"), written),
        (format!(r"{DAY_NAME},? (?P<d>\d{{1,2}})[ -]{MONTH}[ -](?P<y>\d{{4}}|\d\d) {TIME}{ZONE}"), written),
        (format!(r"{DAY_NAME},? {MONTH} +(?P<d>\d{{1,2}}) {TIME}{ZONE} (?P<y>\d{{4}})"), written),
        (
            format!(
                r"\b{MONTH}\.? (?P<d>\d{{1,2}}), (?P<y>\d{{4}})(?:,? (?:(?:at )?(?P<h>\d{{1,2}})(?::(?P<m>\d\d))?(?: (?P<half>[ap])\.?m\.?)?|(?P<word>noon|midnight)))?"
            ),
            written,
        ),
        (format!(r"\b(?P<d>\d{{1,2}})\.? {MONTH}\.? (?P<y>\d{{4}})(?:,? {TIME}{ZONE})?"), written),
        (format!(r"\b{TIME}(?: ?(?P<half>[ap])\.?m\b\.?)?{ZONE}"), written),
        (r"\b(?P<epoch>1[5-9]\d{8})(?:\d{3}|\d{6})?(?:\.\d+)?\b".into(), |found| {
            Some((Moment::Time(found["epoch"].parse().ok()?), "epoch".into()))
        }),
    ];
    all.into_iter().filter_map(|(pattern, read)| Some((Regex::new(&pattern).ok()?, read))).collect()
});

/// What means nothing but that it is another each time.
static IDS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r#"(?i)\b(nonce)(=["']?|-)[\w+/=-]+"#, "$1$2<nonce>"),
        (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b\d+([.,]\d+)? ?(ms|µs|ns|milliseconds|seconds|sec)\b", "<duration>"),
        (r"(?i)\b0x[0-9a-f]{6,}\b", "<address>"),
        (r"(?i)\b[0-9a-f]{16,}\b", "<hex>"),
        // Crockford's and ULID's alphabet.
        (r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b", "<ulid>"),
    ]
    .into_iter()
    .filter_map(|(pattern, put)| Some((Regex::new(pattern).ok()?, put)))
    .collect()
});

/// Around the number of a moment while the text is looked through.
const MARK: char = '\u{e000}';

/// The shape of a text.
pub fn shape(text: &str) -> Shape {
    let mut text = text.replace(MARK, " ");
    for (pattern, put) in IDS.iter().take(2) {
        replace(pattern, &mut text, |found| expanded(found, put));
    }
    let mut found: Vec<(Moment, String)> = Vec::new();
    for (pattern, read) in TIMES.iter() {
        replace(pattern, &mut text, |captures| match read(captures) {
            Some(told) => {
                found.push(told);
                format!("{MARK}{}{MARK}", found.len() - 1)
            }
            None => captures[0].to_owned(),
        });
    }
    for (pattern, put) in IDS.iter().skip(2) {
        replace(pattern, &mut text, |found| expanded(found, put));
    }
    let mut shape = Shape::default();
    for (at, part) in text.split(MARK).enumerate() {
        match part.parse::<usize>().ok().and_then(|number| found.get(number)).filter(|_| at % 2 == 1) {
            Some((moment, zone)) => {
                shape.moments.push(*moment);
                let kind = if matches!(moment, Moment::Date(_)) { "date" } else { "time" };
                let space = if zone.is_empty() { "" } else { " " };
                shape.text += &format!("<{kind}{space}{zone}>");
            }
            None => shape.text += part,
        }
    }
    shape
}

fn replace(pattern: &Regex, text: &mut String, put: impl FnMut(&Captures<'_>) -> String) {
    if pattern.is_match(text) {
        *text = pattern.replace_all(text, put).into_owned();
    }
}

fn expanded(found: &Captures<'_>, put: &str) -> String {
    let mut text = String::new();
    found.expand(put, &mut text);
    text
}

/// Whatever there is of a date and a time of day.
fn written(found: &Captures<'_>) -> Option<(Moment, String)> {
    let named = |name: &str| found.name(name).map(|found| found.as_str());
    let number = |name: &str| named(name).and_then(|text| text.parse::<i64>().ok());
    let month = match named("month") {
        Some(name) => Some(
            1 + ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                .iter()
                .position(|known| *known == name)? as i64,
        ),
        None => number("mo"),
    };
    let seconds = match (number("h"), named("word")) {
        (Some(hour), _) => {
            let (minute, second) = (number("m").unwrap_or(0), number("s").unwrap_or(0));
            if hour > 24 || minute > 59 || second > 60 {
                return None;
            }
            let hour = match named("half") {
                Some("p") => hour % 12 + 12,
                Some(_) => hour % 12,
                None => hour,
            };
            Some(hour * 3600 + minute * 60 + second)
        }
        (None, Some(word)) => Some(if word == "noon" { DAY / 2 } else { 0 }),
        (None, None) => None,
    };
    let zone = named("zone").unwrap_or_default().to_owned();
    let (Some(year), Some(month), Some(day)) = (number("y"), month, number("d")) else {
        return Some((Moment::Clock(seconds?), zone));
    };
    let year = if year < 100 { year + 2000 } else { year };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days(year, month, day);
    Some((seconds.map_or(Moment::Date(days), |seconds| Moment::Time(days * DAY + seconds)), zone))
}

/// Days since 1970 of a date in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (year.div_euclid(400), (month + 9) % 12);
    let of_era = year.rem_euclid(400);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(one: &str, other: &str) -> bool {
        let (one, other) = (shape(one), shape(other));
        one.text == other.text && one.has_same_moments(&other)
    }

    #[test]
    fn all_patterns_are_patterns() {
        assert_eq!((TIMES.len(), IDS.len()), (7, 6));
    }

    #[test]
    fn times_of_one_moment_are_the_same() {
        for (one, other) in [
            ("at 2026-11-27T14:02:07.123Z!", "at 2026-11-27T14:02:08.001Z!"),
            ("Fri, 27 Nov 2026 23:59:59 GMT", "Sat, 28 Nov 2026 00:00:01 GMT"),
            ("Fri Nov 27 14:02:07 2026", "Fri Nov 27 14:02:09 2026"),
            ("<b>Nov. 27, 2026, 11:59 a.m.</b>", "<b>Nov. 27, 2026, noon</b>"),
            ("27 November 2026", "27 November 2026"),
            ("23:59:58", "00:00:01"),
            ("t=1790000000", "t=1790000012.5"),
            ("t=1790000000123", "t=1790000001000"),
            ("id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-e89b-12d3-a456-426614174000"),
            ("script-src 'nonce-abc='", "script-src 'nonce-xyz='"),
            ("took 12 ms", "took 1.5 ms"),
            ("<object at 0x7f3a5c0d1e80>", "<object at 0x7f3a5c0d1f90>"),
            ("oid 507f1f77bcf86cd799439011", "oid 65a1b2c3d4e5f60718293a4b"),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"),
        ] {
            assert!(is_same(one, other), "{one} / {other}: {:?} {:?}", shape(one), shape(other));
        }
    }

    #[test]
    fn another_zone_another_day_and_everything_else_are_not() {
        for (one, other) in [
            ("2026-11-27T14:02:07Z", "2026-11-27T16:02:07Z"),
            ("2026-11-27T14:02:07+00:00", "2026-11-27T14:02:07+02:00"),
            ("14:02 UTC", "14:02 CET"),
            ("14:02", "15:02"),
            ("2026-11-27", "2026-11-28"),
            ("2026-11-27", "2026-11-27 10:00"),
            ("version 3.12", "version 3.13"),
            ("id 12", "id 13"),
            ("app.3f2a91bc1d2e.css", "app.3f2a91bc1d2f.css"),
            ("99:99", "99:98"),
        ] {
            assert!(!is_same(one, other), "{one} / {other}");
        }
        let shift = |one: &str, other: &str| shape(one).zone_shift(&shape(other));
        assert_eq!(shift("at 14:02:07", "at 16:02:09").as_deref(), Some("+2 h"));
        assert_eq!(shift("2026-11-27 23:02", "2026-11-28 04:31").as_deref(), Some("+5 h 30 min"));
        assert_eq!(shift("2026-11-27 23:02", "2026-11-27 18:02").as_deref(), Some("-5 h"));
        assert_eq!(shift("14:02", "14:21"), None);
        assert_eq!(shift("2026-11-27", "2026-11-28"), None);
    }
}
