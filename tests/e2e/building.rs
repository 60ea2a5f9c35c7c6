//! Images: what is built, what is not built again, and on what.

use serde_json::Value;

use crate::common::BUILD_PATIENCE;
use crate::engine::{self, OwnImage};
use crate::http::Browser;
use crate::project::{TestProject, base, unique};

/// The stages of a build that ended, with their details.
fn stages(lines: &[Value]) -> Vec<(&str, Option<&str>)> {
    let done = lines.iter().filter(|line| line["event"] == "stage-done");
    done.map(|line| (line["id"].as_str().unwrap(), line["detail"].as_str())).collect()
}

#[test]
fn the_image_is_the_result_and_its_name_says_what_is_in_it() {
    let project = TestProject::copy("plain-wsgi");
    let ran = project.parity(&["build"]).ok().says(&["nothing to build"]);
    assert_eq!(ran.line(), base().image);
    // Neither the server's settings nor the application's environment are in the image.
    project.write("parity.yaml", "app: hello.wsgi\nthreads: 9\nenv: {A: b}\n");
    assert_eq!(project.parity(&["build"]).ok().line(), base().image);
}

#[test]
fn a_changed_requirement_rebuilds_only_from_its_layer() {
    let project = TestProject::copy("flask-factory");
    let before = project.parity(&["build"]).patience(BUILD_PATIENCE).ok().line().to_owned();
    let requirements = project.read("requirements.txt");
    project.write("requirements.txt", &format!("{requirements}# {}\n", unique()));
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0", "--format", "json"]).patience(BUILD_PATIENCE).ok();
    let lines = ran.json();
    let serving = lines.iter().find(|line| line["event"] == "serving").unwrap();
    Browser::at(serving["url"].as_str().unwrap()).get("/").ok();
    let [status] = project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    let image = OwnImage(status["image"].as_str().unwrap().to_owned());
    project.parity(&["down"]).ok();

    assert_ne!(image.0, before);
    let stages = stages(&lines);
    assert!(stages.contains(&("runtime-base", Some("cached"))), "Apache was installed again: {stages:?}");
    assert!(stages.contains(&("builder", None)), "the requirements were not installed: {stages:?}");
    assert!(!ran.stdout.contains("mod_wsgi-6"), "mod_wsgi was compiled again: {ran}");
}

#[test]
fn the_base_is_pinned() {
    // Whoever begins without a lock gets one, and builds on what is there.
    let project = TestProject::unlocked("plain-wsgi");
    let ran = project.parity(&["build"]).patience(BUILD_PATIENCE).run().exits(0).says(&["wrote parity.lock"]);
    assert!(project.read("parity.lock").contains("digest = \"sha256:"), "{ran}");

    let other_digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let (start, end) = base().lock.split_once("digest = \"").unwrap();
    let tampered = format!("{start}digest = \"{other_digest}{}", &end[end.find('"').unwrap()..]);
    let from_registry = tampered.replace("\"bootstrap\"", "\"registry\"");
    let other_machine = tampered.replace("\"registry\"", "\"bootstrap\"");
    let other_machine = other_machine.lines().filter(|line| !line.starts_with("architecture")).collect::<Vec<_>>().join("\n")
        + "\narchitecture = \"m68k\"\n";
    let local = from_registry.replace("\"registry\"", "\"local\"");
    for (lock, why) in [(from_registry, "cannot be pulled"), (other_machine, "it was made for m68k"), (local, "debian:trixie")] {
        project.write("parity.lock", &lock);
        for command in [&["build"][..], &["up", "-d", "--port", "0"]] {
            let ran = project.parity(command).run().exits(8);
            assert_eq!(ran.says(&["cannot get the base", why, "`parity build --update-base`"]).stdout, "");
        }
        assert_eq!(project.read("parity.lock"), lock, "the lock was changed");
    }
    project.write("parity.lock", "version = 1\n");
    project.parity(&["build"]).run().exits(3).says(&["parity.lock"]);
}

#[test]
fn a_lock_that_nothing_was_served_with_holds_nobody() {
    let project = TestProject::copy("broken-import");
    let up = |code| project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).run().exits(code);
    let served = base().lock.replace("debian:trixie", "debian:bookworm");
    project.write("parity.lock", &served.replace("version = 1\n", "version = 1\nprovisional = true\n"));
    project.write("parity.yaml", "python: \"3.13\"\n");
    // Its application cannot be imported: the next base is not kept either.
    for _ in 0..2 {
        up(11);
        let lock = project.read("parity.lock");
        assert!(lock.contains("provisional = true\n") && lock.contains("image = \"debian:trixie\"\n"), "{lock}");
    }
    project.write("parity.lock", &served.replace("version = 1\n", "version = 1\nprovisional = true\n"));
    up(11).says(&[
        "parity.lock pins debian:bookworm, with which nothing has been served",
        "debian:trixie (parity.yaml:1)",
        "wrote parity.lock",
    ]);

    // What was served is kept.
    project.write("app.py", "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n");
    up(0);
    assert_eq!(project.read("parity.lock"), base().lock);
    project.parity(&["down"]).ok();
    project.write("parity.lock", &served);
    up(8).says(&["parity.lock pins debian:bookworm", "debian:trixie", "`python` is 3.13 (parity.yaml:1)", "`parity build --update-base`"]);
    assert_eq!(project.read("parity.lock"), served);
}

#[test]
fn a_python_that_cannot_be_had_is_told_with_those_that_can() {
    let project = TestProject::unlocked("plain-wsgi");
    project.write("runtime.txt", "python-3.10.2\n");
    let build = |code| project.parity(&["build"]).patience(BUILD_PATIENCE).run().exits(code);
    build(8).says(&[
        "python:3.10-slim-trixie",
        "`python` is 3.10 (detected from runtime.txt:1)",
        "hint: write `python: \"3.11\"` in parity.yaml",
    ]);
    project.write("runtime.txt", "python-3.8.10\n");
    build(3).says(&["Python 3.8 is older than mod_wsgi", "runtime.txt:1", "hint: write `python: \"3.11\"` in parity.yaml"]);
}

/// Builds what is deployed, under a name that tests of another checkout do not have.
fn build_production(project: &TestProject) -> OwnImage {
    let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    let ran = project.parity(&["build", "--production", &image.0]).patience(BUILD_PATIENCE).ok();
    assert_eq!(ran.line(), image.0);
    image
}

#[test]
fn what_is_deployed_has_the_project_and_no_secret() {
    let project = TestProject::copy("django");
    let secret = format!("s3cr3t-{}", unique());
    project.write("some.env", &format!("TOKEN={secret}\n"));
    project.write("parity.override.yaml", &format!("env-file: [./some.env]\nenv: {{KEY: {secret}}}\n"));
    let image = build_production(&project);
    let found = engine::with_files_of(&image.0, |path, content| {
        assert!(!engine::contains(content, &secret), "{path} has the secret");
        let wanted = ["app/manage.py", "app/staticfiles/admin/css/base.css", "etc/parity/httpd.conf", "etc/parity/start.sh"];
        wanted.contains(&path.trim_start_matches("./"))
    });
    assert_eq!(found, 4, "files are missing");
}

#[test]
fn what_belongs_in_no_image_is_in_no_layer() {
    let project = TestProject::copy("plain-wsgi");
    let marker = format!("m4rker-{}", unique());
    let (out, goes_in) = (["db.sqlite3", "deploy/id_rsa", "local_settings.py", "instance/site.cfg", ".vscode/x"], "static/dist/app.js");
    for file in out.into_iter().chain([goes_in, "kept.db"]) {
        project.make_directory(std::path::Path::new(file).parent().unwrap().to_str().unwrap());
        project.write(file, &marker);
    }
    project.write(".gitignore", "local_settings.py\n/static/dist/\n");
    project.write("parity.yaml", "app: hello.wsgi\ninclude: [/kept.db]\n");
    let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    let ran = project.parity(&["build", "--production", &image.0]).patience(BUILD_PATIENCE).ok();
    ran.says(&["static/dist/app.js, which git ignores, goes into the image"]);
    let mut found = Vec::new();
    engine::with_files_of(&image.0, |path, content| {
        if engine::contains(content, &marker) {
            found.push(path.trim_start_matches("./").to_owned());
        }
        false
    });
    found.sort();
    assert_eq!(found, ["app/kept.db", "app/static/dist/app.js"]);
}

#[test]
fn what_is_deployed_serves_the_same() {
    let project = TestProject::copy("flask-factory");
    let image = build_production(&project);
    let ask = project.scratch().join("ask");
    std::fs::create_dir(&ask).unwrap();
    let script = "
import os, time, urllib.request
for path in ['/', '/static/shop.css']:
    for attempt in range(600):
        try:
            print(os.getuid(), urllib.request.urlopen('http://127.0.0.1:8000' + path).read().decode())
            break
        except OSError:
            time.sleep(0.1)
";
    std::fs::write(ask.join("ask.py"), script).unwrap();
    let said = engine::run_in(&image.0, "bash /opt/parity/entrypoint >&2 & python /given/ask.py; kill $!", &ask);
    let mut browser = project.browse();
    for path in ["/", "/static/shop.css"] {
        let here = browser.get(path).ok().text();
        assert!(said.contains(&format!("33 {here}")), "{path} is not the same: {said}");
    }
}
