//! `parity smoke` and the program that loads the application in processes of their own (`images/runtime/parity_runtime/smoke/loading`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{MARK, Message, Unreadable, read};

/// Its argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// Production's script, where it is run, and the directories of python-path.
    pub handler: String,
    pub working_directory: String,
    pub python_path: Vec<String>,
    /// `django`, `flask`, or neither.
    pub framework: Option<&'static str>,
    pub manage_py: Option<String>,
    /// module or module:callable; none of a script.
    pub app: Option<String>,
    /// That each way may take.
    pub seconds: u64,
}

impl Message for Settings {}

/// What both ways met: a line on stdout, behind [`MARK`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Loaded {
    pub server: Way,
    /// `None`: the project has no development server.
    pub development: Option<Way>,
}

/// What one way of loading met.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Way {
    pub error: Option<Raised>,
    pub seconds: f64,
    /// The project's own, by name, with their files.
    pub modules: BTreeMap<String, String>,
    pub slowest: Vec<Slow>,
    pub threads: Vec<Done>,
    pub files: Vec<Done>,
    /// To other programs, kept or not.
    pub connections: Vec<Done>,
    /// Addresses that one process alone can have.
    pub listeners: Vec<Done>,
    pub programs: Vec<Done>,
    pub variables: Vec<Variable>,
    /// Environment variables that it set itself.
    pub set: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Raised {
    pub r#type: String,
    pub text: String,
    pub place: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Slow {
    pub module: String,
    pub seconds: f64,
}

/// Something that was done at import, and is left of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Done {
    pub what: String,
    pub place: Option<String>,
    /// By the project's own code, not by a library.
    pub own: bool,
    /// A program that has ended since.
    #[serde(default)]
    pub ended: bool,
}

/// An environment variable that the project's code reads at import.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Variable {
    pub name: String,
    pub present: bool,
    pub place: Option<String>,
}

impl Loaded {
    /// From what the program printed, and the code before it; `None`: it has not said it.
    ///
    /// # Errors
    /// The line cannot be read as this message.
    pub fn find(said: &str) -> Option<Result<Self, Unreadable>> {
        let line = said.lines().rev().find_map(|line| line.strip_prefix(MARK))?;
        Some(read(line.as_bytes()))
    }

    /// A development server gets along with what the server does not.
    pub fn only_the_server_fails(&self) -> bool {
        self.server.error.is_some() && self.development.as_ref().is_some_and(|development| development.error.is_none())
    }
}
