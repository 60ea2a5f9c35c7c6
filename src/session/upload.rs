//! The project where it cannot be mounted: its files are uploaded into the container's memory.

use crate::engine::Engine;
use crate::engine::build::project_archive;
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::units::layout;

pub fn is_wanted(plan: &Plan) -> bool {
    plan.reload.as_ref().is_some_and(|reload| *reload.sync)
}

/// Uploads all of the project. The container's start script waits for the mark.
///
/// # Errors
/// Files that cannot be read, and the engine's.
pub async fn upload(engine: &Engine, container: &str, plan: &Plan) -> Result<()> {
    let archive = project_archive(&plan.root, &[])
        .map_err(|error| Failure::new(Kind::Other, "the project's files cannot be read").caused_by(&error))?;
    let script = format!("tar -xC {} && : >{}/uploaded", layout::APP, layout::RUN);
    match engine.run(container, ["/bin/sh", "-c", &script].map(String::from).to_vec(), &archive).await? {
        (0, _) => Ok(()),
        (code, said) => Err(Failure::new(Kind::Other, format!("the project cannot be uploaded: exit code {code}")).details(said.lines())),
    }
}
