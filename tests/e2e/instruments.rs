//! What is beside an application in its processes: the real mod_wsgi is as the fake of `tests/runtime` says, and those tests pass with
//! the Python of the base as well.

use std::fs;
use std::path::Path;

use crate::project::{TestProject, base};
use crate::{engine, python};

/// Asks mod_wsgi, in its own processes, what the tests ask their fake.
const ASKING: &str = "
import json
import mod_wsgi
import agreement

events = agreement.Events(mod_wsgi)

def application(environ, start_response):
    found = agreement.promises(mod_wsgi)
    found['wrapped'] = environ.get('parity.wrapped') == 'yes'
    found.update(events.promises())
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(found).encode()]
";

#[test]
fn mod_wsgi_is_as_the_fake_says() {
    let project = TestProject::copy("plain-wsgi");
    project.write("agreement.py", include_str!("../runtime/agreement.py"));
    project.write("hello.wsgi", ASKING);
    let answer = project.browse().get("/").ok().json();
    let broken: Vec<_> = answer.as_object().unwrap().iter().filter(|(_, kept)| **kept != true).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn the_tests_of_the_runtime_pass_in_the_base() {
    let given = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["images", "tests", "templates"] {
        fs::create_dir(given.path().join(directory)).unwrap();
    }
    for directory in ["images/profile", "images/record", "images/runtime", "tests/runtime", "tests/protocol"] {
        python::copy(&root.join(directory), &given.path().join(directory));
    }
    fs::copy(root.join("templates/startup.py"), given.path().join("templates/startup.py")).unwrap();
    let script = "cd /given/tests/runtime && python -B -m unittest >/tmp/said 2>&1 && echo passed || cat /tmp/said";
    assert_eq!(engine::run_in(&base().image, script, given.path()), "passed\n");
}
