//! Looking at the engine past parity, by the library's own connection.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Seek, Write};
use std::path::Path;

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveImageOptionsBuilder};
use futures_util::StreamExt;
use parity::engine::container::{LogStart, Output};
use parity::engine::{self, Engine, label};

/// Does something with the engine that the tests use.
pub fn with<T>(work: impl AsyncFnOnce(Engine) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = engine::connect(&environment()).await.unwrap_or_else(|failure| panic!("{failure}: {:?}", failure.causes));
        work(engine).await
    })
}

/// The engine's address. Tests run with another home, so it is settled with the real one.
pub fn host() -> String {
    engine::endpoint(&environment()).unwrap().host
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// The containers that parity made for a project's directory.
pub fn containers_of(project: &Path) -> Vec<String> {
    let wanted = format!("{}={}", label::PROJECT, project.display());
    with(async |engine| {
        let filters = HashMap::from([("label", vec![wanted.as_str()])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = engine.api.list_containers(Some(options)).await.unwrap();
        found.into_iter().filter_map(|container| container.id).collect()
    })
}

/// Kills a container, as `docker kill` does.
pub fn kill(container: &str) {
    with(async |engine| engine.kill(container).await.unwrap());
}

/// Removes one that runs, as `docker rm --force` does.
pub fn remove(container: &str) {
    with(async |engine| engine.remove(container).await.unwrap());
}

/// Stops one, as `docker stop` does.
pub fn stop(container: &str, seconds: u32) {
    with(async |engine| engine.stop(container, seconds).await.unwrap());
}

/// The names of images that begin so.
pub fn images_named(beginning: &str) -> BTreeSet<String> {
    with(async |engine| engine.images_named(&format!("{beginning}*")).await.unwrap().into_iter().collect())
}

/// This machine's address, as containers of the engine's usual network reach it: the first of its addresses.
pub fn gateway() -> String {
    with(async |engine| {
        let bridge = engine.api.inspect_network("bridge", None).await.unwrap();
        let config = bridge.ipam.and_then(|ipam| ipam.config?.into_iter().next()).expect("a network of IP");
        let first = |subnet: String| {
            let network: std::net::Ipv4Addr = subnet.split('/').next()?.parse().ok()?;
            Some(std::net::Ipv4Addr::from(u32::from(network) + 1).to_string())
        };
        config.gateway.or_else(|| first(config.subnet?)).expect("an address")
    })
}

/// The names of all volumes.
pub fn volumes() -> BTreeSet<String> {
    with(async |engine| {
        let found = engine.api.list_volumes(None::<bollard::query_parameters::ListVolumesOptions>).await.unwrap();
        found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect()
    })
}

/// The name of an image that only one test has use for; it goes with the test.
#[derive(Debug)]
pub struct OwnImage(pub String);

impl Drop for OwnImage {
    fn drop(&mut self) {
        remove_image(&self.0);
    }
}

/// Removes an image, or one of its names; that it is gone already is fine.
pub fn remove_image(reference: &str) {
    with(async |engine| {
        let options = RemoveImageOptionsBuilder::default().force(true).build();
        let _ = engine.api.remove_image(reference, Some(options), None).await;
    });
}

/// All that an engine tells of an image: its configuration and how it came about.
pub fn description_of(image: &str) -> String {
    with(async |engine| {
        let history = engine.api.image_history(image).await.unwrap();
        let inspected = engine.api.inspect_image(image).await.unwrap();
        format!("{}\n{}", serde_json::to_string(&history).unwrap(), serde_json::to_string(&inspected).unwrap())
    })
}

/// Is this text somewhere in there?
pub fn contains(content: &[u8], text: &str) -> bool {
    content.windows(text.len()).any(|part| part == text.as_bytes())
}

/// Shows each file of each layer of an image to `look`. Returns how often that said yes.
pub fn with_files_of(image: &str, mut look: impl FnMut(&str, &[u8]) -> bool) -> usize {
    let mut archive = tempfile::tempfile().unwrap();
    with(async |engine| {
        let mut export = std::pin::pin!(engine.api.export_image(image));
        while let Some(piece) = export.next().await {
            archive.write_all(&piece.unwrap()).unwrap();
        }
    });
    archive.rewind().unwrap();
    let mut count = 0;
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        // A layer is an archive itself, and some engines pack it; anything else is a file about the image.
        if content.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(content.as_slice()).read_to_end(&mut unpacked).unwrap();
            content = unpacked;
        }
        if content.get(257..262) != Some(b"ustar") {
            look(&entry.path().unwrap().to_string_lossy(), &content);
            continue;
        }
        for file in tar::Archive::new(content.as_slice()).entries().unwrap() {
            let mut file = file.unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            count += usize::from(look(&file.path().unwrap().to_string_lossy(), &content));
        }
    }
    count
}

/// Runs a shell script in a container without a network, with a directory of this machine at `/given`. Returns its stdout.
pub fn run_in(image: &str, script: &str, given: &Path) -> String {
    with(async |engine| {
        let body = ContainerCreateBody {
            image: Some(image.into()),
            entrypoint: Some(["/bin/sh", "-c", script].map(String::from).to_vec()),
            cmd: Some(Vec::new()),
            host_config: Some(HostConfig {
                network_mode: Some("none".into()),
                binds: Some(vec![format!("{}:/given", given.display())]),
                tmpfs: Some(["/run/parity", "/tmp"].map(|directory| (directory.to_owned(), String::new())).into()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let id = engine.api.create_container(None, body).await.unwrap().id;
        let run = async {
            engine.api.start_container(&id, None).await?;
            let mut output = std::pin::pin!(engine.logs(&id, true, LogStart::Beginning));
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            while let Some(Ok(piece)) = output.next().await {
                match piece {
                    Output::Stdout(bytes) => stdout.extend(bytes),
                    Output::Stderr(bytes) => stderr.extend(bytes),
                }
            }
            let state = engine.api.inspect_container(&id, None).await?.state;
            Ok::<_, bollard::errors::Error>((stdout, stderr, state.and_then(|state| state.exit_code)))
        };
        let ran = run.await;
        engine.remove(&id).await.unwrap();
        let (stdout, stderr, code) = ran.unwrap();
        assert_eq!(code, Some(0), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8_lossy(&stdout).into_owned()
    })
}
