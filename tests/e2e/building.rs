//! Images: what is built, what is not built again, and on what.

use serde_json::Value;

use crate::common::BUILD_PATIENCE;
use crate::engine;
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
    let image = status["image"].as_str().unwrap().to_owned();
    project.parity(&["down"]).ok();
    engine::remove_image(&image);

    assert_ne!(image, before);
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
            assert_eq!(ran.says(&["cannot be had as parity.lock pins it", why, "`parity build --update-base`"]).stdout, "");
        }
        assert_eq!(project.read("parity.lock"), lock, "the lock was changed");
    }
    project.write("parity.lock", "version = 1\n");
    project.parity(&["build"]).run().exits(3).says(&["parity.lock"]);
}

#[test]
fn what_is_deployed_serves_the_same() {
    let project = TestProject::copy("django");
    // A name of its own, so that tests of two checkouts do not meet.
    let image = format!("localhost/parity-e2e:{}", unique());
    project.write(".env", "TOKEN=s3cr3t-that-nobody-may-see\n");
    let ran = project.parity(&["build", "--production", &image]).patience(BUILD_PATIENCE).run();
    let found = engine::with_files_of(&image, |path, content| {
        let path = path.trim_start_matches("./");
        let secret = content.windows(10).any(|ten| ten == b"s3cr3t-tha");
        assert!(!secret, "{path} has the secret");
        ["app/manage.py", "app/staticfiles/admin/css/base.css", "etc/parity/httpd.conf"].contains(&path)
    });
    engine::remove_image(&image);
    assert_eq!(ran.exits(0).line(), image);
    assert_eq!(found, 3, "files are missing");
}
