//! Which engine is meant: `DOCKER_HOST`, then Docker's contexts, then the usual sockets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::{Failure, Kind, Result};
use crate::units::files;

/// An engine's address and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `unix:///var/run/docker.sock`, `tcp://…`, `ssh://…`.
    pub host: String,
    /// `$DOCKER_HOST`, `context colima`, `the usual place`.
    pub because: String,
}

/// Finds the engine's address as the docker command would, then looks where rootless engines listen.
///
/// # Errors
/// A context that is named but does not exist.
pub fn endpoint(environment: &BTreeMap<String, String>) -> Result<Endpoint> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(host) = set("DOCKER_HOST") {
        return Ok(Endpoint { host: normal(host), because: "$DOCKER_HOST".into() });
    }
    let docker = set("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(Path::new(set("HOME")?).join(".docker")));
    let named = set("DOCKER_CONTEXT").map(|name| (name.clone(), "$DOCKER_CONTEXT".to_owned()));
    let named = named.or_else(|| {
        let file = docker.as_ref()?.join("config.json");
        let name = current_context(&file)?;
        Some((name, file.display().to_string()))
    });
    if let Some((name, said_by)) = named.filter(|(name, _)| name != "default") {
        let host = docker.as_deref().and_then(|docker| context_host(docker, &name)).ok_or_else(|| {
            Failure::new(Kind::EngineUnreachable, format!("the Docker context `{name}` does not exist"))
                .cause(format!("it is named by {said_by}"))
                .hint("`docker context ls` lists those that do; `docker context use default` goes back to the local engine")
        })?;
        return Ok(Endpoint { host: normal(&host), because: format!("context {name}") });
    }
    let usual = |host: String| Endpoint { host, because: "the usual place".into() };
    Ok(sockets(environment)
        .into_iter()
        .find(|socket| socket.exists())
        .map_or_else(|| usual("unix:///var/run/docker.sock".into()), |socket| usual(format!("unix://{}", socket.display()))))
}

/// Where engines listen, those of the whole machine first.
fn sockets(environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(home) = environment.get("HOME") {
        sockets.push(Path::new(home).join(".docker/run/docker.sock"));
        sockets.push(Path::new(home).join(".docker/desktop/docker.sock"));
    }
    if let Some(run) = environment.get("XDG_RUNTIME_DIR") {
        sockets.push(Path::new(run).join("docker.sock"));
        sockets.push(Path::new(run).join("podman/podman.sock"));
    }
    sockets.push("/run/podman/podman.sock".into());
    sockets
}

/// `npipe`, `unix`, `tcp` and `ssh` addresses pass; a bare path is a socket.
fn normal(host: &str) -> String {
    if host.starts_with('/') { format!("unix://{host}") } else { host.to_owned() }
}

fn current_context(file: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(rename = "currentContext")]
        current_context: Option<String>,
    }
    let text = files::read_text(file).ok()?;
    serde_json::from_str::<File>(&text).ok()?.current_context.filter(|name| !name.is_empty())
}

/// Docker keeps a context in a directory named by the SHA-256 of its name.
fn context_host(docker: &Path, name: &str) -> Option<String> {
    let directory: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = files::read_text(&docker.join("contexts/meta").join(directory).join("meta.json")).ok()?;
    let meta: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
    }

    #[test]
    fn an_empty_docker_host_counts_as_unset() {
        let found = endpoint(&environment(&[("DOCKER_HOST", ""), ("HOME", "/nonexistent")])).unwrap();
        assert_ne!(found.because, "$DOCKER_HOST");
        let found = endpoint(&environment(&[("DOCKER_HOST", "/run/x.sock")])).unwrap();
        assert_eq!(found.host, "unix:///run/x.sock");
    }

    #[test]
    fn contexts_are_read_from_dockers_own_files() {
        let home = tempfile::tempdir().unwrap();
        let docker = home.path().join(".docker");
        let meta = docker.join("contexts/meta/0d32ab0a9c3d1b0ee3ed6ef2f4c3d1d8");
        std::fs::create_dir_all(&meta).unwrap();
        let digest: String = Sha256::digest(b"colima").iter().map(|byte| format!("{byte:02x}")).collect();
        let meta = docker.join("contexts/meta").join(digest);
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(meta.join("meta.json"), r#"{"Endpoints":{"docker":{"Host":"unix:///c.sock"}}}"#).unwrap();
        std::fs::write(docker.join("config.json"), r#"{"currentContext":"colima"}"#).unwrap();
        let home = home.path().to_str().unwrap();
        let found = endpoint(&environment(&[("HOME", home)])).unwrap();
        assert_eq!((found.host.as_str(), found.because.as_str()), ("unix:///c.sock", "context colima"));
        let lost = endpoint(&environment(&[("HOME", home), ("DOCKER_CONTEXT", "gone")])).unwrap_err();
        assert_eq!(lost.kind, Kind::EngineUnreachable);
    }
}
