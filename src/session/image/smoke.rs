//! What would be deployed, for checks of it.

use super::{How, Image, LockFile, digest_of, get_base, production_build, read_ca, requirement_files, run_build};
use crate::engine::base;
use crate::engine::build::project_archive;
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::Plan;
use crate::plan::lock::LockedBase;
use crate::project::contents::Contents;
use crate::render::dockerfile::Options;
use crate::session::Interrupts;

/// Name of images that `parity smoke` checks.
const NAME: &str = "localhost/parity-smoke";

/// The image that would be deployed, of the project as it is now, for checks of it. It is built once for the same files; when
/// they have changed, the one from before is removed.
///
/// # Errors
/// As [`ensure`].
pub async fn smoke(
    engine: &Engine,
    plan: &Plan,
    contents: &Contents,
    how: &How,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Image> {
    let file = LockFile::open(&plan.root)?;
    let requirement_files = requirement_files(plan)?;
    let name = |base: &LockedBase| -> Result<String> {
        let options = Options { base: base::reference_of(base), requirement_files: requirement_files.clone(), ..Options::default() };
        let build = production_build(plan, NAME, &options, contents.clone(), how)?;
        let project = build.project.as_ref().map(project_archive).transpose();
        let project = project.map_err(|error| Failure::new(Kind::Build, "cannot read the project's files").caused_by(&error))?;
        let root = plan.root.as_os_str().as_encoded_bytes();
        let parts = build.files.iter().flat_map(|(path, content)| [path.as_bytes(), content.as_slice()]);
        Ok(format!("{NAME}:{}", digest_of(parts.chain([root, project.as_deref().unwrap_or_default()]))))
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
    let options = Options { base: ready.reference, build_ca: read_ca(how.build_ca.as_deref())?, requirement_files, ..Options::default() };
    let mut build = production_build(plan, &reference, &options, contents.clone(), how)?;
    build.labels.push((label::PROJECT.into(), plan.root.to_string_lossy().into_owned()));
    let worked = interrupts.or(run_build(engine, &build, report)).await?;
    engine.remove_images(&format!("{}={}", label::PROJECT, plan.root.display()), &reference).await;
    Ok(Image { reference, worked })
}
