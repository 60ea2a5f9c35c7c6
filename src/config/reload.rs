//! How `parity up` follows what is saved: the settings about it, and how the rules of `watch` are read.

use super::project::Saying;
use super::rule::{self, Rule};
use super::value::{Given, Mismatch, Part, Shape, Value, list, text};
use crate::units::Sourced;

/// How `parity up` follows what is saved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reload {
    /// Serve saved code without being told to.
    pub on_changes: Option<Sourced<bool>>,
    /// What a change of a file means, before parity's own rules; the first that matches decides.
    pub watch: Vec<Sourced<WatchRule>>,
    pub on_error: Option<Sourced<OnError>>,
    /// Keep processes ready that have not imported the application.
    pub standby: Option<Sourced<bool>>,
    /// Let those import third-party modules ahead of time.
    pub preload: Option<Sourced<bool>>,
    /// Upload changed files instead of mounting the project.
    pub sync: Option<Sourced<bool>>,
    /// Look for changes every half second instead of being told by the system.
    pub watch_polling: Option<Sourced<bool>>,
}

/// What a change of some files means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRule {
    /// Which files, as a line of `.gitignore` says it: `*.md`, `/data/`, `templates/**/*.txt`.
    pub path: String,
    pub action: WatchAction,
}

/// What is done about a changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchAction {
    /// Serve it: the application is imported anew.
    Reload,
    /// Build the image anew and switch to it.
    Rebuild,
    /// Read the configuration again and apply it.
    Reconfigure,
    /// Run a shell command line in the container.
    Exec(String),
    Ignore,
}

/// What is served while the saved code cannot be imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// A page that says what failed, as production would fail.
    #[default]
    Show,
    /// The last code that could be imported.
    Keep,
}

impl Value for OnError {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        match text(given) {
            Some("show") => Ok(Self::Show),
            Some("keep") => Ok(Self::Keep),
            _ => Err(Mismatch::one_of(&["show", "keep"], given)),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Show => "show".into(),
            Self::Keep => "keep".into(),
        }
    }
}

impl std::fmt::Display for WatchRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let action = match &self.action {
            WatchAction::Reload => "reload",
            WatchAction::Rebuild => "rebuild",
            WatchAction::Reconfigure => "reconfigure",
            WatchAction::Ignore => "ignore",
            WatchAction::Exec(command) => return write!(f, "{} → exec {command}", self.path),
        };
        write!(f, "{} → {action}", self.path)
    }
}

/// Reads `watch`: a list of rules, or one alone.
pub(super) fn watch(said: &impl Saying) -> Result<Vec<Sourced<WatchRule>>, Mismatch> {
    match said.given() {
        Given::Null => Ok(Vec::new()),
        Given::Text(_) => {
            let switch = bool::read(said.given()).is_ok().then_some("reload-on-changes");
            Err(Mismatch::whole("a list of `{path: …, action: …}`").meaning(switch))
        }
        Given::Map(pairs) => Ok(vec![Sourced::new(watch_rule(pairs)?, said.origin())]),
        Given::List(items) => {
            let rule = |(at, item): (usize, &Given)| match item {
                Given::Map(pairs) => Ok(Sourced::new(watch_rule(pairs).map_err(|wrong| wrong.inside(at))?, said.origin_of(at))),
                _ => Err(lacking(&["path", "action"]).inside(at)),
            };
            items.iter().enumerate().map(rule).collect()
        }
    }
}

/// `{path: "*.po", action: exec, command: "make messages"}`
fn watch_rule(pairs: &[(String, Given)]) -> Result<WatchRule, Mismatch> {
    const NAMES: [&str; 3] = ["path", "action", "command"];
    if let Some(at) = pairs.iter().position(|(name, _)| !NAMES.contains(&name.as_str())) {
        return Err(Mismatch::one_of(&NAMES, &pairs[at].0.as_str().into()).at(Part::Name(at)));
    }
    let path = read(pairs, "path", |given| ruled(given, &rule::PATTERN))?;
    let action = read(pairs, "action", known_action)?;
    let command = read(pairs, "command", |given| ruled(given, &rule::COMMAND))?;
    let action = match (action, command) {
        (None, _) => return Err(lacking(&["path", "action"])),
        (Some("exec"), None) => return Err(lacking(&["path", "action", "command"])),
        (Some("exec"), Some(command)) => WatchAction::Exec(command),
        (Some(_), Some(_)) => {
            let at = pairs.iter().position(|(name, _)| name == "command").unwrap_or_default();
            return Err(Mismatch::whole("path or action (command goes with `action: exec`)").at(Part::Name(at)));
        }
        (Some("reload"), None) => WatchAction::Reload,
        (Some("rebuild"), None) => WatchAction::Rebuild,
        (Some("reconfigure"), None) => WatchAction::Reconfigure,
        (Some(_), None) => WatchAction::Ignore,
    };
    let path = path.ok_or_else(|| lacking(&["path", "action"]))?;
    Ok(WatchRule { path, action })
}

fn read<'a, T>(pairs: &'a [(String, Given)], name: &str, read: impl Fn(&'a Given) -> Result<T, Mismatch>) -> Result<Option<T>, Mismatch> {
    let Some(at) = pairs.iter().position(|(known, _)| known == name) else { return Ok(None) };
    read(&pairs[at].1).map(Some).map_err(|wrong| wrong.at(Part::Item(at)))
}

fn ruled(given: &Given, rule: &Rule) -> Result<String, Mismatch> {
    match text(given) {
        Some(text) if !(rule.holds)(text) => Err(Mismatch::whole(rule.expected)),
        _ => String::read(given),
    }
}

fn known_action(given: &Given) -> Result<&str, Mismatch> {
    const ACTIONS: [&str; 5] = ["reload", "rebuild", "reconfigure", "exec", "ignore"];
    text(given).filter(|text| ACTIONS.contains(text)).ok_or_else(|| Mismatch::one_of(&ACTIONS, given))
}

fn lacking(names: &[&str]) -> Mismatch {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    Mismatch::whole(format!("a map with {}", list(&names, "and")))
}
