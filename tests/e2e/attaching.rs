//! `parity coverage --attach`: the lines that run in a server that runs already, across reloads.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::BUILD_PATIENCE;
use crate::engine;
use crate::http::Browser;
use crate::project::TestProject;

const MORE: &str = "import threading

COLOURS = [name.title() for name in ('red', 'green')]
SHORT = lambda name: name[:2]


class Painter:
    colour = 'red'

    def paint(self):
        if self.colour in COLOURS:
            return 'found'
        return SHORT(self.colour)


def register(app):
    @app.get('/paint')
    def paint():
        found = []

        def work():
            found.append(Painter().paint())

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return found[0]
";

const NEVER: &str = "ANSWER = 42


def never():
    return ANSWER
";

/// The same requests, measured by coverage.py alone from when the application has been imported.
const PLAIN: &str = r#"
import json, sys
sys.path[:0] = ["/opt/debugger", "/given/app"]
import coverage
from shop import create_app
client = create_app().test_client()
measured = coverage.Coverage(data_file=None, config_file=False, source=["/given/app"])
measured.start()
for path in ("/", "/paint"):
    assert client.get(path).data
measured.stop()
data = measured.get_data()
print(json.dumps({path.removeprefix("/given/app/"): sorted(data.lines(path)) for path in data.measured_files() if path.endswith(".py")}))
"#;

/// A report by its files: the lines that ran, did not run, and are left out.
fn read(project: &TestProject) -> BTreeMap<String, [Vec<u64>; 3]> {
    let json: Value = serde_json::from_slice(&std::fs::read(project.scratch().join("coverage.json")).unwrap()).unwrap();
    let lines = |told: &Value, name: &str| -> Vec<u64> { serde_json::from_value(told[name].clone()).unwrap() };
    let file = |(path, told): (&String, &Value)| {
        (path.clone(), ["executed_lines", "missing_lines", "excluded_lines"].map(|name| lines(told, name)))
    };
    json["files"].as_object().unwrap().iter().map(file).collect()
}

/// Measures while something is done. Returns what was said on stderr and stdout.
fn measured(project: &TestProject, said: &str, work: impl FnOnce()) -> String {
    let report = format!("json={}", project.scratch().join("coverage.json").display());
    let mut session = project.parity(&["coverage", "--attach", "--report", &report]).patience(BUILD_PATIENCE).start();
    session.next(|line| line.contains(said));
    work();
    session.interrupt();
    let ran = session.end().exits(0);
    format!("{}{}", ran.stdout, ran.stderr)
}

fn project() -> TestProject {
    let project = TestProject::copy("flask-factory");
    project.write("parity.yaml", "processes: 2\nthreads: 3\n");
    project.write("shop/more.py", MORE);
    project.write("shop/never.py", NEVER);
    let init = project.read("shop/__init__.py");
    project.write("shop/__init__.py", &init.replace("    return app", "    from . import more\n\n    more.register(app)\n    return app"));
    project
}

#[test]
fn what_up_runs_is_measured_without_a_restart() {
    let project = project();
    let url = project.up(&[]);
    let container = project.containers();
    let said = measured(&project, "measuring 2 processes of ", || {
        // Several times: of two processes each is asked.
        for _ in 0..8 {
            Browser::at(&url).get("/").ok();
            Browser::at(&url).get("/paint").ok();
        }
    });
    assert!(said.contains("3 files had been imported before"), "{said}");
    let found = read(&project);
    let given = tempfile::tempdir().unwrap();
    crate::python::copy(&project.root, &given.path().join("app"));
    std::fs::write(given.path().join("plain.py"), PLAIN).unwrap();
    let [status] = project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    let (_, digest) = status["image"].as_str().unwrap().rsplit_once(':').unwrap();
    let image = engine::images_named(&format!("localhost/parity-debugger:{digest}-coverage")).into_iter().next().unwrap();
    let plain = engine::run_in(&image, "exec python -B /given/plain.py", given.path());
    let plain: BTreeMap<String, Vec<u64>> = serde_json::from_str(&plain).unwrap();
    for (path, [ran, missing, unseen]) in &found {
        let wanted = plain.get(path).cloned().unwrap_or_default();
        // In the report are lines that statements begin at.
        let beyond: Vec<_> = wanted.iter().filter(|line| missing.contains(line)).collect();
        let too_many: Vec<_> = ran.iter().filter(|line| !wanted.contains(line)).collect();
        assert!(beyond.is_empty() && too_many.is_empty(), "{path}: {beyond:?} {too_many:?}");
        assert_eq!(unseen.is_empty(), path == "shop/never.py", "{path}: {unseen:?}");
    }
    // `register` has run, and only before.
    let more = [vec![11, 13, 19, 21, 22, 24, 25, 26, 27], vec![12, 17, 18], vec![1, 3, 4, 7, 8, 10, 16]];
    assert_eq!(found["shop/more.py"], more);
    // Nobody has imported that one, so that it was seen that nothing of it ran.
    assert_eq!(found["shop/never.py"], [vec![], vec![1, 4, 5], vec![]]);

    // Once more in the same processes, by a command of the project's; and nothing of it is left there.
    let client = format!("import urllib.request; urllib.request.urlopen('{url}/').read()");
    let report = format!("json={}", project.scratch().join("coverage.json").display());
    let again = project.parity(&["coverage", "--attach", "--report", &report, "--", "python3", "-c", &client]).ok();
    assert!(again.stderr.contains("measuring 2 processes"), "{again}");
    assert_eq!(read(&project)["shop/catalogue.py"][0], [10]);
    assert_eq!(project.containers(), container);
    let left = project.parity(&["exec", "--", "sh", "-c", "ls /run/parity; ls /tmp"]).ok();
    assert!(!left.stdout.contains("coverage"), "{left}");
    project.parity(&["down"]).ok();
    project.nothing_is_left();
}

#[test]
fn what_ran_of_an_older_version_of_a_file_does_not_count() {
    let project = project();
    let (mut session, url) = project.foreground(&["--reload-on-changes"]);
    Browser::at(&url).get("/").ok();
    let said = measured(&project, "measuring ", || {
        for _ in 0..8 {
            Browser::at(&url).get("/").ok();
            Browser::at(&url).get("/boom");
        }
        // The lines of `/boom` move: those that ran before are other ones now.
        let catalogue = project.read("shop/catalogue.py");
        project.write("shop/catalogue.py", &catalogue.replace("@blueprint.get(\"/boom\")", "LATER = 1\n\n\n@blueprint.get(\"/boom\")"));
        session.next(|line| line.contains("shop/catalogue.py → serving"));
        Browser::at(&url).get("/").ok();
    });
    assert!(said.contains("does not count") && said.contains("shop/catalogue.py"), "{said}");
    let found = read(&project);
    let [ran, missing, unseen] = &found["shop/catalogue.py"];
    // Its import was measured, in a process that stood by.
    assert!([1, 3, 5, 8, 9, 10, 22].iter().all(|line| ran.contains(line)), "{ran:?}");
    assert_eq!((&missing[..], unseen.len()), (&[15, 16, 17, 18, 19, 27][..], 0));
    // Of what has not changed all counts, also what ran in processes that have ended.
    assert!(found["shop/__init__.py"][1].is_empty(), "{found:?}");
    drop(session);
}

#[test]
fn c_at_a_server_in_the_foreground() {
    let project = project();
    let mut terminal = project.parity(&["up", "--reload-on-changes", "--port", "0"]).patience(BUILD_PATIENCE).in_terminal();
    terminal.shows("http://");
    let url = format!("http://{}", terminal.shows("\n"));
    terminal.shows("c measures coverage");
    terminal.type_text("c");
    terminal.shows("c ends it");
    Browser::at(&url).get("/").ok();
    terminal.type_text("c");
    terminal.shows("shop/catalogue.py");
    terminal.shows("had been imported before");
    terminal.type_text("q");
    terminal.end().exits(0);
    project.nothing_is_left();
}
