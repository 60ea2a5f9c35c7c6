//! The server's log while checks run, each record with the moment of its arrival.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::logs::{Record, RecordKind};

/// More is not kept; the oldest goes first.
const MOST: usize = 20_000;
/// What the server says about a request arrives until so long after its answer.
const SETTLING: Duration = Duration::from_millis(100);
/// Something that is waited for may take this long.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);

/// Where the follower of a log puts records, and the checks find them. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    records: Arc<Mutex<VecDeque<(Instant, Record)>>>,
}

impl Journal {
    /// Takes in a record that has arrived just now.
    pub fn push(&self, record: Record) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= MOST {
            records.pop_front();
        }
        records.push_back((Instant::now(), record));
    }

    /// What arrived in between, without what Apache always says.
    pub fn between(&self, from: Instant, until: Instant) -> Vec<Record> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |(at, record): &&(Instant, Record)| {
            (from..=until).contains(at)
                && (record.kind != RecordKind::Noise || record.hint.is_some())
                && !matches!(record.kind, RecordKind::Start | RecordKind::Hook | RecordKind::Finding)
        };
        records.iter().filter(meant).map(|(_, record)| record.clone()).collect()
    }

    /// What the server said about a request: from its sending until a little after its answer, or until what is
    /// waited for is in it, at most a second later.
    pub async fn about(&self, sent: Instant, answered: Instant, complete: impl Fn(&[Record]) -> bool) -> Vec<Record> {
        loop {
            let now = Instant::now();
            let records = self.between(sent, now.max(answered + SETTLING));
            if now >= answered + SETTLING && (complete(&records) || now >= answered + PATIENCE) {
                return records;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_arrived_meanwhile_and_says_something() {
        let journal = Journal::default();
        journal.push(Record::new(RecordKind::Application, ["before"]));
        std::thread::sleep(Duration::from_millis(2));
        let from = Instant::now();
        journal.push(Record::new(RecordKind::Error, ["meanwhile"]));
        journal.push(Record::new(RecordKind::Noise, ["as always"]));
        let until = Instant::now();
        std::thread::sleep(Duration::from_millis(2));
        journal.push(Record::new(RecordKind::Application, ["after"]));
        assert_eq!(journal.between(from, until), [Record::new(RecordKind::Error, ["meanwhile"])]);
    }

    #[tokio::test]
    async fn a_record_that_is_late_is_waited_for() {
        let journal = Journal::default();
        let now = Instant::now();
        let late = journal.clone();
        let arrives = async move {
            tokio::time::sleep(Duration::from_millis(250)).await;
            late.push(Record::new(RecordKind::Traceback, ["late"]));
        };
        let (records, ()) = tokio::join!(journal.about(now, now, |records| !records.is_empty()), arrives);
        assert_eq!(records.len(), 1);
        assert!(now.elapsed() < PATIENCE);
    }
}
