//! What the application opens is reloaded, whatever it is called; what it writes itself never is.

use std::fs;
use std::thread;
use std::time::Duration;

use super::Live;
use crate::project::TestProject;

/// A project with one module.
fn project(app: &str, files: &[(&str, &str)]) -> TestProject {
    let project = TestProject::copy("modules");
    for (file, text) in files {
        if let Some((directory, _)) = file.rsplit_once('/') {
            project.make_directory(directory);
        }
        project.write(file, text);
    }
    project.write("app.py", app);
    project
}

/// Answers with what `text(path)` returns.
fn answering(body: &str) -> String {
    format!(
        "import os\n{body}\ndef application(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [text(environ['PATH_INFO']).encode()]\n"
    )
}

impl Live {
    /// How many reloads have been told.
    fn reloads(&self) -> usize {
        self.session.stderr().matches("→ serving in").count()
    }
}

#[test]
fn files_of_any_kind_that_are_opened_at_import() {
    const FILES: [&str; 10] =
        ["a.ini", "b.cfg", "c.toml", "d.yaml", "etc/e.conf", "f.config", "g.json", "h.zcml", "i.xml", "etc/deep/j.txt"];
    let app = answering(&format!("TEXTS = {{'/' + name: open(name).read() for name in {FILES:?}}}\ndef text(path): return TEXTS[path]"));
    let files = FILES.map(|file| (file, "before"));
    // Whether or not version control has it.
    let project = project(&app, &files);
    project.write(".gitignore", "*.json\n/etc/deep/\n");
    let mut live = Live::of(project, &[]);
    for file in FILES {
        live.save(file, "after");
        assert_eq!(live.text(&format!("/{file}")), "after", "{file}");
    }
    assert_eq!(live.reloads(), FILES.len());
    // Renamed over, and by a link to it.
    live.project.write("etc/new.tmp", "renamed");
    fs::rename(live.project.root.join("etc/new.tmp"), live.project.root.join("etc/e.conf")).unwrap();
    live.told("etc/e.conf");
    assert_eq!(live.text("/etc/e.conf"), "renamed");
    live.end();
}

#[test]
fn files_that_a_request_opens_or_misses() {
    let app = answering(
        "import functools, pathlib\n@functools.cache\ndef text(path):\n    try: return pathlib.Path('data' + path).read_text()\n    except OSError: return 'none'",
    );
    let mut live = Live::of(project(&app, &[("data/a.csv", "one"), ("data/other.csv", "x"), ("linked.dat", "target")]), &["--verbose"]);
    std::os::unix::fs::symlink("../linked.dat", live.project.root.join("data/link")).unwrap();
    for (path, text) in [("/a.csv", "one"), ("/late.list", "none"), ("/link", "target")] {
        assert_eq!(live.text(path), text);
    }
    // Time for the word of it.
    thread::sleep(Duration::from_millis(300));
    live.save("data/a.csv", "two");
    assert_eq!(live.text("/a.csv"), "two");
    // It was looked for and was not there.
    live.save("data/late.list", "there");
    assert_eq!(live.text("/late.list"), "there");
    live.save("linked.dat", "other");
    assert_eq!(live.text("/link"), "other");
    live.end();
}

#[test]
fn a_file_that_is_saved_while_the_application_is_imported() {
    let app = answering(
        "import time\nTEXT = open('site.conf').read()\nopen('var/begun', 'w').close()\ntime.sleep(1)\ndef text(path): return TEXT",
    );
    let project = project(&app, &[("site.conf", "one"), ("var/x", "")]);
    // At the start, when nobody knows yet that it is read.
    let saving = {
        let root = project.root.clone();
        thread::spawn(move || {
            while !root.join("var/begun").exists() {
                thread::sleep(Duration::from_millis(10));
            }
            fs::write(root.join("site.conf"), "two").unwrap();
        })
    };
    let mut live = Live::of(project, &[]);
    saving.join().unwrap();
    live.told("site.conf");
    assert_eq!(live.text("/"), "two");
    // And during a reload.
    fs::remove_file(live.project.root.join("var/begun")).unwrap();
    live.project.write("first.py", "TEXT = 1\n");
    while !live.project.has("var/begun") {
        thread::sleep(Duration::from_millis(10));
    }
    live.project.write("site.conf", "three");
    live.eventually("/", "three");
    live.end();
}

#[test]
fn what_the_application_writes_itself() {
    let app = answering(
        "
import importlib.util, itertools, json, sqlite3, sys, tempfile
count = itertools.count()
db = sqlite3.connect('data.store', check_same_thread=False)
db.execute('create table if not exists t (x)')
if not os.path.exists('state.json'):
    with open('state.json', 'w') as file: file.write('{}')
STATE = json.load(open('state.json'))
def text(path):
    # A template is compiled into the project, beside a name that is renamed to the right one, and imported.
    number = next(count)
    name = 'page_%d_%d' % (os.getpid(), number)
    os.makedirs('var/cache', exist_ok=True)
    with tempfile.NamedTemporaryFile('w', dir='var/cache', suffix='.py', delete=False) as file: file.write('N = %d' % number)
    os.rename(file.name, f'var/cache/{name}.py')
    spec = importlib.util.spec_from_file_location(name, f'/app/var/cache/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Written in its place, and read again.
    with open(f'var/cache/{name}.html', 'w') as file: file.write('html')
    open(f'/app/var/cache/{name}.html').read()
    db.execute('insert into t values (1)')
    db.commit()
    with open('state.json', 'w') as file: json.dump({'n': number}, file)
    with open('settings.toml', 'a') as file: file.write(' ')
    return str(module.N)",
    );
    let mut live = Live::of(project(&app, &[("settings.toml", "")]), &[]);
    let before = live.save("first.py", "TEXT = 1\n");
    for number in 0..20 {
        assert_eq!(live.text("/"), number.to_string());
    }
    // Had any of them been a reason, it would be told by now.
    thread::sleep(Duration::from_millis(300));
    let after = live.save("first.py", "TEXT = 2\n");
    assert_eq!((live.reloads(), after.generation), (2, before.generation + 1), "{}", live.session.stderr());
    assert_eq!(live.text("/"), "0");
    let listed = live.project.parity(&["status", "--files", "state.json", "data.store", "settings.toml", "var"]).ok().stdout;
    assert_eq!(listed.matches("ignored     the application writes it itself").count(), listed.lines().count() - 1, "{listed}");
    assert!(listed.lines().count() > 1 + 3 + 2 * 20, "{listed}");
    // A rule of the user's comes first.
    live.project.write("parity.yaml", "app: app:application\nwatch: [{path: /state.json, action: reload}]\n");
    live.session.next(|line| line.contains("parity.yaml →"));
    live.save("state.json", "{}");
    live.end();
}

#[test]
fn what_is_ignored_is_told_once_and_why() {
    let app = answering("open('site.conf').read()\ndef text(path): return ''");
    let mut live = Live::of(project(&app, &[("site.conf", ""), ("etc/x", "")]), &[]);
    live.save("site.conf", "1");
    for text in ["1", "2", "3"] {
        live.project.write("etc/other.conf", text);
        live.project.write("notes.md", text);
        live.project.write("a.log", text);
    }
    live.session.next(|line| {
        line.trim_end() == "hint: if the application reads it, write to parity.yaml: `watch: [{path: /etc/other.conf, action: reload}]`"
    });
    live.save("site.conf", "2");
    let said = live.session.stderr();
    assert_eq!(said.matches("etc/other.conf → ignored (nothing is known to read it").count(), 1, "{said}");
    assert!(!said.contains("notes.md") && !said.contains("a.log"), "{said}");

    let asked = ["status", "--files", "site.conf", "etc/other.conf", "app.py", "a.log", "parity.yaml"];
    let table = live.project.parity(&asked).ok().stdout;
    for (file, done, why) in [
        ("site.conf", "reloads", "the running application has opened it"),
        ("etc/other.conf", "ignored", "nothing is known to read it"),
        ("app.py", "reloads", "the running application has imported it"),
        ("a.log", "ignored", "a running program writes it"),
        ("parity.yaml", "reads the settings", "it is parity's configuration"),
    ] {
        let line = table.lines().find(|line| line.starts_with(file)).unwrap_or_else(|| panic!("no {file}: {table}"));
        assert!(line.contains(done) && line.contains(why), "{table}");
    }
    let all = live.project.parity(&["status", "--files", "--format", "json"]).ok().stdout;
    let all: Vec<serde_json::Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let files: Vec<_> = all.iter().map(|one| one["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["app.py", "site.conf"]);
    assert_eq!((&all[1]["action"], &all[1]["opened"], &all[0]["imported"]), (&"reload".into(), &true.into(), &true.into()));
    live.end();
}

#[test]
fn everything_that_is_ignored_is_told_to_who_wants_it() {
    let mut live = Live::modules(&["--verbose"]);
    live.project.write("a.log", "");
    live.session.says("a.log → ignored (a running program writes it)");
    live.end();
}

#[test]
fn what_another_program_writes_for_the_application() {
    // Each import runs a compiler whose result differs each time.
    let app = answering(
        "import subprocess, first\nsubprocess.run(['sh', '-c', 'date +%N > out.css'], check=True)\nCSS = open('out.css').read()\ndef text(path): return CSS",
    );
    for flags in [&[][..], &["--on-error", "keep"]] {
        let mut live = Live::of(project(&app, &[]), flags);
        for number in 1..6 {
            live.project.write("first.py", &format!("TEXT = {number}\n"));
            live.session.next(|line| line.contains("first.py") && line.contains("→ serving in"));
        }
        // Had it been a reason to import the application again, so it would be now.
        thread::sleep(Duration::from_millis(500));
        let reloads = live.reloads();
        thread::sleep(Duration::from_millis(1500));
        assert_eq!(live.reloads(), reloads, "{}", live.session.stderr());
        // Somebody else's change is one.
        live.project.write("out.css", "by hand");
        live.session.next(|line| line.contains("out.css → serving in"));
        assert_eq!(live.text("/"), live.project.read("out.css"));
        live.end();
    }
}
