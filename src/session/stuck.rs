//! Processes that cannot begin. mod_wsgi starts each again after 20 seconds, for ever, and says the same every time: it is told once,
//! and again only when one has begun meanwhile.

use std::collections::BTreeSet;

use crate::logs::Record;

/// How mod_wsgi ends what it says of such a process.
const GIVES_UP: &str = "Daemon process will exit";
/// What it says of one that begins.
const BEGINS: &str = "Initializing Python runtime in daemon process";
/// Different reasons that are remembered.
const MOST: usize = 50;

/// What has been told.
#[derive(Debug, Default)]
pub struct Stuck {
    told: BTreeSet<String>,
}

impl Stuck {
    /// Is this record one that the user has read already?
    pub fn is_told_again_by(&mut self, record: &Record) -> bool {
        let [line] = &record.lines[..] else { return false };
        if line.text.starts_with(BEGINS) {
            self.told.clear();
        }
        line.text.contains(GIVES_UP) && (!self.told.insert(line.text.clone()) || self.told.len() > MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::RecordKind;

    #[test]
    fn each_reason_is_told_until_a_process_begins() {
        let mut stuck = Stuck::default();
        let mut told = |text: &str| !stuck.is_told_again_by(&Record::new(RecordKind::Error, [text]));
        let gone = "(13)Permission denied: WSGI0009: Unable to change working directory to '/app'. Daemon process will exit.";
        let restarted = "WSGI0025: Daemon process configuration failed. Daemon process will exit and be restarted after a delay.";
        assert_eq!([told(gone), told(restarted), told(gone), told(restarted)], [true, true, false, false]);
        assert!(told("WSGI0126: something else") && told("WSGI0126: something else"));
        assert!(told("Initializing Python runtime in daemon process 'parity'.") && told(gone) && !told(gone));
    }
}
