//! A profile as rows: functions of the project, and everybody else's by package.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Function, Node, Package, Profile, Weight};
use super::place::NO_PYTHON;
use crate::units::quantity;

/// What a row is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    #[default]
    Function,
    Line,
    Route,
    Process,
}

/// What a row is about: its name, and where that is.
pub type Name = (String, String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: Name,
    /// Without what it calls.
    pub own: Weight,
    pub total: Weight,
}

/// Those that took longest by themselves first.
pub fn rows(profile: &Profile, by: By) -> Vec<Row> {
    let mut found: BTreeMap<Name, (Weight, Weight)> = BTreeMap::new();
    for (key, weight) in &profile.counts {
        let names: Vec<Name> = match by {
            By::Function => profile.stack(key.node).iter().map(|node| of_function(profile.function(*node))).collect(),
            By::Line => profile.stack(key.node).iter().map(|node| of_line(profile.function(*node), *node)).collect(),
            By::Route => vec![(profile.routes[key.route as usize].clone(), String::new())],
            By::Process => {
                let process = &profile.processes[key.process as usize];
                vec![(format!("process {}", process.pid), format!("Python {}, {} requests", process.python, process.requests))]
            }
        };
        let names = if names.is_empty() { vec![(NO_PYTHON.into(), String::new())] } else { names };
        if let Some(last) = names.last() {
            found.entry(last.clone()).or_default().0 += *weight;
        }
        // A function that calls itself is counted once.
        for name in names.into_iter().collect::<BTreeSet<_>>() {
            found.entry(name).or_default().1 += *weight;
        }
    }
    let mut rows: Vec<Row> = found.into_iter().map(|(name, (own, total))| Row { name, own, total }).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.own.wall(), row.total.wall())));
    rows
}

/// A function of the project by itself, others as their package.
pub fn of_function(function: &Function) -> Name {
    match &function.package {
        Package::Project => (function.name.clone(), format!("{}:{}", function.file, function.line)),
        other => (other.label(), String::new()),
    }
}

fn of_line(function: &Function, node: Node) -> Name {
    match &function.package {
        Package::Project => (format!("{}:{}", function.file, node.line), function.name.clone()),
        other => (other.label(), String::new()),
    }
}

/// The table's cells, with its head.
pub fn cells(profile: &Profile, by: By, most: usize) -> Vec<Vec<String>> {
    let all = profile.total().wall();
    let share = |micros: u64| format!("{:>5.1} %", if all == 0 { 0.0 } else { micros as f64 * 100.0 / all as f64 });
    let what = match by {
        By::Function => "function",
        By::Line => "line",
        By::Route => "route",
        By::Process => "process",
    };
    let has_own = matches!(by, By::Function | By::Line);
    let head = ["   self", "  total", "    CPU", "waiting", "    GIL", " no CPU", "time", what, ""].map(String::from).to_vec();
    let row = |row: &Row| {
        let total = row.total;
        let mut cells =
            vec![share(row.own.wall()), share(total.wall()), share(total.cpu), share(total.wait), share(total.gil), share(total.queue)];
        cells.extend([quantity::micros(total.wall()), row.name.0.clone(), row.name.1.clone()]);
        cells
    };
    let rows = rows(profile, by);
    let cells = [head].into_iter().chain(rows.iter().take(most).map(row));
    // All of a route's time is its own.
    cells.map(|mut cells| if has_own { cells } else { cells.split_off(1) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::testing;

    fn seen(by: By) -> Vec<(String, u64, u64)> {
        rows(&testing::shop(), by).into_iter().map(|row| (row.name.0, row.own.wall(), row.total.wall())).collect()
    }

    fn row(name: &str, own: u64, total: u64) -> (String, u64, u64) {
        (name.into(), own, total)
    }

    #[test]
    fn others_are_folded_and_recursion_counts_once() {
        assert_eq!(seen(By::Function), [row("index", 900, 1000), row("json (Python)", 100, 100), row("flask", 0, 1000)]);
        assert_eq!(
            seen(By::Line),
            [row("shop/views.py:4", 700, 800), row("shop/views.py:5", 200, 800), row("json (Python)", 100, 100), row("flask", 0, 1000)]
        );
        assert_eq!(seen(By::Route), [row("/", 1000, 1000)]);
        assert_eq!(seen(By::Process), [row("process 7", 700, 700), row("process 8", 300, 300)]);
    }

    #[test]
    fn time_outside_of_python_has_a_row() {
        let mut profile = testing::shop();
        let weight = Weight { samples: 1, cpu: 3000, ..Weight::default() };
        profile.counts.insert(crate::profiling::model::Key { node: 0, route: 0, process: 0 }, weight);
        let cells = cells(&profile, By::Function, 1);
        assert_eq!((cells[1][0].as_str(), cells[1][7].as_str()), (" 75.0 %", NO_PYTHON));
        assert_eq!(super::cells(&profile, By::Line, 1)[1][7], NO_PYTHON);
    }

    #[test]
    fn shares_are_of_all_time() {
        let cells = cells(&testing::shop(), By::Function, 1);
        assert_eq!(cells[0].len(), cells[1].len());
        assert_eq!(cells[1], [" 90.0 %", "100.0 %", " 70.0 %", " 20.0 %", " 10.0 %", "  0.0 %", "1.0 ms", "index", "shop/views.py:3"]);
        assert_eq!(super::cells(&testing::shop(), By::Route, 9)[1][0], "100.0 %");
        assert_eq!(super::cells(&Profile::new(100.0), By::Function, 9).len(), 1);
    }
}
