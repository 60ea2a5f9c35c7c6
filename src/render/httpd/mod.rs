//! `httpd.conf`: the decisions of mod_wsgi-express, rendered flat.

mod capacity;
mod check;
mod daemon;
mod logging;
mod modules;
mod places;
pub(super) mod twice;
mod view;

use std::fmt::Display;

use super::template;
use crate::error::Result;
use crate::plan::Plan;

pub use capacity::Capacity;
pub(super) use view::application_group;

/// Where Apache looks for files when nothing else says so: a directory that is empty.
pub const EMPTY_ROOT: &str = "/opt/parity/htdocs";

/// How requests get to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispatch {
    /// Every URL below the mount point, by `WSGIScriptAlias`: the short way.
    Alias,
    /// What `document-root` has no file for, through its rewrite rules, as mod_wsgi-express does always.
    Fallback,
}

impl Dispatch {
    pub fn of(plan: &Plan) -> Self {
        let server = &plan.server;
        let needed = server.document_root.is_some() || server.rewrite_rules.is_some();
        if needed { Dispatch::Fallback } else { Dispatch::Alias }
    }
}

/// The mount point without a slash at its end; the root is empty.
pub fn mount_point(plan: &Plan) -> Result<String> {
    let given = plan.server.mount_point.value.trim_matches('/');
    check::plain_url_path("mount-point", &format!("/{given}")).map(|path| path.trim_end_matches('/').to_owned())
}

/// The whole `httpd.conf`.
///
/// # Errors
/// A setting that Apache cannot hold or would refuse, named with its value.
pub fn render(plan: &Plan) -> Result<String> {
    template::render("httpd.conf", &view::View::of(plan)?)
}

/// Apache's spelling of a switch.
fn on_off(flag: bool) -> impl Display {
    if flag { "On" } else { "Off" }
}

#[cfg(test)]
mod tests;
