//! What must not be found: values of the environment, the certificates of a machine.

use std::path::Path;

use crate::common::BUILD_PATIENCE;
use crate::engine::{self, OwnImage};
use crate::http::Browser;
use crate::project::{TestProject, unique};

#[test]
fn the_environment_reaches_the_application_and_nothing_else() {
    let project = TestProject::copy("plain-wsgi");
    let secret = format!("s3cr3t-{}", unique());
    project.write(".env", &format!("FROM_FILE={secret}\n"));
    project.write("parity.yaml", &format!("app: hello.wsgi\nenv: {{IN_YAML: \"{secret}\", PASSED:}}\naccess-log: true\n"));
    let parity = |arguments: &[&str]| project.parity(arguments).env("PASSED", &secret);

    let up = parity(&["up", "-d", "--wait", "--port", "0", "--verbose"]).ok();
    let env = Browser::at(up.line()).get("/env").ok().json();
    for name in ["FROM_FILE", "IN_YAML", "PASSED"] {
        assert_eq!(env["process"]["environ"][name], secret, "{name} did not reach the application");
    }
    let [status] = parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    for arguments in
        [&["config", "--all"][..], &["config", "--format", "json"], &["logs", "--verbose"], &["status"], &["up", "-d"], &["build"]]
    {
        let ran = parity(arguments).ok();
        assert!(!ran.to_string().contains(&secret), "{ran}");
    }
    assert!(!up.to_string().contains(&secret), "{up}");
    let image = engine::description_of(status["image"].as_str().unwrap());
    assert!(image.contains("/opt/parity/entrypoint") && !image.contains(&secret), "{image}");
}

/// A bundle with the certificates of this machine and a line that is nowhere else.
fn bundle_with(marker: &str) -> String {
    let of_machine = std::env::var("SSL_CERT_FILE").unwrap_or_else(|_| "/etc/ssl/certs/ca-certificates.crt".into());
    let certificates = std::fs::read_to_string(Path::new(&of_machine)).expect("this machine has a bundle of CA certificates");
    // Whatever is between two certificates is a comment.
    format!("# {marker}\n{certificates}")
}

#[test]
fn the_ca_bundle_of_the_build_is_in_no_layer() {
    let project = TestProject::copy("flask-factory");
    let marker = format!("parity-e2e-marker-{}", unique());
    project.write("bundle.crt", &bundle_with(&marker));
    // Other requirements than anybody's, so that they are installed with this bundle, into an image of this test's own.
    project.write("requirements.txt", &format!("{}# {}\n", project.read("requirements.txt"), unique()));
    let bundle = project.root.join("bundle.crt");
    let ran = project.parity(&["build"]).env("SSL_CERT_FILE", &bundle).patience(BUILD_PATIENCE).ok();
    let image = OwnImage(ran.line().to_owned());
    let description = engine::description_of(&image.0);
    let mut with_marker = Vec::new();
    let known = engine::with_files_of(&image.0, |path, content| {
        if engine::contains(content, &marker) {
            with_marker.push(path.to_owned());
        }
        // What must be found shows that the search would find it.
        path.ends_with("opt/parity/entrypoint") && engine::contains(content, "# Process 1 of every container that parity starts.")
    });
    assert_eq!(with_marker, Vec::<String>::new());
    assert!(!description.contains(&marker), "{description}");
    assert_eq!(known, 1, "the layers were not searched");
}
