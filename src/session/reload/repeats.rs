//! Files that change whenever the application is imported, as a program that it runs then writes them.
//!
//! No audit event tells of what another program writes. Where the application opens such a file as well, each import would be
//! a reason for the next. So from the third import in a row on, what changes meanwhile waits until that is done: the agent
//! knows by then whether the application has opened it before or after.

use std::collections::{HashMap, HashSet};

use crate::events::Event;
use crate::watch::Change;

/// Imports in a row, from which on changes wait.
const WAITS: u32 = 3;
/// From which on they are passed over: what was opened before it changed is told by the agent all the same.
const GIVEN_UP: u32 = 10;

#[derive(Debug, Default)]
pub struct Repeats {
    /// In how many imports in a row a file has changed, and the generation of the last of them.
    counts: HashMap<String, (u32, u64)>,
    waiting: Vec<Change>,
    told: HashSet<String>,
}

/// What to do about a change during an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// As about any other.
    Act,
    Wait,
    /// `first`: it is to be told.
    PassOver {
        first: bool,
    },
}

impl Repeats {
    /// A file changed while a generation was being imported.
    pub fn during(&mut self, change: &Change, generation: u64) -> Repeat {
        let (count, last) = self.counts.entry(change.path.clone()).or_default();
        if *last != generation {
            (*count, *last) = (*count + 1, generation);
        }
        match *count {
            0..WAITS => Repeat::Act,
            WAITS..GIVEN_UP => {
                self.waiting.retain(|other| other.path != change.path);
                self.waiting.push(change.clone());
                Repeat::Wait
            }
            _ => Repeat::PassOver { first: self.told.insert(change.path.clone()) },
        }
    }

    /// It changed while nothing was being imported.
    pub fn between(&mut self, path: &str) {
        self.counts.remove(path);
    }

    /// What has waited for the end of an import.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.waiting)
    }
}

/// That a file is passed over.
pub fn warning(path: &str) -> Event {
    let hint = format!("if nobody but the application changes it, write to parity.yaml: `watch: [{{path: /{path}, action: ignore}}]`");
    Event::Warning {
        text: format!("{path} changes each time the application is imported: that is no reason to import it again"),
        hint: Some(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_again_and_again_waits() {
        let change = Change { path: "out.css".into(), gone: false };
        let mut repeats = Repeats::default();
        for generation in [2, 2, 2, 3] {
            assert_eq!(repeats.during(&change, generation), Repeat::Act);
        }
        assert_eq!(repeats.during(&change, 4), Repeat::Wait);
        assert_eq!(repeats.during(&change, 4), Repeat::Wait);
        assert_eq!(repeats.take(), std::slice::from_ref(&change));
        // A save while nothing is imported is somebody's.
        repeats.between("out.css");
        assert_eq!(repeats.during(&change, 5), Repeat::Act);
        let all: Vec<_> = (6..20).map(|generation| repeats.during(&change, generation)).collect();
        assert_eq!(all.iter().filter(|repeat| **repeat == Repeat::Wait).count(), 7);
        assert_eq!(all.iter().filter(|repeat| matches!(repeat, Repeat::PassOver { first: true })).count(), 1);
        assert_eq!(all.last(), Some(&Repeat::PassOver { first: false }));
    }
}
