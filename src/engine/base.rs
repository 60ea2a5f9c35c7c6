//! Getting the base image: as locked, from a registry, or made from Debian's packages.

use super::bootstrap;
use super::connect::Engine;
use super::image::repository_of;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::lock::{BaseOrigin, LockedBase};
use crate::plan::{Base, Suite};

/// A base that is on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// A name that the engine knows it by, for `FROM`.
    pub reference: String,
    pub locked: LockedBase,
}

/// The stage that reports the base's progress.
pub const STAGE: &str = "base";

/// Makes sure that the base is on the engine. With a lock it is that base or an error; without one, what the
/// engine has is good enough, as it is for `FROM` in a Dockerfile, unless `update` asks for the newest.
///
/// # Errors
/// `Kind::Base`, saying what was tried.
pub async fn ensure(engine: &Engine, base: &Base, lock: Option<&LockedBase>, update: bool, report: &dyn Report) -> Result<Ready> {
    match lock {
        Some(lock) if lock.image != base.name() => {
            Err(Failure::new(Kind::Base, format!("parity.lock pins {}, but the project now asks for {}", lock.image, base.name()))
                .hint("`parity build --update-base` writes the lock anew"))
        }
        Some(lock) => as_locked(engine, base, lock, report).await,
        None if update => newest(engine, base, true, report).await,
        None => match at_hand(engine, base).await? {
            Some(ready) => Ok(ready),
            None => newest(engine, base, false, report).await,
        },
    }
}

async fn as_locked(engine: &Engine, base: &Base, lock: &LockedBase, report: &dyn Report) -> Result<Ready> {
    let reference = local_name(&lock.image, &lock.digest);
    let ready = Ready { reference: reference.clone(), locked: lock.clone() };
    if engine.has_image(&reference).await? {
        return Ok(ready);
    }
    let refuse = |why: String| {
        Failure::new(Kind::Base, format!("cannot get the base {} as parity.lock pins it", lock.image))
            .cause(why)
            .hint("`parity build --update-base` accepts what can be had now and writes it to parity.lock")
    };
    match (lock.origin, base) {
        (BaseOrigin::Registry, base) => {
            let pinned = format!("{}@{}", repository_of(&registry_name(base)), lock.digest);
            if !engine.has_image(&pinned).await? {
                engine.pull(&pinned, STAGE, report).await.map_err(|failure| {
                    let mut refusal = refuse(format!("{pinned} cannot be pulled"));
                    refusal.causes.extend(failure.causes);
                    refusal
                })?;
            }
            engine.tag(&pinned, &reference).await?;
            Ok(ready)
        }
        (BaseOrigin::Bootstrap, Base::Debian { suite }) => {
            if lock.architecture.as_deref().is_some_and(|locked| locked != engine.architecture) {
                return Err(refuse(format!(
                    "it was made for {}, and this engine is {}",
                    lock.architecture.as_deref().unwrap_or_default(),
                    engine.architecture
                )));
            }
            let made = debian(engine, *suite, report).await?;
            if made.locked.digest != lock.digest {
                return Err(refuse(format!(
                    "Debian's packages have changed since: they now make {}, not {}",
                    short(&made.locked.digest),
                    short(&lock.digest)
                )));
            }
            Ok(made)
        }
        (BaseOrigin::Bootstrap, Base::Reference(_)) => Err(refuse("only Debian itself can be made from packages".into())),
        (BaseOrigin::Local, _) => match engine.image_id(&lock.image).await? {
            Some(id) if id == lock.digest => {
                engine.tag(&lock.image, &reference).await?;
                Ok(ready)
            }
            Some(id) => Err(refuse(format!("the engine's {} is another image: {}", lock.image, short(&id)))),
            None => Err(refuse(format!("the engine has no image {}; it was in no registry", lock.image))),
        },
    }
}

/// The base as the engine already has it from a registry.
async fn at_hand(engine: &Engine, base: &Base) -> Result<Option<Ready>> {
    let name = registry_name(base);
    if !engine.has_image(&name).await? {
        return Ok(None);
    }
    match engine.registry_digest(&name).await? {
        Some(digest) => locked(engine, base, &name, BaseOrigin::Registry, digest).await.map(Some),
        None => Ok(None),
    }
}

/// A base that was made from Debian's packages before, for another project.
async fn made_before(engine: &Engine, suite: Suite) -> Result<Option<Ready>> {
    let image = Base::Debian { suite }.name();
    let name = local_name(&image, "");
    let Some(reference) = engine.images_named(&format!("{name}*")).await?.into_iter().next() else { return Ok(None) };
    let Some(digest) = engine.image_id(&reference).await? else { return Ok(None) };
    // Its name has the digest in it, unless it came from a registry: then it has the registry's.
    if local_name(&image, &digest) != reference {
        return Ok(None);
    }
    let architecture = Some(engine.architecture.clone());
    Ok(Some(Ready { reference, locked: LockedBase { image, origin: BaseOrigin::Bootstrap, digest, architecture } }))
}

async fn newest(engine: &Engine, base: &Base, update: bool, report: &dyn Report) -> Result<Ready> {
    let wanted = registry_name(base);
    let pulled = engine.pull(&wanted, STAGE, report).await;
    match (pulled, base) {
        (Ok(()), _) => {
            let digest = engine.registry_digest(&wanted).await?;
            let (origin, digest) = match digest {
                Some(digest) => (BaseOrigin::Registry, digest),
                None => (BaseOrigin::Local, engine.image_id(&wanted).await?.unwrap_or_default()),
            };
            locked(engine, base, &wanted, origin, digest).await
        }
        (Err(why), Base::Debian { suite }) => {
            // The engine's sentence leads through all that it asked; its end says what was wrong.
            let reason =
                why.causes.last().and_then(|cause| cause.rsplit(": ").next()).map(|cause| format!(" ({cause})")).unwrap_or_default();
            let before = if update { None } else { made_before(engine, *suite).await? };
            let instead = match before {
                Some(_) => "taking the one that parity made before (`parity build --update-base` makes a new one)",
                None => "making it from Debian's packages instead",
            };
            report.report(Event::Note { text: format!("{wanted} cannot be pulled{reason}: {instead}") });
            match before {
                Some(ready) => Ok(ready),
                None => debian(engine, *suite, report).await,
            }
        }
        (Err(why), Base::Reference(reference)) => {
            if let Some(id) = engine.image_id(reference).await? {
                report.report(Event::Note { text: format!("{reference} cannot be pulled: using the one on this engine") });
                return locked(engine, base, reference, BaseOrigin::Local, id).await;
            }
            let mut failure = Failure::new(Kind::Base, format!("cannot get the base image {reference}"));
            failure.causes = why.causes;
            Err(failure.hint("is the name right, and can the engine reach its registry? `parity doctor` checks"))
        }
    }
}

async fn locked(engine: &Engine, base: &Base, name: &str, origin: BaseOrigin, digest: String) -> Result<Ready> {
    let reference = local_name(&base.name(), &digest);
    engine.tag(name, &reference).await?;
    Ok(Ready { reference, locked: LockedBase { image: base.name(), origin, digest, architecture: None } })
}

async fn debian(engine: &Engine, suite: Suite, report: &dyn Report) -> Result<Ready> {
    let image = Base::Debian { suite }.name();
    let (digest, reference) = bootstrap::make(engine, suite, |id| local_name(&image, id), STAGE, report).await?;
    let architecture = Some(engine.architecture.clone());
    Ok(Ready { reference, locked: LockedBase { image, origin: BaseOrigin::Bootstrap, digest, architecture } })
}

/// The name on the engine that a locked base has, or will have once it is there.
pub fn reference_of(base: &LockedBase) -> String {
    local_name(&base.image, &base.digest)
}

/// The name that registries have for a base.
fn registry_name(base: &Base) -> String {
    match base {
        Base::Debian { suite } => format!("debian:{}-slim", suite.name()),
        Base::Reference(reference) => reference.clone(),
    }
}

/// A base's name on this engine: `localhost/parity-base:debian-trixie-0123456789ab`. The host part keeps
/// engines from looking for it in a registry.
fn local_name(image: &str, digest: &str) -> String {
    let image: String = image.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let image: String = image.chars().skip(image.len().saturating_sub(80)).collect();
    format!("localhost/parity-base:{}-{}", image.trim_matches('-'), short(digest))
}

fn short(digest: &str) -> &str {
    let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_names_are_valid_for_any_reference() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(local_name("debian:trixie", &digest), "localhost/parity-base:debian-trixie-abababababab");
        assert_eq!(
            local_name("Registry.example:5000/A_b:1.2", &digest),
            "localhost/parity-base:registry-example-5000-a-b-1-2-abababababab"
        );
    }
}
