//! The settled, immutable description of what will be built and run; a pure value.
//!
//! No clock, randomness, engine, terminal or secret value is in it, so that it can be printed, compared,
//! hashed and exported without an engine.

mod debugging;
mod differences;
mod ending;
mod list;
pub mod lock;
mod settle;
mod writable;

use std::path::PathBuf;

pub use crate::config::{BuildHook, OnError, ServicesMode, WatchAction, WatchRule, WritableContent};
use crate::config::{Extent, Server};
use crate::project::{Framework, Locals, Requirements, Services};
use crate::units::{EntryPoint, Origin, Sourced};

pub use differences::{left_out, of_requests};
pub use ending::{Ending, ending};
pub use list::Listed;
pub use settle::{BASES_OWN, HOOK_TIMEOUT, MOD_WSGI, TIMEOUT, name_of, settle, with_pythons};
pub use writable::Store;

/// How one plan is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The code in the image, as deployed.
    Production,
    /// The project bind-mounted, for development.
    Up,
    /// The same with one process of one thread, for the debugger's prompt.
    Debug(Debug),
    /// Production on a free port, with a validator around the application, for checks.
    Smoke,
    /// Production on a free port, with coverage.py in each process.
    Coverage,
    /// The project bind-mounted, on a free port, with production's processes and threads, to be profiled.
    Profiler,
    /// Production's image without a server, for what runs once before a deployment.
    Release,
}

impl Profile {
    /// Is the code that runs the one in the image?
    pub fn is_baked(self) -> bool {
        matches!(self, Profile::Production | Profile::Smoke | Profile::Coverage | Profile::Release)
    }

    /// Its name, as labels and messages have it.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Production => "production",
            Profile::Up => "up",
            Profile::Debug(_) => "debug",
            Profile::Smoke => "smoke",
            Profile::Coverage => "coverage",
            Profile::Profiler => "profile",
            Profile::Release => "release",
        }
    }
}

/// How the `debug` profile begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Debug {
    /// Without the debugger: only as few processes and threads as it needs, and the settings that go with them.
    pub without_debugger: bool,
    /// A prompt before the application is imported.
    pub startup: bool,
    /// What has the prompt.
    pub tool: Tool,
    /// The port that an IDE debugs through, instead of a prompt.
    pub dap: Option<u16>,
}

/// A debugger for the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tool {
    /// Python's own.
    #[default]
    Pdb,
    Ipdb,
    Pudb,
}

impl Tool {
    /// Its package's name, for those that Python does not come with.
    pub fn package(self) -> Option<&'static str> {
        match self {
            Tool::Pdb => None,
            Tool::Ipdb => Some("ipdb"),
            Tool::Pudb => Some("pudb"),
        }
    }
}

/// Something a profile changes against production, with its cause in a user's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// `project`, `config`, `port`.
    pub what: String,
    pub production: String,
    pub here: String,
    pub cause: String,
    /// How an application sees it: places of what [`crate::fidelity`] compares, in which `*` is any text, with a `+` before those that
    /// production has nothing at. None: not at all.
    pub signs: Vec<String>,
}

/// What is built and run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub profile: Profile,
    /// A name for people: the directory's, in the characters that engines allow.
    pub name: String,
    /// The project's directory on this machine, absolute.
    pub root: PathBuf,
    pub app: Sourced<EntryPoint>,
    pub framework: Option<Sourced<Framework>>,
    pub image: ImagePlan,
    pub server: Server,
    /// URL paths that Apache serves from a directory in the container: `/static/` → `/app/static`.
    /// `url-alias` of the settings is in it, the user's own first.
    pub aliases: Vec<Sourced<Alias>>,
    pub collect_static: Option<Sourced<CollectStatic>>,
    /// Shell command lines run once before a deployment, in order.
    pub release_hooks: Vec<Sourced<String>>,
    /// Shell command lines run in each container before Apache starts, in order.
    pub start_hooks: Vec<Sourced<String>>,
    /// Working directory in the container, absolute.
    pub working_directory: Sourced<String>,
    /// Directories for Python modules in the container, absolute, in order.
    pub python_path: Vec<Sourced<String>>,
    /// Names of the application's environment variables; their values are kept apart.
    pub env_names: Vec<Sourced<String>>,
    /// Names of variables that only the build has.
    pub build_env_names: Vec<Sourced<String>>,
    /// The environment contract of mod_wsgi-express and of parity, not secret: `MOD_WSGI_EXPRESS=true`.
    pub contract: Vec<(String, String)>,
    /// Directories that the application writes to where its code is in the image: absolute, in the container, none in another.
    pub writable: Vec<Sourced<String>>,
    pub writable_content: Sourced<WritableContent>,
    pub network: Option<Sourced<String>>,
    /// The services beside the application, of a Compose file.
    pub services: Option<Services>,
    pub services_mode: Sourced<ServicesMode>,
    /// Networks of those services that the engine has, by its names. Nothing is here until it has been asked.
    pub joined: Vec<Joined>,
    /// Seconds to wait for the first answer.
    pub timeout: Sourced<u32>,
    /// Seconds that each hook may take; 0 for any time.
    pub hook_timeout: Sourced<u32>,
    /// Whether requests are shown as they are answered; `None`: not in this profile.
    pub request_log: Option<Sourced<bool>>,
    /// Images that have served before and are kept; those before them are removed.
    pub keep_images: Sourced<u32>,
    pub health: Health,
    /// How saved code is served; `None`: not by itself. Only the `up` profile has it.
    pub reload: Option<Reload>,
    /// Requests are recorded; `None`: they are not. Only profiles that run the project from this machine have it.
    pub record: Option<Record>,
    pub differences: Vec<Difference>,
}

/// A network of services that is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The engine's name of it.
    pub name: String,
    /// Nothing is published from it.
    pub internal: bool,
}

impl Plan {
    /// The network that the container is made in, and those that it is connected to as well. One that is internal cannot be the first: the
    /// server would not be published.
    pub fn networks(&self) -> (Option<&str>, Vec<&str>) {
        let first = match &self.network {
            Some(network) => Some(network.value.as_str()),
            None => self.joined.iter().find(|joined| !joined.internal).map(|joined| joined.name.as_str()),
        };
        (first, self.joined.iter().map(|joined| joined.name.as_str()).filter(|name| Some(*name) != first).collect())
    }

    /// Takes over what the engine said of the services for another plan of the project, where both are to join them.
    pub fn join_as(&mut self, other: &Self) {
        if self.services.is_some() && self.network.is_none() {
            self.joined.clone_from(&other.joined);
        }
    }

    /// May another server listen in its network, to take over from it? Only where saved code is served, and in a network
    /// that is the container's own.
    pub fn lends_network(&self) -> bool {
        lends_network(self.reload.as_ref(), self.network.as_ref())
    }

    /// Does the container's output tell of each request?
    pub fn logs_requests(&self) -> bool {
        self.request_log.as_ref().is_some_and(|shown| shown.value)
    }
}

fn lends_network(reload: Option<&Reload>, network: Option<&Sourced<String>>) -> bool {
    let shared = |network: &str| network.starts_with("container:");
    reload.is_some() && !network.is_some_and(|network| shared(&network.value))
}

/// What the image's `HEALTHCHECK` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// A URL path.
    pub path: Sourced<String>,
    /// The name that the server is asked by, one that the application knows.
    pub host: Sourced<String>,
}

/// How saved code gets into the running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// Who asked for it.
    pub origin: Origin,
    /// What a change of a file means, before parity's own rules; the first that matches decides.
    pub watch: Vec<Sourced<WatchRule>>,
    pub on_error: Sourced<OnError>,
    /// Keep processes ready that have not imported the application. Without them a reload waits for new processes.
    pub standby: Sourced<bool>,
    /// Let those import third-party modules ahead of time.
    pub preload: Sourced<bool>,
    /// The project is uploaded instead of mounted.
    pub sync: Sourced<bool>,
    /// Look for changes every half second instead of being told by the system.
    pub polling: Sourced<bool>,
}

/// How requests are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who asked for it.
    pub origin: Origin,
    /// What is kept of each.
    pub extent: Extent,
}

/// A URL path and what Apache serves there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Starts with `/`.
    pub url: String,
    /// Absolute, in the container.
    pub path: String,
}

/// How Django's static files are collected before the server starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectStatic {
    /// Absolute, in the container.
    pub manage_py: String,
    pub settings_module: Option<String>,
    /// Where they go, absolute, in the container.
    pub target: String,
    /// The project's settings do not name the target (`STATIC_ROOT` unset or not understood), so it is set for the collection.
    pub override_root: bool,
}

/// What goes into the image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePlan {
    pub base: Sourced<Base>,
    pub python: Sourced<String>,
    pub mod_wsgi: Sourced<String>,
    pub requirements: Option<Sourced<Requirements>>,
    /// What is installed of the project's own.
    pub locals: Locals,
    pub packages: Option<Sourced<Vec<String>>>,
    pub build_packages: Option<Sourced<Vec<String>>>,
    pub build_hooks: Vec<Sourced<BuildHook>>,
    /// What would be left out of it, and is wanted: patterns as in .gitignore.
    pub include: Option<Sourced<Vec<String>>>,
    pub repository: Option<Sourced<String>>,
}

/// The image that everything is built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Debian itself, whose own `python3` is used: pulled, or bootstrapped from Debian's packages.
    Debian { suite: Suite },
    /// Another image that has a Python of its own (`python:3.12-slim`), from a registry or this engine.
    Reference(String),
}

/// A release of Debian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    Bookworm,
    Trixie,
}

impl Suite {
    pub fn name(self) -> &'static str {
        match self {
            Suite::Bookworm => "bookworm",
            Suite::Trixie => "trixie",
        }
    }

    /// The version of its `python3` package.
    pub fn python(self) -> &'static str {
        match self {
            Suite::Bookworm => "3.11",
            Suite::Trixie => "3.13",
        }
    }
}
