//! Values that remember who set them.

use std::fmt;
use std::path::PathBuf;

/// Who decided a value. Printed by `parity config`, so that no choice is without a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag, as typed: `--port`.
    Flag(String),
    /// An environment variable: `PARITY_PORT`.
    Env(String),
    /// A line of a file, the path relative to the project where it is inside it. Lines count from 1.
    File { path: PathBuf, line: usize },
    /// Found in the project; the words say where: `manage.py:9`.
    Detected(String),
    /// What a command is for asks for it: `debug`.
    Command(String),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => f.write_str(flag),
            Origin::Env(name) => write!(f, "${name}"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Detected(from) => write!(f, "detected from {from}"),
            Origin::Command(name) => write!(f, "`parity {name}`"),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Sourced<T> {
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub fn default(value: T) -> Self {
        Self::new(value, Origin::Default)
    }

    pub fn detected(value: T, from: impl Into<String>) -> Self {
        Self::new(value, Origin::Detected(from.into()))
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: f(self.value), origin: self.origin }
    }
}

impl<T> std::ops::Deref for Sourced<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}
