//! What Rust and the Python in a container say to each other. `images/runtime/parity_runtime/protocol` is the other language's half,
//! `docs/protocol.md` describes both, and `tests/protocol` has an example of each message that the tests of both read.
//!
//! Who writes from a container is not trusted (`docs/security.md`): a line has a limit, paths are those of files of the project or left
//! out, and a message can cause no more than a line of text, but for the restart that is asked for.

pub mod load;
pub mod probe;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

/// What both sides must have; a message of another version is refused, with both in words.
pub const VERSION: u32 = 1;

/// What a line on a container's stderr that is for parity starts with; JSON follows. A record separator is in nobody's text.
pub const MARK: &str = "\x1eparity ";

/// Bytes of a line: that of a large project, with room.
pub const MAX_LINE_BYTES: usize = 16 << 20;
/// Files that one message names. No project has more that it imports.
const MAX_PATHS: usize = 100_000;
/// Characters of what cannot be read that are shown.
const SHOWN: usize = 120;

/// A message as it is written: its version, and what it says.
#[derive(Debug, Serialize, Deserialize)]
struct Versioned<T> {
    v: u32,
    #[serde(flatten)]
    message: T,
}

/// Why something is no message, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that is said in one line of JSON.
pub trait Message: Serialize {
    /// The line, without its end.
    fn to_text(&self) -> String {
        // Texts, numbers and maps of texts are all that messages have.
        serde_json::to_string(&Versioned { v: VERSION, message: self }).expect("messages can be written")
    }
}

/// Reads a message.
///
/// # Errors
/// What is no message, or one of another version.
pub fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        v: Option<serde_json::Value>,
    }
    let shown = || {
        let text = String::from_utf8_lossy(line);
        let short: String = text.trim_end().chars().take(SHOWN).collect();
        if short.len() < text.trim_end().len() { format!("{short}…") } else { short }
    };
    let version: Version = serde_json::from_slice(line).map_err(|_| Unreadable(format!("not JSON: {}", shown())))?;
    if version.v != Some(VERSION.into()) {
        let theirs = version.v.map_or_else(|| "no version".to_owned(), |value| format!("version {value:.20}"));
        return Err(Unreadable(format!("of {theirs} of the protocol, and this is version {VERSION}: {}", shown())));
    }
    let message: Versioned<T> = serde_json::from_slice(line).map_err(|error| Unreadable(format!("{error}: {}", shown())))?;
    Ok(message.message)
}

// --- the reload: what Rust has decided, for the agent and the processes of the slots ------------------------------------

/// `/etc/parity/reload.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// Groups of processes: the one that serves first, and those that take turns with it.
    pub slots: Vec<String>,
    /// Processes of each.
    pub processes: u32,
    /// Third-party modules may be imported ahead of time.
    pub preload: bool,
    /// Seconds that requests have to be finished.
    pub graceful_timeout: u32,
    /// Where the project is in the container, and on this machine.
    pub project: String,
    pub root: String,
    /// The application's script, or the package that is the application, if it is that.
    pub script: Option<String>,
    pub package: Option<String>,
    /// What Apache listens on in the container.
    pub port: u16,
}

impl Message for Config {}

// --- the reload: a session and its agent ---------------------------------------------------------------------------------

/// What the agent is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Order {
    Hello,
    /// Load the code on disk into a standby slot. `files` are those that changed, by the digest of what they hold now;
    /// `None`: gone. `unless_own`: there is nothing to do where the application has written all of them itself.
    #[serde(rename_all = "kebab-case")]
    Prepare {
        generation: u64,
        files: BTreeMap<String, Option<String>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unless_own: bool,
    },
    /// Send requests there.
    Commit {
        generation: u64,
    },
    Discard {
        generation: u64,
    },
    /// Write a file of the project; `data` is base64.
    Put {
        path: String,
        data: String,
        mode: u32,
    },
    Delete {
        path: String,
    },
}

impl Message for Order {}

/// What the agent says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub enum Said {
    Hello(Loaded),
    /// What the application has done with files of the project, as far as that has not been told yet.
    Touched(News),
    /// Nothing is loaded: the application has written all of these files itself.
    Own {
        generation: u64,
        #[serde(deserialize_with = "inside")]
        files: Vec<String>,
    },
    /// There is a slot for it, which loads: what is saved from now on it may not have.
    Begun {
        generation: u64,
    },
    /// The code was loaded into a slot that requests do not go to yet.
    Loaded(Loaded),
    /// It was loaded, and requests go there.
    Serving(Loaded),
    /// No standby process is ready.
    Waiting {
        generation: u64,
    },
    /// The container does not see these files as they were saved.
    Unseen {
        generation: u64,
        #[serde(deserialize_with = "inside")]
        files: Vec<String>,
    },
    /// The import failed, or was not to be trusted, in a process that stood by, and worked otherwise.
    Avoided(Avoided),
    /// What failed when it was told works by now.
    Recovered {
        generation: u64,
    },
    Refused {
        why: String,
    },
    /// Responses that were still going on in a slot that is needed again were cut off.
    Cut {
        responses: Vec<Response>,
    },
    /// Somebody asks for another container of the same.
    RestartWanted,
    /// The answer to `agent memory`.
    Memory {
        slots: BTreeMap<String, Slot>,
    },
    /// The answer to `agent files`.
    Files(News),
}

/// What is not done any more from now on, so that saved code is imported as a fresh process imports it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Avoided {
    pub avoided: Vec<What>,
    /// What was wrong, in the words of Python or of the agent.
    pub why: String,
    /// How long the other try took.
    pub millis: u64,
}

/// A part of what is done ahead of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Importing any module.
    Preload,
    /// Processes that stand by.
    Standby,
    /// The same, since only one process at a time can hold what the import needs.
    Held,
    /// Importing a module, or a package with all that is in it.
    #[serde(untagged)]
    Module(String),
}

impl Avoided {
    /// Does saved code take the place of what served before, from now on?
    pub fn in_place(&self) -> bool {
        self.avoided.iter().any(|what| matches!(what, What::Standby | What::Held))
    }
}

/// A response that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Response {
    /// The URL's path.
    pub path: String,
    /// Since it began.
    pub milliseconds: u64,
}

/// A slot with the application in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Loaded {
    pub generation: u64,
    /// The traceback that keeps the application, or Django's URLs, from being served.
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub pids: Vec<u32>,
    /// The project's files that were imported.
    #[serde(default, deserialize_with = "inside")]
    pub read: Vec<String>,
    /// Those of them that have changed since.
    #[serde(default, deserialize_with = "inside")]
    pub stale: Vec<String>,
    /// Its processes have read different things.
    #[serde(default)]
    pub divided: bool,
}

/// Files of the project, relative to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct News {
    /// Opened for reading.
    #[serde(deserialize_with = "inside")]
    pub opened: Vec<String>,
    #[serde(deserialize_with = "inside")]
    pub written: Vec<String>,
    /// Imported.
    #[serde(default, deserialize_with = "inside")]
    pub read: Vec<String>,
    /// Those that have changed since they were opened or imported.
    #[serde(default, deserialize_with = "inside")]
    pub stale: Vec<String>,
}

/// What a group of processes that takes its turn costs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Slot {
    /// Its share of the memory that processes have in common is counted, where the system tells it.
    pub kilobytes: u64,
    pub processes: u32,
    /// Requests go there.
    pub active: bool,
    /// The code in it cannot be imported.
    #[serde(default)]
    pub failing: bool,
}

/// Paths of files below the project. What is no such path is nobody's here: it would be looked at on this machine.
fn inside<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let mut paths = Vec::<String>::deserialize(deserializer)?;
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    paths.retain(|path| path.split('/').all(is_name));
    paths.truncate(MAX_PATHS);
    Ok(paths)
}

// --- the debugger's console ----------------------------------------------------------------------------------------------

/// Its argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Console {
    pub breakpoints: Vec<Breakpoint>,
    /// Stop where an exception is raised.
    pub errors: bool,
    /// The server was there before, and stays.
    pub attach: bool,
    /// To be made as soon as there is somebody to stop it.
    pub request: Option<Request>,
}

impl Message for Console {}

/// Where to stop: `mysite/views.py:42`, and on which condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breakpoint {
    pub at: String,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// A request that the console makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub data: Option<String>,
    /// Of one that was recorded; `data` is base64 then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<(String, String)>>,
}

/// The console's exit code where another one was there before.
pub const BUSY: i64 = 3;

/// The variable that says what is waited for before the application is imported.
pub const DEBUG_VARIABLE: &str = "PARITY_DEBUG";

/// What that says: a console at once, or before anything is imported, or an IDE.
pub fn debug_mode(port: Option<u16>, startup: bool) -> String {
    match (port, startup) {
        (Some(port), true) => format!("dap:{port}:startup"),
        (Some(port), false) => format!("dap:{port}"),
        (None, true) => "startup".into(),
        (None, false) => "wait".into(),
    }
}

// --- the validator of `parity smoke` -------------------------------------------------------------------------------------

/// Something between the server and the application that is not WSGI: a line on stderr, behind [`MARK`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its kind: `body-not-bytes`.
    #[serde(rename = "wsgi")]
    pub kind: String,
    /// This server and most others get along with it.
    pub note: bool,
    /// Of the request.
    pub method: String,
    pub path: String,
    /// What is wrong, in words.
    pub text: String,
    /// `/app/views.py:31`, or on this machine.
    pub place: Option<String>,
    /// The process that met it.
    pub pid: u32,
}

impl Finding {
    /// `None`: not such a line.
    pub fn read(line: &str) -> Option<Self> {
        read(line.strip_prefix(MARK)?.as_bytes()).ok()
    }
}

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
