//! What the walks came to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::Asked;
use crate::oracle::Growth;
use crate::stats::Table;

#[derive(Debug, Default, Clone, Copy)]
struct Row {
    count: usize,
    total: Duration,
    slowest: Duration,
    faults: usize,
    requests: usize,
    lost: usize,
}

#[derive(Debug, Default)]
pub struct Tally {
    rows: BTreeMap<String, Row>,
    pub growth: Growth,
}

impl Tally {
    pub fn add(&mut self, kind: String, took: Duration, asked: &Asked, faults: usize) {
        let row = self.rows.entry(kind).or_default();
        row.count += 1;
        row.total += took;
        row.slowest = row.slowest.max(took);
        row.faults += faults;
        row.requests += asked.requests;
        row.lost += asked.lost;
    }

    pub fn merge(&mut self, other: Self) {
        for (kind, more) in other.rows {
            let row = self.rows.entry(kind).or_default();
            row.count += more.count;
            row.total += more.total;
            row.slowest = row.slowest.max(more.slowest);
            row.faults += more.faults;
            row.requests += more.requests;
            row.lost += more.lost;
        }
        self.growth.memory = self.growth.memory.max(other.growth.memory);
        self.growth.files = self.growth.files.max(other.growth.files);
    }

    pub fn steps(&self) -> usize {
        self.rows.values().map(|row| row.count).sum()
    }

    pub fn faults(&self) -> usize {
        self.rows.values().map(|row| row.faults).sum()
    }

    pub fn print(&self) {
        let mut table = Table::new(&["step", "count", "mean (s)", "slowest (s)", "requests", "lost", "faults"]);
        for (kind, row) in &self.rows {
            let mean = row.total.as_secs_f64() / row.count as f64;
            let times = [format!("{mean:.2}"), format!("{:.2}", row.slowest.as_secs_f64())];
            let counts = [row.requests, row.lost, row.faults].map(|count| count.to_string());
            table.row([kind.clone(), row.count.to_string()].into_iter().chain(times).chain(counts));
        }
        table.print();
        println!("The session that grew most: {} KiB of memory, {} open files.", self.growth.memory, self.growth.files);
    }
}
