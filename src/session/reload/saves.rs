//! What a save of a file would do, for who asks outside of a session.

use std::path::Path;

use super::agent::argv;
use super::{Inputs, watching};
use crate::changes::{Rules, Touched, Verdict};
use crate::engine::Engine;
use crate::error::Result;
use crate::runtime::protocol::{self, News, Said};

/// What a running container's application has done with files of the project; nothing where it says nothing that can be
/// understood.
///
/// # Errors
/// The engine's.
pub async fn touched(engine: &Engine, container: &str) -> Result<Touched> {
    let (_, said) = engine.run(container, argv(Some("files"))).await?;
    let answer = said.lines().find_map(|line| match protocol::read(line.as_bytes()) {
        Ok(Said::Files(News { opened, written, read, .. })) => Some(Touched::new(read, opened, written)),
        _ => None,
    });
    Ok(answer.unwrap_or_default())
}

/// The rules of a project.
#[derive(Debug)]
pub struct Saves<'a> {
    root: &'a Path,
    rules: Rules,
}

impl<'a> Saves<'a> {
    pub fn of(inputs: &'a Inputs) -> Self {
        Self { root: &inputs.plan.root, rules: watching::rules_of(inputs) }
    }

    /// What is done when a file is saved. The path is relative to the project.
    pub fn verdict(&self, path: &str, touched: &Touched) -> Verdict {
        let gone = self.root.join(path).symlink_metadata().is_err();
        self.rules.verdict(path, gone, touched)
    }

    /// The files below a directory of the project, as far as it is watched, in order.
    pub fn files_below(&self, directory: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join(directory)).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?))).collect();
        names.sort_by(|(one, _), (other, _)| one.cmp(other));
        let path = |name: String| if directory.is_empty() { name } else { format!("{directory}/{name}") };
        let entries = names.into_iter().map(|(name, kind)| (path(name), kind));
        entries
            .flat_map(|(path, kind)| match kind.is_dir() {
                true if watching::skips(&self.rules, self.root, &path) => Vec::new(),
                true => self.files_below(&path),
                false => vec![path],
            })
            .collect()
    }
}
