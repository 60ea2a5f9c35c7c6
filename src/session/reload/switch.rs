//! From one container to another, because the image, the configuration or the environment changed.
//!
//! Everything that can fail is tried while the old server serves: the configuration is settled and checked by Apache,
//! the image is built, and the new server must answer. Where it can listen beside the old one it takes over then
//! ([`super::takeover`]); where it cannot, the old one is stopped first, and connections are refused until the new one listens.

use std::time::Instant;

use super::{Current, Inputs, Replan, takeover};
use crate::changes::{Action, Verdict};
use crate::engine::Engine;
use crate::engine::container;
use crate::error::{Failure, Kind, Result};
use crate::events::Event;
use crate::plan::{ImagePlan, Plan, lock};
use crate::render;
use crate::session::create::{create, wish};
use crate::session::follow::Follower;
use crate::session::siblings::{self, Whose};
use crate::session::stop::{HASTY, tidy};
use crate::session::up::{Place, Up, digest_of};
use crate::session::wait::{self, Awaited, until_ready};
use crate::session::{User, image};
use crate::units::Secret;

/// What asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub files: Vec<String>,
    pub cause: String,
    /// Also where the container that runs is made from the same.
    pub replace: bool,
    /// The image may be another one, also where the plan of it is the same: a file that it is made of was saved, or nobody knows.
    pub rebuild: bool,
    /// That there is nothing to do after all is not worth a word.
    pub quiet: bool,
}

impl Wanted {
    pub fn by(file: String, verdict: Verdict) -> Self {
        // parity writes the lock itself when it builds.
        let quiet = file == lock::FILE;
        Self {
            files: vec![file],
            cause: verdict.cause,
            replace: verdict.action == Action::Replace,
            rebuild: verdict.action == Action::Rebuild,
            quiet,
        }
    }

    /// Nobody knows what changed.
    pub fn in_doubt() -> Self {
        Self { files: Vec::new(), cause: "anything may have changed".into(), replace: false, rebuild: true, quiet: true }
    }

    /// `parity restart`, in another terminal.
    pub fn restart() -> Self {
        Self {
            files: vec!["parity restart".into()],
            cause: "asked for in another terminal".into(),
            replace: true,
            rebuild: false,
            quiet: false,
        }
    }

    /// Code that parity reads as well, to understand the project.
    pub fn by_code(files: Vec<String>) -> Self {
        Self { files, cause: "what parity reads in it changed".into(), replace: false, rebuild: false, quiet: true }
    }

    pub fn and(mut self, other: Self) -> Self {
        self.files.extend(other.files);
        self.files.dedup();
        Self {
            files: self.files,
            cause: other.cause,
            replace: self.replace || other.replace,
            rebuild: self.rebuild || other.rebuild,
            quiet: self.quiet && other.quiet,
        }
    }
}

/// What has been made ready.
#[derive(Debug)]
pub struct Ready {
    pub inputs: Inputs,
    pub step: Step,
    pub wanted: Wanted,
    pub begun: Instant,
}

/// What is left to do.
#[derive(Debug)]
pub enum Step {
    /// The container that runs is as it should be.
    Nothing,
    TakeOver(Box<takeover::Next>),
    /// The container to switch to, its image, and why connections are refused meanwhile.
    Replace(Box<container::Wish>, String, &'static str),
}

/// What keeps it from being applied.
#[derive(Debug)]
pub struct NotReady {
    pub failure: Failure,
    /// What was settled, if it came to that. It names files in which the mistake may be.
    pub inputs: Option<Inputs>,
}

/// What served before, should the new one not start.
pub struct Before<'a> {
    pub plan: &'a Plan,
    pub secrets: &'a [(String, Secret)],
}

/// Settles everything anew and tries what can be tried. `built` is the plan of the image that runs.
///
/// # Errors
/// Whatever keeps it from being applied. Nothing has changed then.
pub async fn make_ready(
    place: Place<'_>,
    replan: Replan<'_>,
    current: Current,
    built: ImagePlan,
    wanted: Wanted,
) -> Result<Ready, NotReady> {
    let begun = Instant::now();
    // One that was given up before it could take over, also where nothing comes of this.
    if let Err(failure) = siblings::remove(place.engine, &siblings::next(place.name)).await {
        return Err(NotReady { failure, inputs: None });
    }
    let inputs = match replan() {
        Ok(inputs) => inputs,
        Err(failure) => return Err(NotReady { failure, inputs: None }),
    };
    // A build hook that sees all of the project would be done again with each save.
    let same_image = !wanted.rebuild && inputs.plan.image == built;
    match try_out(place, &inputs, &current, wanted.replace, same_image).await {
        Ok(step) => Ok(Ready { inputs, step, wanted, begun }),
        Err(failure) => Err(NotReady { failure, inputs: Some(inputs) }),
    }
}

async fn try_out(place: Place<'_>, inputs: &Inputs, current: &Current, replace: bool, same_image: bool) -> Result<Step> {
    let Place { engine, interrupts, report, name, user } = place;
    let image = match same_image {
        true => current.image.clone(),
        false => image::ensure(engine, &inputs.plan, &inputs.how, interrupts, report).await?.reference,
    };
    let up = up(&inputs.plan, &inputs.secrets, &image, user);
    let wish = wish(&up, name)?;
    if digest_of(&wish) == current.digest && !replace {
        return Ok(Step::Nothing);
    }
    if image == current.image {
        check(engine, &current.id, &inputs.plan).await?;
    }
    let why = if takeover::is_possible(&inputs.plan, &wish, current) {
        match takeover::start(place, inputs, &wish, &up, current).await {
            Ok(next) => return Ok(Step::TakeOver(Box::new(next))),
            Err(takeover::Refused::Failed(failure)) => return Err(failure),
            Err(takeover::Refused::Held) => "the application needs what the running one holds",
            Err(takeover::Refused::Engine(failure)) => {
                let why = std::iter::once(&failure.message).chain(&failure.causes).cloned().collect::<Vec<_>>().join(": ");
                report.report(Event::Warning { text: format!("a server cannot be started beside the running one: {why}"), hint: None });
                "the engine cannot run both"
            }
        }
    } else {
        "the port or the network changes"
    };
    if image != current.image {
        rehearse(place, inputs, &image).await?;
    }
    Ok(Step::Replace(Box::new(wish), image, why))
}

fn up<'a>(plan: &'a Plan, secrets: &'a [(String, Secret)], image: &'a str, user: User) -> Up<'a> {
    Up { plan, secrets, image, user, detach: false, wait: true, recreate: false }
}

/// Asks the Apache that runs whether it would take the configuration.
async fn check(engine: &Engine, container: &str, plan: &Plan) -> Result<()> {
    let files = render::archive(&render::profile_files(plan)?);
    let script = "d=/run/parity/check; rm -rf $d; mkdir -p $d && printf %s \"$0\" | base64 -d | tar -xzC $d && exec /usr/sbin/apache2 -t -f $d/httpd.conf";
    let argv = ["/bin/sh", "-c", script, &files].map(String::from).to_vec();
    match engine.run(container, argv).await? {
        (0, _) => Ok(()),
        (_, said) => Err(Failure::new(Kind::BadFile, "Apache does not take this configuration")
            .details(said.lines().filter(|line| !line.is_empty()).map(|line| line.replace("/run/parity/check/", "")))),
    }
}

/// Starts a container of a new image beside the old one, on a port of its own and without hooks, until it answers.
async fn rehearse(place: Place<'_>, inputs: &Inputs, image: &str) -> Result<()> {
    let Place { engine, interrupts, report, name, user } = place;
    let mut plan = inputs.plan.clone();
    (plan.start_hooks, plan.collect_static, plan.reload) = (Vec::new(), None, None);
    plan.server.port.value = 0;
    let name = trial(name);
    let up = up(&plan, &inputs.secrets, image, user);
    let wish = wish(&up, &name)?;
    engine.remove(&name).await?;
    let created = create(engine, &wish, &up, None, report).await?;
    let answered = async {
        let url = engine.observe(&created.id).await?.and_then(|found| found.url).unwrap_or_default();
        let mut log = Follower::new(engine.logs(&created.id, true, container::LogStart::Beginning), wait::reader(&plan));
        until_ready(engine, &Awaited::of(&plan, &created.id, &url), &mut log, interrupts, report).await
    };
    let answered = answered.await;
    let removed = engine.remove(&created.id).await;
    tidy(engine, &name, created.view.as_deref(), None).await;
    answered.and(removed)
}

/// The name of the container that a new image is tried in.
pub fn trial(name: &str) -> String {
    format!("{name}-trial")
}

/// Replaces the container. If the new one does not start, the old one does again.
///
/// # Errors
/// Neither of them starts.
pub async fn switch(
    place: Place<'_>,
    ready: &Ready,
    (wish, image): (&container::Wish, &str),
    before: &Before<'_>,
    current: &mut Current,
) -> Result<()> {
    let Place { engine, report, name, user, .. } = place;
    let found = engine.observe(&current.id).await?;
    let port = found.as_ref().and_then(container::Observed::port);
    engine.stop(&current.id, HASTY).await?;
    engine.remove(&current.id).await?;
    tidy(engine, name, current.view.as_deref(), None).await;
    siblings::remove_all_but(engine, &before.plan.root, name, &[], Whose::Anybodys).await?;
    let new = up(&ready.inputs.plan, &ready.inputs.secrets, image, user);
    let (created, wish, image) = match create(engine, wish, &new, port, report).await {
        Ok(created) => (created, wish.clone(), image.to_owned()),
        Err(failure) => {
            report.report(Event::NotApplied { failure });
            let old = up(before.plan, before.secrets, &current.image, user);
            let wish = crate::session::create::wish(&old, name)?;
            (create(engine, &wish, &old, port, report).await?, wish, current.image.clone())
        }
    };
    let url = engine.observe(&created.id).await?.and_then(|found| found.url).unwrap_or_default();
    let listens = takeover::Listens::of(&wish);
    *current = Current { id: created.id, view: created.view, url, digest: digest_of(&wish), image, network: None, listens };
    Ok(())
}
