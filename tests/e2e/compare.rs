//! `parity compare`: servers that are started for it, asked the same, and gone again.

use serde_json::Value;

use crate::common::{BUILD_PATIENCE, Parity};
use crate::project::{Images, TestProject};

fn compare(project: &TestProject, arguments: &[&str]) -> Parity {
    project.parity(&[&["compare"], arguments].concat()).patience(BUILD_PATIENCE)
}

/// What differs, by path.
fn told(document: &Value) -> Vec<(String, String, Value)> {
    let requests = document["requests"].as_array().unwrap().iter();
    let each = requests.flat_map(|request| {
        let target = request["target"].as_str().unwrap().to_owned();
        let all = request["differences"].as_array().unwrap().iter();
        all.map(move |difference| (target.clone(), difference["what"].as_str().unwrap().to_owned(), difference["cause"].clone()))
    });
    each.collect()
}

#[test]
fn each_difference_is_found_and_nothing_else() {
    let project = TestProject::copy("compare");
    let _images = Images(&project);
    // Data of the project's own, which no side begins with and neither changes.
    project.run("mkdir", &["data"]);
    project.write("data/notes", "mine\n");
    let document = compare(&project, &["production", "up", "--format", "json"]).run().exits(2).json().remove(0);
    let row = |target: &str, what: &str, cause: Value| (target.to_owned(), what.to_owned(), cause);
    let expected = [
        row("/debug", "body", "debug-page".into()),
        row("/module", "body", Value::Null),
        row("/header", "header x-storage", Value::Null),
        row("/zone", "body", "time-zone".into()),
        row("/tags", "body", "order".into()),
        row("/environ", "body", "declared".into()),
        row("/write", "body", "declared".into()),
    ];
    assert_eq!(told(&document), expected, "{document:#}");
    assert_eq!((&document["equal"], &document["differ"]), (&3.into(), &7.into()));
    let groups = document["groups"].as_array().unwrap();
    let declared: Vec<&str> = groups.iter().filter_map(|group| group["declared"].as_str()).collect();
    assert_eq!(declared, ["validator", "writing"], "{document:#}");
    let module = groups.iter().find(|group| group["paths"] == serde_json::json!(["$.settings.cached"]));
    assert!(module.is_some(), "{document:#}");
    assert_eq!(project.read("data/notes"), "mine\n");
    project.nothing_is_left();
}

#[test]
fn another_commit_is_built_and_gone() {
    let project = TestProject::copy("compare");
    let _images = Images(&project);
    let git = |arguments: &[&str]| project.run("git", &[&["-c", "user.name=Ada", "-c", "user.email=ada@example.com"], arguments].concat());
    let checks = project.read("parity.yaml").replace("  - {request: {path: /tags}}\n", "");
    project.write("parity.yaml", &checks);
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "x"]);
    project.write("app.py", &project.read("app.py").replace("\"version\": 1", "\"version\": 2"));
    let ran = compare(&project, &["ref:HEAD", "production"]).run().exits(2);
    assert!(ran.stdout.contains("      - $.version: 1\n      + $.version: 2\n"), "{ran}");
    assert!(ran.stdout.ends_with("9 requests, 8 equal, 1 differs: ref:HEAD and production\n"), "{ran}");
    compare(&project, &["ref:HEAD", "production", "--ignore", "$.version"]).ok();
    assert_eq!(git(&["worktree", "list"]).lines().count(), 1);
    project.nothing_is_left();
}
