//! Pulling and pushing images, with the credentials that `docker login` left.

use bollard::auth::DockerCredentials;
use bollard::query_parameters::{CreateImageOptionsBuilder, PushImageOptionsBuilder};
use docker_credential::{CredentialRetrievalError, DockerCredential};
use futures_util::StreamExt;

use super::answers::to_the_end;
use super::connect::Engine;
use super::error::explain;
use super::image::{repository_of, tag_of};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};

impl Engine {
    /// Pulls an image.
    ///
    /// # Errors
    /// `Kind::Registry`, the registry's own words among the causes.
    pub async fn pull(&self, reference: &str, stage: &str, report: &dyn Report) -> Result<()> {
        let failed = |mut failure: Failure| {
            if failure.kind == Kind::Other {
                failure.kind = Kind::Registry;
            }
            failure
        };
        let credentials = credentials_for(reference).await;
        // Without a tag all of a repository's would be pulled.
        let whole =
            if reference.contains('@') { reference.to_owned() } else { format!("{}:{}", repository_of(reference), tag_of(reference)) };
        let options = CreateImageOptionsBuilder::default().from_image(&whole).build();
        let mut progress = std::pin::pin!(to_the_end(self.api.create_image(Some(options), None, credentials)));
        while let Some(step) = progress.next().await {
            let what = format!("cannot pull {reference}");
            let step = step.map_err(|error| failed(hinted(explain(&error, &what), reference)))?;
            if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
                return Err(hinted(Failure::new(Kind::Registry, what).cause(error), reference));
            }
            if let (Some(status), Some(layer)) = (step.status, step.id) {
                let done = step.progress_detail.and_then(|detail| Some((detail.current?, detail.total?)));
                let part = done.map(|(current, total)| format!(" {} %", 100 * current / total.max(1))).unwrap_or_default();
                report.report(Event::StageProgress { id: stage.into(), text: format!("{} {layer}{part}", status.to_lowercase()) });
            }
        }
        Ok(())
    }

    /// Has the registry an image of that name for us? Nothing is pulled.
    ///
    /// # Errors
    /// `Kind::Registry` with the registry's or the engine's own words.
    pub async fn registry_has(&self, reference: &str) -> Result<()> {
        let credentials = credentials_for(reference).await;
        self.answer(self.api.inspect_registry_image(reference, credentials)).await.map(drop).map_err(|error| {
            let mut failure = hinted(explain(&error, &format!("{reference} cannot be found in its registry")), reference);
            failure.kind = Kind::Base;
            failure
        })
    }

    /// Pushes an image to the registry that its name says. Returns the registry's digest of it.
    ///
    /// # Errors
    /// `Kind::Registry`, with a hint to log in where that is the reason.
    pub async fn push(&self, reference: &str, stage: &str, report: &dyn Report) -> Result<Option<String>> {
        let what = format!("cannot push {reference}");
        let credentials = credentials_for(reference).await;
        let repository = repository_of(reference);
        let options = PushImageOptionsBuilder::default().tag(tag_of(reference)).build();
        let mut progress = std::pin::pin!(to_the_end(self.api.push_image(repository, Some(options), credentials)));
        while let Some(step) = progress.next().await {
            let step = step.map_err(|error| {
                let mut failure = hinted(explain(&error, &what), reference);
                if failure.kind == Kind::Other {
                    failure.kind = Kind::Registry;
                }
                failure
            })?;
            if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
                return Err(hinted(Failure::new(Kind::Registry, what).cause(error), reference));
            }
            if let Some(status) = step.status {
                report.report(Event::StageProgress { id: stage.into(), text: status.to_lowercase() });
            }
        }
        let image = self.image(reference).await?;
        Ok(image.and_then(|image| image.digest_in(repository).map(|digest| format!("{repository}@{digest}"))))
    }
}

fn hinted(failure: Failure, reference: &str) -> Failure {
    let said = failure.causes.join("\n").to_lowercase();
    let registry = registry_of(reference);
    if said.contains("unauthorized")
        || said.contains("authentication required")
        || said.contains("no basic auth")
        || said.contains("denied")
    {
        return failure.hint(format!("log in first: `docker login {registry}`"));
    }
    if ["connection refused", "no such host", "i/o timeout", "no route to host", "network is unreachable"]
        .iter()
        .any(|sign| said.contains(sign))
    {
        return failure.hint(format!("the engine cannot reach {registry}: is it up, and the name right?"));
    }
    if said.contains("server gave http response to https client") {
        return failure.hint(format!(
            "the registry speaks plain HTTP: name it under `insecure-registries` in the engine's settings, or use TLS for {registry}"
        ));
    }
    failure
}

/// The registry's host, as `docker login` takes it. A name without a host is Docker Hub's.
pub fn registry_of(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains('.') || host.contains(':') || host == "localhost" => host,
        _ => "docker.io",
    }
}

async fn credentials_for(reference: &str) -> Option<DockerCredentials> {
    let registry = match registry_of(reference) {
        // The key that `docker login` writes for Docker Hub.
        "docker.io" => "https://index.docker.io/v1/".to_owned(),
        other => other.to_owned(),
    };
    let server = registry.clone();
    // A credential helper is a program that may take its time.
    let found = tokio::task::spawn_blocking(move || docker_credential::get_credential(&server)).await.ok()?;
    match found {
        Ok(DockerCredential::UsernamePassword(username, password)) => Some(DockerCredentials {
            username: Some(username),
            password: Some(password),
            serveraddress: Some(registry),
            ..DockerCredentials::default()
        }),
        Ok(DockerCredential::IdentityToken(token)) => {
            Some(DockerCredentials { identitytoken: Some(token), serveraddress: Some(registry), ..DockerCredentials::default() })
        }
        Err(CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound) => None,
        Err(_) => None,
    }
}
