//! A session that serves what is saved: it watches the project, decides what each change means, and sees to it.
//!
//! ```text
//! watch → changes (what does it mean?) → burst → machine (what is to be done?) → agent in the container → events
//!                                              → switch (another image or configuration: another container)
//! ```

mod agent;
mod applying;
mod avoided;
mod connecting;
mod files;
mod held;
mod ignored;
mod job;
mod machine;
mod memory;
mod repeats;
mod restarting;
mod revival;
mod saves;
mod session;
mod switch;
mod takeover;
mod telling;
mod watching;

use std::path::PathBuf;

use crate::engine::container::Observed;
use crate::error::Result;
use crate::plan::Plan;
use crate::session::image::How;
use crate::units::Secret;

pub use memory::slots;
pub use restarting::{ask_for_restart, restarted};
pub use saves::{Saves, touched};
pub use session::{Server, Session};
pub use takeover::Listens;
pub use watching::{rules_without_following, skips};

/// What to do about an application that cannot be imported while somebody watches.
pub const FIX_IT: &str = "save a file that fixes it: it is served then";

/// Everything that a server is made from, settled from what is on disk and was said.
#[derive(Debug)]
pub struct Inputs {
    pub plan: Plan,
    /// Values of the application's environment.
    pub secrets: Vec<(String, Secret)>,
    pub how: How,
    /// The files that those values come from, relative to the project.
    pub environment_files: Vec<String>,
}

/// Settles it anew.
pub type Replan<'a> = &'a (dyn Fn() -> Result<Inputs> + 'a);

/// The container that is served from at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    pub id: String,
    /// Its view of root's project.
    pub view: Option<PathBuf>,
    pub url: String,
    /// Digest of all that it was made from.
    pub digest: String,
    pub image: String,
    /// The container whose network its server listens in; `None`: its own.
    pub network: Option<String>,
    /// Where it is reached.
    pub listens: Listens,
}

impl Current {
    /// The container whose network its server listens in, which may be its own.
    pub fn lender(&self) -> &str {
        self.network.as_deref().unwrap_or(&self.id)
    }

    /// The same after another session has had `new` take over from it.
    pub fn taken_over_by(&self, new: &Observed) -> Self {
        Self {
            id: new.id.clone(),
            view: new.view.clone(),
            url: new.url.clone().unwrap_or_else(|| self.url.clone()),
            digest: new.plan.clone(),
            image: new.image.clone(),
            network: Some(self.lender().to_owned()),
            listens: self.listens.clone(),
        }
    }

    /// The container that serves, and the one that holds its port.
    pub fn containers(&self) -> Vec<&str> {
        [Some(&self.id), self.network.as_ref()].into_iter().flatten().map(String::as_str).collect()
    }
}

/// What a session needs to follow what is saved.
pub struct Following<'a> {
    pub inputs: Inputs,
    pub replan: Replan<'a>,
}

impl std::fmt::Debug for Following<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Following").field("plan", &self.inputs.plan).finish_non_exhaustive()
    }
}

/// What can be typed.
pub const KEYS: &str =
    "r reloads, R records requests, w shows them, o opens the browser, d debugs, p profiles, c measures coverage, q quits";

/// Something the user typed in the session's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Reload,
    Open,
    Quit,
}
