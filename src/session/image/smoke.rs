//! What would be deployed, for checks of it.

use super::{How, Image, Inputs, LockFile, digest_of, get_base, named_options, options, production_build, run_build};
use crate::engine::build::project_archive;
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::Plan;
use crate::plan::lock::LockedBase;
use crate::render::dockerfile::Options;
use crate::session::Interrupts;

/// Name of images that `parity smoke` checks.
const NAME: &str = "localhost/parity-smoke";

/// The image that would be deployed, of the project as it is now, for checks of it. It is built once for the same files; when
/// they have changed, the one from before is removed.
///
/// # Errors
/// As [`ensure`].
pub async fn smoke(engine: &Engine, plan: &Plan, how: &How, interrupts: &Interrupts, report: &dyn Report) -> Result<Image> {
    let file = LockFile::open(&plan.root)?;
    let inputs = Inputs::read(plan, how)?;
    let name = |base: &LockedBase| -> Result<String> {
        // Values decide what is collected; these names stay on this machine.
        let options = Options { keys: how.secrets.keys(), ..named_options(base, &inputs) };
        let build = production_build(plan, NAME, &options, how, inputs.clone())?;
        let project = project_archive(&plan.root, &how.leave_out)
            .map_err(|error| Failure::new(Kind::Build, "cannot read the project's files").caused_by(&error))?;
        let root = plan.root.as_os_str().as_encoded_bytes();
        let parts = build.files.iter().flat_map(|(path, content)| [path.as_bytes(), content.as_slice()]);
        Ok(format!("{NAME}:{}", digest_of(parts.chain([root, project.as_slice()]))))
    };
    let locked = file.lock.as_ref().map(|lock| lock.base.clone());
    if let Some(locked) = locked.as_ref().filter(|locked| !how.build && !how.no_cache && locked.image == plan.image.base.name()) {
        let reference = name(locked)?;
        if interrupts.or(engine.has_image(&reference)).await? {
            return Ok(Image { reference, worked: 0 });
        }
    }
    let ready = interrupts.or(get_base(engine, plan, locked.as_ref(), how.update_base, report)).await?;
    file.write(&ready.locked, report);
    let reference = name(&ready.locked)?;
    let options = options(engine, how, ready.reference, &inputs)?;
    let mut build = production_build(plan, &reference, &options, how, inputs)?;
    build.labels.push((label::PROJECT.into(), plan.root.to_string_lossy().into_owned()));
    let worked = interrupts.or(run_build(engine, &build, report)).await?;
    engine.remove_images(&format!("{}={}", label::PROJECT, plan.root.display()), &reference).await;
    Ok(Image { reference, worked })
}
