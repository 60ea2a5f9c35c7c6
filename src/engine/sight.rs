//! Does the engine see this machine's files? Tried, not guessed: engines in a virtual machine share some directories only.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType};
use bollard::query_parameters::{CreateContainerOptions, StartContainerOptions};

use super::connect::Engine;
use super::container::State;
use super::error::explain;
use super::labels::label;
use crate::error::Result;
use crate::units::layout;

/// How long the container of the trial may take, in steps.
const STEPS: u32 = 100;
const STEP: Duration = Duration::from_millis(50);

impl Engine {
    /// Mounts a directory into a container of `image` and looks for one of its files there. Nothing is left.
    ///
    /// # Errors
    /// The engine's, a mount that it refuses among them.
    pub async fn sees(&self, directory: &Path, file: &str, image: &str) -> Result<bool> {
        let mount = Mount {
            typ: Some(MountType::BIND),
            source: Some(directory.to_string_lossy().into_owned()),
            target: Some(layout::APP.into()),
            read_only: Some(true),
            ..Mount::default()
        };
        let body = ContainerCreateBody {
            image: Some(image.into()),
            entrypoint: Some(["/bin/sh", "-c", "test -e \"$0\"", &format!("{}/{file}", layout::APP)].map(String::from).to_vec()),
            // Without capabilities even root may not look into somebody else's directory.
            user: std::fs::metadata(directory).ok().map(|directory| format!("{}:{}", directory.uid(), directory.gid())),
            network_disabled: Some(true),
            labels: Some(
                [(label::VERSION, env!("CARGO_PKG_VERSION")), (label::PROFILE, "trial")]
                    .map(|(name, value)| (name.into(), value.into()))
                    .into(),
            ),
            host_config: Some(HostConfig {
                mounts: Some(vec![mount]),
                cap_drop: Some(vec!["ALL".into()]),
                ulimits: self.ulimits(),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let what = "cannot mount the project into a container";
        let created =
            self.answer(self.api.create_container(None::<CreateContainerOptions>, body)).await.map_err(|error| explain(&error, what))?;
        let started =
            self.answer(self.api.start_container(&created.id, None::<StartContainerOptions>)).await.map_err(|error| explain(&error, what));
        let mut code = None;
        for _ in 0..STEPS {
            let Some(found) = self.observe(&created.id).await?.filter(|_| started.is_ok()) else { break };
            if found.state == State::Stopped {
                code = found.exit_code;
                break;
            }
            tokio::time::sleep(STEP).await;
        }
        self.remove(&created.id).await?;
        started.map(|()| code == Some(0))
    }
}
