//! What a changed file means: its path and the plan become a verdict with its cause.
//!
//! Nothing is read here, so a verdict is the same each time. The first of these that knows the path decides:
//!
//! 1. the user's own rules, `watch`,
//! 2. version control and `__pycache__`: never of interest,
//! 3. files that decide what is run: settings, the environment, requirements, what `httpd.conf` includes,
//! 4. files that the running application has written itself: nothing is done about those,
//! 5. files that it has imported, or opened for reading,
//! 6. what tools leave behind: virtual environments, caches, editors' temporary files, logs, databases,
//! 7. static files: those that Apache serves, and those that Django collects, whether or not they are ignored,
//! 8. `.gitignore` and `.dockerignore`,
//! 9. what applications usually read: Python, templates, translations, settings of their own.
//!
//! Everything else is passed over. One reload too many is better than old code, but what the application itself writes
//! must never make it reload.

mod configuration;
mod ignore_files;
mod kinds;
mod leftovers;
mod path;
mod statics;
mod touched;
mod watch;

use crate::plan::Plan;
use configuration::Configuration;
use ignore_files::IgnoreFiles;
use statics::Statics;
pub use touched::Touched;
use watch::Watch;

/// What a changed file asks for, and why in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub action: Action,
    /// In a user's words: `requirements.txt is installed in the image`.
    pub cause: String,
    pub basis: Basis,
}

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The user's own rule.
    Rule,
    /// What is known of the file, or of files with such a name.
    Known,
    /// Nothing is known to read it, though applications often read files with such a name.
    Unread,
}

/// What is done about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Ignore,
    /// Apache serves it from the project itself: nothing to do.
    Served,
    /// Collect Django's static files again.
    Collect,
    /// Import the application anew.
    Reload,
    /// Build the image anew and switch to it.
    Rebuild,
    /// Settle the plan again and apply what is different, if anything is.
    Reconfigure,
    /// A new container with the application's new environment.
    Restart,
    /// A new container, even where nothing else is different: Apache reads the file when it starts.
    Replace,
    /// Run a shell command line in the container.
    Exec(String),
}

/// What each path of a project means, compiled from its plan.
#[derive(Debug)]
pub struct Rules {
    watch: Watch,
    configuration: Configuration,
    statics: Statics,
    ignore_files: IgnoreFiles,
    /// The application's own file, which may have any ending.
    script: Option<String>,
}

impl Rules {
    /// `environment_files` are those with the application's environment, `ignore_files` the project's `.gitignore` and
    /// `.dockerignore` files: the path of each (`web/.gitignore`) and its text. Paths are relative to the project.
    pub fn new(plan: &Plan, environment_files: &[String], ignore_files: &[(String, String)]) -> Self {
        Self {
            watch: Watch::new(plan.reload.iter().flat_map(|reload| &reload.watch)),
            configuration: Configuration::new(plan, environment_files),
            statics: Statics::new(plan),
            ignore_files: IgnoreFiles::new(ignore_files),
            script: kinds::script(&plan.app.value),
        }
    }

    /// What a change of a file means. The path is relative to the project, with `/` between its parts.
    ///
    /// `gone`: nothing is there any more, and what was may have been a directory. `touched`: what the running application has
    /// done with the project's files.
    pub fn verdict(&self, path: &str, gone: bool, touched: &Touched) -> Verdict {
        let Some(path) = path::normalize(path).filter(|path| !path.is_empty()) else {
            return Verdict::new(Action::Ignore, "it is not in the project");
        };
        let path = path.as_str();
        if let Some(verdict) = self.watch.verdict(path, gone) {
            return verdict;
        }
        if let Some(cause) = leftovers::never(path) {
            return Verdict::new(Action::Ignore, cause);
        }
        let skipped = leftovers::directory(path);
        if skipped.is_none()
            && let Some(verdict) = self.configuration.verdict(path, gone)
        {
            return verdict;
        }
        if touched.has_written(path) {
            return Verdict::new(Action::Ignore, "the application writes it itself");
        }
        if touched.has_imported(path) {
            return Verdict::new(Action::Reload, "the running application has imported it");
        }
        if touched.has_opened(path) {
            return Verdict::new(Action::Reload, "the running application has opened it");
        }
        if let Some(cause) = skipped.or_else(|| leftovers::file(path)) {
            return Verdict::new(Action::Ignore, cause);
        }
        if let Some(verdict) = self.statics.verdict(path, gone) {
            return verdict;
        }
        if let Some(file) = self.ignore_files.naming(path, gone) {
            return Verdict::new(Action::Ignore, format!("{file} names it"));
        }
        if self.script.as_deref() == Some(path) {
            return Verdict::new(Action::Reload, "it is the application's script");
        }
        match kinds::read(path, gone) {
            Some(cause) => Verdict::new(Action::Reload, cause),
            None => Verdict {
                basis: if kinds::is_often_read(path) { Basis::Unread } else { Basis::Known },
                ..Verdict::new(Action::Ignore, "nothing is known to read it; a `watch` rule can say otherwise")
            },
        }
    }

    /// Is a directory neither watched nor looked into? Virtual environments are known by their usual names only:
    /// whoever walks the project also skips directories with a `pyvenv.cfg`.
    pub fn skips(&self, directory: &str) -> bool {
        let Some(directory) = path::normalize(directory).filter(|directory| !directory.is_empty()) else { return false };
        let left_behind = leftovers::never(&directory).is_some() || leftovers::directory(&directory).is_some();
        self.watch.ignores(&directory) || left_behind && !self.watch.reaches_into(&directory)
    }
}

impl Verdict {
    fn new(action: Action, cause: impl Into<String>) -> Self {
        Self { action, cause: cause.into(), basis: Basis::Known }
    }
}

#[cfg(test)]
mod tests;
