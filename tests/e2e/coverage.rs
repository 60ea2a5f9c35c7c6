//! `parity coverage`: the lines that it tells are those that ran, in whichever process and thread.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine;
use crate::project::{OLDER, TestProject};
use crate::smoke::Smoked;

const YAML: &str = "processes: 2
threads: 3
smoke:
  - {name: home, request: {path: /}}
  - {name: stream, request: {path: /stream}}
  - {name: thread, request: {path: /thread}}
  - {name: again, request: {path: /}}
  - {name: program, request: {path: /program}}
  - {name: forked, request: {path: /forked}}
  - {name: spawned, request: {path: /spawned}}
  - {name: killed, request: {path: /killed}, expect: {status: [500, 502, 503]}}
";

/// What the project has beside, and a part that a client of a test cannot ask for.
const MORE: &str = "import threading
from flask import Response

COLOURS = [name.title() for name in ('red', 'green')]


def register(app):
    @app.get('/stream')
    def stream():
        def parts():
            yield 'one'
            for colour in COLOURS:
                yield colour
            if not COLOURS:
                yield 'nothing'

        return Response(parts())

    @app.get('/thread')
    def thread():
        found = []

        def work():
            found.append(len(COLOURS))

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return str(found)

    from . import children, killed

    children.register(app)
    killed.register(app)
";

/// Processes that the application starts, each of which runs a part of `job.py`.
const CHILDREN: &str = "import multiprocessing
import os
import subprocess
import sys

from . import job


def register(app):
    @app.get('/program')
    def program():
        return subprocess.run([sys.executable, '-m', 'shop.job'], capture_output=True, check=True).stdout

    @app.get('/forked')
    def forked():
        child = os.fork()
        if child == 0:
            job.plain()
            os._exit(0)
        os.waitpid(child, 0)
        process = multiprocessing.get_context('fork').Process(target=job.forked)
        process.start()
        process.join()
        return str(process.exitcode)

    @app.get('/spawned')
    def spawned():
        process = multiprocessing.get_context('spawn').Process(target=job.spawned)
        process.start()
        process.join()
        return str(process.exitcode)
";

const JOB: &str = "def main():
    print('done')


def plain():
    return 'plain'


def forked():
    return 'forked'


def spawned():
    return 'spawned'


def never():
    return 'never'


if __name__ == '__main__':
    main()
";

/// What runs beside it in the same process has ended by then.
const KILLED: &str = "import os
import signal
import time


def register(app):
    @app.get('/killed')
    def killed():
        time.sleep(8)
        os.kill(os.getpid(), signal.SIGKILL)
        return 'never'
";

/// The same requests, in one process and by coverage.py alone.
const PLAIN: &str = r#"
import json, sys
sys.path[:0] = ["/opt/coverage", "/app"]
import coverage
measured = coverage.Coverage(data_file=None, config_file=False, source=["/app"])
measured.start()
from shop import create_app
client = create_app().test_client()
for path in ("/", "/stream", "/thread"):
    assert client.get(path).data
measured.stop()
lines = {path: sorted(measured.get_data().lines(path)) for path in measured.get_data().measured_files()}
print(json.dumps({path.removeprefix("/app/"): lines for path, lines in lines.items()}))
"#;

#[test]
fn the_lines_are_those_that_ran() {
    are_told(&Smoked::copy("flask-factory"), "");
}

/// Python tells them one by one there, to a function for each thread.
#[test]
fn the_lines_are_those_that_ran_on_an_older_python() {
    are_told(&Smoked::of(TestProject::on_older_python("flask-factory")), OLDER);
}

#[track_caller]
fn are_told(project: &Smoked, settings: &str) {
    project.write("parity.yaml", &format!("{settings}{YAML}"));
    project.write("shop/more.py", MORE);
    project.write("shop/killed.py", KILLED);
    project.write("shop/children.py", CHILDREN);
    project.write("shop/job.py", JOB);
    let init = project.read("shop/__init__.py");
    project.write("shop/__init__.py", &init.replace("    return app", "    from . import more\n\n    more.register(app)\n    return app"));

    let out = project.scratch().join("out");
    let reports = [("json", "coverage.json"), ("html", "html"), ("lcov", "lcov")]
        .map(|(format, name)| format!("{format}={}", out.join(name).display()));
    let mut flags = vec!["coverage", "--jobs", "4", "--fail-under", "99"];
    flags.extend(reports.iter().flat_map(|report| ["--report", report]));
    let written = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let ran = project.parity(&flags).patience(crate::common::BUILD_PATIENCE).run().exits(2);
    project.nothing_is_left();
    // The process was killed a second after what ran in it had been written down.
    let ran = ran.says(&["is less than 99 %"]);
    let row = |name: &str| ran.stdout.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {ran}"));
    assert!(row("shop/killed.py").ends_with("11"), "{ran}");
    assert!(row("shop/more.py").ends_with("15"), "{ran}");
    assert!(!ran.stderr.contains("runs coverage.py itself"), "{ran}");
    // Those in the children run there alone.
    assert!(row("shop/job.py").ends_with("18"), "{ran}");
    assert!(row("shop/children.py").ends_with("100 %"), "{ran}");

    let json: Value = serde_json::from_str(&written("coverage.json")).unwrap();
    let executed = |told: &Value| -> Vec<u64> { serde_json::from_value(told["executed_lines"].clone()).unwrap() };
    let measured: BTreeMap<&String, Vec<u64>> =
        json["files"].as_object().unwrap().iter().map(|(path, told)| (path, executed(told))).collect();

    let image = engine::images_named(&format!("localhost/{}:coverage-", project.name())).into_iter().next().unwrap();
    let given = tempfile::tempdir().unwrap();
    std::fs::write(given.path().join("plain.py"), PLAIN).unwrap();
    let plain = engine::run_in(&image, "cd /app && exec python -B /given/plain.py", given.path());
    let plain: BTreeMap<String, Vec<u64>> = serde_json::from_str(&plain).unwrap();
    for path in ["shop/__init__.py", "shop/catalogue.py", "shop/more.py"] {
        // In the report are lines that statements begin at.
        let missing: Vec<_> = measured[&path.to_owned()].iter().filter(|line| !plain[path].contains(line)).collect();
        let statements: Vec<u64> = serde_json::from_value(json["files"][path]["missing_lines"].clone()).unwrap();
        let beyond: Vec<_> = plain[path].iter().filter(|line| statements.contains(line)).collect();
        assert!(missing.is_empty() && beyond.is_empty(), "{path}: {missing:?} {beyond:?}");
    }
    assert!(written("html/index.html").contains("more.py"));
    assert!(written("lcov").contains("SF:shop/more.py"));
}

/// 200 modules of 100 lines, of which a request runs every other function: its source, and the lines that do not run.
fn module(number: usize) -> (String, Vec<u64>) {
    let (mut source, mut missing) = (vec![format!("NUMBER = {number}"), String::new()], Vec::new());
    for at in 0..14 {
        let begins = source.len() as u64 + 1;
        source.extend([
            format!("def work{at}(value):"),
            "    total = value + NUMBER".into(),
            "    if total < 0:".into(),
            "        return 'never'".into(),
            "    return total".into(),
            String::new(),
            String::new(),
        ]);
        missing.extend(if (number + at).is_multiple_of(2) { begins + 3..begins + 4 } else { begins + 1..begins + 5 });
    }
    source.truncate(100);
    (source.join("\n") + "\n", missing)
}

#[test]
fn twenty_thousand_lines_are_told_line_by_line() {
    let project = Smoked::copy("flask-factory");
    project.write("parity.yaml", "processes: 2\nthreads: 3\nsmoke:\n  - {name: all, request: {path: /all}}\n");
    let init = project.read("shop/__init__.py");
    project
        .write("shop/__init__.py", &init.replace("    return app", "    from .parts import register\n\n    register(app)\n    return app"));
    project.make_directory("shop/parts");
    let names: Vec<String> = (0..200).map(|number| format!("part{number:03}")).collect();
    let mut wanted = BTreeMap::new();
    for (number, name) in names.iter().enumerate() {
        let (source, missing) = module(number);
        assert_eq!(source.lines().count(), 100);
        project.write(&format!("shop/parts/{name}.py"), &source);
        wanted.insert(format!("shop/parts/{name}.py"), missing);
    }
    let all = format!(
        "from . import {}\n\nPARTS = [{}]\n\n\ndef register(app):\n    @app.get('/all')\n    def all():\n        for number, part in enumerate(PARTS):\n            \
         for at in range(number % 2, 14, 2):\n                getattr(part, 'work%d' % at)(at)\n        return 'all'\n",
        names.join(", "),
        names.join(", ")
    );
    project.write("shop/parts/__init__.py", &all);
    let report = project.scratch().join("coverage.json");
    let ran = project.parity(&["coverage", "--report", &format!("json={}", report.display())]).patience(crate::common::BUILD_PATIENCE).ok();
    let json: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let missing = |path: &String| -> Vec<u64> { serde_json::from_value(json["files"][path]["missing_lines"].clone()).unwrap() };
    for (path, wanted) in &wanted {
        assert_eq!(&missing(path), wanted, "{path}: {ran}");
    }
    assert!(missing(&"shop/parts/__init__.py".to_owned()).is_empty());
}
