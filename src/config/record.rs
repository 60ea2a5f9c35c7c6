//! What is recorded of requests: the settings about it.

use super::value::{self, Given, Mismatch, Part, Shape, Value, text};
use crate::units::Sourced;

/// How requests are recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// Record them.
    pub on: Option<Sourced<bool>>,
    /// How many are kept.
    pub keep: Option<Sourced<Keep>>,
    /// How much of a body is kept.
    pub body_limit: Option<Sourced<Bytes>>,
    /// Names of further fields with secrets.
    pub redact: Option<Sourced<Vec<String>>>,
    /// Variables of an exception's frames are recorded.
    pub locals: Option<Sourced<bool>>,
    /// Secrets are stored, as a replay needs them.
    pub secrets: Option<Sourced<bool>>,
}

impl Record {
    pub fn keep(&self) -> Keep {
        self.keep.as_ref().map(|keep| keep.value).unwrap_or_default()
    }

    /// Bytes of a body.
    pub fn body_limit(&self) -> u64 {
        self.body_limit.as_ref().map_or(BODY_LIMIT, |limit| limit.value.0)
    }

    /// What the recorder keeps of each request.
    pub fn extent(&self) -> Extent {
        Extent { body_limit: self.body_limit(), locals: self.locals.as_ref().is_some_and(|locals| locals.value) }
    }

    /// Are secrets stored?
    pub fn secrets(&self) -> bool {
        self.secrets.as_ref().is_none_or(|secrets| secrets.value)
    }

    pub fn redact(&self) -> &[String] {
        self.redact.as_ref().map(|names| names.value.as_slice()).unwrap_or_default()
    }
}

/// What the recorder keeps of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of a body.
    pub body_limit: u64,
    /// The variables of an exception's frames.
    pub locals: bool,
}

/// Of a body that is larger, its size and digest are kept.
const BODY_LIMIT: u64 = 1 << 20;
/// A limit that is higher would be one of memory.
pub const MOST_BODY_LIMIT: u64 = 16 << 20;

/// What is kept of all requests; the oldest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub requests: u64,
    pub bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { requests: 1000, bytes: 200_000_000 }
    }
}

const EXPECTED_KEEP: &str = "a map with `requests` and `bytes`, as in `{requests: 1000, bytes: 200 MB}`";

impl Value for Keep {
    const SHAPE: Shape = Shape::Pairs;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        let mut keep = Self::default();
        let pairs = value::pairs(given)?;
        if pairs.is_empty() {
            return Err(Mismatch::whole(EXPECTED_KEEP));
        }
        for (at, (name, value)) in pairs.into_iter().enumerate() {
            let value = value.unwrap_or_default();
            match name {
                "requests" => {
                    let number = value.parse().ok().filter(|number| (1..=10_000_000).contains(number));
                    keep.requests = number.ok_or_else(|| Mismatch::whole("a whole number from 1 to 10000000").at(Part::Item(at)))?;
                }
                "bytes" => keep.bytes = bytes(value).ok_or_else(|| Mismatch::whole(EXPECTED_BYTES).at(Part::Item(at)))?,
                _ => return Err(Mismatch::one_of(&["requests", "bytes"], &name.into()).at(Part::Name(at))),
            }
        }
        Ok(keep)
    }

    fn show(&self) -> String {
        format!("{{requests: {}, bytes: {}}}", self.requests, Bytes(self.bytes).show())
    }
}

/// A number of bytes: `1 MiB`, `200 MB`, `4096`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

const EXPECTED_BYTES: &str = "a number of bytes, as in 500 kB, 1 MiB or 200 MB";

/// Those with which sizes are written, the most usual last.
const UNITS: [(&str, u64); 10] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("k", 1000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
    ("b", 1),
];

fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor))).unwrap_or((&text, 1));
    let number = number.trim_end();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(unit).filter(|bytes| *bytes > 0 && i64::try_from(*bytes).is_ok())
}

impl Value for Bytes {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        text(given).and_then(bytes).map(Self).ok_or_else(|| Mismatch::whole(EXPECTED_BYTES))
    }

    fn show(&self) -> String {
        let exact = |unit: u64| self.0.is_multiple_of(unit);
        match self.0 {
            size if exact(1 << 20) => format!("{} MiB", size >> 20),
            size if exact(1_000_000) => format!("{} MB", size / 1_000_000),
            size if exact(1 << 10) => format!("{} KiB", size >> 10),
            size if exact(1000) => format!("{} kB", size / 1000),
            size => format!("{size} B"),
        }
    }
}

/// The limit of a body, which is one of memory as well.
pub(super) fn body_limit(given: &Given) -> Result<(), Mismatch> {
    match Bytes::read(given)? {
        Bytes(bytes) if bytes > MOST_BODY_LIMIT => Err(Mismatch::whole("at most 16 MiB")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("4096", 4096), ("1 MiB", 1 << 20), ("200MB", 200_000_000), ("500 kB", 500_000), ("7 B", 7), ("2g", 2_000_000_000)]
        {
            assert_eq!(Bytes::read(&text.into()), Ok(Bytes(bytes)), "{text}");
            assert_eq!(Bytes::read(&Bytes(bytes).show().into()), Ok(Bytes(bytes)));
        }
        for wrong in ["", "MB", "1.5 MB", "-1", "0", "1 TB", "+1", "99999999999 GB"] {
            assert!(Bytes::read(&wrong.into()).is_err(), "{wrong}");
        }
        assert!(body_limit(&"17 MiB".into()).is_err());
    }

    #[test]
    fn what_is_kept() {
        let pair = |name: &str, value: &str| (name.to_owned(), Given::from(value));
        let keep = Keep::read(&Given::Map(vec![pair("requests", "50"), pair("bytes", "1 MB")])).unwrap();
        assert_eq!(keep, Keep { requests: 50, bytes: 1_000_000 });
        assert_eq!(keep.show(), "{requests: 50, bytes: 1 MB}");
        assert_eq!(Keep::read(&Given::Map(vec![pair("bytes", "1 GB")])).unwrap().requests, 1000);
        assert_eq!(Keep::read(&Given::Map(vec![pair("request", "1")])).unwrap_err().meant.as_deref(), Some("requests"));
        assert!(Keep::read(&"1000".into()).is_err() && Keep::read(&Given::Null).is_err());
    }
}
