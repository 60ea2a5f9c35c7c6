//! What the user said: flags, `PARITY_*`, `parity.override.yaml`, `parity.yaml`, `.env` — in that order of precedence.

mod advice;
pub mod checks;
mod document;
mod entry;
mod env_file;
mod file;
mod hooks;
mod load;
mod project;
pub mod record;
mod reload;
pub mod rule;
mod server;
mod services;
mod setting;
mod source;
mod value;
mod variables;
mod writable;
mod yaml;

use std::path::PathBuf;

use crate::units::{EntryPoint, Secret, Sourced};

pub(crate) use advice::nearest;
pub use hooks::BuildHook;
pub use load::{Flags, Sources, load};
pub use project::PROJECT_SETTINGS;
pub use record::{Extent, Keep, Record};
pub use reload::{OnError, Reload, WatchAction, WatchRule};
pub use server::{SETTINGS, Server};
pub use services::ServicesMode;
pub use setting::{Setting, all as all_settings, find as find_setting};
pub use value::{Given, Mismatch, OnOffAuto, Part, Shape, Value};
pub use variables::RESERVED_VARIABLES;
pub use writable::WritableContent;

/// The names that configuration has in a project. A value of the application's environment may be in any of them.
pub const FILES: [&str; 4] = ["parity.yaml", "parity.yml", "parity.override.yaml", "parity.override.yml"];

/// Everything that was said, each value with its origin. What nobody said is `None` or empty, except
/// the server's settings, which carry mod_wsgi-express' defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    pub app: Option<Sourced<EntryPoint>>,
    /// `3.13`, or a full version.
    pub python: Option<Sourced<String>>,
    /// Files to install instead of those found, relative to the project.
    pub requirements: Option<Sourced<Vec<String>>>,
    /// Optional groups and extras of `pyproject.toml` or a lock file, also to be installed.
    pub groups: Option<Sourced<Vec<String>>>,
    pub image: Image,
    pub hooks: Hooks,
    /// What images would do without, and is wanted in them: patterns as in .gitignore.
    pub include: Option<Sourced<Vec<String>>>,
    /// The application's environment, `env:` over `env-file:`; the last one of a name wins. Values are secret.
    pub env: Vec<(String, Sourced<Secret>)>,
    /// `build-env:`, which only the build has, over `env`.
    pub build_env: Vec<(String, Sourced<Secret>)>,
    /// Names that are to be passed on from an environment which has none of them.
    pub absent: Vec<Sourced<String>>,
    /// What is worth telling of those files.
    pub remarks: Vec<String>,
    /// The files that `env` was read from, relative to the project.
    pub env_file: Option<Sourced<Vec<String>>>,
    /// Directories that the application writes to in production, relative to the project or absolute.
    pub writable: Option<Sourced<Vec<String>>>,
    pub writable_content: Option<Sourced<WritableContent>>,
    /// An existing network to join.
    pub network: Option<Sourced<String>>,
    /// What is done about the services of a Compose file.
    pub services: Option<Sourced<ServicesMode>>,
    /// Seconds to wait for the first answer.
    pub timeout: Option<Sourced<u32>>,
    /// Seconds that each hook may take; 0 for any time.
    pub hook_timeout: Option<Sourced<u32>>,
    /// Whether `parity up` shows each request.
    pub request_log: Option<Sourced<bool>>,
    /// Images that have served before and are kept.
    pub keep_images: Option<Sourced<u32>>,
    /// The URL path that the image's `HEALTHCHECK` asks for.
    pub health_check: Option<Sourced<String>>,
    /// `false`: Apache does not serve the project's static files.
    pub static_files: Option<Sourced<bool>>,
    pub reload: Reload,
    /// What is recorded of requests.
    pub record: Record,
    /// What `parity smoke` checks, in order.
    pub smoke: Vec<checks::Check>,
    /// Names of checks and probes that it leaves out.
    pub smoke_skip: Option<Sourced<Vec<String>>>,
    /// What `parity compare` does not compare.
    pub compare_ignore: Option<Sourced<Vec<String>>>,
    pub server: Server,
}

/// `image:` in the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// `debian:trixie`, or any image with Debian's package tools.
    pub base: Option<Sourced<String>>,
    /// Debian packages in the final image.
    pub packages: Option<Sourced<Vec<String>>>,
    /// Debian packages that only compiling the requirements needs.
    pub build_packages: Option<Sourced<Vec<String>>>,
    /// Where built images are pulled from and pushed to: `registry.example.com/team/app`.
    pub repository: Option<Sourced<String>>,
    /// A CA bundle on this machine, used while building only.
    pub build_ca: Option<Sourced<String>>,
    /// The version of mod_wsgi.
    pub mod_wsgi: Option<Sourced<String>>,
}

/// `hooks:` in the file. Each entry is one shell command line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hooks {
    /// Steps of the image build, after the requirements. The project is at `/app`; what they write there is dropped.
    pub build: Vec<Sourced<BuildHook>>,
    /// Run once before a deployment, by `parity release`.
    pub release: Vec<Sourced<String>>,
    /// Run in each container before Apache starts.
    pub start: Vec<Sourced<String>>,
}

impl Hooks {
    /// All command lines.
    pub fn commands(&self) -> Vec<Sourced<String>> {
        let build = self.build.iter().map(|hook| hook.clone().map(|hook| hook.run));
        build.chain(self.release.iter().cloned()).chain(self.start.iter().cloned()).collect()
    }
}
