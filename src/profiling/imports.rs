//! What the application's import costs, module by module, as a tree.

use serde::{Deserialize, Serialize};

use super::place::place;
use crate::units::quantity;

/// What `images/profile/startup.py` says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Said {
    seconds: f64,
    error: Option<String>,
    modules: Vec<Line>,
}

/// Name, parent, own time, total time, file, line that imports it.
type Line = (String, i64, u64, u64, Option<String>, Option<String>);

/// A module that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Module {
    pub name: String,
    /// The one whose import led to it.
    pub parent: Option<usize>,
    /// Microseconds without what it imports.
    pub own: u64,
    pub total: u64,
    pub package: String,
    /// The line of the project that imports it.
    pub imported_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Imports {
    /// For all of it.
    pub micros: u64,
    /// What the import failed with.
    pub error: Option<String>,
    pub modules: Vec<Module>,
}

/// A part of all that is shown.
const LEAST: u64 = 100;

impl Imports {
    /// `None`: it is none of that program's.
    pub fn read(said: &str) -> Option<Self> {
        let line = said.lines().rev().find(|line| line.starts_with("{\"seconds\""))?;
        let said: Said = serde_json::from_str(line).ok()?;
        let modules = said.modules.into_iter().enumerate().map(|(number, (name, parent, own, total, file, at))| Module {
            name: line_of(&name),
            parent: usize::try_from(parent).ok().filter(|parent| *parent < number),
            own,
            total,
            package: place(&file.unwrap_or_default()).1.label(),
            imported_at: at.map(|at| line_of(&place(&at).0)),
        });
        Some(Self { micros: (said.seconds * 1e6) as u64, error: said.error.map(|error| line_of(&error)), modules: modules.collect() })
    }

    /// The table's cells, with its head: modules that take at least a hundredth of it all, below those that import them.
    pub fn cells(&self) -> Vec<Vec<String>> {
        let mut cells = vec![["    self", "   total", "module", "imported at"].map(String::from).to_vec()];
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.modules.len()];
        let mut todo: Vec<(usize, usize)> = Vec::new();
        for (number, module) in self.modules.iter().enumerate().rev() {
            match module.parent {
                Some(parent) => children[parent].push(number),
                None => todo.push((number, 0)),
            }
        }
        while let Some((number, depth)) = todo.pop() {
            let module = &self.modules[number];
            if module.total.saturating_mul(LEAST) < self.micros {
                continue;
            }
            let time = |micros| format!("{:>8}", quantity::micros(micros));
            let name = format!("{}{}", "  ".repeat(depth.min(40)), module.name);
            cells.push(vec![time(module.own), time(module.total), name, module.imported_at.clone().unwrap_or_default()]);
            todo.extend(children[number].iter().map(|child| (*child, depth + 1)));
        }
        cells
    }
}

fn line_of(text: &str) -> String {
    text.chars().take(300).map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_below_those_that_import_them() {
        let said = "printed by the application\n{\"seconds\": 0.1, \"error\": null, \"modules\": [\
            [\"wsgi\", -1, 20000, 100000, \"/app/wsgi.py\", null],\
            [\"flask\", 0, 30000, 79000, \"/opt/venv/lib/python3.13/site-packages/flask/__init__.py\", \"/app/wsgi.py:3\"],\
            [\"json\", 1, 49000, 49000, \"/usr/lib/python3.13/json/__init__.py\", null],\
            [\"tiny\", 0, 10, 10, null, \"/app/wsgi.py:4\"],\
            [\"own parent\", 4, 1000, 1000, null, null]]}\n";
        let imports = Imports::read(said).unwrap();
        let rows: Vec<String> = imports.cells().iter().skip(1).map(|row| format!("{}|{}|{}", row[1].trim(), row[2], row[3])).collect();
        assert_eq!(rows, ["100 ms|wsgi|", "79 ms|  flask|wsgi.py:3", "49 ms|    json|", "1.0 ms|own parent|"]);
        assert_eq!(imports.modules[1].package, "flask");
        assert_eq!(Imports::read("nothing"), None);
    }
}
