//! Importing ahead of time cannot make an application answer differently from a fresh process.

use std::thread;
use std::time::Duration;

use super::Live;
use crate::project::TestProject;

/// By then other processes stand by, with what can be done ahead of time.
const PREPARED: Duration = Duration::from_millis(2500);

/// A project, and packages in its image that are not the project's.
fn with_packages(packages: &[(&str, &str)], files: &[(&str, &str)], settings: &str) -> TestProject {
    let project = TestProject::copy("plain-wsgi");
    project.make_directory("vendor");
    for (path, text) in packages {
        if let Some((directory, _)) = path.rsplit_once('/') {
            project.make_directory(&format!("vendor/{directory}"));
        }
        project.write(&format!("vendor/{path}"), text);
    }
    for (path, text) in files {
        if let Some((directory, _)) = path.rsplit_once('/') {
            project.make_directory(directory);
        }
        project.write(path, text);
    }
    // An image of its own: it is known by the text of its hooks.
    let digest = packages
        .iter()
        .fold(0_u64, |sum, (path, text)| text.bytes().chain(path.bytes()).fold(sum, |sum, byte| sum.wrapping_mul(31) + u64::from(byte)));
    let copy = "cp -r /app/vendor/* $(/opt/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')";
    project.write("parity.yaml", &format!("app: wsgi:application\nhooks: {{build: [\"{copy} # {digest}\"]}}\n{settings}"));
    project
}

/// Answers with the names that `wsgi.py` has, and a number that is counted up.
fn wsgi(imports: &str, answer: &str) -> String {
    format!(
        "{imports}\nNUMBER = 0\n\ndef application(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [repr((NUMBER, {answer})).encode()]\n"
    )
}

/// Saves `wsgi.py` with the next number, and tells what is answered then.
fn count(live: &mut Live, number: usize) -> String {
    live.edit("wsgi.py", &format!("NUMBER = {}\n", number - 1), &format!("NUMBER = {number}\n"));
    live.text("/")
}

#[test]
fn what_depends_on_the_project_is_imported_with_it() {
    let packages = [
        ("opens.py", "import os\nexec(open(os.environ['SETTINGS']).read())\n"),
        ("asks.py", "import os\nTEXT = os.stat('/app/data/size.txt').st_size\n"),
        ("measures.py", "import os.path\nTEXT = os.path.getsize('data/size.txt')\n"),
        ("lists.py", "import os\nTEXT = len(os.listdir('/app/pages'))\n"),
        ("walks.py", "import pathlib\nTEXT = len(list(pathlib.Path('/app/pages').iterdir()))\n"),
        ("queries.py", "import sqlite3\nTEXT = sqlite3.connect('/app/data/shop.db').execute('select max(x) from t').fetchone()[0]\n"),
        ("reads_variable.py", "import os\nTEXT = os.environ.get('FROM_PROJECT', 'nothing')\n"),
        ("state.py", "value = None\n"),
        ("reads_state.py", "import state\nTEXT = 'nothing' if state.value is None else state.value\n"),
        ("outside.py", "import colorsys\nfrom opens import TEXT\n"),
        (
            "innocent.py",
            "NAME = 'innocent'
",
        ),
    ];
    let imports = "import innocent, colorsys, outside, asks, measures, lists, walks, queries, state, os\nfrom settings import NUMBER as FROM\n\
                   os.environ['FROM_PROJECT'] = state.value = str(FROM)\nimport reads_variable, reads_state";
    let answer = "outside.TEXT, asks.TEXT, measures.TEXT, lists.TEXT, walks.TEXT, queries.TEXT, reads_variable.TEXT, reads_state.TEXT";
    let files = [("wsgi.py", wsgi(imports, answer)), ("settings.py", "NUMBER = 0\n".into())];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let project = with_packages(&packages, &files, "env: {SETTINGS: /app/tiny.conf}\n");
    let change = |project: &TestProject, number: usize| {
        project.write("tiny.conf", &format!("TEXT = {number}\n"));
        project.write("data/size.txt", &"x".repeat(number));
        project.write(&format!("pages/{number}"), "");
        let query = format!("create table if not exists t (x); insert into t values ({number})");
        project.run("python3", &["-c", &format!("import sqlite3; sqlite3.connect('data/shop.db').executescript('{query}')")]);
        project.write("settings.py", &format!("NUMBER = {number}\n"));
    };
    for directory in ["data", "pages"] {
        project.make_directory(directory);
    }
    change(&project, 1);
    let live = Live::of(project, &[]);
    let wanted = |number: usize| format!("({number}, {0}, {0}, {0}, {0}, {0}, {0}, '{0}', '{0}')", number + 1);
    assert_eq!(live.text("/"), wanted(0));
    for number in 1..4 {
        thread::sleep(PREPARED);
        change(&live.project, number + 1);
        live.change("wsgi.py", &format!("NUMBER = {}\n", number - 1), &format!("NUMBER = {number}\n"));
        live.eventually("/", &wanted(number));
    }
    let bad = live.python("print([tuple(line.split(' ', 1)) for line in open('/run/parity/preload.bad')])");
    for name in ["opens", "outside", "asks", "measures", "lists", "walks", "queries", "reads_variable", "reads_state"] {
        assert!(bad.contains(&format!("'{name}'")), "{name} is not in {bad}");
    }
    // What serves was prepared all the same.
    assert!(!bad.contains("'innocent'") && !bad.contains("'colorsys'"), "{bad}");
    assert_eq!(live.text("/?"), wanted(3));
    let ran = live.end();
    for word in ["warning", "Traceback", "✗", "switched"] {
        assert!(!ran.stderr.contains(word), "{ran}");
    }
    // The build hook sees all that was saved, and is not done again for that.
    assert!(ran.stderr.matches("✓ image").count() <= 1, "{ran}");
}

#[test]
fn what_fails_without_the_project_leaves_nothing_behind() {
    let packages = [
        ("registry.py", "settings = None\nnames = []\n"),
        (
            "half/__init__.py",
            "from half import first\nimport registry\nif registry.settings is None:\n    raise RuntimeError('no settings yet')\nfrom half.second import NAME\n",
        ),
        (
            "stand_in.py",
            "import registry\nclass StandIn:\n    @property\n    def __class__(self):\n        return type(registry.settings['x'])\nsettings = StandIn()\nlist_of_itself = []\nlist_of_itself.append(list_of_itself)\n",
        ),
        ("half/first.py", "import registry\nregistry.names.append('first')\n"),
        ("half/second.py", "from half import first\nNAME = 'second'\n"),
        (
            "loud.py",
            "import registry, warnings\nif registry.settings is None:\n    print('nothing to see')\n    warnings.warn('without settings')\n",
        ),
        ("lazy.py", "import registry\nclass Lazy:\n    def __del__(self):\n        registry.settings['x']\nLazy()\n"),
    ];
    let imports = "import registry\nregistry.settings = {'x': 1}\nimport half, loud, lazy, stand_in";
    let project = with_packages(&packages, &[("wsgi.py", &wsgi(imports, "half.NAME, registry.names"))], "");
    let mut live = Live::of(project, &[]);
    for number in 1..4 {
        thread::sleep(PREPARED);
        assert_eq!(count(&mut live, number), format!("({number}, 'second', ['first'])"));
    }
    let ran = live.end();
    for word in ["warning", "Traceback", "settings", "Lazy", "✗", "no standby"] {
        assert!(!ran.stderr.contains(word), "{word}: {ran}");
    }
}

#[test]
fn processes_that_stand_by_together_leave_out_the_same() {
    let mut packages = vec![("registry.py".to_owned(), "settings = None\n".to_owned()), ("innocent.py".to_owned(), String::new())];
    for name in ["one", "two", "three", "four"] {
        packages.push((format!("{name}.py"), "import registry, time\ntime.sleep(0.05)\nregistry.settings['x']\n".to_owned()));
    }
    let packages: Vec<(&str, &str)> = packages.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let imports = "import innocent, registry\nregistry.settings = {'x': 1}\nimport one, two, three, four";
    let project = with_packages(&packages, &[("wsgi.py", &wsgi(imports, "innocent.__name__"))], "");
    let mut live = Live::of(project, &["--processes", "4"]);
    for number in 1..4 {
        thread::sleep(PREPARED);
        assert_eq!(count(&mut live, number), format!("({number}, 'innocent')"));
    }
    // One of them does not take for a failure without end what another one has just seen to.
    assert_eq!(live.python("import os; print(os.path.exists('/run/parity/preload.ended'))").trim(), "False");
    live.end();
}

#[test]
fn what_was_right_to_import_ahead_is_not_after_the_project_has_changed() {
    let packages = [
        ("reads_mode.py", "import os\nMODE = os.environ.get('MODE', 'none')\n"),
        ("takes_socket.py", "from socket import socket as taken\n"),
        ("shadowed.py", "WHOSE = 'image'\n"),
        ("asks_shadowed.py", "from shadowed import WHOSE\n"),
    ];
    let imports = "import os\n# here\nimport reads_mode, takes_socket, asks_shadowed";
    let answer = "reads_mode.MODE, takes_socket.taken.__name__, asks_shadowed.WHOSE";
    let project = with_packages(&packages, &[("wsgi.py", &wsgi(imports, answer))], "");
    let mut live = Live::of(project, &[]);
    assert_eq!(live.text("/"), "(0, 'none', 'socket', 'image')");
    thread::sleep(PREPARED);
    live.edit("wsgi.py", "# here", "os.environ['MODE'] = 'fast'\n# here");
    assert_eq!(live.text("/"), "(0, 'fast', 'socket', 'image')");
    let said = live.session.stderr();
    assert!(said.contains("warning: imported ahead of time, reads_mode would be wrong"), "{said}");
    thread::sleep(PREPARED);
    live.save("shadowed.py", "WHOSE = 'project'\n");
    count(&mut live, 1);
    assert_eq!(live.text("/"), "(1, 'fast', 'socket', 'project')");
    thread::sleep(PREPARED);
    live.edit("wsgi.py", "# here", "import socket\nclass patched(socket.socket): pass\nsocket.socket = patched\n# here");
    assert_eq!(live.text("/"), "(1, 'fast', 'patched', 'project')");
    thread::sleep(PREPARED);
    assert_eq!(count(&mut live, 2), "(2, 'fast', 'patched', 'project')");
    live.end();
}

#[test]
fn what_one_process_holds_is_let_go_before_the_next_one_takes_it() {
    let holds = "import fcntl\nheld = open('/app/data.lock', 'w')\nfcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)\n";
    for flags in [&[][..], &["--on-error", "keep"]] {
        let project = with_packages(&[("x.py", "")], &[("holds.py", holds), ("wsgi.py", &wsgi("import holds", "'held'"))], "");
        let mut live = Live::of(project, flags);
        live.change("wsgi.py", "NUMBER = 0", "NUMBER = 1");
        // Nobody is told of a failure meanwhile, nor sees one.
        live.eventually("/", "(1, 'held')");
        live.session.next(|line| line.contains("warning: only one process can hold what the import needs (BlockingIOError"));
        live.session.next(|line| line.contains("`standby: false` in parity.yaml"));
        live.told("wsgi.py");
        for number in 2..4 {
            assert_eq!(count(&mut live, number), format!("({number}, 'held')"));
        }
        // A failure is told as ever, and what fixes it, too.
        live.project.write("holds.py", "1 / 0\n");
        live.told_failure("holds.py", "fails");
        live.save("holds.py", holds);
        let ran = live.end();
        assert_eq!(ran.stderr.matches("only one process").count(), 1, "{ran}");
    }
}

#[test]
fn what_fails_and_works_again_without_a_save_is_told() {
    let project =
        with_packages(&[("x.py", "")], &[("wsgi.py", &wsgi("import os\nif os.path.exists('/app/down'): raise OSError('down')", "''"))], "");
    let mut live = Live::of(project, &[]);
    live.project.write("down", "");
    live.change("wsgi.py", "NUMBER = 0", "NUMBER = 1");
    live.told_failure("wsgi.py", "fails");
    live.get_as("/", "text/plain").has("OSError: down");
    std::fs::remove_file(live.project.root.join("down")).unwrap();
    live.eventually("/", "(1, '')");
    live.session.next(|line| line.contains("serving: the import that failed has worked on another try"));
    assert_eq!(count(&mut live, 2), "(2, '')");
    live.end();
}
