//! HOME and the locale: the same in every profile, and what `env` says of them is what the application has, as a command has it.

use serde_json::Value;

use crate::common::BUILD_PATIENCE;
use crate::engine::{self, OwnImage};
use crate::http::Browser;
use crate::project::{TestProject, unique};

const NAMES: [&str; 3] = ["HOME", "LANG", "LC_ALL"];
/// Each something that is not usual, and of which Python makes nothing else.
const OTHERS: &str = "env: {HOME: /var/tmp, LANG: de_DE.UTF-8, LC_ALL: C.utf8}\n";

fn of(environ: &Value) -> [&str; 3] {
    NAMES.map(|name| environ[name].as_str().unwrap_or_default())
}

/// What the application that `parity up` runs has, and a command in its container.
#[track_caller]
fn up_has(project: &TestProject, url: &str, expected: [&str; 3]) {
    let env = Browser::at(url).get("/env").ok().json();
    assert_eq!(of(&env["process"]["environ"]), expected);
    let script = "import json, os; print(json.dumps(dict(os.environ)))";
    let ran = project.parity(&["exec", "--", "python", "-c", script]).ok();
    assert_eq!(of(&serde_json::from_str(&ran.stdout).unwrap()), expected);
}

/// The same of what `parity smoke` checks.
#[track_caller]
fn smoke_has(project: &TestProject, settings: &str, expected: [&str; 3]) {
    let body: String =
        NAMES.iter().zip(expected).map(|(name, value)| format!("{{jsonpath: $.process.environ.{name}, equals: {value}}}, ")).collect();
    let check = format!("smoke: [{{request: {{path: /env}}, expect: {{body: [{body}]}}}}]\n");
    project.write("parity.yaml", &format!("app: hello.wsgi\n{settings}{check}"));
    project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).ok();
}

#[test]
fn the_home_can_be_written_and_is_the_same_everywhere() {
    let usual = ["/tmp", "C.UTF-8", "C.UTF-8"];
    for project in [Some(TestProject::copy("plain-wsgi")), TestProject::of_root("plain-wsgi")].into_iter().flatten() {
        let url = project.up(&[]);
        up_has(&project, &url, usual);
        project
            .parity(&[
                "exec",
                "--",
                "sh",
                "-c",
                "mkdir -p ~/.cache/x && test \"$(python -c 'import pathlib; print(pathlib.Path.home())')\" = ~",
            ])
            .ok();
        project.parity(&["down"]).ok();
    }
    let project = TestProject::copy("plain-wsgi");
    let (session, url) = project.foreground(&["--reload-on-changes"]);
    up_has(&project, &url, usual);
    session.interrupt();
    session.end();
    smoke_has(&project, "", usual);
    smoke_has(&project, "locale: C\n", ["/tmp", "C", "C"]);
}

#[test]
fn what_env_says_is_what_the_application_has() {
    let project = TestProject::copy("plain-wsgi");
    let expected = ["/var/tmp", "de_DE.UTF-8", "C.utf8"];
    project.write("parity.yaml", &format!("app: hello.wsgi\n{OTHERS}"));
    let url = project.up(&[]);
    up_has(&project, &url, expected);
    project.parity(&["down"]).ok();
    let (session, url) = project.foreground(&["--reload-on-changes"]);
    up_has(&project, &url, expected);
    session.interrupt();
    session.end();
    smoke_has(&project, OTHERS, expected);
    // As a setting, both are the same.
    project.write("parity.yaml", "app: hello.wsgi\nlocale: C\n");
    let url = project.up(&[]);
    up_has(&project, &url, ["/tmp", "C", "C"]);
}

#[test]
fn what_the_server_cannot_use_is_refused() {
    let project = TestProject::copy("plain-wsgi");
    for (env, says) in [
        ("LC_ALL: \"C user=root\"", "LC_ALL in the application's environment must be a locale"),
        ("LANG: \"C\\nInclude x\"", "LANG in the application's environment must be a locale"),
        ("HOME: data", "HOME in the application's environment must be an absolute path"),
    ] {
        project.write("parity.yaml", &format!("app: hello.wsgi\nenv: {{{env}}}\n"));
        project.parity(&["up", "-d"]).run().exits(3).says(&["parity.yaml:2", says]);
    }
}

const DOTENV: &str = "\
T_JSON={\"a\": [1, 2]}
APOSTROPHE=it's
WINDOWS=C:\\temp\\new
FALLBACK=${N:-fallback}
IN_HOME=\"${HOME}/x\"
export EXPORTED=1 # comment
BARE
a.b=dotted
my-name=with a dash
DOLLARS=pa$$word$1
";

#[test]
fn a_dotenv_is_read_as_python_dotenv_reads_it() {
    let project = TestProject::copy("plain-wsgi");
    project.write(".env", DOTENV);
    let said = project.parity(&["config"]).ok();
    said.says(&[
        ".env has no value for BARE (line 7)",
        ".env sets a.b (line 8) and my-name (line 9), which no shell can have",
        "Compose reads .env differently: IN_HOME (line 5) and DOLLARS (line 10)",
    ]);
    let has = |environ: &Value| {
        for (name, value) in [
            ("T_JSON", r#"{"a": [1, 2]}"#),
            ("APOSTROPHE", "it's"),
            ("WINDOWS", r"C:\temp\new"),
            ("FALLBACK", "fallback"),
            ("IN_HOME", "/tmp/x"),
            ("EXPORTED", "1"),
            ("a.b", "dotted"),
            ("my-name", "with a dash"),
            ("DOLLARS", "pa$$word$1"),
        ] {
            assert_eq!(environ[name], value, "{name}");
        }
        assert_eq!(environ["BARE"], Value::Null);
    };
    let url = project.up(&[]);
    has(&Browser::at(&url).get("/env").ok().json()["process"]["environ"]);
    project.parity(&["down"]).ok();
    project.write("parity.yaml", "smoke: [{request: {path: /env}, expect: {body: [{contains: '\"a.b\": \"dotted\"'}]}}]\n");
    project.parity(&["smoke", "--no-probes"]).patience(BUILD_PATIENCE).ok();
}

/// Starts the server as whoever runs the image does, with a variable or two, and asks it.
const ASK: &str = "
import json, subprocess, sys, time, urllib.request
server = subprocess.Popen(['bash', '/opt/parity/entrypoint'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
for attempt in range(600):
    try:
        environ = json.load(urllib.request.urlopen('http://127.0.0.1:8000/env'))['process']['environ']
        print([environ.get(name) for name in ('HOME', 'LANG', 'LC_ALL')])
        break
    except OSError:
        if server.poll() is not None:
            print('ended with', server.returncode)
            break
        time.sleep(0.1)
server.terminate()
";

#[test]
fn whoever_runs_what_is_deployed_has_the_last_word() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "app: hello.wsgi\nlocale: C\n");
    let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    project.parity(&["build", "--production", &image.0]).patience(BUILD_PATIENCE).ok();
    let ask = project.scratch().join("ask");
    std::fs::create_dir(&ask).unwrap();
    std::fs::write(ask.join("ask.py"), ASK).unwrap();
    let run = |variables: &str| engine::run_in(&image.0, &format!("env {variables} python /given/ask.py"), &ask);
    assert_eq!(run(""), "['/tmp', 'C', 'C']\n");
    assert_eq!(run("HOME=/var/tmp LANG=de_DE.UTF-8 LC_ALL=C.utf8"), "['/var/tmp', 'de_DE.UTF-8', 'C.utf8']\n");
    assert_eq!(run("LC_ALL='C user=root'"), "ended with 93\n");
}
