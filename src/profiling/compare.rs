//! Two profiles beside each other: what a request takes longer for now.

use std::collections::BTreeMap;

use super::model::Profile;
use super::table::{By, Name, rows};

/// Fewer samples say little about so small a part.
pub const FEW: u64 = 100;

/// A function's time for a request, in microseconds, before and now.
#[derive(Debug, Clone, PartialEq)]
pub struct Grown {
    pub name: Name,
    pub own: (f64, f64),
    pub total: (f64, f64),
}

/// Microseconds of work and waiting for each request. Waiting for the GIL and for a CPU is left out: it is the machine's, and the load's.
pub fn of_a_request(profile: &Profile) -> Option<f64> {
    let requests = profile.requests();
    let total = profile.total();
    (requests > 0).then(|| total.cpu.saturating_add(total.wait) as f64 / requests as f64)
}

/// How much longer a request takes, in percent; `None`: one of them has no request.
pub fn growth(before: &Profile, now: &Profile) -> Option<f64> {
    let (before, now) = (of_a_request(before)?, of_a_request(now)?);
    (before > 0.0).then(|| (now / before - 1.0) * 100.0)
}

/// Are there enough samples in both?
pub fn is_telling(before: &Profile, now: &Profile) -> bool {
    before.total().samples >= FEW && now.total().samples >= FEW
}

/// All functions, those that have grown most first.
pub fn compare(before: &Profile, now: &Profile) -> Vec<Grown> {
    let mut all: BTreeMap<Name, Grown> = BTreeMap::new();
    for (profile, is_now) in [(before, false), (now, true)] {
        let requests = profile.requests().max(1) as f64;
        for row in rows(profile, By::Function) {
            // The line where it begins may have moved.
            let key = (row.name.0.clone(), row.name.1.rsplit_once(':').map_or(String::new(), |(file, _)| file.to_owned()));
            let grown = all.entry(key).or_insert_with(|| Grown { name: row.name.clone(), own: (0.0, 0.0), total: (0.0, 0.0) });
            let of = |weight: super::Weight| weight.cpu.saturating_add(weight.wait) as f64 / requests;
            let (own, total) = (of(row.own), of(row.total));
            if is_now {
                grown.name = row.name;
                (grown.own.1, grown.total.1) = (grown.own.1 + own, grown.total.1 + total);
            } else {
                (grown.own.0, grown.total.0) = (grown.own.0 + own, grown.total.0 + total);
            }
        }
    }
    let mut all: Vec<Grown> = all.into_values().collect();
    all.sort_by(|a, b| (b.own.1 - b.own.0).total_cmp(&(a.own.1 - a.own.0)));
    all
}

/// The table's cells, with its head: what has changed by at least a hundredth of a request.
pub fn cells(before: &Profile, now: &Profile, most: usize) -> Vec<Vec<String>> {
    let least = of_a_request(now).unwrap_or(0.0) / 100.0;
    let millis = |micros: f64| format!("{:>9.2} ms", micros / 1e3);
    let head = ["      before", "         now", "  difference", "function (of its own, for each request)", ""].map(String::from).to_vec();
    let grown = compare(before, now).into_iter().filter(|grown| (grown.own.1 - grown.own.0).abs() >= least);
    let row = |grown: Grown| {
        let (before, now) = grown.own;
        let difference = format!("{:>+9.2} ms", (now - before) / 1e3);
        vec![millis(before), millis(now), difference, grown.name.0, grown.name.1]
    };
    [head].into_iter().chain(grown.take(most).map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::testing;

    #[test]
    fn what_grows_is_told_by_request() {
        let before = testing::shop();
        let mut now = testing::shop();
        for weight in now.counts.values_mut() {
            weight.cpu *= 2;
        }
        now.functions[1].line = 30;
        // 900 of 1000 µs are not for the GIL; 700 of them on a CPU.
        assert_eq!(of_a_request(&before), Some(225.0));
        assert!((growth(&before, &now).unwrap() - 700.0 / 900.0 * 100.0).abs() < 1e-9);
        let first = &compare(&before, &now)[0];
        assert_eq!((first.name.0.as_str(), first.name.1.as_str()), ("index", "shop/views.py:30"));
        assert_eq!(first.own, (200.0, 350.0));
        assert_eq!(growth(&before, &Profile::new(100.0)), None);
        assert!(!is_telling(&before, &now));
        assert_eq!(cells(&before, &now, 9).len(), 3);
        assert_eq!(cells(&before, &before, 9).len(), 1);
    }
}
