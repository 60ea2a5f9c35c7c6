//! What the probe has seen. It comes from a container, and may be anything.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Failure, Kind, Result};

/// More than any application has to tell.
pub const MOST_BYTES: usize = 4 << 20;

/// By section and name.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(transparent)]
pub struct Seen(pub(super) BTreeMap<String, BTreeMap<String, Value>>);

impl Seen {
    /// # Errors
    /// What is longer than anything the probe says, or is something else.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let failed = || Failure::new(Kind::Other, "cannot read what the probe has seen");
        if text.len() > MOST_BYTES {
            return Err(failed().cause(format!("it is longer than {MOST_BYTES} bytes")));
        }
        serde_json::from_slice(text).map_err(|error| failed().caused_by(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_map_of_maps_and_nothing_else() {
        assert!(Seen::parse(br#"{"request": {"PATH_INFO": "/"}}"#).is_ok());
        for text in ["", "[]", r#"{"request": 1}"#, "{", &"[".repeat(MOST_BYTES + 1), &"[".repeat(10_000)] {
            assert!(Seen::parse(text.as_bytes()).is_err());
        }
    }
}
