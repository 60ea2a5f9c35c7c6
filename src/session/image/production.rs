//! The image that is deployed, which is also the one that is checked before.

use super::{BUILD, How, Inputs, LockFile, Provenance, digest_of, get_base, named_options, names, options, run_build};
use crate::engine::build::{Build, project_archive};
use crate::engine::image::{Found, repository_of};
use crate::engine::reproducible::Times;
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::lock::LockedBase;
use crate::plan::{Plan, Profile};
use crate::project::contents::Contents;
use crate::render;
use crate::render::dockerfile::{COVERAGE, Options, PRODUCTION};
use crate::session::{Interrupts, container_name, stage};

/// The value of [`label::START`]: the start script passes its arguments on to Apache.
const START: &str = "1";

/// An image on the engine that can be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Production {
    /// A name for it.
    pub reference: String,
    /// What it is, whatever it is named: `sha256:…`.
    pub id: String,
    /// What a registry has it as, if it came from one: `registry.example.com/team/app@sha256:…`.
    pub digest: Option<String>,
    /// Steps of a build that really ran; 0 when nothing was done.
    pub worked: usize,
}

/// Where the images of a project that are deployed get their names, until somebody gives them others.
pub fn repository(plan: &Plan) -> String {
    format!("localhost/{}", container_name(&plan.name, &plan.root))
}

/// Makes sure that the image of the project as it is now is on the engine. It is built once for the same files, settings and
/// commit; the names of those before it are taken away.
///
/// # Errors
/// As [`super::ensure`].
pub async fn production(
    engine: &Engine,
    plan: &Plan,
    contents: &Contents,
    how: &How,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Production> {
    made(engine, plan, contents, Stage::Production, how, interrupts, report).await
}

/// The same image with coverage.py in it: for `parity coverage` alone, under a name of its own.
///
/// # Errors
/// As [`super::ensure`].
pub async fn with_coverage(
    engine: &Engine,
    plan: &Plan,
    contents: &Contents,
    how: &How,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Production> {
    let how = How { provenance: Provenance::default(), ..how.clone() };
    made(engine, plan, contents, Stage::Coverage, &how, interrupts, report).await
}

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Production,
    Coverage,
}

async fn made(
    engine: &Engine,
    plan: &Plan,
    contents: &Contents,
    stage: Stage,
    how: &How,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Production> {
    how.can_serve()?;
    let file = LockFile::open(&plan.root)?;
    let inputs = Inputs::read(plan, how)?;
    let repository = repository(plan);
    let project =
        project_archive(contents).map_err(|error| Failure::new(Kind::Build, "cannot read the project's files").caused_by(&error))?;
    let name = |base: &LockedBase| -> Result<String> {
        // Values decide what is collected; these names stay on this machine.
        let options = Options { keys: how.secrets.keys(), ..named_options(base, &inputs) };
        let build = build(plan, "", &stage.options(options), contents, stage, how, inputs.clone())?;
        let files = build.files.iter().flat_map(|(path, content)| [path.as_bytes(), content.as_slice()]);
        let labels = build.labels.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let digest = digest_of(files.chain(labels).chain([project.as_slice()]));
        Ok(match stage {
            Stage::Production => format!("{repository}:{digest}"),
            Stage::Coverage => names::measured(&repository, &digest),
        })
    };
    let locked = if how.update_base { None } else { file.locked(plan, report) };
    let anew = how.build || how.no_cache;
    if let Some(locked) = locked.as_ref().filter(|locked| !anew && locked.image == plan.image.base.name()) {
        let reference = name(locked)?;
        if let Some(found) = interrupts.or(engine.image(&reference)).await? {
            return Ok(Production { reference, id: found.id, digest: None, worked: 0 });
        }
    }
    let ready = interrupts.or(get_base(engine, plan, locked.as_ref(), how.update_base, report)).await?;
    let reference = name(&ready.locked)?;
    let options = stage.options(options(engine, how, ready.reference, &inputs)?);
    let on = options.base.clone();
    let build = build(plan, &reference, &options, contents, stage, how, inputs)?;
    let worked = interrupts.or(run_build(engine, plan, &build, report)).await?;
    file.write(&ready.locked, report);
    let mut id = engine.image_id(&reference).await?.ok_or_else(|| vanished(&reference))?;
    if let Some(epoch) = how.provenance.epoch {
        let times = Times { epoch, served: plan.aliases.iter().map(|alias| alias.path.clone()).collect() };
        let work = interrupts.or(engine.retime(&reference, &on, &times));
        stage::stage(report, "times", "the times of its source", "SOURCE_DATE_EPOCH", work).await?;
        let built = std::mem::replace(&mut id, engine.image_id(&reference).await?.ok_or_else(|| vanished(&reference))?);
        if built != id {
            engine.remove_unnamed(&built).await;
        }
    }
    let is_former = |name: &str| name != reference && !names::is_served(name) && names::is_measured(name) == (stage == Stage::Coverage);
    engine.remove_images(&repository, is_former).await?;
    Ok(Production { reference, id, digest: None, worked })
}

/// An image that was built before, here or elsewhere. It is pulled if the engine does not have it.
///
/// # Errors
/// [`Kind::Registry`]; [`Kind::Usage`] for one that is not deployed.
pub async fn existing(engine: &Engine, reference: &str, interrupts: &Interrupts, report: &dyn Report) -> Result<Production> {
    let found = match interrupts.or(engine.image(reference)).await? {
        Some(found) => found,
        None => {
            let title = format!("image {reference}");
            stage::stage(report, BUILD, &title, "pulled", interrupts.or(engine.pull(reference, BUILD, report))).await?;
            engine.image(reference).await?.ok_or_else(|| vanished(reference))?
        }
    };
    check(reference, &found)?;
    let repository = repository_of(reference);
    let digest = found.digest_in(repository).map(|digest| format!("{repository}@{digest}"));
    Ok(Production { reference: reference.to_owned(), id: found.id, digest, worked: 0 })
}

fn check(reference: &str, image: &Found) -> Result<()> {
    let is = |name: &str, value: &str| image.labels.get(name).is_some_and(|have| have == value);
    let build_it = "`parity build --production NAME` builds one";
    if !is(label::IMAGE, PRODUCTION) {
        return Err(Failure::new(Kind::Usage, format!("{reference} is not an image that parity has built for deployment")).hint(build_it));
    }
    if !is(label::START, START) {
        return Err(Failure::new(Kind::Usage, format!("{reference} was built by another version of parity")).hint(build_it));
    }
    Ok(())
}

fn vanished(reference: &str) -> Failure {
    Failure::new(Kind::Build, format!("the image {reference} was removed by somebody else")).hint("type the command again")
}

impl Stage {
    fn options(self, options: Options) -> Options {
        Options { coverage: self == Self::Coverage, ..options }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Production => PRODUCTION,
            Self::Coverage => COVERAGE,
        }
    }
}

fn build(plan: &Plan, name: &str, options: &Options, contents: &Contents, stage: Stage, how: &How, inputs: Inputs) -> Result<Build> {
    let own = [(label::VERSION, env!("CARGO_PKG_VERSION")), (label::IMAGE, stage.name()), (label::START, START)];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut files = render::context_files(&Plan { profile: Profile::Production, ..plan.clone() }, options)?;
    files.extend(inputs.files);
    Ok(Build {
        image: name.to_owned(),
        target: stage.name().into(),
        files,
        project: Some(contents.clone()),
        modified: how.provenance.created.unwrap_or(0),
        labels: own.into_iter().chain(how.provenance.labels()).collect(),
        secrets: how.secrets.files()?,
        hidden: how.secrets.redactor(),
        no_cache: how.no_cache,
    })
}
