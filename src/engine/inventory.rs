//! All that an engine has of parity's, for whoever tidies up: containers and images, with their sizes.

use std::collections::HashMap;

use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListImagesOptions};
use time::OffsetDateTime;

use super::connect::Engine;
use super::error::explain;
use super::labels::label;
use crate::error::Result;

/// A container, whoever made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// Of its image.
    pub image: String,
    pub labels: HashMap<String, String>,
    pub runs: bool,
    /// It was never started: somebody is about to, or was killed before.
    pub is_new: bool,
    pub created: Option<OffsetDateTime>,
    /// Of what it has written, but for volumes.
    pub bytes: u64,
}

/// An image, whoever made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    pub id: String,
    pub names: Vec<String>,
    pub labels: HashMap<String, String>,
    /// All of its layers, some of which other images may have as well.
    pub bytes: u64,
}

impl Container {
    /// Has parity made it? One that somebody makes from an image of parity's has the labels of that, but no profile.
    pub fn is_ours(&self) -> bool {
        self.labels.contains_key(label::PROFILE)
    }

    /// The directory that it was made for.
    pub fn project(&self) -> Option<&str> {
        self.labels.get(label::PROJECT).map(String::as_str)
    }

    /// The session that looks after it.
    pub fn owner(&self) -> Option<&str> {
        self.labels.get(label::OWNER).map(String::as_str)
    }
}

impl Image {
    /// Has parity built it, or what it was built on?
    pub fn is_built(&self) -> bool {
        self.labels.contains_key(label::VERSION)
    }
}

impl Engine {
    /// All containers, those of others as well: their images are in use.
    ///
    /// # Errors
    /// The engine's.
    pub async fn all_containers(&self) -> Result<Vec<Container>> {
        let options = ListContainersOptionsBuilder::default().all(true).size(true).build();
        let list = self.answer(self.api.list_containers(Some(options))).await;
        let list = list.map_err(|error| explain(&error, "cannot ask the engine for its containers"))?;
        let runs = |state: &ContainerSummaryStateEnum| {
            use ContainerSummaryStateEnum::{PAUSED, RESTARTING, RUNNING};
            matches!(state, RUNNING | PAUSED | RESTARTING)
        };
        Ok(list
            .into_iter()
            .map(|found| Container {
                id: found.id.unwrap_or_default(),
                name: found.names.into_iter().flatten().next().unwrap_or_default().trim_start_matches('/').to_owned(),
                image: found.image_id.unwrap_or_default(),
                labels: found.labels.unwrap_or_default(),
                runs: found.state.as_ref().is_some_and(runs),
                is_new: found.state == Some(ContainerSummaryStateEnum::CREATED),
                created: found.created.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
                bytes: found.size_rw.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            })
            .collect())
    }

    /// All images that have a name.
    ///
    /// # Errors
    /// The engine's.
    pub async fn all_images(&self) -> Result<Vec<Image>> {
        let list = self.answer(self.api.list_images(None::<ListImagesOptions>)).await;
        let list = list.map_err(|error| explain(&error, "cannot ask the engine for its images"))?;
        Ok(list
            .into_iter()
            .map(|found| Image {
                id: found.id,
                // The engine's word for none.
                names: found.repo_tags.into_iter().filter(|name| !name.contains("<none>")).collect(),
                labels: found.labels,
                bytes: u64::try_from(found.size).unwrap_or(0),
            })
            .filter(|image| !image.names.is_empty())
            .collect())
    }
}
