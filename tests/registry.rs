//! Images and bases that come from a registry: Debian's own `docker-registry`, started for the test on this machine.

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

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use parity::engine::build::Build;
use parity::events::{Event, Report};
use tempfile::TempDir;

use common::{BUILD_PATIENCE, Parity};
use http::Browser;
use project::{TestProject, base};

const USER: &str = "alice";
const PASSWORD: &str = "correct-horse";

/// A registry on a free port, which keeps what it has when it is stopped and started again.
struct Registry {
    directory: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Registry {
    fn open() -> Self {
        Self::new("")
    }

    /// One that wants a password.
    fn guarded() -> Self {
        Self::new("auth:\n  htpasswd: {realm: test, path: HERE/htpasswd}\n")
    }

    fn new(auth: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("parity-registry-").tempdir().unwrap();
        let here = directory.path();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if !auth.is_empty() {
            let line = Command::new("htpasswd").args(["-Bbn", USER, PASSWORD]).output().expect("htpasswd: `make test-tools` installs it");
            fs::write(here.join("htpasswd"), line.stdout).unwrap();
        }
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: HERE/data}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n{auth}"
        );
        fs::write(here.join("config.yml"), config.replace("HERE", here.to_str().unwrap())).unwrap();
        let mut registry = Self { directory, port, process: None };
        registry.start();
        registry
    }

    fn start(&mut self) {
        let log = fs::File::create(self.directory.path().join("log")).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(self.directory.path().join("config.yml")).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().expect("docker-registry: `make test-tools` installs it"));
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the registry does not start: {}", fs::read_to_string(self.directory.path().join("log")).unwrap());
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A directory as `docker login` leaves it.
    fn login(&self, password: Option<&str>) -> PathBuf {
        let directory = self.directory.path().join(password.unwrap_or("nobody"));
        let auth = password.map(|password| {
            let auth = BASE64_STANDARD.encode(format!("{USER}:{password}"));
            serde_json::json!({self.address(): {"auth": auth}})
        });
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("config.json"), serde_json::json!({"auths": auth}).to_string()).unwrap();
        directory
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An image that is removed at the test's end.
enum Removed {
    /// By this name; it may have others, which are not the test's.
    Name(String),
    /// With all its names, the one that parity gives to a base among them.
    Whole(String),
}

impl Removed {
    fn now(&self) {
        match self {
            Self::Name(name) => engine::remove_image(name),
            Self::Whole(name) => {
                let id = engine::with(async |engine| engine.image_id(name).await.unwrap());
                engine::remove_image(id.as_deref().unwrap_or(name));
            }
        }
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        self.now();
    }
}

fn up(project: &TestProject, docker_config: &Path) -> Parity {
    project.parity(&["up", "-d", "--wait", "--port", "0"]).env("DOCKER_CONFIG", docker_config).patience(BUILD_PATIENCE)
}

fn push(project: &TestProject, docker_config: &Path) -> Parity {
    project.parity(&["build", "--push"]).env("DOCKER_CONFIG", docker_config).patience(BUILD_PATIENCE)
}

#[test]
fn what_somebody_pushed_is_pulled_and_not_built() {
    let mut registry = Registry::guarded();
    let address = registry.address();
    let (known, stranger, mistaken) = (registry.login(Some(PASSWORD)), registry.login(None), registry.login(Some("wrong-pony")));
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", &format!("image:\n  repository: \"{address}/team/app\"\n"));
    let (build, login) = ("mod_wsgi and requirements", format!("`docker login {address}`"));

    let pushed = push(&project, &known).ok().says(&["not in the registry: building it", build, "pushing", "@sha256:"]);
    assert!(!pushed.stderr.contains("warning: cannot pull"), "{pushed}");
    let image = Removed::Name(pushed.line().to_owned());
    assert!(pushed.line().starts_with(&format!("{address}/team/app:")), "{pushed}");

    image.now();
    let pulled = up(&project, &known).ok().says(&["pulled"]);
    assert!(!pulled.stderr.contains(build), "{pulled}");
    Browser::at(pulled.line()).get("/").ok().has("hello");
    project.parity(&["down", "--timeout", "1"]).ok();

    for (who, said) in [(&stranger, "no basic auth credentials"), (&mistaken, "unauthorized")] {
        let refused = push(&project, who).run().exits(9).says(&["error: cannot push", said, &login]);
        assert!(!refused.stderr.contains("wrong-pony"), "{refused}");
        image.now();
        let built = up(&project, who).ok().says(&["cannot be pulled: building it", "warning: cannot pull", said, &login, build]);
        Browser::at(built.line()).get("/").ok().has("hello");
        project.parity(&["down", "--timeout", "1"]).ok();
    }

    image.now();
    registry.stop();
    let built = up(&project, &known).ok().says(&["cannot be pulled: building it", "connection refused", build]);
    built.says(&[&format!("the engine cannot reach {address}")]);
    project.parity(&["down", "--timeout", "1"]).ok();
    let lost = push(&project, &known).run().exits(9).says(&["error: cannot push", "connection refused"]);
    assert!(!lost.stderr.contains("DOCKER_HOST"), "the engine itself is well: {lost}");
}

#[test]
fn what_passed_is_pushed_and_can_be_checked_by_its_digest() {
    let registry = Registry::guarded();
    let (known, stranger) = (registry.login(Some(PASSWORD)), registry.login(None));
    let project = TestProject::copy("plain-wsgi");
    let name = format!("{}/team/site", registry.address());
    let whole = Removed::Whole(format!("{name}:latest"));
    let smoke = |flags: &[&str], login: &Path| {
        let arguments: Vec<&str> = ["smoke", "--no-probes", "--format", "json"].iter().chain(flags).copied().collect();
        project.parity(&arguments).env("DOCKER_CONFIG", login).patience(BUILD_PATIENCE)
    };
    let report =
        |ran: &common::Ran| -> serde_json::Value { serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}")) };
    smoke(&["--push"], &known).run().exits(2).says(&["--tag"]);
    // A push that fails is told, and so is what was checked.
    let refused = smoke(&["--tag", &name, "--push"], &stranger).run().exits(9).says(&["cannot push"]);
    assert_eq!((report(&refused)["passed"].as_u64(), &report(&refused)["image"]["digests"]), (Some(1), &serde_json::json!([])));

    let pushed = smoke(&["--tag", &name, "--push"], &known).ok().says(&["pushing"]);
    let image = &report(&pushed)["image"];
    let digest = image["digests"][0].as_str().unwrap();
    assert!(digest.starts_with(&format!("{name}@sha256:")), "{pushed}");
    whole.now();
    let pulled = smoke(&["--image", digest], &known).ok().says(&["pulled"]);
    assert_eq!((&report(&pulled)["image"]["id"], &report(&pulled)["image"]["digests"][0]), (&image["id"], &image["digests"][0]));
    drop(Removed::Whole(digest.to_owned()));
    smoke(&["--image", digest], &stranger).run().exits(9).says(&["cannot pull", "docker login"]);
    drop(project);
}

#[test]
fn a_base_is_what_its_digest_says_or_an_error() {
    let mut registry = Registry::open();
    let (nobody, name) = (registry.login(None), format!("{}/team/python:3", registry.address()));
    push_a_base_with_a_python(&name);
    Removed::Whole(name.clone()).now();

    let project = TestProject::unlocked("plain-wsgi");
    project.write("parity.yaml", &format!("image: {{base: \"{name}\"}}\n"));
    let first = project.parity(&["build"]).env("DOCKER_CONFIG", &nobody).patience(BUILD_PATIENCE).ok().says(&["from the registry"]);
    let (image, pulled) = (Removed::Name(first.line().to_owned()), Removed::Whole(name.clone()));
    let lock = project.read("parity.lock");
    assert!(lock.contains("origin = \"registry\"") && lock.contains(&format!("image = \"{name}\"")), "{lock}");
    let digest = lock.lines().find_map(|line| line.strip_prefix("digest = ")).unwrap().trim_matches('"').to_owned();

    // Another machine: neither image is there. The tag has moved on meanwhile, which does not matter.
    image.now();
    pulled.now();
    push_another_image(&name);
    Removed::Whole(name.clone()).now();
    let served = up(&project, &nobody).ok().says(&["from the registry"]);
    Browser::at(served.line()).get("/").ok().has("hello");
    project.parity(&["down", "--timeout", "1"]).ok();
    // A base that has served is not given up for another.
    let lock = lock.replace("provisional = true\n", "");
    assert_eq!(project.read("parity.lock"), lock);
    let by_digest = Removed::Whole(format!("{}/team/python@{digest}", registry.address()));

    image.now();
    by_digest.now();
    registry.stop();
    let refused = up(&project, &nobody).run().exits(8);
    refused.says(&[
        &format!("cannot get the base {name} as parity.lock pins it"),
        &format!("@{digest} cannot be pulled"),
        "connection refused",
        "`parity build --update-base`",
    ]);
    assert_eq!(project.read("parity.lock"), lock);
}

/// Says nothing.
struct Silent;

impl Report for Silent {
    fn report(&self, _: Event) {}
}

/// What `python:3` is to people who reach a registry: an image whose `python3` can build modules.
fn push_a_base_with_a_python(name: &str) {
    let lock = &base().lock;
    let value = |key: &str| lock.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).unwrap().trim_matches('"');
    let debian = format!("localhost/parity-base:debian-trixie-{}", &value("digest")["sha256:".len()..][..12]);
    let packages = "python3-venv python3-dev";
    let install = format!("apt-get update -q && apt-get install -qy --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*");
    push_image(name, format!("FROM {debian} AS python\nRUN {install}\n"));
}

fn push_another_image(name: &str) {
    push_image(name, format!("FROM {} AS python\nLABEL another=yes\n", base().image));
}

fn push_image(name: &str, dockerfile: String) {
    let build = Build {
        image: name.into(),
        target: "python".into(),
        files: vec![("Dockerfile".into(), dockerfile.into_bytes())],
        project: None,
        modified: 0,
        labels: Vec::new(),
        secrets: Vec::new(),
        hidden: parity::units::Redactor::default(),
        no_cache: false,
    };
    engine::with(async |engine| {
        engine.build(&build, &Silent).await.unwrap_or_else(|failed| panic!("{failed:?}"));
        engine.push(name, "push", &Silent).await.unwrap_or_else(|failure| panic!("{failure:?}"));
    });
}
