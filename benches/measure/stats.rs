//! Samples and their tables.

use std::time::Duration;

/// What one peer took, in the order it was measured.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn push_time(&mut self, took: Duration) {
        self.push(took.as_secs_f64() * 1000.0);
    }

    /// The nearest rank: a value that was really measured.
    pub fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }

    pub fn max(&self) -> f64 {
        self.percentile(100.0)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Round by round, what this one took for each unit of the other: noise that hit both in turn falls out.
    pub fn over(&self, other: &Samples) -> Samples {
        Samples(self.0.iter().zip(&other.0).map(|(this, other)| this / other).collect())
    }

    /// Round by round, what this one took beyond the other.
    pub fn beyond(&self, other: &Samples) -> Samples {
        Samples(self.0.iter().zip(&other.0).map(|(this, other)| this - other).collect())
    }
}

/// A Markdown table, its columns aligned.
#[derive(Debug)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    pub fn new(head: &[&str]) -> Self {
        Self(vec![head.iter().map(|&cell| cell.to_owned()).collect()])
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }

    /// A row of one peer: its name, then n, p50, p90 and max with that many decimals, then whatever else.
    pub fn samples(&mut self, name: &str, samples: &Samples, decimals: usize, more: impl IntoIterator<Item = String>) {
        let number = |value: f64| format!("{value:.decimals$}");
        let mut cells = vec![name.to_owned(), samples.len().to_string()];
        cells.extend([samples.percentile(50.0), samples.percentile(90.0), samples.max()].map(number));
        cells.extend(more);
        self.row(cells);
    }

    pub fn print(&self) {
        let columns = self.0[0].len();
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.0.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
            .collect();
        for (index, row) in self.0.iter().enumerate() {
            let cells: Vec<String> = (0..columns)
                .map(|column| {
                    let cell = row.get(column).map_or("", String::as_str);
                    let width = widths[column];
                    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                })
                .collect();
            println!("| {} |", cells.join(" | "));
            if index == 0 {
                let rules: Vec<String> = widths
                    .iter()
                    .enumerate()
                    .map(|(column, &width)| if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width.max(2) - 1)) })
                    .collect();
                println!("| {} |", rules.join(" | "));
            }
        }
        println!();
    }
}

pub fn ratio(value: f64) -> String {
    format!("{value:.3}×")
}
