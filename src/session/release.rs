//! What runs once before a deployment, in a container of the image that is deployed.

use super::create::{create, wish};
use super::follow::{Follower, Seen};
use super::interrupts::interrupted;
use super::patience::{Late, Patience};
use super::stop::PATIENT;
use super::up::Up;
use super::wait::{self, late_hook};
use super::{Interrupts, User, container_name};
use crate::engine::Engine;
use crate::engine::container::{LogStart, State};
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::Plan;
use crate::units::Secret;

/// Runs the release hooks of an image to their end. Returns whether there were any.
///
/// # Errors
/// [`Kind::Hook`] for one that fails or takes too long; [`Kind::Interrupted`]. The container is removed in any case.
pub async fn release(
    engine: &Engine,
    plan: &Plan,
    secrets: &[(String, Secret)],
    image: &str,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<bool> {
    // One name for one project: the engine itself refuses a second one.
    let name = format!("{}-release", container_name(&plan.name, &plan.root));
    if let Some(found) = interrupts.or(engine.observe_started(&name)).await? {
        if found.state != State::Stopped {
            return Err(Failure::new(Kind::Other, "another `parity release` of this project is running")
                .hint(format!("wait for it; `parity down {name}` ends it half-way")));
        }
        interrupts.or(engine.remove(&found.id)).await?;
    }
    let up = Up { plan, secrets, image, user: User::PRODUCTION, detach: false, wait: false, recreate: false };
    let created = create(engine, &wish(&up, &name)?, &up, None, report).await?;
    let ran = run(engine, plan, &created.id, interrupts, report).await;
    let removed = engine.remove(&created.id).await;
    let any = ran?;
    removed?;
    Ok(any)
}

async fn run(engine: &Engine, plan: &Plan, id: &str, interrupts: &Interrupts, report: &dyn Report) -> Result<bool> {
    let mut log = Follower::new(engine.logs(id, true, LogStart::Beginning), wait::reader(plan));
    let patience = Patience { server: plan.timeout.value, hook: plan.hook_timeout.value };
    let before = log.before();
    let mut late = std::pin::pin!(patience.ends(before.clone()));
    let ended = tokio::select! {
        biased;
        () = interrupts.reached(1) => Err(interrupted()),
        failed = until_the_end(&mut log, report) => Ok(failed?),
        late = &mut late => Err(match late {
            Late::Hook(hook) => late_hook(&hook, patience.hook),
            Late::Server => Failure::new(Kind::Hook, format!("nothing was heard of the container for {} seconds", patience.server)),
        }),
    };
    match ended {
        Err(failure) => {
            // A hook may have something to take back.
            tokio::select! {
                biased;
                () = interrupts.reached(interrupts.count() + 1) => engine.kill(id).await?,
                stopped = engine.stop(id, PATIENT) => stopped?,
            }
            Err(failure)
        }
        Ok(Some(failure)) => Err(failure),
        Ok(None) => match engine.observe(id).await?.and_then(|found| found.exit_code) {
            // The log has told of each hook.
            Some(0) => Ok(before.has_changed().unwrap_or(false)),
            Some(code) => Err(Failure::new(Kind::Hook, format!("the container ended with exit code {code}")).hint("what it said is above")),
            None => Err(Failure::new(Kind::Hook, "the container was removed by somebody else")),
        },
    }
}

/// Reports what is said until a hook has failed or all is done.
async fn until_the_end(log: &mut Follower, report: &dyn Report) -> Result<Option<Failure>> {
    loop {
        match log.next(report).await? {
            Seen::HookFailed(failure) => return Ok(Some(failure)),
            Seen::Ended => return Ok(None),
            // A server's words, whoever says them here.
            Seen::ImportFailed(_) | Seen::Retired => {}
        }
    }
}
