//! Containers: making, starting, stopping and removing them; what there is of them, and what they write.

mod logs;
mod observed;
mod seccomp;
mod spec;
mod stopped;

use std::time::Duration;

use bollard::models::{ContainerCreateBody, ContainerCreateResponse, NetworkConnectRequest};
use bollard::query_parameters::{
    CreateContainerOptions, CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    RenameContainerOptionsBuilder, RestartContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
};

use tokio::sync::oneshot;

use super::connect::{Answer, Engine};
use super::error::{explain, status};
use crate::error::{Failure, Kind, Result};
use seccomp::Confinement;

pub use logs::{LogStart, Output};
pub use observed::{Observed, State, not_running};
pub use spec::Wish;

/// The port inside every container.
pub const PORT: &str = "8000/tcp";

impl Engine {
    /// Creates a container; it does not run yet. Returns its id.
    pub async fn create(&self, wish: &Wish) -> Result<String> {
        let options = CreateContainerOptionsBuilder::default().name(&wish.name).build();
        let confinement = wish.bind.as_ref().map(|_| Confinement::for_engine(self.flavour)).transpose()?;
        match self.created(options, self.body(wish, confinement.as_ref())).await {
            Ok(created) => {
                for network in &wish.networks {
                    if let Err(failure) = self.connect(&created.id, network).await {
                        self.remove(&created.id).await?;
                        return Err(failure);
                    }
                }
                Ok(created.id)
            }
            Err(error) if status(&error) == Some(409) => {
                let mut failure = explain(&error, &format!("another `parity` is starting `{}` at this moment", wish.name));
                if failure.kind == Kind::Other {
                    failure.kind = Kind::NameTaken;
                }
                Err(failure.hint("wait for it, then type the command again"))
            }
            Err(error) => {
                let failure = unconfined(explain(&error, "cannot create the container"));
                let missing = wish.network.as_ref().filter(|_| failure.causes.iter().any(|cause| cause.contains("network")));
                Err(match missing {
                    Some(network) => failure.hint(format!(
                        "is there a network `{network}`? `docker network ls` lists them; a compose project's is named `<project>_default`"
                    )),
                    None => failure,
                })
            }
        }
    }

    /// The engine's answer. A container that it makes when nobody waits for that any more is removed.
    async fn created(&self, options: CreateContainerOptions, body: ContainerCreateBody) -> Answer<ContainerCreateResponse> {
        let (tell, told) = oneshot::channel();
        let engine = self.clone();
        tokio::spawn(async move {
            let answer = engine.answer(engine.api.create_container(Some(options), body)).await;
            if let Err(Ok(created)) = tell.send(answer) {
                // Its name says that it is one to remove, should this fail.
                let _ = engine.remove(&created.id).await;
            }
        });
        told.await.unwrap_or(Err(bollard::errors::Error::RequestTimeoutError))
    }

    async fn connect(&self, id: &str, network: &str) -> Result<()> {
        let request = NetworkConnectRequest { container: id.to_owned(), ..NetworkConnectRequest::default() };
        let connected = self.answer(self.api.connect_network(network, request)).await;
        connected.map_err(|error| explain(&error, &format!("cannot connect the container to the network {network}")))
    }

    /// Starts a container that was created.
    ///
    /// # Errors
    /// `Kind::PortTaken` when somebody else has the port.
    pub async fn start(&self, id: &str, wish: &Wish) -> Result<()> {
        match self.answer(self.api.start_container(id, None::<StartContainerOptions>)).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let mut failure = unconfined(explain(&error, "cannot start the container"));
                let said = failure.causes.join("\n");
                if failure.kind == Kind::PortTaken
                    && let Some((address, port)) = &wish.publish
                {
                    failure.message = format!("port {port} is taken on {address}");
                    // The engine's words are about its own parts.
                    failure.causes.clear();
                    failure = failure.hint("take another: `--port 8001`, or any free one: `--port 0`");
                } else if said.contains("network") && said.contains("not found") {
                    let network = wish.network.as_deref().unwrap_or_default();
                    failure = failure.hint(format!("is there a network `{network}`? `docker network ls` lists them"));
                } else if said.contains("bind source path does not exist") || said.contains("mounts denied") {
                    failure = failure.hint(
                        "the engine cannot see this directory: share it in Docker Desktop's settings, or use an engine on this machine",
                    );
                }
                Err(failure)
            }
        }
    }

    /// Stops a container, politely for `seconds`, then by force. One that is gone is fine.
    pub async fn stop(&self, id: &str, seconds: u32) -> Result<()> {
        let options = StopContainerOptionsBuilder::default().t(i32::try_from(seconds).unwrap_or(i32::MAX)).build();
        gone_is_fine(
            self.answer_after(Duration::from_secs(seconds.into()), self.api.stop_container(id, Some(options))).await,
            "cannot stop the container",
        )
    }

    /// Stops a container, politely for `seconds`, and starts it again.
    pub async fn restart(&self, id: &str, seconds: u32) -> Result<()> {
        let options = RestartContainerOptionsBuilder::default().t(i32::try_from(seconds).unwrap_or(i32::MAX)).build();
        self.answer_after(Duration::from_secs(seconds.into()), self.api.restart_container(id, Some(options)))
            .await
            .map_err(|error| explain(&error, "cannot restart the container"))
    }

    /// Has Apache finish its requests and end.
    pub async fn drain(&self, id: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::default().signal("SIGWINCH").build();
        gone_is_fine(self.answer(self.api.kill_container(id, Some(options))).await, "cannot signal the container")
    }

    /// Gives a container another name.
    pub async fn rename(&self, id: &str, name: &str) -> Result<()> {
        let options = RenameContainerOptionsBuilder::default().name(name).build();
        self.answer(self.api.rename_container(id, options)).await.map_err(|error| explain(&error, "cannot rename the container"))
    }

    /// Kills a container at once. One that is gone or stopped is fine.
    pub async fn kill(&self, id: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
        gone_is_fine(self.answer(self.api.kill_container(id, Some(options))).await, "cannot kill the container")
    }

    /// Removes a container that does not run, with its anonymous volumes.
    ///
    /// # Errors
    /// The engine's, one that runs among them.
    pub async fn remove_stopped(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::default().v(true).build();
        match self.answer(self.api.remove_container(id, Some(options))).await {
            Err(error) if status(&error) != Some(404) => Err(explain(&error, "cannot remove the container")),
            _ => Ok(()),
        }
    }

    /// Removes a container with its anonymous volumes, running or not.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        gone_is_fine(self.answer(self.api.remove_container(id, Some(options))).await, "cannot remove the container")
    }
}

/// What to do where an engine cannot confine a container that has the project mounted.
fn unconfined(failure: Failure) -> Failure {
    if failure.causes.iter().any(|cause| cause.to_lowercase().contains("seccomp")) {
        failure
            .hint("the application could leave programs with your rights in the mounted project, so it is not mounted without seccomp")
            .hint("`parity up --reload-on-changes --sync` works without a mount")
    } else {
        failure
    }
}

fn gone_is_fine(result: Result<(), bollard::errors::Error>, what: &str) -> Result<()> {
    match result {
        Err(error) if !matches!(status(&error), Some(304 | 404 | 409)) => Err(explain(&error, what)),
        _ => Ok(()),
    }
}
