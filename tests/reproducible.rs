//! An image that is built again without the engine's cache. A test binary of its own, because nothing else may be built meanwhile: Docker
//! 20.10's builder ends the whole engine (`failed to get edge`) where builds share steps, and one of them wants no cache.

mod common;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "e2e/engine.rs"]
mod engine;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "e2e/http.rs"]
mod http;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "e2e/project.rs"]
mod project;

use common::BUILD_PATIENCE;
use engine::OwnImage;
use project::{Images, TestProject, unique};

/// What an engine gives each container.
const NEWER: [&str; 5] = ["/etc", "/etc/hosts", "/etc/hostname", "/etc/mtab", "/etc/resolv.conf"];

/// Without the engine's cache, which would give the very same layers, and from another directory.
#[test]
fn the_same_checkout_gives_the_same_image() {
    let built = |no_cache: bool| {
        let project = TestProject::copy("django");
        let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
        let flags: &[&str] = if no_cache { &["--no-cache"] } else { &[] };
        let arguments: Vec<&str> = ["build", "--production", &image.0].iter().chain(flags).copied().collect();
        project.parity(&arguments).env("SOURCE_DATE_EPOCH", "1767323045").patience(BUILD_PATIENCE).ok();
        let _images = Images(&project);
        let asked = engine::run_in(
            &image.0,
            "dpkg-query -W; find /app /opt/venv /etc ! -name '*.py' -newermt '2026-01-02 03:04:06 UTC' 2>/dev/null || :",
            project.scratch(),
        );
        let found = engine::with(async |engine| engine.image(&image.0).await.unwrap().unwrap());
        (image, found, asked)
    };
    let (_first, cached, said) = built(false);
    let newer: Vec<_> = said.lines().filter(|line| line.starts_with('/') && !NEWER.contains(line)).collect();
    assert_eq!(newer, [""; 0], "these tell when the image was built");
    let (_second, anew, said_anew) = built(true);
    assert_eq!(said, said_anew, "Debian's packages have changed since the layers in the cache were made: `docker builder prune` them");
    assert_eq!(cached.id, anew.id);
    assert_eq!(cached.labels["org.opencontainers.image.created"], "2026-01-02T03:04:05Z");
    let project = TestProject::copy("django");
    project.parity(&["build", "--production"]).env("SOURCE_DATE_EPOCH", "soon").run().exits(2).says(&["a number of seconds since 1970"]);
}
