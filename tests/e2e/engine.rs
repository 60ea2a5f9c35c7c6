//! Looking at the engine past parity, by the library's own connection.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveImageOptionsBuilder};
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

/// Removes an image that only one test has use for.
pub fn remove_image(reference: &str) {
    with(async |engine| {
        let options = RemoveImageOptionsBuilder::default().force(true).build();
        let _ = engine.api.remove_image(reference, Some(options), None).await;
    });
}
