//! The image of a plan: there already, pulled, or built.

pub(super) mod git;
mod inputs;
mod keep;
mod lock_file;
pub mod names;
mod packages;
mod production;
mod provenance;
mod secrets;

use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::Interrupts;
use super::diagnose::diagnose;
use crate::engine::base::{self, STAGE as BASE};
use crate::engine::build::Build;
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::indexes::without_credentials;
use crate::plan::lock::{self, LockedBase};
use crate::plan::{BASES_OWN, Base, Plan, Profile, with_pythons};
use crate::project::contents::Selection;
use crate::project::windows_line_ends;
use crate::render;
use crate::render::dockerfile::secrets::Delivery;
use crate::render::dockerfile::{DEBUGGER, Options, RUNTIME};
use crate::units::files;
use inputs::Inputs;

pub use git::changed_since;
pub use keep::{claim, keep};
pub use lock_file::{LockFile, was_served};
pub use production::{Production, existing, production, repository, with_coverage};
pub use provenance::Provenance;
pub use secrets::BuildSecrets;

/// What to do beyond what is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct How {
    /// Build even if the image is there.
    pub build: bool,
    /// Build without the engine's cache.
    pub no_cache: bool,
    /// Take the newest base and write the lock anew.
    pub update_base: bool,
    /// A CA bundle for the build.
    pub build_ca: Option<PathBuf>,
    /// What of the project goes into images.
    pub selection: Selection,
    /// What an image that is deployed says of itself.
    pub provenance: Provenance,
    /// What commands of the build see, and no image has.
    pub secrets: BuildSecrets,
    /// Why no image would serve, if that is known beforehand.
    pub missing: Option<Failure>,
}

impl How {
    fn can_serve(&self) -> Result<()> {
        self.missing.clone().map_or(Ok(()), Err)
    }
}

/// An image on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `localhost/parity:<digest>`, or with `image.repository` that name.
    pub reference: String,
    /// Steps of a build that really ran; 0 when nothing was done.
    pub worked: usize,
}

const BUILD: &str = "build";
/// Name of images that belong to no repository.
const LOCAL: &str = "localhost/parity";
/// Name of images with a debugger.
const DEBUGGER_NAME: &str = "localhost/parity-debugger";

/// Makes sure that the image `parity up` runs is on the engine.
///
/// # Errors
/// `Kind::Base`, `Kind::Build`, `Kind::Registry`, each with what to do.
pub async fn ensure(engine: &Engine, plan: &Plan, how: &How, interrupts: &Interrupts, report: &dyn Report) -> Result<Image> {
    how.can_serve()?;
    let file = LockFile::open(&plan.root)?;
    let inputs = Inputs::read(plan, how)?;
    let locked = if how.update_base { None } else { file.locked(plan, report) };
    // With a lock the image's name is known before the base is: nothing more is asked of the engine when it is there.
    if let Some(locked) = locked.as_ref().filter(|locked| locked.image == plan.image.base.name()) {
        let reference = image_reference(plan, locked, &inputs, how)?;
        if !how.build && !how.no_cache && interrupts.or(engine.has_image(&reference)).await? {
            return Ok(Image { reference, worked: 0 });
        }
        if !how.build && !how.no_cache && plan.image.repository.is_some() && interrupts.or(pulled(engine, &reference, report)).await? {
            return Ok(Image { reference, worked: 0 });
        }
    }
    let ready = interrupts.or(get_base(engine, plan, locked.as_ref(), how.update_base, report)).await?;
    let reference = image_reference(plan, &ready.locked, &inputs, how)?;
    if !how.build && !how.no_cache {
        let is_there = interrupts.or(engine.has_image(&reference)).await?;
        let may_be_pulled = locked.is_none() && plan.image.repository.is_some();
        if is_there || may_be_pulled && interrupts.or(pulled(engine, &reference, report)).await? {
            file.write(&ready.locked, report);
            return Ok(Image { reference, worked: 0 });
        }
    }
    inputs::remark(plan, report);
    let options = options(engine, how, ready.reference, &inputs)?;
    let build = runtime_build(plan, &reference, RUNTIME, &options, how, inputs)?;
    // The name of one that is built again goes to the new one.
    let before = if how.build || how.no_cache { interrupts.or(engine.image_id(&reference)).await? } else { None };
    let worked = interrupts.or(run_build(engine, plan, &build, report)).await?;
    // A base that nothing could be built on is nobody's yet.
    file.write(&ready.locked, report);
    interrupts.or(claim(engine, plan, &reference)).await?;
    if let Some(before) = before
        && interrupts.or(engine.image_id(&reference)).await?.as_ref() != Some(&before)
    {
        engine.remove_unnamed(&before).await;
    }
    Ok(Image { reference, worked })
}

/// What the Dockerfile has to know of the engine, this machine and the project's files.
fn options(engine: &Engine, how: &How, base: String, inputs: &Inputs) -> Result<Options> {
    Ok(Options {
        base,
        build_ca: read_ca(how.build_ca.as_deref())?,
        requirement_files: inputs.requirements.clone(),
        delivery: if engine.carries_secrets() { Delivery::Session } else { Delivery::Context },
        keys: how.secrets.keys(),
        hook_files: inputs.hook_digests(),
        packages: inputs.packages.clone(),
        built: inputs.built.clone(),
        versions: inputs.versions.clone(),
        ..Options::default()
    })
}

/// A build up to one of the stages without the project in them. Build hooks see it; nothing else of these stages does.
fn runtime_build(plan: &Plan, reference: &str, target: &str, options: &Options, how: &How, inputs: Inputs) -> Result<Build> {
    let mut files = render::context_files(&runtime_plan(plan), options)?;
    files.extend(inputs.files);
    Ok(Build {
        image: reference.to_owned(),
        target: target.to_owned(),
        files,
        project: inputs.project,
        modified: 0,
        labels: vec![(label::VERSION.into(), env!("CARGO_PKG_VERSION").into()), (label::IMAGE.into(), target.into())],
        secrets: how.secrets.files()?,
        hidden: how.secrets.redactor(),
        no_cache: how.no_cache,
    })
}

/// The image of a plan with a debugger in it that the project does not have. It is for `parity debug` alone, under a name of
/// its own; the image that everything else runs stays as it is.
///
/// # Errors
/// As [`ensure`].
pub async fn with_debugger(
    engine: &Engine,
    plan: &Plan,
    package: &str,
    how: &How,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<Image> {
    let runtime = ensure(engine, plan, how, interrupts, report).await?;
    let tag = runtime.reference.rsplit_once(':').map_or("", |(_, tag)| tag);
    let reference = format!("{DEBUGGER_NAME}:{tag}-{}", package.replace('=', "-"));
    if interrupts.or(engine.has_image(&reference)).await? {
        return Ok(Image { reference, worked: 0 });
    }
    let Some(lock) = LockFile::open(&plan.root)?.lock else {
        return Err(Failure::new(Kind::Base, "the base image is not locked").hint("can parity.lock be written in the project's directory?"));
    };
    let inputs = Inputs::read(plan, how)?;
    let options = Options { debugger: Some(package.to_owned()), ..options(engine, how, base::reference_of(&lock.base), &inputs)? };
    let build = Build { no_cache: false, ..runtime_build(plan, &reference, DEBUGGER, &options, how, inputs)? };
    let worked = interrupts.or(run_build(engine, plan, &build, report)).await?;
    Ok(Image { reference, worked })
}

/// The name that the image of a plan has, as far as it is known without an engine: with a lock.
///
/// # Errors
/// An unusable lock, or unreadable requirements.
pub fn name(plan: &Plan, how: &How) -> Result<Option<String>> {
    let Some(lock) = LockFile::open(&plan.root)?.lock.filter(|lock| lock.base.image == plan.image.base.name()) else { return Ok(None) };
    image_reference(plan, &lock.base, &Inputs::read(plan, how)?, how).map(Some)
}

async fn run_build(engine: &Engine, plan: &Plan, build: &Build, report: &dyn Report) -> Result<usize> {
    match engine.build(build, report).await {
        Ok(built) => Ok(built.worked),
        Err(failed) => {
            let failure = diagnose(failed);
            let of_hook = failure.kind == Kind::Hook;
            let scripts = plan.image.build_hooks.iter().filter(|_| of_hook).find_map(|hook| windows_line_ends(&plan.root, &hook.run));
            Err(scripts.into_iter().fold(failure, Failure::hint))
        }
    }
}

async fn get_base(engine: &Engine, plan: &Plan, locked: Option<&LockedBase>, update: bool, report: &dyn Report) -> Result<base::Ready> {
    let begun = Instant::now();
    let title = format!("base {}", plan.image.base.name());
    report.report(Event::StageStarted { id: BASE.into(), title: title.clone() });
    let mut ready = base::ensure(engine, &plan.image.base.value, locked, update, report).await;
    let refused = locked.is_some_and(|locked| locked.image != plan.image.base.name());
    if let Err(failure) = &mut ready
        && (refused || matches!(plan.image.base.value, Base::Reference(_)))
    {
        // A `.python-version` may have asked for it, which its name does not say.
        failure.causes.push(match plan.image.python.value.as_str() {
            BASES_OWN => format!("why this base: {}", plan.image.base.origin),
            version => format!("`python` is {version} ({})", plan.image.python.origin),
        });
        if locked.is_none() {
            *failure = match plan.image.python.value.as_str() {
                BASES_OWN => failure.clone().hint("without `image.base` parity takes Debian's own Python, which needs no registry"),
                version => with_pythons(failure.clone(), version),
            };
        }
    }
    let (id, took) = (BASE.into(), begun.elapsed());
    match &ready {
        Ok(ready) => {
            let origin = match ready.locked.origin {
                lock::BaseOrigin::Registry => "from the registry",
                lock::BaseOrigin::Bootstrap => "made from Debian's packages",
                lock::BaseOrigin::Local => "from this engine",
            };
            report.report(Event::StageDone { id, title, detail: Some(origin.into()), took });
        }
        Err(_) => report.report(Event::StageFailed { id, title, took }),
    }
    ready
}

/// Pulls the image if somebody pushed it. That it is not there is no failure; it is built then.
async fn pulled(engine: &Engine, reference: &str, report: &dyn Report) -> Result<bool> {
    let begun = Instant::now();
    let title = format!("image {reference}");
    report.report(Event::StageStarted { id: BUILD.into(), title: title.clone() });
    let result = engine.pull(reference, BUILD, report).await;
    let took = begun.elapsed();
    match result {
        Ok(()) => {
            report.report(Event::StageDone { id: BUILD.into(), title, detail: Some("pulled".into()), took });
            Ok(true)
        }
        Err(failure) => {
            let why = failure.causes.last().cloned().unwrap_or_default();
            let absent = says_that_it_is_absent(&why);
            let detail = if absent { "not in the registry" } else { "cannot be pulled" };
            report.report(Event::StageDone { id: BUILD.into(), title, detail: Some(format!("{detail}: building it")), took });
            if !absent {
                report.report(Event::Warning { text: format!("{failure}: {why}"), hint: failure.hints.first().cloned() });
            }
            Ok(false)
        }
    }
}

/// A registry's words for an image that nobody pushed yet, which are those of its API, or an engine's for them.
fn says_that_it_is_absent(why: &str) -> bool {
    let why = why.to_lowercase();
    ["manifest unknown", "name unknown", "not found", "repository name not known"].iter().any(|sign| why.contains(sign))
}

/// The image's name: the digest of everything that goes into it, so that equal input has one image everywhere.
fn image_reference(plan: &Plan, base: &LockedBase, inputs: &Inputs, how: &How) -> Result<String> {
    let options = named_options(base, inputs);
    let files = render::context_files(&runtime_plan(plan), &options)?;
    // Nobody has values of this machine's `build-env` who pulls by the name.
    let key = if plan.image.repository.is_none() { how.secrets.keys().hooks } else { String::new() };
    let digest = digest_of(files.iter().flat_map(|(path, content)| [path.as_bytes(), content.as_slice()]).chain([key.as_bytes()]));
    let repository = plan.image.repository.as_ref().map_or(LOCAL, |repository| repository.value.as_str());
    Ok(format!("{repository}:{digest}"))
}

/// What decides an image's name. Neither the CA bundle of a machine nor credentials are part of an image, and must not be of its name.
fn named_options(base: &LockedBase, inputs: &Inputs) -> Options {
    let public = |files: &[(String, Vec<u8>)]| files.iter().map(|(path, content)| (path.clone(), without_credentials(content))).collect();
    Options {
        base: base::reference_of(base),
        requirement_files: public(&inputs.requirements),
        hook_files: inputs.hook_digests(),
        packages: public(&inputs.packages),
        built: public(&inputs.built),
        versions: inputs.versions.clone(),
        ..Options::default()
    }
}

fn digest_of<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn runtime_plan(plan: &Plan) -> Plan {
    Plan { profile: Profile::Up, ..plan.clone() }
}

/// Bytes of the largest CA bundle.
const MOST_CERTIFICATES: u64 = 16 << 20;

fn read_ca(path: Option<&Path>) -> Result<Option<Vec<u8>>> {
    let Some(path) = path else { return Ok(None) };
    certificates(path).map(Some)
}

/// A CA bundle: nothing else is sent to a builder as one.
///
/// # Errors
/// `Kind::BadFile`.
pub fn certificates(path: &Path) -> Result<Vec<u8>> {
    let failure = |what: &str| {
        Failure::new(Kind::BadFile, format!("{} {what}", path.display())).hint("it is named by `image.build-ca`, or else by $SSL_CERT_FILE")
    };
    let bundle = files::read(path, MOST_CERTIFICATES).map_err(|error| failure("cannot be read").caused_by(&error))?;
    let text = String::from_utf8_lossy(&bundle);
    if !text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("-----BEGIN TRUSTED CERTIFICATE-----") {
        return Err(failure("has no certificate in it").hint("a CA bundle is a PEM file: `-----BEGIN CERTIFICATE-----`"));
    }
    if text.contains("PRIVATE KEY-----") {
        return Err(failure("has a private key in it").hint("name a file with certificates alone: all of it goes to the builder"));
    }
    Ok(bundle)
}
