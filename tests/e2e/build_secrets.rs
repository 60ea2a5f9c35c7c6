//! What commands of a build see: values of the environment, credentials for package indexes, and the files that build hooks read. The image
//! has none of the secret ones.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::common::{BUILD_PATIENCE, Ran};
use crate::engine::{self, OwnImage};
use crate::project::{TestProject, unique};

/// The project `django` with a key that only the environment has.
fn with_a_key() -> TestProject {
    let project = TestProject::copy("django");
    let settings = project.read("mysite/settings/base.py");
    let line = settings.lines().find(|line| line.starts_with("SECRET_KEY")).unwrap();
    project.write("mysite/settings/base.py", &settings.replace(line, "SECRET_KEY = os.environ[\"SECRET_KEY\"]"));
    project.write("parity.yaml", "static-files: true\n");
    project
}

fn production(project: &TestProject, more: &[&str]) -> (OwnImage, Ran) {
    let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    let arguments: Vec<&str> = ["build", "--production", &image.0].iter().chain(more).copied().collect();
    let ran = project.parity(&arguments).patience(BUILD_PATIENCE).run();
    (image, ran)
}

/// None of the texts is in a file of a layer, in a file about the image, in its history or configuration.
#[track_caller]
fn has_none_of(image: &str, secrets: &[&str]) {
    let description = engine::description_of(image);
    let mut where_found = Vec::new();
    let known = engine::with_files_of(image, |path, content| {
        where_found.extend(secrets.iter().filter(|secret| engine::contains(content, secret)).map(|secret| format!("{secret} in {path}")));
        path.ends_with("opt/parity/entrypoint")
    });
    assert_eq!(where_found, Vec::<String>::new());
    assert_eq!(known, 1, "the layers were not searched");
    for secret in secrets {
        assert!(!description.contains(secret), "{description}");
    }
}

#[test]
fn hooks_and_collectstatic_have_the_environment_and_the_image_has_not() {
    let project = with_a_key();
    let [key, token, odd] = ["key", "token", "it's \"odd\" $HOME"].map(|name| format!("{name}-{}", unique()));
    project.write(".env", &format!("SECRET_KEY={key}\n"));
    let hook = r#"printf '%s|%s|%s' "$SECRET_KEY" "$TOKEN" "$ODD" | sha256sum >/opt/parity/seen; echo "$SECRET_KEY $TOKEN""#;
    let yaml = |value: &str| Value::from(value).to_string();
    project.write(
        "parity.yaml",
        &format!(
            "env: {{ODD: {}}}\nbuild-env: {{TOKEN: {}}}\nhooks: {{build: [{{run: {}, reads: []}}]}}\n",
            yaml(&odd),
            yaml(&token),
            yaml(hook)
        ),
    );
    let (image, ran) = production(&project, &["--verbose"]);
    let ran = ran.exits(0);
    for secret in [&key, &token] {
        assert!(!ran.to_string().contains(secret.as_str()), "{ran}");
    }
    assert!(ran.stderr.contains("*** ***") && ran.stderr.contains("static files copied"), "{ran}");
    has_none_of(&image.0, &[&key, &token, &odd]);
    let seen = engine::run_in(&image.0, "cut -d' ' -f1 /opt/parity/seen; ls -A /dev | grep -c parity || :", project.scratch());
    let expected = project.run("sh", &["-c", "printf '%s|%s|%s' \"$0\" \"$1\" \"$2\" | sha256sum | cut -d' ' -f1", &key, &token, &odd]);
    assert_eq!(seen, format!("{expected}0\n"));
    // What only the build needs is not in the application's environment.
    project.write("parity.override.yaml", "env: {DJANGO_DATABASE: /tmp/db.sqlite3}\nsmoke: [{request: {path: /admin/login/}}]\n");
    let script = "python -c \"import os; print(sorted(set(os.environ) & {'SECRET_KEY', 'TOKEN', 'ODD'}))\"";
    project.up(&[]);
    assert_eq!(project.parity(&["exec", "--", "sh", "-c", script]).ok().line(), "['ODD', 'SECRET_KEY']");
    project.parity(&["down"]).ok();
    project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).ok();
}

#[test]
fn a_value_that_is_missing_is_named_with_the_line_to_write() {
    let project = with_a_key();
    let line = "`env: {SECRET_KEY: …}`";
    let (_image, ran) = production(&project, &[]);
    ran.exits(7).says(&["collecting static files", line, "`build-env:`"]);
    project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).run().exits(7).says(&[line]);
    project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).run().exits(13).says(&[line]);
    // It is named, but this command's environment has none.
    project.write("parity.yaml", "env:\n  SECRET_KEY:\n");
    project
        .parity(&["up", "-d", "--wait", "--port", "0"])
        .run()
        .exits(13)
        .says(&["parity.yaml:2 passes SECRET_KEY on", "`export SECRET_KEY=…`"]);
    let (_image, ran) = production(&project, &[]);
    ran.exits(7).says(&["parity.yaml:2 passes SECRET_KEY on"]);
}

/// Which stages of a build in JSON Lines had something to do, but for the writing of layers.
fn worked(ran: &Ran) -> Vec<String> {
    // The image's name is the last line.
    let events = ran.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let done = events.filter(|event| event["event"] == "stage-done" && event["detail"].is_null());
    done.filter_map(|event| event["id"].as_str().map(String::from)).filter(|id| id != "export").collect()
}

#[test]
fn a_changed_value_is_collected_with_again() {
    let project = with_a_key();
    project.write(".env", &format!("SECRET_KEY={}\n", unique()));
    let build = |project: &TestProject| production(project, &["--format", "json"]);
    let (_first, ran) = build(&project);
    ran.exits(0);
    let (_second, ran) = build(&project);
    assert_eq!(worked(&ran.exits(0)), Vec::<String>::new());
    project.write(".env", &format!("SECRET_KEY={}\n", unique()));
    let (_third, ran) = build(&project);
    assert_eq!(worked(&ran.exits(0)), ["production"]);
}

#[test]
fn a_build_hook_is_done_again_for_a_file_that_it_sees() {
    let project = TestProject::copy("plain-wsgi");
    project.make_directory("vendor");
    let mut images = Vec::new();
    let mut build = |settings: &str, text: &str| {
        project.write("parity.yaml", &format!("app: hello.wsgi\nhooks: {{build: [{settings}]}}\n"));
        project.write("vendor/x.txt", text);
        let ran = project.parity(&["build"]).patience(BUILD_PATIENCE).ok();
        let image = ran.line().to_owned();
        images.push(OwnImage(image.clone()));
        assert_eq!(engine::run_in(&image, "cat /opt/parity/x.txt", project.scratch()), text);
        (image, ran)
    };
    let id = unique();
    // Without a word it sees all of the project.
    let all = format!("\"cp /app/vendor/x.txt /opt/parity/x.txt # {id}\"");
    let (first, ran) = build(&all, "one\n");
    ran.says(&["sees all of the project"]);
    let (second, _) = build(&all, "two\n");
    assert_ne!(first, second);
    // What it reads, and nothing else.
    let some = format!("{{run: \"cp /app/vendor/x.txt /opt/parity/x.txt; test ! -e /app/hello.wsgi # {id}\", reads: [vendor]}}");
    let (third, _) = build(&some, "three\n");
    project.write("hello.wsgi", &format!("{}\n", project.read("hello.wsgi")));
    let (same, ran) = build(&some, "three\n");
    assert_eq!(third, same);
    ran.says(&["nothing to build"]);
    let (fourth, _) = build(&some, "four\n");
    assert_ne!(third, fourth);
    // As it is deployed.
    let (deployed, ran) = production(&project, &[]);
    ran.exits(0);
    assert_eq!(engine::run_in(&deployed.0, "cat /opt/parity/x.txt", project.scratch()), "four\n");
    project.write("parity.yaml", "app: hello.wsgi\nhooks: {build: [{run: \"true\", reads: [nowhere]}]}\n");
    project.parity(&["build"]).run().exits(3).says(&["parity.yaml:2", "reads nowhere, which is not there"]);
}

/// An index that wants a password, as long as this is there.
struct Index {
    process: Child,
    /// As the engine's containers reach it.
    authority: String,
}

impl Index {
    fn start(password: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/index.py");
        let mut process = Command::new("python3").args([script, "ada", password]).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let authority = format!("{}:{}", engine::gateway(), port.trim());
        Self { process, authority }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const PACKAGE: &str = "parity-test-package==1.0";
const TRY_IT: &str = "python -c 'import parity_test_package; print(parity_test_package.TEXT)'";

#[test]
fn an_index_of_ones_own_and_its_password() {
    let project = TestProject::copy("plain-wsgi");
    let password = format!("hush-{}", unique());
    let index = Index::start(&password);
    let (with, without) = (format!("http://ada:{password}@{}/simple", index.authority), format!("http://{}/simple", index.authority));
    let host = index.authority.split(':').next().unwrap();
    let netrc = project.scratch().join("netrc");
    std::fs::write(
        &netrc,
        format!("machine {host} login ada password {password}\nmachine other.example login me password other-{password}\n"),
    )
    .unwrap();
    let netrc = netrc.to_str().unwrap();
    let ways: [&[(&str, &str)]; 2] = [&[("PIP_EXTRA_INDEX_URL", &with)], &[("PIP_EXTRA_INDEX_URL", &without), ("NETRC", netrc)]];
    for variables in ways {
        project.write("requirements.txt", &format!("{PACKAGE}\n# {}\n", unique()));
        let parity = variables.iter().fold(project.parity(&["build", "--verbose"]), |parity, (name, value)| parity.env(name, value));
        let ran = parity.env("PIP_TRUSTED_HOST", host).patience(BUILD_PATIENCE).ok();
        assert!(!ran.to_string().contains(&password), "{ran}");
        let image = OwnImage(ran.line().to_owned());
        has_none_of(&image.0, &[&password]);
        assert_eq!(engine::run_in(&image.0, TRY_IT, project.scratch()), "from the index\n");
    }
    // With another password, or none: pip only says that there is no such package.
    project.write("requirements.txt", &format!("{PACKAGE}\n# {}\n", unique()));
    for address in [with.replace("hush-", "not-"), without] {
        let asked = project.parity(&["build"]).env("PIP_EXTRA_INDEX_URL", &address).env("PIP_TRUSTED_HOST", host);
        asked.patience(BUILD_PATIENCE).run().exits(7).says(&["installing the requirements", "~/.netrc"]);
    }
}

#[test]
fn a_requirement_file_with_a_password_is_in_no_image() {
    let project = TestProject::copy("plain-wsgi");
    let password = format!("hush-{}", unique());
    let index = Index::start(&password);
    let host = index.authority.split(':').next().unwrap();
    let text = format!("--extra-index-url http://ada:{password}@{}/simple\n--trusted-host {host}\n{PACKAGE}\n", index.authority);
    project.write("requirements.txt", &text);
    let (image, ran) = production(&project, &[]);
    ran.exits(0).says(&["requirements.txt has credentials in it, so it is left out of the image"]);
    has_none_of(&image.0, &[&password]);
    assert_eq!(
        engine::run_in(&image.0, &format!("{TRY_IT}; ls /app/requirements.txt 2>/dev/null || echo none"), project.scratch()),
        "from the index\nnone\n"
    );
    // Nor does its name say anything about the password: another one names the same image, which is there.
    let runtime = OwnImage(project.parity(&["build"]).patience(BUILD_PATIENCE).ok().line().to_owned());
    project.write("requirements.txt", &text.replace(&password, "another"));
    assert_eq!(project.parity(&["build"]).ok().says(&["nothing to build"]).line(), runtime.0);
}
