//! A plan becomes files. Pure; decisions are made here, templates stay flat.

mod archive;
pub mod coverage;
pub mod debug;
pub mod docker_run;
pub mod dockerfile;
pub mod fidelity;
pub mod handler;
pub mod httpd;
mod instrument;
pub mod instruments;
mod packages;
pub mod profiler;
pub mod quote;
pub mod record;
pub mod reload;
mod request_log;
mod requirements;
pub mod smoke;
pub mod start;
pub mod startup;
pub mod takeover;
mod template;
#[cfg(test)]
pub(crate) mod testing;

use crate::error::Result;
use crate::plan::Plan;

pub use archive::archive;
pub use dockerfile::context_files;

/// The port that Apache listens on inside every container. The engine publishes it as `port`.
pub const PORT: u16 = 8000;

/// The files that belong in `/etc/parity`, by name.
///
/// # Errors
/// A value of the plan that cannot be written, with the name of its setting.
pub fn profile_files(plan: &Plan) -> Result<Vec<(String, String)>> {
    let mut files = vec![
        ("httpd.conf".into(), httpd::render(plan)?),
        ("handler.wsgi".into(), handler::render(plan)?),
        ("start.sh".into(), start::render(plan)?),
    ];
    files.extend(httpd::twice::files(&plan.server));
    files.extend(startup::files(plan)?);
    files.extend(start::release(plan)?.map(|script| ("release.sh".into(), script)));
    files.extend(plan.profile.is_baked().then(|| ("health.py".into(), include_str!("../../images/health.py").into())));
    files.extend(instruments::files(plan)?);
    files.extend(request_log::files(plan));
    files.extend(record::files(plan));
    Ok(files)
}
