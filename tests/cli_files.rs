//! Whatever stands in the place of a file that parity reads: it is refused at once or passed over, and nothing of it gets out.

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use common::{Parity, Ran};

/// What parity reads of a project.
const NAMES: [&str; 22] = [
    ".gitignore",
    ".dockerignore",
    ".git",
    ".env",
    "parity.yaml",
    "parity.override.yaml",
    "parity.lock",
    "requirements.txt",
    "requirements.in",
    "constraints.txt",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "uv.lock",
    "poetry.lock",
    "pylock.toml",
    "Pipfile",
    "Pipfile.lock",
    ".python-version",
    "runtime.txt",
    "manage.py",
    "wsgi.py",
];

const SECRET: &str = "of-somebody-else";

fn config(root: &Path) -> Ran {
    let rendered = root.with_file_name("rendered");
    let ran = Parity::new(root, root.parent().unwrap(), &["config", "--all"]).patience(Duration::from_secs(20)).run();
    let written = Parity::new(root, root.parent().unwrap(), &["config", "--render", rendered.to_str().unwrap()]).run();
    assert!(written.code.is_some(), "{written}");
    assert!(!format!("{ran}{written}").contains(SECRET), "{ran}{written}");
    for file in fs::read_dir(&rendered).into_iter().flatten().flatten() {
        assert!(!fs::read_to_string(file.path()).unwrap_or_default().contains(SECRET), "{}", file.path().display());
    }
    ran
}

#[test]
fn what_is_no_file_of_the_project_holds_nobody() {
    type Make = fn(&Path);
    let kinds: [(&str, Make); 5] = [
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("a FIFO", |path| {
            let fifo = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
            rustix::fs::mknodat(rustix::fs::CWD, path, fifo.0, fifo.1, 0).unwrap();
        }),
        ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
        ("a device", |path| symlink("/dev/zero", path).unwrap()),
        ("a link that leads out", |path| symlink("../secret", path).unwrap()),
    ];
    for name in NAMES {
        for (kind, make) in kinds {
            let scratch = tempfile::tempdir().unwrap();
            fs::write(scratch.path().join("secret"), format!("{SECRET}\n")).unwrap();
            let root = scratch.path().join("project");
            fs::create_dir(&root).unwrap();
            fs::write(root.join("hello.wsgi"), "def application(environ, start_response): pass\n").unwrap();
            make(&root.join(name));
            let ran = config(&root);
            let what = format!("{name} as {kind}");
            assert!(matches!(ran.code, Some(0 | 3 | 4)), "{what}: {ran}");
            assert!(ran.took < Duration::from_secs(5), "{what} took {:?}: {ran}", ran.took);
        }
    }
}

#[test]
fn what_costs_too_much_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("project");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("hello.wsgi"), "def application(environ, start_response): pass\n").unwrap();
    fs::write(root.join(".gitignore"), (0..300_000).map(|number| format!("n{number}\n")).collect::<String>()).unwrap();
    config(&root).exits(3).says(&["error: .gitignore cannot be read", "hint: "]).within(5);
    fs::remove_file(root.join(".gitignore")).unwrap();
    fs::write(root.join("parity.lock"), "").unwrap();
    let rendered = Parity::new(&root, scratch.path(), &["config", "--render", "../rendered"]).run().exits(3);
    rendered.says(&["error: parity.lock cannot be read", "it is empty", "hint: restore it from version control, or delete parity.lock"]);
}

#[test]
fn python_that_nobody_wrote_is_a_message() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("elif", format!("x = 1\nif x == 0:\n    pass\n{}", "elif x == 1:\n    pass\n".repeat(20_000))),
        ("parentheses", format!("app = {}1{}\n", "(".repeat(50_000), ")".repeat(50_000))),
        ("minus", format!("app = {}1\n", "-".repeat(200_000))),
        ("sum", format!("app = 1{}\n", " + 1".repeat(100_000))),
        ("calls", format!("app = a{}\n", "()".repeat(100_000))),
        ("attributes", format!("app = a{}\n", ".b".repeat(100_000))),
        ("lambda", format!("app = {}1\n", "lambda: ".repeat(50_000))),
        ("blocks", (0..2_000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect::<String>()),
        ("list", format!("INSTALLED_APPS = {}{}\n", "[".repeat(50_000), "]".repeat(50_000))),
        ("conditional", format!("app = {}1\n", "1 if x else ".repeat(50_000))),
    ] {
        let root = scratch.path().join(name);
        fs::create_dir(&root).unwrap();
        for file in ["app.py", "manage.py", "settings.py", "wsgi.py"] {
            fs::write(root.join(file), format!("from flask import Flask\napp = application = Flask(__name__)\n{text}")).unwrap();
        }
        fs::write(root.join("requirements.txt"), "flask\n").unwrap();
        let ran = config(&root);
        assert!(matches!(ran.code, Some(0 | 4)), "{name}: {ran}");
        assert!(ran.took < Duration::from_secs(20), "{name} took {:?}", ran.took);
    }
}
