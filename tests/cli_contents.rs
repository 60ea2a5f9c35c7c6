//! What of a project goes into its image, and what is said of it, without an engine.

mod common;

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use common::{Parity, Ran};
use serde_json::Value;
use tempfile::TempDir;

struct Project {
    _scratch: TempDir,
    root: PathBuf,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap().join("site");
        let project = Self { _scratch: scratch, root };
        project.write("app.wsgi", "def application(environ, start_response): pass\n");
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn parity(&self, arguments: &[&str]) -> Parity {
        Parity::new(&self.root, &self.root, arguments).env("DOCKER_HOST", "unix:///nonexistent")
    }

    fn list(&self) -> Value {
        self.parity(&["build", "--production", "--list", "--format", "json"]).ok().json().remove(0)
    }

    /// The lines of `parity diff`, by what differs: here, in production, and why.
    fn differences(&self, flags: &[&str]) -> Vec<(String, String)> {
        let arguments: Vec<&str> = ["diff", "--format", "json"].iter().chain(flags).copied().collect();
        let all = self.parity(&arguments).ok().json().remove(0);
        let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
        all.as_array().unwrap().iter().map(|line| (text(line, "what"), text(line, "here"))).collect()
    }
}

fn names(list: &Value, part: &str) -> Vec<String> {
    list[part].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn lists(ran: &Ran, line: &[&str]) {
    let found = ran.stdout.lines().any(|here| line.iter().all(|part| here.contains(part)));
    assert!(found, "no line with {line:?} in {ran}");
}

const FILES: &[(&str, &str)] = &[
    (".gitignore", "local_settings.py\n/static/dist/\n/db.sqlite3\n"),
    (".dockerignore", "docs\n"),
    (".vscode/settings.json", "{}"),
    ("db.sqlite3", "pbkdf2_sha256$"),
    ("deploy/server.pem", "x"),
    ("docs/a.md", "x"),
    ("instance/site.cfg", "x"),
    ("mysite/local_settings.py", "SECRET_KEY = 'x'"),
    ("repos/one/.hg/requires", "x"),
    ("static/dist/app.js", "12345"),
    ("static/site.css", "x"),
    ("venv/pyvenv.cfg", ""),
];

#[test]
fn the_list_has_each_file_and_each_rule() {
    let project = Project::new(FILES);
    let list = project.list();
    assert_eq!(names(&list, "files"), [".dockerignore", ".gitignore", "app.wsgi", "static/dist/app.js", "static/site.css"]);
    assert_eq!(
        names(&list, "left-out"),
        [".vscode/", "db.sqlite3", "deploy/server.pem", "docs/", "instance/", "mysite/local_settings.py", "repos/one/.hg/", "venv/"]
    );
    let ran = project.parity(&["build", "--production", "--list"]).ok();
    lists(&ran, &["5 bytes", "static/dist/app.js", "git ignores it"]);
    lists(&ran, &["docs/", ".dockerignore:1"]);
    lists(&ran, &["db.sqlite3", "databases"]);
    assert_eq!(ran.stderr, "");
    project.write("parity.yaml", "include: [db.sqlite3, /repos/, '*.pem', local_settings.py]\n");
    let list = project.list();
    assert_eq!(names(&list, "left-out"), [".vscode/", "docs/", "instance/", "parity.yaml", "venv/"]);
    project.write("parity.yaml", "include: ['!db']\n");
    project.parity(&["build", "--production", "--list"]).run().exits(3).says(&["parity.yaml:1:11", "a pattern as in .gitignore"]);
    project.parity(&["build", "--list"]).run().exits(2).says(&["--production"]);
}

#[test]
fn what_looks_like_a_secret_is_told_without_it() {
    let project = Project::new(&[("settings.py", "import os\nPASSWORD = 'c0rrect-h0rse'\n"), (".env", "API_KEY=tr0ubad0ur\n")]);
    project.write("static/site.js", "let key = 'tr0ubad0ur';\n");
    let ran = project.parity(&["build", "--production", "--list"]).ok();
    let ran = ran.says(&["settings.py:2 has a secret written out", "static/site.js:1 has the value of API_KEY", "hint: ", ".dockerignore"]);
    assert!(!ran.to_string().contains("c0rrect-h0rse") && !ran.to_string().contains("tr0ubad0ur"), "{ran}");
    assert!(names(&project.list(), "left-out").contains(&".env".to_owned()));
}

#[test]
fn what_stays_out_differs_from_up() {
    let project = Project::new(FILES);
    let differences = project.differences(&[]);
    for (what, here) in [
        ("databases", "db.sqlite3, instance/"),
        ("keys and credentials", "deploy/server.pem"),
        ("local settings", "mysite/local_settings.py"),
        ("version control", "repos/one/.hg/"),
        ("files in .dockerignore", "docs/"),
        ("virtual environments", "venv/"),
    ] {
        assert!(differences.contains(&(what.to_owned(), here.to_owned())), "{what}: {differences:?}");
    }
    // An image has none of it, whoever runs it, and an upload has what the work needs.
    assert!(project.differences(&["--profile", "smoke"]).iter().all(|(what, _)| what != "databases"));
    let uploaded = project.differences(&["--reload-on-changes", "--sync"]);
    assert!(uploaded.iter().any(|(what, _)| what == "databases") && uploaded.iter().all(|(what, _)| what != "virtual environments"));
    let ran = project.parity(&["config"]).ok();
    lists(&ran, &["databases", "db.sqlite3", "not in the image"]);
}

#[test]
fn links_that_lead_out_are_told() {
    let project = Project::new(&[("deep/er/and/de/ep/er/x.py", "")]);
    std::fs::create_dir(project.root.with_file_name("shared")).unwrap();
    symlink("../shared", project.root.join("shared")).unwrap();
    symlink("/srv/media", project.root.join("deep/er/and/de/ep/er/media")).unwrap();
    symlink("app.wsgi", project.root.join("inside.txt")).unwrap();
    for arguments in [&["config"][..], &["diff"], &["build", "--production", "--list"], &["doctor"]] {
        let ran = project.parity(arguments).run();
        let said = ran.to_string();
        for part in ["shared leads out of the project, to ../shared", "deep/er/and/de/ep/er/media leads out of the project, to /srv/media"]
        {
            assert_eq!(said.matches(part).count(), 1, "{part}: {ran}");
        }
        assert!(!said.contains("inside.txt leads"), "{ran}");
    }
}

/// Root may read everything: it takes another user to meet this.
#[test]
fn what_nobody_may_read_is_an_error_unless_git_ignores_it() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let project = Project::new(&[("data/pg/base", ""), ("key.txt", "x")]);
    use std::os::unix::fs::PermissionsExt;
    for (path, mode) in [("data/pg", 0o700), ("key.txt", 0o600)] {
        std::fs::set_permissions(project.root.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    std::fs::set_permissions(project.root.parent().unwrap(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let list = |flags: &[&str]| {
        let arguments: Vec<&str> = ["build", "--production", "--list"].iter().chain(flags).copied().collect();
        project.parity(&arguments).user(1000)
    };
    let refused = list(&[]).run().exits(4);
    refused.says(&["data/pg cannot be read", "Permission denied", "`/data/pg/`", ".dockerignore or .gitignore"]);
    // Who only asks is told.
    project.parity(&["config"]).user(1000).ok().says(&["data/pg cannot be read"]);
    project.write(".gitignore", "/data/\nkey.txt\n");
    let json = list(&["--format", "json"]).ok().json().remove(0);
    assert_eq!(names(&json, "left-out"), ["data/pg/", "key.txt"]);
    let unreadable = json["left-out"][0]["rule"].as_str().unwrap();
    assert_eq!(unreadable, "you may not read it, and git ignores it");
}
