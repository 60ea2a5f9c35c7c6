//! Importing ahead of time cannot make an application answer otherwise than a fresh process would.

use std::fmt::Write as _;

use super::Live;
use crate::project::TestProject;

/// A project with a package in its image that is not the project's: `vendor/` is copied there when the image is built.
fn with_package(files: &[(&str, &str)], settings: &str) -> TestProject {
    let project = TestProject::copy("plain-wsgi");
    project.make_directory("vendor");
    let mut commands = String::from("d=$(/opt/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')");
    for (path, text) in files {
        if let Some((package, _)) = path.strip_prefix("vendor/").and_then(|path| path.split_once('/')) {
            project.make_directory(&format!("vendor/{package}"));
        }
        project.write(path, text);
    }
    write!(commands, " && cp -r /app/vendor/* $d/").unwrap();
    project.write("parity.yaml", &format!("hooks: {{build: [\"{commands}\"]}}\n{settings}"));
    project
}

const SAYS_TEXT: &str = "
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(TEXT).encode()]
";

/// What says how its process came to be: the modules that it had before the application asked for any.
const PRELOADED: &str = "sorted(getattr(__import__('sys').modules.get('parity_ahead'), 'imports').seen)";

#[test]
fn what_reads_the_project_is_imported_with_it() {
    // Each reads the project in a way of its own, and is imported by another one that does not.
    let ways = [
        ("opens", "exec(open(os.environ['SHOP_SETTINGS']).read())", "tiny.cfg", "TEXT = '{}'\n"),
        ("asks", "TEXT = os.stat('/app/size.txt').st_size", "size.txt", "{}"),
        ("looks", "TEXT = os.path.getsize('/app/looked/at')", "looked/at", "{}"),
        ("lists", "TEXT = sorted(os.listdir('/app/pages'))", "pages/{}", ""),
        ("walks", "import pathlib\nTEXT = sorted(p.name for p in pathlib.Path('/app/walked').iterdir())", "walked/{}", ""),
        ("queries", "import sqlite3\nc = sqlite3.connect('/app/shop.db')\nTEXT = c.execute('select max(x) from t').fetchone()[0]", "", ""),
    ];
    for (name, code, path, text) in ways {
        let inner = format!("import os\n{code}\n");
        let files = [
            ("vendor/reads_inside.py", inner.as_str()),
            ("vendor/reads_outside.py", "import colorsys\nfrom reads_inside import TEXT\n"),
            ("wsgi.py", &format!("import os\nfrom reads_outside import TEXT\nV = 0\n{SAYS_TEXT}")),
        ];
        let project = with_package(&files, "env: {SHOP_SETTINGS: /app/tiny.cfg}\nwatch: [{path: '*', action: reload}]\n");
        for directory in ["looked", "pages", "walked"] {
            project.make_directory(directory);
        }
        let change = |number: usize| {
            if path.is_empty() {
                project.run("python3", &["-c", &format!(
                    "import sqlite3; c = sqlite3.connect('shop.db'); c.execute('create table if not exists t (x)'); c.execute('insert into t values ({number})'); c.commit()"
                )]);
            } else {
                project.write(&path.replace("{}", &format!("p{number}")), &text.replace("{}", &"x".repeat(number)));
            }
        };
        change(1);
        let before = project.root.clone();
        let mut live = Live::of(project, &[]);
        let mut last = live.text("/");
        for number in 2..5 {
            // Other processes stand by by now, with what can be done ahead of time.
            std::thread::sleep(std::time::Duration::from_millis(1500));
            let project = &live.project;
            assert_eq!(project.root, before);
            if path.is_empty() {
                project.run("python3", &["-c", &format!("import sqlite3; c = sqlite3.connect('shop.db'); c.execute('insert into t values ({number})'); c.commit()")]);
            } else {
                project.write(&path.replace("{}", &format!("p{number}")), &text.replace("{}", &"x".repeat(number)));
            }
            let source = live.project.read("wsgi.py");
            live.save("wsgi.py", &source.replace(&format!("V = {}", number - 2), &format!("V = {}", number - 1)));
            let now = live.text("/");
            assert_ne!(now, last, "{name}: one save behind\n{}", live.session.stderr());
            last = now;
        }
        live.end();
    }
}
