//! Which recorded request is that of which check: whoever asks sends a mark, the recorder hands it on, and the store says the number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// How a mark begins, which is the value of [`crate::render::record::REPLAY`].
const CHECK: &str = "check-";
/// More are not remembered: an application can make them up.
const MOST: usize = 100_000;

/// Marks that were sent, and what was recorded with them. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Marks(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    sent: u64,
    /// By mark.
    ids: BTreeMap<String, i64>,
    /// All requests that were stored.
    stored: u64,
    /// Requests that began later are nobody's. Microseconds since 1970.
    end: Option<i64>,
}

impl Marks {
    /// A new mark, to be sent.
    pub fn next(&self) -> String {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.sent += 1;
        format!("{CHECK}{}", known.sent)
    }

    /// A request is in the store. Of several with one mark, as redirects make them, the last one counts.
    pub fn stored(&self, mark: Option<&str>, id: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.stored += 1;
        if let Some(mark) = mark
            && known.ids.len() < MOST
        {
            known.ids.insert(mark.to_owned(), id);
        }
    }

    /// What is asked from now on is not wanted.
    pub fn end(&self) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).end = i64::try_from(now.as_micros()).ok();
    }

    /// Is a request that began at that moment (microseconds since 1970) wanted?
    pub fn wants(&self, began: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).end.is_none_or(|end| began <= end)
    }

    pub fn id(&self, mark: &str) -> Option<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ids.get(mark).copied()
    }

    pub fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_request_of_a_mark_is_the_checks() {
        let marks = Marks::default();
        let (one, other) = (marks.next(), marks.next());
        assert_ne!(one, other);
        for (mark, id) in [(Some(one.as_str()), 7), (None, 8), (Some(one.as_str()), 9)] {
            marks.clone().stored(mark, id);
        }
        assert_eq!((marks.id(&one), marks.id(&other), marks.count()), (Some(9), None, 3));
        assert!(marks.wants(i64::MAX));
        marks.end();
        assert!(marks.wants(1_790_000_000_000_000) && !marks.wants(i64::MAX));
    }
}
