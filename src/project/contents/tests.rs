use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::project::testing::project;

fn contents(files: &[(&str, &str)], include: &[&str]) -> Contents {
    let project = project(files);
    let include = include.iter().map(|pattern| (*pattern).to_owned()).collect();
    let configuration = ["parity.yaml", "./prod.env"].map(String::from).to_vec();
    survey(project.path(), &Selection { include, configuration, purpose: Purpose::Image }).unwrap()
}

fn paths(contents: &Contents) -> Vec<String> {
    contents.files().map(|(entry, _)| entry.path.display().to_string()).collect()
}

fn left_out(contents: &Contents) -> Vec<(&str, String)> {
    contents.left_out.iter().map(|left| (left.path.as_str(), left.rule.to_string())).collect()
}

const FILES: &[(&str, &str)] = &[
    (".gitignore", "/static/dist/\nlocal_settings.py\n*.sqlite3\n"),
    ("manage.py", "x"),
    ("db.sqlite3", "x"),
    ("mysite/local_settings.py", "x"),
    ("static/dist/app.js", "12345"),
    ("static/dist/deep/app.css", "123"),
    ("instance/site.cfg", "x"),
    ("instance/fixtures/a.json", "x"),
    ("repos/one/.hg/store", "x"),
    ("parity.yaml", "x"),
    ("prod.env", "x"),
    ("my env/pyvenv.cfg", "x"),
];

#[test]
fn what_stays_out_and_why() {
    let contents = contents(FILES, &[]);
    assert_eq!(paths(&contents), [".gitignore", "manage.py", "static/dist/app.js", "static/dist/deep/app.css"]);
    let names: Vec<&str> = contents.left_out.iter().map(|left| left.path.as_str()).collect();
    assert_eq!(names, ["db.sqlite3", "instance/", "my env/", "mysite/local_settings.py", "parity.yaml", "prod.env", "repos/one/.hg/"]);
    let database = &left_out(&contents)[0].1;
    assert_eq!(database, "databases: data of this machine belongs in no image");
}

#[test]
fn include_brings_back() {
    let whole = contents(FILES, &["*.sqlite3", "local_settings.py", "instance", ".hg", "parity.yaml", "prod.env"]);
    let names: Vec<&str> = whole.left_out.iter().map(|left| left.path.as_str()).collect();
    assert_eq!(names, ["my env/", "parity.yaml", "prod.env"], "what may hold secrets stays out in any case");
    assert!(paths(&whole).contains(&"repos/one/.hg/store".to_owned()));
    let part = contents(FILES, &["instance/fixtures/*.json", "*.hg"]);
    let here: Vec<_> = paths(&part).into_iter().filter(|path| path.starts_with("instance")).collect();
    assert_eq!(here, ["instance/fixtures/a.json"]);
    assert!(left_out(&part).iter().any(|(path, _)| *path == "instance/site.cfg"));
}

#[test]
fn what_git_ignores_and_goes_in_is_counted() {
    let ignored = contents(FILES, &[]).git_ignored().unwrap();
    assert_eq!(ignored, GitIgnored { count: 2, bytes: 8, largest: ("static/dist/app.js".into(), 5) });
    assert_eq!(contents(&[("a.py", "")], &[]).git_ignored(), None);
}

#[test]
fn dockerignore_decides_before_include() {
    let files = [(".dockerignore", "*\n!app\napp/tests\n"), ("app/a.py", ""), ("app/x.db", ""), ("app/tests/t.db", ""), ("docs/x", "")];
    let contents = contents(&files, &["*.db"]);
    assert_eq!(paths(&contents), ["app/a.py", "app/x.db"]);
    assert!(left_out(&contents).contains(&("docs/x", ".dockerignore:1".into())), "{:?}", left_out(&contents));
    assert!(left_out(&contents).contains(&("app/tests/t.db", ".dockerignore:3".into())));
}

#[test]
fn an_upload_has_what_the_work_needs() {
    let project = project(FILES);
    let contents = survey(project.path(), &Selection { purpose: Purpose::Upload, ..Selection::default() }).unwrap();
    let names: Vec<&str> = contents.left_out.iter().map(|left| left.path.as_str()).collect();
    assert_eq!(names, ["my env/", "repos/one/.hg/"]);
}

#[test]
fn links_and_strange_files() {
    let project = project(&[("a/b.py", ""), ("other env/pyvenv.cfg", "")]);
    let at = |path: &str| project.path().join(path);
    symlink("../outside", at("lib")).unwrap();
    symlink("b.py", at("a/c.py")).unwrap();
    symlink("other env", at("venv")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("a.sock")).unwrap();
    fs::set_permissions(at("a/b.py"), fs::Permissions::from_mode(0o755)).unwrap();
    let contents = survey(project.path(), &Selection::default()).unwrap();
    let of = |path: &str| contents.entries.iter().find(|entry| entry.path.as_path() == Path::new(path)).map(|entry| &entry.what);
    assert_eq!(of("a/b.py"), Some(&What::File { bytes: 0, executable: true }));
    assert_eq!(of("a/c.py"), Some(&What::Link { target: "b.py".into() }));
    assert_eq!((of("a.sock"), of("venv")), (None, None));
    let out: Vec<_> = contents.leading_out().map(|(entry, _)| entry.path.clone()).collect();
    assert_eq!(out, [PathBuf::from("lib")]);
}

proptest! {
    /// Each file either goes in or is below something that stays out, and never both.
    #[test]
    fn every_file_has_one_fate(
        files in prop::collection::btree_set("(a|b|instance|\\.git|\\.hg|x\\.db|n)(/(a|b|\\.env|x\\.db|local_settings\\.py|n)){0,2}", 1..12),
        ignored in prop::collection::vec("/?(a|b|\\*\\.db|n)/?", 0..3),
        docker in prop::collection::vec("!?(a|b|\\*|\\*\\*/n)", 0..3),
        include in prop::collection::vec("/?(\\*\\.db|\\.hg|instance/a|a)", 0..3),
    ) {
        let mut all = vec![(".gitignore".to_owned(), ignored.join("\n")), (".dockerignore".to_owned(), docker.join("\n"))];
        // A name is a file's or a directory's.
        let is_file = |path: &String| !files.iter().any(|other| other.starts_with(&format!("{path}/")));
        all.extend(files.iter().filter(|path| is_file(path)).map(|path| (path.clone(), String::new())));
        let borrowed: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let include: Vec<&str> = include.iter().map(String::as_str).collect();
        let contents = contents(&borrowed, &include);
        for (path, _) in &all {
            let goes_in = contents.entries.iter().filter(|entry| entry.path.as_path() == Path::new(path)).count();
            let stays_out = contents.left_out.iter().filter(|left| *path == left.path || path.starts_with(&left.path) && left.path.ends_with('/')).count();
            prop_assert_eq!(goes_in + stays_out, 1, "{} {:?}", path, contents);
        }
    }
}
