//! The image that is deployed, for the commands that build, check and release it.

use std::path::Path;
use std::time::Instant;

use super::build::list;
use super::context::Context;
use super::flags::ServerFlags;
use super::settled::Settled;
use crate::config::rule;
use crate::engine::{Engine, Flavour};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Profile;
use crate::project::contents::{Contents, suspicions};
use crate::render::docker_run::{self, Run};
use crate::session::image::{self, How, Production, Provenance};
use crate::session::{Interrupts, User};
use crate::units::{Origin, Sourced};

/// What an image is built from.
pub struct Source {
    settled: Settled,
    contents: Contents,
    how: How,
}

impl Source {
    /// Looks at the project, and warns of what should not go into an image. The port and address of a server are not part of its image.
    pub fn of(context: &Context<'_>, flags: &ServerFlags) -> Result<Self> {
        let mut settled = context.settle(&flags.without(&["port", "host"]), Profile::Production)?;
        let contents = settled.survey()?;
        context.remark(&settled);
        if let Some(ignored) = list::git_ignored(&contents) {
            context.ui.note(ignored);
        }
        // What is only likely is said by `--list`: each build would say it again.
        let certain: Vec<_> = suspicions::look(&contents, &settled.secrets).into_iter().filter(|found| found.certain).collect();
        list::warn(context, &certain);
        let how = How { provenance: provenance(context, &context.root)?, ..settled.how() };
        Ok(Self { settled, contents, how })
    }

    /// The image of it: built, unless it is there.
    pub async fn image(&self, context: &Context<'_>, engine: &Engine, interrupts: &Interrupts) -> Result<Production> {
        let image = image::production(engine, &self.settled.plan, &self.contents, &self.how, interrupts, context.ui).await;
        image.map_err(|failure| self.settled.explain(failure))
    }

    /// The same with coverage.py in it.
    pub async fn image_with_coverage(&self, context: &Context<'_>, engine: &Engine, interrupts: &Interrupts) -> Result<Production> {
        let image = image::with_coverage(engine, &self.settled.plan, &self.contents, &self.how, interrupts, context.ui).await;
        image.map_err(|failure| self.settled.explain(failure))
    }

    /// The command that runs an image of it as it was tested.
    pub fn run_line(&self, engine: &Engine, image: &str) -> Result<String> {
        let Settled { plan, env_files, .. } = &self.settled;
        // What the files say is theirs.
        let of_file = |name: &Sourced<String>| matches!(&name.origin, Origin::File { path, .. } if env_files.iter().any(|file| path == Path::new(file)));
        let env_names: Vec<&str> = plan.env_names.iter().filter(|name| !of_file(name)).map(|name| name.value.as_str()).collect();
        let user = (User::PRODUCTION.uid, User::PRODUCTION.gid);
        docker_run::line(plan, &Run { podman: engine.flavour == Flavour::Podman, image, env_files, env_names: &env_names, user })
    }

    #[must_use]
    pub fn no_cache(mut self, no_cache: bool) -> Self {
        self.how.no_cache = no_cache;
        self
    }

    #[must_use]
    pub fn update_base(mut self, update_base: bool) -> Self {
        self.how.update_base = update_base;
        self
    }
}

fn provenance(context: &Context<'_>, root: &Path) -> Result<Provenance> {
    const VARIABLE: &str = "SOURCE_DATE_EPOCH";
    let epoch = match context.environment.get(VARIABLE).filter(|value| !value.is_empty()) {
        None => None,
        Some(value) => Some(value.parse().ok().filter(|seconds| (0..=LATEST).contains(seconds)).ok_or_else(|| {
            Failure::new(Kind::Usage, format!("${VARIABLE} must be a number of seconds since 1970"))
                .hint(format!("`export {VARIABLE}=$(git show -s --format=%ct)` is the time of the commit"))
        })?),
    };
    Ok(Provenance::of(root, epoch))
}

/// The last second of the year 9999, which labels can say.
const LATEST: u64 = 253_402_300_799;

/// A name for an image, on a command line.
pub fn name(text: &str) -> Result<String, String> {
    match (rule::IMAGE.holds)(text) && !text.contains('@') {
        true => Ok(text.to_owned()),
        false => Err("write the name of an image, as registry.example.com/team/app:1.2".into()),
    }
}

/// The same, or what an image is: `registry.example.com/team/app@sha256:…`, `sha256:…`.
pub fn reference(text: &str) -> Result<String, String> {
    let is_id = text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()));
    match is_id || (rule::IMAGE.holds)(text) {
        true => Ok(text.to_owned()),
        false => Err("write an image, as registry.example.com/team/app:1.2 or with @sha256:… behind its name".into()),
    }
}

/// Pushes an image, as a stage. Returns what the registry has it as: `repository@sha256:…`.
pub async fn push(context: &Context<'_>, engine: &Engine, interrupts: &Interrupts, reference: &str) -> Result<Option<String>> {
    let begun = Instant::now();
    let title = format!("pushing {reference}");
    context.ui.report(Event::StageStarted { id: "push".into(), title: title.clone() });
    let pushed = interrupts.or(engine.push(reference, "push", context.ui)).await;
    let (id, took) = ("push".into(), begun.elapsed());
    context.ui.report(match &pushed {
        Ok(digest) => Event::StageDone { id, title, detail: digest.clone(), took },
        Err(_) => Event::StageFailed { id, title, took },
    });
    pushed
}
