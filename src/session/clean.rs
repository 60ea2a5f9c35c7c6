//! What `parity clean` removes: what parity has made and nobody uses. What there is, is looked at first; what goes, is decided then, as
//! a value that can be shown; last it is removed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use super::image::names;
use super::{container_name, is_alive};
use crate::engine::inventory::{Container, Image};
use crate::engine::{Engine, ownership};
use crate::error::{Failure, Kind, Result};
use crate::units::{files, scratch};

/// A container that was made so long ago and never started is one that nobody starts any more.
const YOUNG: Duration = Duration::from_secs(60);

/// Of which projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    One {
        /// The project's directory.
        root: PathBuf,
        /// Its name, which its containers' names and its images' begin with.
        name: String,
    },
    All,
}

impl Scope {
    /// The project in a directory.
    pub fn of(root: &Path) -> Self {
        Self::One { root: root.to_owned(), name: container_name(&crate::plan::name_of(root), root) }
    }

    fn has_container(&self, container: &Container) -> bool {
        match self {
            Self::One { root, .. } => container.project().is_some_and(|project| Path::new(project) == root),
            Self::All => true,
        }
    }

    fn has_view(&self, view: &Path) -> bool {
        match self {
            Self::One { name, .. } => ownership::container_of(view).is_some_and(|of| super::siblings::belongs(of, name)),
            Self::All => true,
        }
    }

    /// Is it a name by which one of these projects has use for an image?
    fn has_name(&self, image: &str) -> bool {
        match self {
            Self::One { name, .. } => {
                image.strip_prefix("localhost/").and_then(|rest| rest.strip_prefix(name.as_str())).is_some_and(|rest| rest.starts_with(':'))
            }
            Self::All => true,
        }
    }
}

/// What there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Everybody's: their images are in use.
    pub containers: Vec<Container>,
    pub images: Vec<Image>,
    /// Those that no container has.
    pub views: Vec<PathBuf>,
    /// Directories and files for temporary use whose processes have ended, with their sizes.
    pub temporary: Vec<(PathBuf, u64)>,
}

/// Something of parity's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub kind: Sort,
    pub name: String,
    /// Of an image, all of its layers: those that other images have stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Why it stays; `None`: it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    #[serde(skip)]
    pub what: Target,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    Container,
    Image,
    /// A mount of root's project.
    View,
    Temporary,
}

impl Sort {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Image => "image",
            Self::View => "mount",
            Self::Temporary => "temporary",
        }
    }
}

/// What is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By its ID, with the view that it has.
    Container(String, Option<PathBuf>),
    /// All of these names.
    Names(Vec<String>),
    View(PathBuf),
    Path(PathBuf),
}

/// Looks for all that there is.
///
/// # Errors
/// The engine's.
pub async fn look(engine: &Engine, scope: &Scope) -> Result<Found> {
    let (containers, images) = (engine.all_containers().await?, engine.all_images().await?);
    let views = if engine.is_local() { ownership::left(engine).await? } else { Vec::new() };
    let root = match scope {
        Scope::One { root, .. } => Some(root.clone()),
        Scope::All => None,
    };
    let measure = move || -> Vec<(PathBuf, u64)> {
        let directories = scratch::left().into_iter().map(|path| (scratch::size_of(&path), path));
        let files = root.iter().flat_map(|root| files::unfinished(root)).map(|(path, bytes)| (bytes, path));
        directories.chain(files).map(|(bytes, path)| (path, bytes)).collect()
    };
    let temporary = tokio::task::spawn_blocking(measure)
        .await
        .map_err(|error| Failure::new(Kind::Other, "cannot look for temporary files").cause(error))?;
    Ok(Found { containers, images, views, temporary })
}

/// Decides what goes. What parity has not made is not in it at all.
pub fn decide(found: &Found, scope: &Scope, now: OffsetDateTime) -> Vec<Item> {
    let mut items = Vec::new();
    let mut going = HashSet::new();
    for container in found.containers.iter().filter(|container| container.is_ours() && scope.has_container(container)) {
        let kept = kept_container(container, now);
        if kept.is_none() {
            going.insert(container.id.as_str());
        }
        let view = container.labels.get(crate::engine::label::VIEW).map(PathBuf::from);
        items.push(Item {
            kind: Sort::Container,
            name: container.name.clone(),
            bytes: Some(container.bytes),
            kept,
            what: Target::Container(container.id.clone(), view),
        });
    }
    let user =
        |image: &Image| found.containers.iter().find(|container| container.image == image.id && !going.contains(container.id.as_str()));
    items.extend(found.images.iter().filter_map(|image| decide_image(image, scope, user(image))));
    items.extend(found.views.iter().filter(|view| scope.has_view(view)).map(|view| Item {
        kind: Sort::View,
        name: view.display().to_string(),
        bytes: None,
        kept: None,
        what: Target::View(view.clone()),
    }));
    items.extend(found.temporary.iter().map(|(path, bytes)| Item {
        kind: Sort::Temporary,
        name: path.display().to_string(),
        bytes: Some(*bytes),
        kept: None,
        what: Target::Path(path.clone()),
    }));
    items
}

fn kept_container(container: &Container, now: OffsetDateTime) -> Option<String> {
    if container.runs {
        return Some("it runs: `parity down` stops it".into());
    }
    if container.owner().is_some_and(is_alive) {
        return Some("another `parity` is using it".into());
    }
    let is_young = container.is_new && container.created.is_some_and(|created| now - created < YOUNG);
    is_young.then(|| "it was created a moment ago".into())
}

fn decide_image(image: &Image, scope: &Scope, used_by: Option<&Container>) -> Option<Item> {
    // One without a name may be what somebody has built on an image of parity's, and has its labels: nobody can tell.
    let name = image.names.iter().find(|name| names::is_runtime(name)).or(image.names.first())?;
    let item = |kept: Option<String>, names: Vec<String>| Item {
        kind: Sort::Image,
        name: name.clone(),
        bytes: Some(image.bytes),
        kept,
        what: Target::Names(names),
    };
    let bases: Vec<String> = image.names.iter().filter(|name| names::is_base(name)).cloned().collect();
    let is_ours = image.is_built() || !bases.is_empty();
    let is_wanted = match scope {
        Scope::One { .. } => image.names.iter().any(|name| scope.has_name(name)),
        Scope::All => true,
    };
    if !is_ours || !is_wanted {
        return None;
    }
    if let Some(container) = used_by {
        return Some(item(Some(format!("container {} uses it", container.name)), Vec::new()));
    }
    // A base from a registry has its own name as well, and is somebody else's image.
    if !image.is_built() && bases.len() < image.names.len() {
        return Some(Item { bytes: Some(0), ..item(None, bases) });
    }
    if !names::are_all_ours(&image.names) {
        let theirs = image.names.iter().find(|name| !names::are_all_ours(std::slice::from_ref(*name))).unwrap_or(name);
        return Some(item(Some(format!("it is tagged as {theirs}")), Vec::new()));
    }
    // Another project's use for it is not this one's to end.
    if image.names.iter().any(|name| names::is_served(name) && !scope.has_name(name)) {
        let mine = image.names.iter().filter(|name| scope.has_name(name)).cloned().collect();
        return Some(Item { bytes: Some(0), ..item(None, mine) });
    }
    Some(item(None, image.names.clone()))
}

/// Removes something.
///
/// # Errors
/// The engine's and the system's: it may have come into use since.
pub async fn remove(engine: &Engine, item: &Item) -> Result<()> {
    let failed = |error: std::io::Error| Failure::new(Kind::Other, format!("cannot remove {}", item.name)).caused_by(&error);
    match &item.what {
        Target::Container(id, view) => {
            // Not by force: it may have been started since.
            engine.remove_stopped(id).await?;
            view.iter().for_each(|view| ownership::unmount(view));
        }
        Target::Names(names) => {
            for name in names {
                engine.remove_name(name).await?;
            }
        }
        Target::View(view) => ownership::unmount(view),
        Target::Path(path) if path.is_dir() => scratch::remove(path).map_err(failed)?,
        Target::Path(path) => std::fs::remove_file(path).map_err(failed)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::engine::label;

    const NOW: i64 = 1_800_000_000;

    fn labels(more: &[(&str, &str)]) -> HashMap<String, String> {
        [(label::VERSION, "1"), (label::PROFILE, "up")]
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn container(name: &str, project: &str, image: &str) -> Container {
        let labels = labels(&[(label::PROJECT, project)]);
        let created = OffsetDateTime::from_unix_timestamp(NOW - 3600).ok();
        Container { id: name.into(), name: name.into(), image: image.into(), labels, created, ..Container::default() }
    }

    fn image(id: &str, names: &[&str]) -> Image {
        Image { id: id.into(), names: names.iter().copied().map(String::from).collect(), labels: labels(&[]), bytes: 100 }
    }

    fn one() -> Scope {
        Scope::One { root: "/home/ada/site".into(), name: "parity-site-0a1b2c3d".into() }
    }

    /// `-` what goes, `=` what stays, with its name.
    fn decided(found: &Found, scope: &Scope) -> Vec<String> {
        let items = decide(found, scope, OffsetDateTime::from_unix_timestamp(NOW).unwrap());
        items.iter().map(|item| format!("{}{}", if item.kept.is_none() { '-' } else { '=' }, item.name)).collect()
    }

    #[test]
    fn containers_go_unless_they_run_or_somebody_looks_after_them() {
        let mine = |name: &str| container(name, "/home/ada/site", "i");
        let mut running = mine("running");
        running.runs = true;
        let mut owned = mine("owned");
        owned.labels.insert(label::OWNER.into(), "another-machine:1:1".into());
        let mut young = mine("young");
        young.is_new = true;
        young.created = OffsetDateTime::from_unix_timestamp(NOW - 2).ok();
        let mut foreign = mine("foreign");
        // Made by hand, from an image of parity's.
        foreign.labels.remove(label::PROFILE);
        let mut trial = mine("trial");
        trial.labels.remove(label::PROJECT);
        let other = container("other", "/home/ada/other", "i");
        let found = Found { containers: vec![mine("stopped"), running, owned, young, foreign, trial, other], ..Found::default() };
        assert_eq!(decided(&found, &one()), ["-stopped", "=running", "=owned", "=young"]);
        assert_eq!(decided(&found, &Scope::All), ["-stopped", "=running", "=owned", "=young", "-trial", "-other"]);
    }

    #[test]
    fn images_go_unless_somebody_has_use_for_them() {
        let (a, b, c) = ("localhost/parity:000000000000000a", "localhost/parity:000000000000000b", "localhost/parity:000000000000000c");
        let (a_here, a_there) =
            ("localhost/parity-site-0a1b2c3d:up-000000000000000a", "localhost/parity-other-ffffffff:up-000000000000000a");
        let (b_here, c_here) = ("localhost/parity-site-0a1b2c3d:up-000000000000000b", "localhost/parity-site-0a1b2c3d:up-000000000000000c");
        let production = "localhost/parity-site-0a1b2c3d:0123456789abcdef";
        let mut foreign = image("foreign", &["localhost/parity-site-0a1b2c3d:0123456789abcde0"]);
        foreign.labels.clear();
        let mut base = image("base", &["localhost/parity-base:debian-trixie-1", "debian:trixie-slim"]);
        base.labels.clear();
        let mut bootstrapped = image("made", &["localhost/parity-base:debian-trixie-2"]);
        bootstrapped.labels.clear();
        let images = vec![
            image("shared", &[a, a_here, a_there]),
            image("mine", &[b, b_here]),
            image("named", &[c, c_here, "mysite:1.2"]),
            image("production", &[production]),
            image("used", &["localhost/parity-site-0a1b2c3d:0123456789abcdee"]),
            image("dangling", &[]),
            foreign,
            base,
            bootstrapped,
        ];
        // Somebody else's container uses one, and one that goes itself another.
        let mut stranger = container("stranger", "", "used");
        stranger.labels.clear();
        let containers = vec![stranger, container("stopped", "/home/ada/site", "production")];
        let found = Found { containers, images, ..Found::default() };
        let used = "=localhost/parity-site-0a1b2c3d:0123456789abcdee".to_owned();
        assert_eq!(
            decided(&found, &one()),
            ["-stopped".to_owned(), format!("-{a}"), format!("-{b}"), format!("={c}"), format!("-{production}"), used.clone()]
        );
        let items = decide(&found, &one(), OffsetDateTime::from_unix_timestamp(NOW).unwrap());
        assert_eq!(items[1].what, Target::Names(vec![a_here.into()]), "the other project has use for it");
        assert_eq!((items[1].bytes, items[2].bytes), (Some(0), Some(100)));
        assert_eq!(items[2].what, Target::Names(vec![b.into(), b_here.into()]));
        let all = decide(&found, &Scope::All, OffsetDateTime::from_unix_timestamp(NOW).unwrap());
        let of = |name: &str| all.iter().find(|item| item.name == name).map(|item| item.what.clone());
        assert_eq!(of(a), Some(Target::Names(vec![a.into(), a_here.into(), a_there.into()])));
        assert_eq!(of("localhost/parity-base:debian-trixie-1"), Some(Target::Names(vec!["localhost/parity-base:debian-trixie-1".into()])));
        assert!(of("localhost/parity-base:debian-trixie-2").is_some() && of("localhost/parity-site-0a1b2c3d:0123456789abcde0").is_none());
    }

    #[test]
    fn views_are_of_a_project_and_temporary_files_of_nobody() {
        let view = |container: &str| PathBuf::from(format!("/run/parity/{container}.00ff00ff.1-2-3.0"));
        let views = vec![view("parity-site-0a1b2c3d"), view("parity-site-0a1b2c3d-next"), view("parity-other-ffffffff")];
        let found = Found { views, temporary: vec![("/tmp/parity-scratch-x".into(), 7)], ..Found::default() };
        assert_eq!(decided(&found, &one()).len(), 3);
        assert_eq!(decided(&found, &Scope::All).len(), 4);
    }
}
