//! From an image to what is deployed: its health, its labels, what runs once before it, and how long hooks may take.

use bollard::models::{ContainerCreateBody, HealthStatusEnum, HostConfig};

use crate::common::{BUILD_PATIENCE, Ran};
use crate::engine::{self, OwnImage};
use crate::http::Browser;
use crate::project::{Images, TestProject, unique};

/// A project whose application tells of a file that hooks write to; where it is in memory, each container has its own.
fn counting(hooks: &str) -> TestProject {
    let project = TestProject::copy("plain-wsgi");
    let app = "
def application(environ, start_response):
    try:
        with open('/tmp/done') as file:
            said = file.read()
    except OSError:
        said = 'nothing'
    start_response('500 Oh' if environ['PATH_INFO'] == '/broken' else '200 OK', [('Content-Type', 'text/plain')])
    return [said.encode()]
";
    project.write("counting.wsgi", app);
    project.write("parity.yaml", &format!("app: counting.wsgi\nhooks: {hooks}\n"));
    project
}

#[track_caller]
fn build(project: &TestProject) -> OwnImage {
    let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    project.parity(&["build", "--production", &image.0]).patience(BUILD_PATIENCE).ok();
    image
}

/// Runs an image as an engine does by itself, and returns what its health check says of it, and of the server when it is broken.
#[track_caller]
fn health_of(image: &OwnImage) -> (Option<HealthStatusEnum>, i64, String) {
    engine::with(async |engine| {
        let host = HostConfig { network_mode: Some("none".into()), ..HostConfig::default() };
        // Sooner than the image says: nobody waits for half a minute here.
        let check = engine.api.inspect_image(&image.0).await.unwrap().config.unwrap().healthcheck.expect("the image has a HEALTHCHECK");
        assert_eq!((check.interval, check.timeout), (Some(30_000_000_000), Some(10_000_000_000)));
        let healthcheck = Some(bollard::models::HealthConfig { interval: Some(300_000_000), ..check.clone() });
        let body =
            ContainerCreateBody { image: Some(image.0.clone()), healthcheck, host_config: Some(host), ..ContainerCreateBody::default() };
        let id = engine.api.create_container(None, body).await.unwrap().id;
        engine.api.start_container(&id, None).await.unwrap();
        let mut status = None;
        for _ in 0..100 {
            let health = engine.api.inspect_container(&id, None).await.unwrap().state.unwrap().health.unwrap();
            status = health.status;
            if status == Some(HealthStatusEnum::HEALTHY) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        // `CMD` and the words; the path is the last but one.
        let mut words: Vec<String> = check.test.unwrap().into_iter().skip(1).collect();
        let path = words.len() - 2;
        words[path] = "/broken".into();
        let (code, said) = engine.run_to_the_end(&id, words, b"").await.unwrap();
        engine.remove(&id).await.unwrap();
        (status, code, said)
    })
}

#[test]
fn the_image_tells_whether_its_server_is_well() {
    let project = counting("{}");
    let _images = Images(&project);
    let (status, code, said) = health_of(&build(&project));
    assert_eq!(status, Some(HealthStatusEnum::HEALTHY));
    assert_eq!((code, said.trim()), (1, "HTTP 500"));
}

#[test]
fn the_image_says_where_it_comes_from() {
    let project = counting("{}");
    let _images = Images(&project);
    let git = |arguments: &[&str]| project.run("git", &[&["-c", "user.name=Ada", "-c", "user.email=ada@example.com"], arguments].concat());
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "x", "--date", "2026-01-02T03:04:05Z"]);
    git(&["remote", "add", "origin", "https://ci:s3cr3t@git.example.com/team/site.git"]);
    let commit = git(&["rev-parse", "HEAD"]).trim().to_owned();
    let labels = |image: &OwnImage| engine::with(async |engine| engine.image(&image.0).await.unwrap().unwrap().labels);
    let of =
        |labels: &std::collections::HashMap<String, String>, name: &str| labels.get(&format!("org.opencontainers.image.{name}")).cloned();
    let clean = labels(&build(&project));
    assert_eq!(of(&clean, "revision").as_deref(), Some(commit.as_str()));
    assert_eq!(of(&clean, "source").as_deref(), Some("https://git.example.com/team/site.git"));
    assert!(of(&clean, "created").unwrap().ends_with('Z'));
    assert!(!format!("{clean:?}").contains(project.root.to_str().unwrap()), "the image tells where it was built: {clean:?}");
    project.write("counting.wsgi", &format!("{}\n# changed\n", project.read("counting.wsgi")));
    let dirty = labels(&build(&project));
    assert_eq!(of(&dirty, "revision"), Some(format!("{commit}-dirty")));
}

/// Its first build writes parity.lock, which is in no image and no change to what was committed.
#[test]
fn a_fresh_checkout_is_built_once() {
    let project = counting("{}");
    let _images = Images(&project);
    std::fs::remove_file(project.root.join("parity.lock")).unwrap();
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "x"]] {
        project.run("git", &[&["-c", "user.name=Ada", "-c", "user.email=ada@example.com"], arguments].concat());
    }
    let id = |image: &str| engine::with(async |engine| engine.image_id(image).await.unwrap().unwrap());
    let smoked = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    project.parity(&["smoke", "--no-probes", "--tag", &smoked.0]).patience(BUILD_PATIENCE).ok().says(&["wrote parity.lock"]);
    assert_eq!(id(&smoked.0), id(&build(&project).0));
    let labels = engine::with(async |engine| engine.image(&smoked.0).await.unwrap().unwrap().labels);
    assert!(!labels["org.opencontainers.image.revision"].ends_with("-dirty"), "{labels:?}");
}

#[test]
fn a_release_runs_once_in_the_image_that_is_deployed() {
    let project = counting("{release: ['id -u; cat counting.wsgi | wc -l', 'echo $TOKEN-$LEVEL'], start: ['echo start >>/tmp/done']}");
    project.write(".env", "TOKEN=t0ken\n");
    project.write("parity.override.yaml", "env: {LEVEL: high}\n");
    let _images = Images(&project);
    let ran = project.parity(&["release"]).patience(BUILD_PATIENCE).ok();
    for line in ["│ 33", "│ t0ken-high"] {
        assert!(ran.stderr.contains(line), "no {line}: {ran}");
    }
    assert!(!ran.stderr.contains("echo start"), "{ran}");
    project.nothing_is_left();
    // The image has it, wherever it is run, also when the project has moved on.
    let image = build(&project);
    project.write("parity.yaml", "app: counting.wsgi\n");
    project.parity(&["release"]).ok().says(&["nothing to do"]);
    project.parity(&["release", "--image", &image.0]).ok().says(&["t0ken-high"]);
    let without = build(&project);
    project.parity(&["release", "--image", &without.0]).ok().says(&["nothing to do", "has no release hooks"]);
    project.nothing_is_left();
}

#[test]
fn where_one_container_is_all_of_a_deployment_the_release_comes_first() {
    let project = counting("{release: ['echo release >>/tmp/done'], start: ['echo start >>/tmp/done']}");
    let _images = Images(&project);
    Browser::at(&project.up(&[])).get("/").ok().has("release\nstart\n");
    project.parity(&["down"]).ok();
    project.write(
        "parity.yaml",
        &format!(
            "{}smoke: [{{request: {{path: /}}, expect: {{body: [{{equals: \"release\\nstart\\n\"}}]}}}}]\n",
            project.read("parity.yaml")
        ),
    );
    project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).ok();
    for profile in ["up", "smoke"] {
        let ran = project.parity(&["diff", "--profile", profile]).ok();
        assert!(ran.stdout.contains("release hooks"), "{ran}");
    }
}

#[test]
fn a_release_that_fails_or_is_interrupted_leaves_nothing() {
    let project = counting("{release: ['echo oh no >&2; exit 7', 'echo never']}");
    let _images = Images(&project);
    let ran = project.parity(&["release"]).patience(BUILD_PATIENCE).run().exits(13);
    let ran = ran.says(&[
        "oh no",
        "the release hook `echo oh no >&2; exit 7` ended with exit code 7",
        "must do no harm where it was done before",
    ]);
    assert!(!ran.stderr.contains("│ never"), "{ran}");
    project.nothing_is_left();

    project.write(
        "parity.yaml",
        "app: counting.wsgi\nhooks: {release: [\"trap 'echo taken back; exit 1' TERM; echo begun; sleep 60 & wait\"]}\n",
    );
    let mut session = project.parity(&["release"]).patience(BUILD_PATIENCE).start();
    session.says("│ begun");
    project.parity(&["release"]).run().exits(1).says(&["another `parity release`"]);
    project.parity(&["down"]).ok().says(&["nothing is running"]);
    session.interrupt();
    let ran: Ran = session.end().exits(130);
    assert!(ran.ending < std::time::Duration::from_secs(8), "the hook was not told: {ran}");
    project.nothing_is_left();

    project.write("parity.yaml", "app: counting.wsgi\nhook-timeout: 1\nhooks: {release: ['sleep 60']}\n");
    project
        .parity(&["release"])
        .patience(BUILD_PATIENCE)
        .run()
        .exits(13)
        .says(&["`sleep 60` did not end within 1 seconds", "hook-timeout"]);
    project.nothing_is_left();
}

#[test]
fn a_start_hook_takes_nothing_of_the_time_for_the_answer() {
    let project = counting("{start: ['sleep 4; echo slow >/tmp/done']}");
    let url = project.up(&["--timeout", "3"]);
    Browser::at(&url).get("/").ok().has("slow");
    project.parity(&["down"]).ok();
    let late = project.parity(&["up", "-d", "--wait", "--port", "0", "--hook-timeout", "1"]).run().exits(13);
    late.says(&["the start hook `sleep 4; echo slow >/tmp/done` did not end within 1 seconds", "`hook-timeout: SECONDS`"]);
    project.nothing_is_left();
}
