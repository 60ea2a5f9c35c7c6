//! Images on the engine: which there are, what is known of them, and their names.

use std::collections::{HashMap, HashSet};

use bollard::query_parameters::{ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder};
use time::OffsetDateTime;

use super::connect::Engine;
use super::error::{explain, status};
use crate::error::Result;

/// An image on the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// `sha256:…`
    pub id: String,
    /// The names that registries know it by: `registry.example.com/team/app@sha256:…`.
    pub digests: Vec<String>,
    pub labels: HashMap<String, String>,
    /// In bytes, all layers.
    pub size: Option<i64>,
    /// All that it has here, with their tags.
    pub names: Vec<String>,
    /// When it last got a name here.
    pub tagged: Option<OffsetDateTime>,
    pub created: Option<OffsetDateTime>,
}

impl Found {
    /// The digest that a repository has for it.
    pub fn digest_in(&self, repository: &str) -> Option<&str> {
        self.digests.iter().find_map(|digest| digest.strip_prefix(repository)?.strip_prefix('@'))
    }
}

impl Engine {
    /// What is known of an image; `None`: it is not there.
    pub async fn image(&self, reference: &str) -> Result<Option<Found>> {
        match self.answer(self.api.inspect_image(reference)).await {
            Ok(image) => {
                let id = image.id.unwrap_or_default();
                Ok(Some(Found {
                    id: if id.starts_with("sha256:") { id } else { format!("sha256:{id}") },
                    digests: image.repo_digests.unwrap_or_default(),
                    labels: image.config.and_then(|config| config.labels).unwrap_or_default(),
                    size: image.size,
                    names: image.repo_tags.unwrap_or_default(),
                    tagged: image.metadata.and_then(|metadata| metadata.last_tag_time),
                    created: image.created,
                }))
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(explain(&error, "cannot ask the engine for its images")),
        }
    }

    pub async fn has_image(&self, reference: &str) -> Result<bool> {
        Ok(self.image(reference).await?.is_some())
    }

    /// The ID of an image on the engine.
    pub async fn image_id(&self, reference: &str) -> Result<Option<String>> {
        Ok(self.image(reference).await?.map(|image| image.id))
    }

    /// The digest that the registry has for an image on the engine, if it came from one.
    pub async fn registry_digest(&self, reference: &str) -> Result<Option<String>> {
        let digests = self.image(reference).await?.map(|image| image.digests).unwrap_or_default();
        Ok(digests.iter().find_map(|digest| digest.split_once('@').map(|(_, digest)| digest.to_owned())))
    }

    /// Takes their names from those images of a repository that are not wanted any more; an image without another name goes with
    /// it. One that a container still uses stays until the next time.
    pub async fn remove_images(&self, repository: &str, unwanted: impl Fn(&str) -> bool) -> Result<()> {
        for name in self.images_named(&format!("{repository}:*")).await?.into_iter().filter(|name| unwanted(name)) {
            let _ = self.remove_name(&name).await;
        }
        Ok(())
    }

    /// Takes a name from an image, or removes one that has none, by its ID. It goes with its last name, unless a container has it:
    /// that is an error. One that is gone is fine.
    pub async fn remove_name(&self, name: &str) -> Result<()> {
        match self.answer(self.api.remove_image(name, None::<RemoveImageOptions>, None)).await {
            Err(error) if status(&error) != Some(404) => Err(explain(&error, &format!("cannot remove the image {name}"))),
            _ => Ok(()),
        }
    }

    /// The IDs of all images that containers have, whoever made those, and whether they run or not.
    pub async fn images_of_containers(&self) -> Result<HashSet<String>> {
        let options = ListContainersOptionsBuilder::default().all(true).build();
        let list = self.answer(self.api.list_containers(Some(options))).await;
        let list = list.map_err(|error| explain(&error, "cannot ask the engine what runs"))?;
        Ok(list.into_iter().filter_map(|container| container.image_id).collect())
    }

    /// Removes an image if it has no name any more. That it cannot be is no reason to stop.
    pub async fn remove_unnamed(&self, id: &str) {
        // By its ID the engine would remove one with a single name as well.
        if matches!(self.image(id).await, Ok(Some(found)) if found.names.is_empty()) {
            let _ = self.remove_name(id).await;
        }
    }

    /// Names of the engine's images that fit a pattern.
    pub async fn images_named(&self, pattern: &str) -> Result<Vec<String>> {
        let filters = HashMap::from([("reference", vec![pattern])]);
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let images = self
            .answer(self.api.list_images(Some(options)))
            .await
            .map_err(|error| explain(&error, "cannot ask the engine for its images"))?;
        let prefix = pattern.trim_end_matches('*');
        Ok(images.into_iter().flat_map(|image| image.repo_tags).filter(|name| name.starts_with(prefix)).collect())
    }

    /// Gives an image a further name.
    pub async fn tag(&self, image: &str, name: &str) -> Result<()> {
        let options = TagImageOptionsBuilder::default().repo(repository_of(name)).tag(tag_of(name)).build();
        self.answer(self.api.tag_image(image, Some(options)))
            .await
            .map_err(|error| explain(&error, &format!("cannot name an image {name}")))
    }
}

/// `registry:5000/name` of `registry:5000/name:tag@digest`.
pub fn repository_of(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// `tag` of `registry:5000/name:tag`, and `latest` where there is none.
pub fn tag_of(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    match name.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => tag,
        _ => "latest",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        for (reference, repository, tag) in [
            ("debian:trixie-slim", "debian", "trixie-slim"),
            ("python", "python", "latest"),
            ("localhost:5000/a/b:1", "localhost:5000/a/b", "1"),
            ("localhost:5000/a/b", "localhost:5000/a/b", "latest"),
            ("a/b@sha256:00", "a/b", "latest"),
        ] {
            assert_eq!((repository_of(reference), tag_of(reference)), (repository, tag), "{reference}");
        }
    }

    #[test]
    fn the_digest_is_that_of_the_repository() {
        let digests = ["localhost:5000/b@sha256:1", "localhost:5000/a@sha256:2"].map(String::from).to_vec();
        let image = Found { digests, ..Found::default() };
        assert_eq!(image.digest_in("localhost:5000/a"), Some("sha256:2"));
        assert_eq!(image.digest_in("localhost:5000"), None);
    }
}
