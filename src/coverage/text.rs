//! The report for people: a line for each file, with the lines that did not run.

use std::collections::BTreeSet;

use super::{File, Report};
use crate::units::terminal;

/// What is left out of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// Files of which all has run are not in it.
    pub skip_covered: bool,
}

/// The table, its head first and the sum last.
pub fn lines(report: &Report, shown: Shown) -> Vec<String> {
    let mut head = vec!["file", "statements", "missing"];
    head.extend(report.branch.then_some(["branches", "not taken"]).into_iter().flatten());
    head.extend(["covered", "lines that did not run"]);
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|cell| (*cell).to_owned()).collect()];
    let row = |name: &str, file: &Counts, missing: String| {
        let mut cells = vec![terminal::line(name).into_owned(), file.statements.to_string(), file.missing.to_string()];
        if report.branch {
            cells.extend([file.branches.to_string(), file.not_taken.to_string()]);
        }
        cells.extend([rounded(file.percent), missing]);
        cells
    };
    let is_shown = |file: &&File| !shown.skip_covered || file.percent() < 100.0;
    let left_out = report.files.values().filter(|file| !is_shown(file)).count();
    for (path, file) in report.files.iter().filter(|(_, file)| is_shown(file)) {
        rows.push(row(path, &Counts::of(file), missing(file)));
    }
    let sum = report.files.values().map(Counts::of).fold(Counts::default(), Counts::plus);
    rows.push(row("all", &Counts { percent: report.percent(), ..sum }, String::new()));
    let mut lines = aligned(&rows);
    if left_out > 0 {
        let files = if left_out == 1 { "1 file".to_owned() } else { format!("{left_out} files") };
        lines.insert(lines.len() - 1, format!("{files} of which all has run (skip_covered)"));
    }
    lines
}

#[derive(Debug, Default)]
struct Counts {
    statements: usize,
    missing: usize,
    branches: usize,
    not_taken: usize,
    percent: f64,
}

impl Counts {
    fn of(file: &File) -> Self {
        let (branches, not_taken) = (file.branches, file.missing_branches.len());
        Self { statements: file.statements(), missing: file.missing.len(), branches, not_taken, percent: file.percent() }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            statements: self.statements + other.statements,
            missing: self.missing + other.missing,
            branches: self.branches + other.branches,
            not_taken: self.not_taken + other.not_taken,
            percent: 0.0,
        }
    }
}

/// Names to the left, numbers to the right, and what is last as it is.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("{cell:<0$}", widths[0]),
            last if last + 1 == columns => cell.clone(),
            _ => format!("{cell:>0$}", widths[column]),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// As coverage.py shows it: 100 % is all, and 0 % nothing.
fn rounded(percent: f64) -> String {
    let shown = if percent > 0.0 && percent < 100.0 { percent.round().clamp(1.0, 99.0) } else { percent };
    format!("{shown:.0} %")
}

/// The lines of a file that did not run, and the ways that were not taken from those that did: `4-9, 12, 20->25`.
fn missing(file: &File) -> String {
    let mut parts = ranges(&file.missing, &file.executed);
    let ways = file.missing_branches.iter().filter(|(from, _)| u32::try_from(*from).is_ok_and(|from| !file.missing.contains(&from)));
    parts.extend(ways.map(|(from, to)| match to {
        to if *to < 0 => format!("{from}->exit"),
        to => format!("{from}->{to}"),
    }));
    parts.join(", ")
}

/// Lines as `4-9`, together where no line between them has run.
pub fn ranges(lines: &BTreeSet<u32>, others: &BTreeSet<u32>) -> Vec<String> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, last)) if others.range(*last..*line).next().is_none() => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    ranges.iter().map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(executed: &[u32], missing: &[u32]) -> File {
        File { executed: executed.iter().copied().collect(), missing: missing.iter().copied().collect(), ..File::default() }
    }

    #[test]
    fn a_line_for_each_file() {
        let files = [
            ("a.py".to_owned(), file(&[1, 2], &[])),
            ("shop/views.py".to_owned(), file(&[1, 7], &[3, 5, 9])),
            ("\u{1b}[2J.py".to_owned(), file(&[], &[])),
        ];
        let mut report = Report { files: files.into(), ..Report::default() };
        let shown = lines(&report, Shown::default());
        assert_eq!(shown[0], "file           statements  missing  covered  lines that did not run");
        assert_eq!(shown[3], "shop/views.py           5        3     40 %  3-5, 9");
        assert_eq!(shown[4], "all                     7        3     57 %");
        assert!(!shown.concat().contains('\u{1b}'));
        let shown = lines(&report, Shown { skip_covered: true });
        assert!(shown[1].starts_with("shop") && shown[2].starts_with("2 files"));
        report.branch = true;
        let views = report.files.get_mut("shop/views.py").unwrap();
        (views.branches, views.missing_branches) = (4, vec![(7, 9), (7, -1), (3, 4)]);
        assert!(lines(&report, Shown::default())[3].ends_with("3-5, 9, 7->9, 7->exit"));
    }

    #[test]
    fn all_is_all() {
        assert_eq!([99.99, 100.0, 0.01, 0.0, 56.5].map(rounded), ["99 %", "100 %", "1 %", "0 %", "57 %"]);
    }
}
