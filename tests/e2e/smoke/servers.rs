//! Which server is smoked, beside which others, and what of it is seen elsewhere.

use super::{Report, Smoked};
use crate::engine::{self, OwnImage};
use crate::http::Browser;
use crate::project::{base, unique};

const FAILING: &str = "smoke: [{name: teapot, request: {path: /}, expect: {status: 418}}]\n";

#[test]
fn kept_on_failure_for_somebody_to_look_at() {
    let project = Smoked::bug("compliant", FAILING);
    let ran = project.smoke(&["--no-probes", "--keep-on-failure"]).run();
    assert_ne!(ran.code, Some(0), "{ran}");
    let [_] = project.containers().try_into().unwrap();
    let [status] = project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    assert_eq!(status["profile"], "smoke");
    let (url, name) = (status["url"].as_str().unwrap(), status["name"].as_str().unwrap());
    ran.says(&[url, &format!("`parity down {name}`")]);
    Browser::at(url).get("/").ok().has("fine");
    let terminal = project.parity(&["debug", "--attach"]).in_terminal();
    terminal.end().exits(2).says(&["runs the smoke profile, which has no way in"]);
    project.parity(&["down", name]).ok();
    project.nothing_is_left();
    // What passes is not kept.
    project.write("parity.yaml", "app: compliant:application\n");
    project.smoke(&["--no-probes", "--keep-on-failure"]).ok();
    project.nothing_is_left();
}

#[test]
fn against_what_runs_already() {
    let project = Smoked::bug("compliant", "smoke: [{request: {path: /}, log: {absent: [Traceback]}}]\n");
    project.smoke(&["--against", "up"]).run().exits(15).says(&["parity up"]);
    let url = project.up(&[]);
    let ran = project.smoke(&["--against", "up", "--format", "json"]).ok();
    let report = Report::of(ran);
    assert_eq!(report.json["url"], url.as_str());
    for name in ["GET /", "concurrency", "load"] {
        report.passed(name);
    }
    assert!(report.skipped("shutdown").contains("`parity up` looks after"));
    assert!(report.skipped("wsgi-compliance").contains("validator"));
    // It goes on.
    Browser::at(&url).get("/").ok();
    assert_eq!(project.containers().len(), 1);
    project.parity(&["down"]).ok();
}

#[test]
fn the_image_that_was_checked_is_the_one_that_is_built() {
    let project = Smoked::bug("compliant", "threads: 3\n");
    let name = |what: &str| OwnImage(format!("localhost/parity-e2e:{what}-{}", unique()));
    let (tagged, built, failed) = (name("tagged"), name("built"), name("failed"));
    let id_of = |image: &OwnImage| engine::with(async |engine| engine.image_id(&image.0).await.unwrap());

    let report = Report::of(project.smoke(&["--format", "json", "--skip", "load", "--tag", &tagged.0]).ok());
    let id = report.json["image"]["id"].as_str().unwrap();
    assert_eq!(id_of(&tagged).as_deref(), Some(id));
    assert_eq!(report.json["image"]["names"][1], tagged.0);
    let ran = project.parity(&["build", "--production", &built.0]).ok().says(&["nothing to build"]);
    assert_eq!((ran.line(), id_of(&built).as_deref()), (built.0.as_str(), Some(id)));
    // By any of its names and by what it is, and no build comes before.
    for reference in [&built.0, id] {
        let ran = project.smoke(&["--image", reference, "--format", "json", "--no-probes"]).ok();
        assert!(!ran.stderr.contains("mod_wsgi and requirements"), "{ran}");
        assert_eq!(Report::of(ran).json["image"]["id"], id);
    }
    project.smoke(&["--image", &base().image]).run().exits(2).says(&["not an image that parity has built for deployment"]);
    // What has failed gets no name.
    project.write("parity.yaml", &format!("app: compliant:application\nthreads: 3\n{FAILING}"));
    project.smoke(&["--no-probes", "--tag", &failed.0]).run().exits(17).says(&["gets no name"]);
    assert_eq!(id_of(&failed), None);
    project.nothing_is_left();
}

#[test]
fn what_runs_is_the_image_as_it_is() {
    let project = Smoked::bug("compliant", FAILING);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let ran = project.smoke(&["--keep-on-failure", "--port", &port, "--format", "json", "--skip", "load"]).run();
    let report = Report::of(ran);
    assert_eq!(report.json["url"], format!("http://127.0.0.1:{port}"));
    // The validator was there.
    report.passed("wsgi-compliance");
    let [container] = project.containers().try_into().unwrap();
    let inspected = engine::with(async |engine| engine.api.inspect_container(&container, None).await.unwrap());
    assert_eq!(inspected.image.as_deref(), report.json["image"]["id"].as_str());
    let host = inspected.host_config.unwrap();
    let mut memory: Vec<_> = host.tmpfs.unwrap().into_keys().collect();
    memory.sort();
    assert_eq!((memory, host.binds), (vec!["/run/parity".to_owned(), "/tmp".to_owned()], None));
    let command = ["sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '; ls /etc/parity"].map(String::from).to_vec();
    let (_, said) = engine::with(async |engine| engine.run_to_the_end(&container, command, b"").await.unwrap());
    assert!(said.contains("-f /etc/parity/httpd.conf") && !said.contains("validator.py"), "{said}");
    project.parity(&["down", inspected.name.unwrap().trim_start_matches('/')]).ok();
    project.nothing_is_left();
}

#[test]
fn the_port_that_was_asked_for_or_none() {
    let project = Smoked::bug("compliant", "");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    project.smoke(&["--no-probes", "--port", &port]).run().exits(10).says(&[&port]);
    project.nothing_is_left();
    drop(taken);
    let ran = project.smoke(&["--no-probes", "--port", &port]).ok();
    assert!(ran.stdout.contains(&format!("(http://127.0.0.1:{port})")), "{ran}");
    // What is there already has its own.
    project.smoke(&["--against", "up", "--port", &port]).run().exits(2).says(&["--port", "--against"]);
    project.smoke(&["--url", "http://127.0.0.1:1", "--port", &port]).run().exits(2).says(&["--port", "--url"]);
}

#[test]
fn a_projects_own_tests() {
    let project = Smoked::bug("compliant", "");
    let script = "import os, urllib.request; print(urllib.request.urlopen(os.environ['PARITY_URL']).read())";
    let ran = project.smoke(&["--no-probes", "--", "python3", "-c", script]).ok();
    assert!(ran.stdout.contains("fine") || ran.stderr.contains("fine"), "{ran}");
    let ran = project.smoke(&["--no-probes", "--", "sh", "-c", "exit 3"]).run();
    assert_ne!(ran.code, Some(0), "{ran}");
    project.nothing_is_left();
}

#[test]
fn several_at_once_beside_what_runs() {
    let project = Smoked::bug("compliant", "smoke: [{request: {path: '/slow?s=0.3'}}]\n");
    let url = project.up(&[]);
    project.smoke(&["--no-probes"]).ok();
    let sessions: Vec<_> = (0..3).map(|_| project.smoke(&["--no-probes"]).start()).collect();
    for session in sessions {
        session.end().exits(0);
    }
    Browser::at(&url).get("/").ok();
    assert_eq!(project.containers().len(), 1, "only what runs is left");
    project.parity(&["down"]).ok();
}

#[test]
fn what_differs_from_production_is_told() {
    let project = Smoked::bug("compliant", "processes: 3\n");
    let differences = project.parity(&["diff", "--profile", "smoke", "--format", "json"]).ok().json();
    let names: Vec<_> = differences[0].as_array().unwrap().iter().map(|difference| difference["what"].as_str().unwrap()).collect();
    assert_eq!(names, ["port", "your machine", "validator"]);
}
