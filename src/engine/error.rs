//! What the engine's errors mean to a user.

use bollard::errors::Error;

use crate::error::{Failure, Kind};

/// Turns an engine's error into a failure that says what to do. `what` is what was being done, in words:
/// `cannot start the container`.
pub fn explain(error: &Error, what: &str) -> Failure {
    let said = chain(error);
    let low = format!("{error:?}\n{}", said.join("\n")).to_lowercase();
    let failure = |kind: Kind, message: String| {
        let mut failure = Failure::new(kind, message);
        failure.causes = said.clone();
        failure
    };
    // An engine that says something is there: "connection refused" is then what it met, at a registry for one.
    let answered = matches!(error, Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. });
    if !answered
        && low.contains("permission denied")
        && (low.contains("connect") || low.contains("os error 13") || low.contains("client error"))
    {
        return failure(Kind::EnginePermission, format!("{what}: permission denied"))
            .hint("add yourself to the engine's group and log in again: `sudo usermod -aG docker $USER`")
            .hint("or use a rootless engine: set DOCKER_HOST to its socket");
    }
    if matches!(error, Error::RequestTimeoutError) {
        let mut failure = Failure::new(Kind::EngineLost, what).cause("the engine takes the question and does not answer");
        failure = failure.hint("does it hang? `docker version` shows whether it answers; `parity doctor` shows how it is now");
        return failure.hint("then type the command again: it finds what is left and goes on from there");
    }
    if low.contains("no space left") {
        return failure(Kind::DiskFull, format!("{what}: no space left on the engine's disk"))
            .hint("`docker system df` shows what fills it; `docker builder prune` frees the build cache");
    }
    if low.contains("port is already allocated") || low.contains("address already in use") {
        return failure(Kind::PortTaken, format!("{what}: the port is taken"));
    }
    if !answered && is_gone(&low) {
        return failure(Kind::EngineLost, what.into())
            .hint("did the engine stop or restart? `parity doctor` shows how it is now")
            .hint("then type the command again: it finds what is left and goes on from there");
    }
    failure(Kind::Other, what.into())
}

/// The same for the first thing that is asked of an engine: one that does not answer was never there.
pub(super) fn explain_connecting(error: &Error, what: &str) -> Failure {
    let mut failure = explain(error, what);
    if failure.kind == Kind::EngineLost {
        failure.kind = Kind::EngineUnreachable;
        failure.hints = vec![
            "is it running? Start Docker (`sudo systemctl start docker`, or Docker Desktop) or Podman (`systemctl --user start podman.socket`)".into(),
            "if it listens elsewhere, set DOCKER_HOST; `parity doctor` checks everything".into(),
        ];
    }
    failure
}

fn is_gone(low: &str) -> bool {
    [
        "connection refused",
        "no such file or directory (os error 2)",
        "socket not found",
        "connection reset",
        "error trying to connect",
        "client error (connect)",
        "connection closed",
        "error reading a body from connection",
        "broken pipe",
        "dns error",
        "tcp connect error",
    ]
    .iter()
    .any(|sign| low.contains(sign))
}

/// An error and its causes, each said once.
fn chain(error: &Error) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        let text = match error.downcast_ref::<Error>() {
            Some(Error::DockerResponseServerError { message, .. }) => message.trim().to_owned(),
            Some(Error::DockerStreamError { error }) => error.trim().to_owned(),
            _ => error.to_string(),
        };
        // The HTTP library's names for its own parts say nothing to a user.
        let inner = text.starts_with("Error in the hyper") || text.starts_with("client error (");
        if !inner && !text.is_empty() && !said.iter().any(|have| have.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said
}

/// The HTTP status, where the engine answered with one.
pub(super) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}
