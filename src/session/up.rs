//! `parity up`, after the plan is settled and the image is there: from what runs now to a server that answers.

use std::time::{Duration, Instant};

use super::create::{create, static_directory, wish};
use super::decide::{Decision, Wish, decide};
use super::follow::{Follower, Seen};
use super::interrupts::interrupted;
use super::stop::{HASTY, stop_and_remove, tidy};
use super::{Interrupts, User, container_name, owner, ready};
use crate::engine::container::{self, Observed};
use crate::engine::{Engine, label};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::logs::{Paths, Reader};
use crate::plan::Plan;
use crate::units::Secret;

/// How the server is started.
#[derive(Debug)]
pub struct Up<'a> {
    pub plan: &'a Plan,
    /// Values of the application's environment.
    pub secrets: &'a [(String, Secret)],
    /// The image, on the engine.
    pub image: &'a str,
    pub user: User,
    /// Leave it running and return.
    pub detach: bool,
    /// With `detach`: return only when it answers.
    pub wait: bool,
    /// Replace a server that runs already.
    pub recreate: bool,
}

/// Runs the server. In the foreground it returns when the server has ended and is removed.
///
/// # Errors
/// Whatever keeps the application from answering; nothing is left then.
pub async fn up(engine: &Engine, up: &Up<'_>, interrupts: &Interrupts, report: &dyn Report) -> Result<()> {
    let begun = Instant::now();
    let name = container_name(&up.plan.name, &up.plan.root);
    let wish = wish(up, &name)?;
    let digest = wish.labels.iter().find(|(name, _)| name == label::PLAN).map(|(_, digest)| digest.clone()).unwrap_or_default();
    let found = interrupts.or(engine.observe(&name)).await?;
    let owner_lives = found.as_ref().and_then(|found| found.owner.as_deref()).is_some_and(owner::is_alive);
    let decision = decide(Wish { plan: &digest, recreate: up.recreate }, found.as_ref(), owner_lives);
    let (id, claim) = match decision {
        Decision::Watch { id, cause } => {
            report.report(Event::Note { text: cause });
            (id, Claim::None)
        }
        Decision::Adopt { id, cause } => {
            report.report(Event::Note { text: cause });
            (id, Claim::Adopted)
        }
        Decision::Replace { id, cause } => {
            report.report(Event::Note { text: cause });
            interrupts.or(replace(engine, &id, found.as_ref())).await?;
            (create(engine, &wish, up, report).await?, Claim::Created)
        }
        Decision::Create => (create(engine, &wish, up, report).await?, Claim::Created),
    };
    let result = run(engine, up, &id, begun, interrupts, report).await;
    let goes = match claim {
        Claim::None => false,
        // It ran before this command, and goes on after it, unless this is its session now.
        Claim::Adopted => !up.detach,
        // A detached server stays, unless it never came to answer.
        Claim::Created => !up.detach || result.is_err(),
    };
    if goes {
        let removed = stop_and_remove(engine, &id, HASTY, interrupts, interrupts.count() + 1, report).await;
        tidy(&name, static_directory(up.plan).as_deref());
        if result.is_ok() {
            removed?;
        }
    }
    result
}

/// What this command has to do with the container.
enum Claim {
    /// Another terminal looks after it.
    None,
    /// It ran already, and nobody else looks after it.
    Adopted,
    Created,
}

async fn replace(engine: &Engine, id: &str, found: Option<&Observed>) -> Result<()> {
    if found.is_some_and(|found| found.state == container::State::Running) {
        engine.stop(id, HASTY).await?;
    }
    engine.remove(id).await
}

async fn run(engine: &Engine, up: &Up<'_>, id: &str, begun: Instant, interrupts: &Interrupts, report: &dyn Report) -> Result<()> {
    let observed = interrupts.or(engine.observe(id)).await?;
    let url = observed.and_then(|observed| observed.url);
    if up.detach && !up.wait {
        // A server that ends at once is told; one that takes its time is not waited for.
        let url = url.ok_or_else(|| ended(None))?;
        report.report(Event::Serving { url, took: None });
        return Ok(());
    }
    let paths = Paths::of_project(&up.plan.root);
    let mut log = Follower::new(engine.logs(id, true, None), Reader::new(paths));
    let Some(url) = url else {
        return Err(why_it_ended(engine, &mut log, id, report).await);
    };
    wait_until_ready(engine, up, id, &url, &mut log, interrupts, report).await?;
    report.report(Event::Serving { url, took: Some(begun.elapsed()) });
    if up.detach {
        return Ok(());
    }
    loop {
        tokio::select! {
            biased;
            // Ctrl-C is how a foreground server is meant to end.
            () = interrupts.reached(1) => return Ok(()),
            seen = log.next(report) => match seen? {
                // The next request tries again; the session goes on.
                Seen::ImportFailed | Seen::HookFailed(_) => {}
                Seen::Ended => match interrupts.or(after_the_end(engine, id)).await? {
                    After::StartedAgain(url) => {
                        log = Follower::new(engine.logs(id, true, Some(0)), Reader::new(Paths::of_project(&up.plan.root)));
                        report.report(Event::Note { text: "the server was restarted from elsewhere".into() });
                        wait_until_ready(engine, up, id, &url, &mut log, interrupts, report).await?;
                        report.report(Event::Serving { url, took: None });
                    }
                    After::Stopped => {
                        report.report(Event::Note { text: "the server was stopped from elsewhere".into() });
                        return Ok(());
                    }
                },
            },
        }
    }
}

/// What became of a server that ended although nobody asked this session to stop.
enum After {
    /// Under this URL; `parity restart` was typed elsewhere.
    StartedAgain(String),
    /// `parity down` was.
    Stopped,
}

/// How long a restart may leave a container stopped, in steps.
const RESTART_STEPS: u32 = 40;
const RESTART_STEP: Duration = Duration::from_millis(50);

async fn wait_until_ready(
    engine: &Engine,
    up: &Up<'_>,
    id: &str,
    url: &str,
    log: &mut Follower,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<()> {
    let seconds = up.plan.timeout.value;
    let deadline = tokio::time::sleep(Duration::from_secs(seconds.into()));
    let answer = ready::answer(url);
    tokio::pin!(deadline, answer);
    tokio::select! {
        biased;
        () = interrupts.reached(1) => Err(interrupted()),
        seen = log.next(report) => Err(match seen? {
            Seen::ImportFailed => cannot_import(up.plan),
            Seen::HookFailed(failure) => failure,
            Seen::Ended => how_it_ended(engine, id).await,
        }),
        status = &mut answer => {
            if status == 500 {
                // The answer may be faster than the log that says why.
                let said = tokio::time::timeout(Duration::from_millis(500), log.next(report)).await;
                match said {
                    Ok(Ok(Seen::ImportFailed)) => return Err(cannot_import(up.plan)),
                    Ok(Ok(Seen::Ended)) => return Err(how_it_ended(engine, id).await),
                    _ => report.report(Event::Warning { text: format!("{url} answers with an error: HTTP 500"), hint: None }),
                }
            }
            Ok(())
        }
        () = &mut deadline => {
            Err(Failure::new(Kind::NotReady, format!("no answer from {url} within {seconds} seconds"))
                .hint("what the server said is above; give it longer with `--timeout SECONDS`"))
        }
    }
}

fn cannot_import(plan: &Plan) -> Failure {
    Failure::new(Kind::App, format!("the application {} cannot be imported", plan.app.value))
        .hint("the traceback is above; mend it and type `parity up` again")
}

fn ended(code: Option<i64>) -> Failure {
    let how = code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
    Failure::new(Kind::App, format!("the server ended before it answered{how}"))
        .hint("what it said is above; `parity up --verbose` shows all of it")
}

async fn how_it_ended(engine: &Engine, id: &str) -> Failure {
    match engine.observe(id).await {
        Ok(Some(found)) => ended(found.exit_code),
        Ok(None) => Failure::new(Kind::App, "the server was removed by somebody else before it answered"),
        Err(failure) => failure,
    }
}

/// Reads the log of a server that is gone already to its end, for the reason.
async fn why_it_ended(engine: &Engine, log: &mut Follower, id: &str, report: &dyn Report) -> Failure {
    loop {
        match log.next(report).await {
            Ok(Seen::HookFailed(failure)) | Err(failure) => return failure,
            Ok(Seen::ImportFailed) => {}
            Ok(Seen::Ended) => return how_it_ended(engine, id).await,
        }
    }
}

async fn after_the_end(engine: &Engine, id: &str) -> Result<After> {
    for _ in 0..RESTART_STEPS {
        let Some(found) = engine.observe(id).await? else { return Ok(After::Stopped) };
        if let (container::State::Running, Some(url)) = (found.state, found.url) {
            return Ok(After::StartedAgain(url));
        }
        if let Some(code) = found.exit_code.filter(|code| !matches!(code, 0 | 137 | 143)) {
            return Err(
                Failure::new(Kind::App, format!("the server ended by itself with exit code {code}")).hint("what it said last is above")
            );
        }
        // Ended as by a signal: stopped, or between the two halves of a restart.
        tokio::time::sleep(RESTART_STEP).await;
    }
    Ok(After::Stopped)
}
