//! Opening the connection to the engine.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::Docker;

use super::context::{Endpoint, endpoint};
use super::error::explain_connecting;
use crate::error::{Failure, Kind, Result};

/// Seconds without a byte after which a request counts as lost. Builds and log streams are silent for long.
const SILENCE: Duration = Duration::from_secs(60 * 60);

/// An engine at work on a slow disk takes its time; one that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which program answers the API; they differ in details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    Docker,
    Podman,
}

/// A connection to an engine that answered.
#[derive(Debug, Clone)]
pub struct Engine {
    pub api: Docker,
    pub flavour: Flavour,
    /// `20.10.24`.
    pub version: String,
    /// The newest version of the API that it speaks, major and minor.
    pub api_version: (u32, u32),
    /// The engine's own architecture: `amd64`.
    pub architecture: String,
    pub endpoint: Endpoint,
    /// How long an answer is waited for, but those that come in pieces.
    pub patience: Duration,
}

pub(super) type Answer<T> = Result<T, bollard::errors::Error>;

impl Engine {
    /// Does the engine run on this machine, so that it sees our files and we reach its ports?
    pub fn is_local(&self) -> bool {
        !self.endpoint.host.starts_with("tcp://") && !self.endpoint.host.starts_with("ssh://") && !self.endpoint.host.starts_with("http://")
    }

    /// Is its socket an ordinary user's? Then so is the engine.
    pub fn is_rootless(&self) -> bool {
        use std::os::unix::fs::MetadataExt;

        let socket = self.endpoint.host.strip_prefix("unix://");
        socket.and_then(|socket| std::fs::metadata(socket).ok()).is_some_and(|socket| socket.uid() != 0)
    }

    /// Waits for an answer, and no longer than an engine takes that does not hang.
    pub(super) fn answer<T>(&self, asked: impl Future<Output = Answer<T>>) -> impl Future<Output = Answer<T>> {
        self.answer_after(Duration::ZERO, asked)
    }

    /// The same where the engine is asked to wait for something itself.
    pub(super) fn answer_after<T>(&self, waits: Duration, asked: impl Future<Output = Answer<T>>) -> impl Future<Output = Answer<T>> {
        // The library's futures are large, and so would be each that holds one.
        let answered = tokio::time::timeout(self.patience + waits, Box::pin(asked));
        async { answered.await.unwrap_or(Err(bollard::errors::Error::RequestTimeoutError)) }
    }

    /// `Docker 20.10.24`.
    pub fn title(&self) -> String {
        format!("{:?} {}", self.flavour, self.version)
    }
}

/// Connects to the engine that the environment means.
///
/// # Errors
/// `Kind::EngineUnreachable` and `Kind::EnginePermission`, each with what to do.
pub async fn connect(environment: &BTreeMap<String, String>) -> Result<Engine> {
    let endpoint = endpoint(environment)?;
    let unreachable =
        |error: &bollard::errors::Error| explain_connecting(error, &format!("cannot reach the container engine at {}", endpoint.host));
    // bollard checks that the socket exists before it opens it, and reports anything else when it is first used.
    // Its requests name no API version, so there is none to negotiate: that would only ask the same again.
    let api = Docker::connect_with_host(&endpoint.host).map_err(|error| match error {
        bollard::errors::Error::UnsupportedURISchemeError { .. } => {
            Failure::new(Kind::EngineUnreachable, format!("`{}` is not the address of a container engine", endpoint.host.escape_debug()))
                .cause(format!("it is said by {}", endpoint.because))
                .hint("an address begins with unix://, tcp:// or ssh://; without one the usual places are tried")
        }
        error => unreachable(&error),
    })?;
    let api = api.with_timeout(SILENCE).with_request_modifier(url_safe_credentials);
    let version = tokio::time::timeout(Duration::from_secs(20), api.version()).await;
    let version = match version {
        Ok(version) => version.map_err(|error| unreachable(&error))?,
        Err(_) => {
            return Err(Failure::new(Kind::EngineUnreachable, format!("the container engine at {} does not answer", endpoint.host))
                .cause("no answer within 20 seconds")
                .hint("is it starting or hanging? `docker version` shows whether it answers"));
        }
    };
    let podman = version.components.iter().flatten().any(|component| component.name.contains("Podman"));
    Ok(Engine {
        api,
        flavour: if podman { Flavour::Podman } else { Flavour::Docker },
        api_version: version
            .api_version
            .as_deref()
            .and_then(|text| text.split_once('.'))
            .map_or((0, 0), |(major, minor)| (major.parse().unwrap_or(0), minor.parse().unwrap_or(0))),
        version: version.version.unwrap_or_default(),
        architecture: version.arch.unwrap_or_default(),
        endpoint,
        patience: PATIENCE,
    })
}

/// Registry credentials go out in standard base64, which engines refuse when it has `+` or `/` in it:
/// they read the URL-safe alphabet.
fn url_safe_credentials(mut request: bollard::BollardRequest) -> bollard::BollardRequest {
    for name in ["x-registry-auth", "x-registry-config"] {
        if let Some(value) = request.headers_mut().get_mut(name)
            && let Ok(text) = value.to_str()
            && let Ok(safe) = text.replace('+', "-").replace('/', "_").parse()
        {
            *value = safe;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_that_takes_questions_and_does_not_answer_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("engine.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let host = format!("unix://{}", socket.display());
        let engine = Engine {
            api: Docker::connect_with_host(&host).unwrap(),
            flavour: Flavour::Docker,
            version: String::new(),
            api_version: (1, 41),
            architecture: String::new(),
            endpoint: Endpoint { host, because: String::new() },
            patience: Duration::from_millis(100),
        };
        let asked = async {
            assert_eq!(engine.observe("x").await.unwrap_err().kind, Kind::EngineLost);
            assert_eq!(engine.observe_all().await.unwrap_err().kind, Kind::EngineLost);
            assert_eq!(engine.image("x").await.unwrap_err().kind, Kind::EngineLost);
            assert_eq!(engine.stop("x", 0).await.unwrap_err().kind, Kind::EngineLost);
            let failure = engine.run("x", vec!["true".into()]).await.unwrap_err();
            assert!(matches!(failure.kind, Kind::EngineLost | Kind::NotReady), "{failure}");
        };
        let mut open = Vec::new();
        tokio::select! {
            () = asked => {}
            never = async {
                loop {
                    open.push(listener.accept().await);
                }
            } => never,
        }
    }
}
