//! From a server that was started to one that answers, or to the reason why it does not.

use std::time::Duration;

use super::follow::{Follower, Seen};
use super::interrupts::interrupted;
use super::{Interrupts, ready};
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};

/// The server that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The container's.
    pub id: String,
    pub url: String,
    /// What it runs, for messages.
    pub app: String,
    /// Before it is given up.
    pub seconds: u32,
}

/// Waits for the application's first answer, and reports meanwhile what the server says.
///
/// # Errors
/// `Kind::App` as soon as the log says that the application cannot be imported, or when the server ends;
/// `Kind::Hook`; `Kind::NotReady` after the deadline.
pub async fn until_ready(
    engine: &Engine,
    awaited: &Awaited,
    log: &mut Follower,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<()> {
    until_answered(engine, awaited, ready::answer(&awaited.url), log, interrupts, report).await
}

/// The same for a server that nobody else reaches yet: it is asked at an address that only its own network has.
///
/// # Errors
/// As [`until_ready`].
pub async fn until_ready_inside(
    engine: &Engine,
    awaited: &Awaited,
    address: &str,
    log: &mut Follower,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<()> {
    until_answered(engine, awaited, ready::answer_inside(engine, &awaited.id, &awaited.url, address), log, interrupts, report).await
}

async fn until_answered(
    engine: &Engine,
    awaited: &Awaited,
    answer: impl Future<Output = u16>,
    log: &mut Follower,
    interrupts: &Interrupts,
    report: &dyn Report,
) -> Result<()> {
    let Awaited { id, url, seconds, .. } = awaited;
    let deadline = tokio::time::sleep(Duration::from_secs((*seconds).into()));
    tokio::pin!(deadline, answer);
    tokio::select! {
        biased;
        () = interrupts.reached(1) => Err(interrupted()),
        seen = log.next(report) => Err(match seen? {
            Seen::ImportFailed => cannot_import(&awaited.app),
            Seen::HookFailed(failure) => failure,
            Seen::Ended | Seen::Retired => how_it_ended(engine, id).await,
        }),
        status = &mut answer => {
            if status == 500 {
                // The answer may be faster than the log that says why.
                let said = tokio::time::timeout(Duration::from_millis(500), log.next(report)).await;
                match said {
                    Ok(Ok(Seen::ImportFailed)) => return Err(cannot_import(&awaited.app)),
                    Ok(Ok(Seen::Ended | Seen::Retired)) => return Err(how_it_ended(engine, id).await),
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

fn cannot_import(app: &str) -> Failure {
    Failure::new(Kind::App, format!("the application {app} cannot be imported"))
        .hint("the traceback is above; mend it and type `parity up` again")
}

pub fn ended(code: Option<i64>) -> Failure {
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
pub async fn why_it_ended(engine: &Engine, log: &mut Follower, id: &str, report: &dyn Report) -> Failure {
    loop {
        match log.next(report).await {
            Ok(Seen::HookFailed(failure)) | Err(failure) => return failure,
            Ok(Seen::ImportFailed) => {}
            Ok(Seen::Ended | Seen::Retired) => return how_it_ended(engine, id).await,
        }
    }
}
