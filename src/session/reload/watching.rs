//! The project's changes and what they mean, by the rules that are active.

use std::path::Path;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use super::{Inputs, files};
use crate::changes::{Rules, Touched, Verdict};
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::watch::{Change, Notice, Options, Watcher};

#[derive(Debug)]
pub struct Watching {
    rules: Arc<RwLock<Rules>>,
    watcher: Watcher,
}

impl Watching {
    /// # Errors
    /// The project cannot be watched.
    pub fn begin(inputs: &Inputs, polling: bool) -> Result<Self> {
        let rules = Arc::new(RwLock::new(rules_of(inputs)));
        let (skip, root) = (Arc::clone(&rules), inputs.plan.root.clone());
        let options = Options { polling, skip: Arc::new(move |directory: &str| skips(&read(&skip), &root, directory)) };
        let root = &inputs.plan.root;
        let watcher = Watcher::start(root, options).map_err(|error| {
            Failure::new(Kind::Other, format!("cannot watch {}", root.display()))
                .caused_by(&error)
                .hint("without `--reload-on-changes` it runs all the same; `--watch-polling` looks for changes in another way")
        })?;
        Ok(Self { rules, watcher })
    }

    pub async fn next(&mut self) -> Notice {
        self.watcher.next().await
    }

    /// `touched`: what the application has done with the project's files.
    pub fn verdict(&self, change: &Change, touched: &Touched) -> Verdict {
        read(&self.rules).verdict(&change.path, change.gone, touched)
    }

    pub fn skips(&self, directory: &str) -> bool {
        read(&self.rules).skips(directory)
    }

    /// Watches these files too, wherever they are: the application has imported or opened them.
    pub fn also(&mut self, files: &[String]) {
        self.watcher.also(files);
    }

    /// Other rules are active from now on.
    pub fn renew(&mut self, inputs: &Inputs) {
        *self.rules.write().unwrap_or_else(std::sync::PoisonError::into_inner) = rules_of(inputs);
    }
}

fn read(rules: &RwLock<Rules>) -> RwLockReadGuard<'_, Rules> {
    rules.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Is a directory of the project not looked into?
pub fn skips(rules: &Rules, root: &Path, directory: &str) -> bool {
    rules.skips(directory) || root.join(directory).join("pyvenv.cfg").exists()
}

/// The rules of a plan, for whoever only wants to know which directories are of no interest.
pub fn rules_without_following(plan: &Plan) -> Rules {
    Rules::new(plan, &[], &[])
}

pub(super) fn rules_of(inputs: &Inputs) -> Rules {
    Rules::new(&inputs.plan, &inputs.environment_files, &files::ignoring(&inputs.plan.root))
}
