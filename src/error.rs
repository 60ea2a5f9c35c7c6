//! The one error that reaches a user: what happened, why, what to type next, and an exit code.

use std::fmt;

pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// What kind of failure it was. Each has its own exit code, which scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Anything without a code of its own.
    Other,
    /// Another command is making a container of the same name at this moment. It has no exit code of its own.
    NameTaken,
    /// The command line is wrong.
    Usage,
    /// `parity.yaml`, `.env`, `parity.lock` or the environment holds something unusable.
    BadFile,
    /// The project was not understood: no entry point, or more than one.
    Project,
    /// No container engine answers.
    EngineUnreachable,
    /// The engine's socket may not be opened by this user.
    EnginePermission,
    /// Building the image failed.
    Build,
    /// There is no base image to be got, or not as `parity.lock` says.
    Base,
    /// Pulling or pushing failed.
    Registry,
    /// The port is taken.
    PortTaken,
    /// The application cannot be imported, or the server ended before it answered.
    App,
    /// The application did not answer within the deadline.
    NotReady,
    /// A hook failed.
    Hook,
    /// No space left for the engine or here.
    DiskFull,
    /// The project is not running.
    NotRunning,
    /// The engine stopped answering in the middle.
    EngineLost,
    /// A check of `parity smoke` failed.
    Checks,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Kind {
    /// Every kind with an exit code of its own, in their order, for the documentation.
    pub const ALL: [(Kind, &'static str); 18] = [
        (Kind::Other, "anything without a code of its own"),
        (
            Kind::Usage,
            "the command line is wrong; of `parity diff --live`: something differs from production that is not declared; of `parity replay` and `parity compare`: some answers differ; of `parity coverage`: too few lines are covered; of `parity profile`: a request takes longer than `--fail-over` allows",
        ),
        (Kind::BadFile, "parity.yaml, .env, parity.lock or PARITY_* holds something unusable"),
        (Kind::Project, "the project was not understood: no entry point, or several"),
        (Kind::EngineUnreachable, "no container engine answers"),
        (Kind::EnginePermission, "this user may not use the engine's socket"),
        (Kind::Build, "building the image failed"),
        (Kind::Base, "cannot get the base image, or not as parity.lock says"),
        (Kind::Registry, "pulling or pushing an image failed"),
        (Kind::PortTaken, "the port is taken"),
        (Kind::App, "the application cannot be imported, or its server ended"),
        (Kind::NotReady, "the application did not answer in time"),
        (Kind::Hook, "a hook failed"),
        (Kind::DiskFull, "no space left"),
        (Kind::NotRunning, "the project is not running"),
        (Kind::EngineLost, "the engine stopped answering in the middle"),
        (Kind::Checks, "a check failed"),
        (Kind::Interrupted, "stopped by Ctrl-C or SIGTERM"),
    ];

    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Other | Kind::NameTaken => 1,
            Kind::Usage => 2,
            Kind::BadFile => 3,
            Kind::Project => 4,
            Kind::EngineUnreachable => 5,
            Kind::EnginePermission => 6,
            Kind::Build => 7,
            Kind::Base => 8,
            Kind::Registry => 9,
            Kind::PortTaken => 10,
            Kind::App => 11,
            Kind::NotReady => 12,
            Kind::Hook => 13,
            Kind::DiskFull => 14,
            Kind::NotRunning => 15,
            Kind::EngineLost => 16,
            Kind::Checks => 17,
            Kind::Interrupted => 130,
        }
    }
}

/// A failure in a user's words. `Display` gives the message alone; `ui` prints the rest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    pub kind: Kind,
    /// What happened, one line, lower case, no full stop.
    pub message: String,
    /// Lines shown as they are below the message: a source line with a caret, the end of pip's output, a traceback.
    pub details: Vec<String>,
    /// Why, from the outside in.
    pub causes: Vec<String>,
    /// What to type or change next.
    pub hints: Vec<String>,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: Vec::new(), causes: Vec::new(), hints: Vec::new() }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds an error and everything it says it was caused by.
    #[must_use]
    pub fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Many libraries repeat the cause in their own text; say it once.
            if !self.causes.iter().any(|said| said.contains(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    #[must_use]
    pub fn details(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.details.extend(lines.into_iter().map(Into::into));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
