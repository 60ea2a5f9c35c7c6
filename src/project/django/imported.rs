//! What has run before the first line of the WSGI module: the packages that it is in, and what those import of the project, as
//! `config/__init__.py` imports Celery's application in many projects.

use std::collections::HashSet;

use super::super::python::{Imported, StatementKind};
use super::super::tree;
use super::{Named, Scope, set_by};

impl Scope<'_> {
    /// What a variable is set to by then.
    pub(super) fn set_before(&self, module: &str, variable: &str) -> Option<Named> {
        let mut seen = HashSet::new();
        module.match_indices('.').find_map(|(at, _)| self.set_by_import(&module[..at], variable, &mut seen))
    }

    /// What comes first decides: nearly everybody uses `setdefault`.
    fn set_by_import(&self, module: &str, variable: &str, seen: &mut HashSet<String>) -> Option<Named> {
        let file = self.tree.module_file(self.roots, module)?;
        if !seen.insert(file.clone()) {
            return None;
        }
        let statements = &self.tree.module(&file)?.statements;
        let is_package = tree::file_name(&file) == "__init__.py";
        // Neither a function nor what the file does as a program is run by an import.
        let own = set_by(self.tree, self.environment, &file, variable)
            .and_then(|own| Some((statements.iter().find(|statement| own.place == format!("{file}:{}", statement.line))?.line, own)));
        for statement in statements {
            if own.as_ref().is_some_and(|(line, _)| *line < statement.line) {
                break;
            }
            let StatementKind::Import(import) = &statement.kind else { continue };
            let Some(from) = import.absolute(module, is_package) else { continue };
            let found = self.set_by_import(&from, variable, seen).or_else(|| match &import.what {
                Imported::Name { name, .. } => self.set_by_import(&format!("{from}.{name}"), variable, seen),
                _ => None,
            });
            if found.is_some() {
                return found;
            }
        }
        own.map(|(_, own)| own)
    }
}
