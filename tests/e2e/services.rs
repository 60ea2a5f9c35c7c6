//! Services beside the application: networks and containers with the labels that Compose gives them.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use bollard::models::{ContainerCreateBody, HostConfig, NetworkCreateRequest, NetworkingConfig};

use crate::common::BUILD_PATIENCE;
use crate::engine;
use crate::http::Browser;
use crate::project::{TestProject, base, unique};

/// Says what the service `db` says, or fails as a driver does.
const APP: &str = r#"
import socket

def application(environ, start_response):
    try:
        with socket.create_connection(("db", 5432), 5) as connection:
            text = connection.recv(100)
    except OSError as error:
        raise ConnectionError(f"could not connect to db:5432: {error}") from error
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text]
"#;

/// A server that says `hello from db` to whoever connects.
const DB: &str = "
import socket
server = socket.create_server(('', 5432))
while True:
    connection, _ = server.accept()
    connection.sendall(b'hello from db')
    connection.close()
";

/// A Compose project on the engine, which goes with the test.
struct Compose {
    name: String,
    directory: String,
}

impl Compose {
    /// Its network alone.
    fn of(project: &TestProject) -> Self {
        let compose = Self { name: format!("parity-test-{}", unique()), directory: project.root.display().to_string() };
        compose.network("default", false);
        compose
    }

    fn label(&self) -> (String, String) {
        ("com.docker.compose.project".into(), self.name.clone())
    }

    fn network(&self, key: &str, internal: bool) {
        let labels = HashMap::from([self.label(), ("com.docker.compose.network".into(), key.into())]);
        let name = format!("{}_{key}", self.name);
        engine::with(async |engine| {
            let request = NetworkCreateRequest { name, internal: Some(internal), labels: Some(labels), ..NetworkCreateRequest::default() };
            engine.api.create_network(request).await.unwrap();
        });
    }

    /// Makes the service `db` in a network, which does not run yet. Returns its container.
    fn db(&self, key: &str) -> String {
        let network = format!("{}_{key}", self.name);
        let labels = [
            self.label(),
            ("com.docker.compose.project.working_dir".into(), self.directory.clone()),
            ("com.docker.compose.service".into(), "db".into()),
        ];
        let endpoint = bollard::models::EndpointSettings { aliases: Some(vec!["db".into()]), ..Default::default() };
        let body = ContainerCreateBody {
            image: Some(base().image.clone()),
            entrypoint: Some(["python", "-c", DB].map(String::from).to_vec()),
            cmd: Some(Vec::new()),
            labels: Some(labels.into()),
            host_config: Some(HostConfig { network_mode: Some(network.clone()), init: Some(true), ..HostConfig::default() }),
            networking_config: Some(NetworkingConfig { endpoints_config: Some([(network, endpoint)].into()) }),
            ..ContainerCreateBody::default()
        };
        engine::with(async |engine| engine.api.create_container(None, body).await.unwrap().id)
    }

    fn start(&self, container: &str) {
        engine::with(async |engine| engine.api.start_container(container, None).await.unwrap());
    }

    fn runs(&self, container: &str) -> bool {
        engine::with(async |engine| engine.api.inspect_container(container, None).await.unwrap().state.and_then(|state| state.running))
            == Some(true)
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        let label = format!("com.docker.compose.project={}", self.name);
        engine::with(async |engine| {
            let filters = HashMap::from([("label", vec![label.as_str()])]);
            let containers = bollard::query_parameters::ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
            for container in engine.api.list_containers(Some(containers)).await.unwrap_or_default() {
                let _ = engine.remove(&container.id.unwrap_or_default()).await;
            }
            let networks = bollard::query_parameters::ListNetworksOptionsBuilder::default().filters(&filters).build();
            for network in engine.api.list_networks(Some(networks)).await.unwrap_or_default() {
                let _ = engine.api.remove_network(&network.id.unwrap_or_default()).await;
            }
        });
    }
}

fn project(compose: &str) -> TestProject {
    let project = TestProject::copy("plain-wsgi");
    project.write("hello.wsgi", APP);
    project.write("compose.yaml", compose);
    project
}

const COMPOSE: &str = "services:\n  web: {build: .}\n  db: {image: postgres}\n";

#[test]
fn a_service_that_runs_is_reached_by_its_name_in_every_profile() {
    let project = project(COMPOSE);
    // Nothing is joined or made where nothing is, and the failure says what to type.
    let mut browser = Browser::at(&project.up(&[]));
    assert_eq!(browser.get("/").status, 500);
    let shown = |arguments: &[&str], parts: &[&str]| {
        let said = project.parity(arguments).ok().stdout;
        assert!(parts.iter().all(|part| said.contains(part)), "{parts:?}: {said}");
    };
    shown(&["logs"], &["`db` of compose.yaml does not run: `docker compose up -d db`, then start this server again"]);

    let compose = Compose::of(&project);
    let db = compose.db("default");
    compose.start(&db);
    let said = project.parity(&["up", "-d", "--wait", "--port", "0"]).ok().says(&[&compose.name, "db (5432)"]);
    Browser::at(said.line()).get("/").ok().has("hello from db");
    let script = "import socket; print(socket.create_connection(('db', 5432)).recv(99))";
    assert!(project.parity(&["exec", "--", "python", "-c", script]).ok().stdout.contains("hello from db"));
    // It is the same server for the next `up`.
    assert_eq!(project.up(&[]), said.line());

    project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).ok();
    project.parity(&["down"]).ok();
    shown(&["diff"], &["db (5432) of compose.yaml, while its network is there"]);
    shown(&["config"], &["services.db:", "db:5432"]);

    let (mut session, url) = project.foreground(&["--reload-on-changes"]);
    Browser::at(&url).get("/").ok().has("hello from db");
    project.write("parity.yaml", "app: hello.wsgi\nthreads: 3\n");
    // Another container is in the network as well.
    session.says("parity.yaml");
    Browser::at(&url).get("/").ok().has("hello from db");
    session.interrupt();
    session.end();
    assert!(compose.runs(&db));
}

#[test]
fn a_network_that_is_named_by_hand_is_the_only_one_and_an_internal_one_is_not_in_the_way() {
    let project = project("services:\n  db: {image: postgres, networks: [back]}\nnetworks: {back: {internal: true}}\n");
    let compose = Compose::of(&project);
    compose.network("back", true);
    let db = compose.db("back");
    compose.start(&db);
    Browser::at(&project.up(&[])).get("/").ok().has("hello from db");

    let other = format!("{}_default", compose.name);
    project.write("parity.yaml", &format!("app: hello.wsgi\nnetwork: {other}\n"));
    assert_eq!(Browser::at(&project.up(&[])).get("/").status, 500);
    project.parity(&["down"]).ok();
    project.write("parity.yaml", "app: hello.wsgi\nservices: ignore\n");
    assert_eq!(Browser::at(&project.up(&[])).get("/").status, 500);
}

/// Compose, as far as it matters: it starts a container that is there.
const STUB: &str = "#!/usr/bin/env python3
import http.client, os, socket, sys
with open('@LOG', 'a') as log:
    print(*sys.argv[1:], file=log)
if '--help' in sys.argv:
    print('@HELP')
elif sys.argv[2] == 'up':
    connection = http.client.HTTPConnection('localhost')
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(os.environ['DOCKER_HOST'].removeprefix('unix://'))
    connection.request('POST', '/containers/@ID/start')
    sys.exit(0 if connection.getresponse().status in (204, 304) else 'cannot start @ID')
";

#[test]
fn services_are_started_where_that_is_asked_for_and_left_running() {
    let project = project(COMPOSE);
    let compose = Compose::of(&project);
    let db = compose.db("default");
    let bin = project.scratch().join("bin");
    fs::create_dir(&bin).unwrap();
    let (docker, log) = (bin.join("docker"), project.scratch().join("stub.log"));
    fs::write(&docker, STUB.replace("@LOG", log.to_str().unwrap()).replace("@ID", &db).replace("@HELP", "--wait")).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());

    project.write("parity.yaml", "app: hello.wsgi\nservices: start\n");
    let up = || project.parity(&["up", "-d", "--wait", "--port", "0"]).env("PATH", &path).patience(BUILD_PATIENCE).ok();
    let said = up().says(&["services db", "left running"]);
    Browser::at(said.line()).get("/").ok().has("hello from db");
    assert_eq!(fs::read_to_string(&log).unwrap(), "compose version\ncompose up --help\ncompose up -d --wait db\n");
    // What runs is not started again.
    assert_eq!(up().line(), said.line());
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 3);
    project.parity(&["down"]).ok();
    assert!(compose.runs(&db));

    engine::with(async |engine| engine.stop(&db, 0).await.unwrap());
    fs::write(&docker, "#!/bin/sh\n[ \"$3\" != --help ] || { echo --wait; exit; }\n[ \"$2\" = version ] || { echo pulling; echo no such image >&2; exit 18; }\n").unwrap();
    let failed = project.parity(&["up", "-d", "--port", "0"]).env("PATH", &path).run().exits(1);
    failed.says(&["`docker compose up -d --wait db` failed", "no such image", "services: join"]);
}

/// A service of one port that is healthy after a second, or never.
fn written(image: &str, test: &str) -> String {
    format!(
        "services:\n  db:\n    image: {image}\n    entrypoint: [python, -c, {:?}]\n    command: []\n    init: true\n    expose: ['5432']\n    \
         healthcheck: {{test: [CMD, python, -c, {test:?}], interval: 1s, retries: 2}}\n",
        DB.replace('$', "$$")
    )
}

/// What is installed on this machine under names that parity knows.
fn installed() -> bool {
    let runs = |argv: &[&str]| {
        let ran = std::process::Command::new(argv[0]).args(&argv[1..]).arg("version").output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    runs(&["docker", "compose"]) || runs(&["docker-compose"])
}

#[test]
fn compose_itself_starts_what_is_waited_for() {
    assert!(installed(), "Compose is missing: `sh tests/tools.sh tests` installs it");
    let probe = "import socket; socket.create_connection(('127.0.0.1', 5432), 1)";
    let project = project(&written(&base().image, probe));
    project.write("parity.yaml", "app: hello.wsgi\nservices: start\n");
    let named = || {
        let name = format!("parity-test-{}", unique());
        project.write(".env", &format!("COMPOSE_PROJECT_NAME={name}\n"));
        Compose { name, directory: String::new() }
    };
    let compose = named();
    let up = || project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE);
    let said = up().ok().says(&["services db", "left running"]);
    Browser::at(said.line()).get("/").ok().has("hello from db");
    // It runs on, and is not started again.
    project.parity(&["down"]).ok();
    let again = up().ok();
    assert!(!again.stderr.contains("left running"), "{again}");
    Browser::at(again.line()).get("/").ok().has("hello from db");
    project.parity(&["down"]).ok();

    drop(compose);
    let _compose = named();
    project.write("compose.yaml", &written(&base().image, "raise SystemExit(1)"));
    up().run().exits(1).says(&["unhealthy", "services: join"]);
    project.write("compose.yaml", "services:\n  db: {image: postgres, ports: nonsense}\n");
    up().run().exits(1).says(&["failed", "ports", "services: join"]);
    project.nothing_is_left();
}
