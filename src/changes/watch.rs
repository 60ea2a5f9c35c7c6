//! The user's rules. The first that matches decides, also over rules for a directory further up.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Action, Basis, Verdict, path};
use crate::plan::{WatchAction, WatchRule};
use crate::units::Sourced;

#[derive(Debug)]
pub(super) struct Watch(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// One matcher for each rule: of several patterns in one, the last would win.
    pattern: Gitignore,
    /// The directory that the pattern is about, as far as it names one without wildcards.
    start: Option<String>,
    verdict: Verdict,
}

impl Watch {
    pub fn new<'a>(rules: impl Iterator<Item = &'a Sourced<WatchRule>>) -> Self {
        Self(rules.map(rule).collect())
    }

    pub fn verdict(&self, path: &str, gone: bool) -> Option<Verdict> {
        self.0.iter().find(|rule| rule.matches(path, gone)).map(|rule| rule.verdict.clone())
    }

    /// Is everything below a directory ignored? A rule before that may want some of it.
    pub fn ignores(&self, directory: &str) -> bool {
        self.0.iter().take_while(|rule| rule.verdict.action == Action::Ignore).any(|rule| rule.matches(directory, true))
    }

    /// Is any rule about something in a directory, or about a directory that it is in?
    pub fn reaches_into(&self, directory: &str) -> bool {
        let about = |rule: &&Rule| rule.verdict.action != Action::Ignore;
        let mut starts = self.0.iter().filter(about).filter_map(|rule| rule.start.as_deref());
        starts.any(|start| path::is_below(start, directory) || path::is_below(directory, start))
    }
}

impl Rule {
    fn matches(&self, path: &str, may_be_directory: bool) -> bool {
        // A pattern that ends with `/` names directories only.
        self.pattern.matched_path_or_any_parents(path, false).is_ignore()
            || may_be_directory && self.pattern.matched_path_or_any_parents(path, true).is_ignore()
    }
}

fn rule(said: &Sourced<WatchRule>) -> Rule {
    let Sourced { value: WatchRule { path, action }, origin } = said;
    // A line of .gitignore knows no `./`, but people write it.
    let pattern = path.strip_prefix("./").map_or_else(|| path.clone(), |path| format!("/{path}"));
    let mut builder = GitignoreBuilder::new("");
    // The settings refuse what is no pattern; here it would match nothing.
    let built = builder.add_line(None, &pattern).ok().and_then(|builder| builder.build().ok());
    let action = match action {
        WatchAction::Reload => Action::Reload,
        WatchAction::Rebuild => Action::Rebuild,
        WatchAction::Reconfigure => Action::Reconfigure,
        WatchAction::Exec(command) => Action::Exec(command.clone()),
        WatchAction::Ignore => Action::Ignore,
    };
    Rule {
        pattern: built.unwrap_or_else(Gitignore::empty),
        start: start(&pattern),
        verdict: Verdict { action, cause: format!("the rule `{path}` in {origin}"), basis: Basis::Rule },
    }
}

/// `/node_modules/lib/*.js` → `node_modules/lib`. A pattern without a `/` inside is about any directory.
fn start(pattern: &str) -> Option<String> {
    let anchored = pattern.starts_with('/') || pattern.trim_end_matches('/').contains('/');
    let parts = pattern.split('/').filter(|part| !part.is_empty()).take_while(|part| !part.contains(['*', '?', '[', '{', '\\']));
    let start = parts.collect::<Vec<_>>().join("/");
    (anchored && !start.is_empty()).then_some(start)
}
