//! What an application sees of its server in each profile: all that differs from production is declared, and all that is declared
//! is seen.

mod live;

use std::time::{Duration, Instant};

use parity::fidelity::{Observation, Seen, compare, explain, unseen};
use parity::plan::Difference;
use serde_json::Value;

use crate::common::BUILD_PATIENCE;
use crate::common::pty::CTRL_D;
use crate::engine::{self, OwnImage};
use crate::http::Browser;
use crate::project::unique;
use crate::smoke::Smoked;

const PATIENCE: Duration = Duration::from_secs(60);

/// The application that tells what it sees, and what that is in production.
struct Told {
    production: Seen,
    project: Smoked,
    _image: OwnImage,
}

/// A production server, as whoever deploys it runs it.
struct Deployed {
    url: String,
    id: String,
}

impl Drop for Deployed {
    fn drop(&mut self) {
        engine::with(async |engine| {
            let mounts = engine.api.inspect_container(&self.id, None).await.unwrap().mounts.unwrap_or_default();
            engine.remove(&self.id).await.unwrap();
            for volume in mounts.into_iter().filter_map(|mount| mount.name) {
                // Those without a name of their own have gone with it.
                let _ = engine.api.remove_volume(&volume, None::<bollard::query_parameters::RemoveVolumeOptions>).await;
            }
        });
    }
}

impl Deployed {
    /// Runs the very command that `parity build --production` says, and waits until it serves.
    fn run(project: &Smoked, image: &OwnImage) -> Self {
        let ran = project.parity(&["build", "--production", &image.0]).patience(BUILD_PATIENCE).ok();
        let line = ran
            .stderr
            .lines()
            .map(str::trim_start)
            .find(|line| line.starts_with("docker run "))
            .unwrap_or_else(|| panic!("no such line: {ran}"));
        let id = project.program("sh", &["-c", line]).env("SHAPE", "round").ok().line().to_owned();
        let url = engine::with(async |engine| engine.observe(&id).await.unwrap().and_then(|found| found.url));
        let deployed = Self { url: url.expect("it is published"), id };
        let begun = Instant::now();
        while Browser::at(&deployed.url).try_get("/").is_none_or(|answer| answer.status != 200) {
            assert!(begun.elapsed() < PATIENCE, "`{line}` does not serve");
            std::thread::sleep(Duration::from_millis(50));
        }
        deployed
    }
}

fn seen_at(url: &str) -> Seen {
    Seen::parse(&Browser::at(url).get("/").ok().body).unwrap()
}

impl Told {
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// Of a project that is changed first.
    fn with(change: impl FnOnce(&Smoked)) -> Self {
        let project = Smoked::copy("fidelity");
        project.write("probe.py", include_str!("../../../images/runtime/parity_runtime/fidelity/probe.py"));
        change(&project);
        let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
        let deployed = Deployed::run(&project, &image);
        Self { production: seen_at(&deployed.url), project, _image: image }
    }

    /// What `parity diff` declares.
    fn declared(&self, flags: &[&str]) -> Vec<Difference> {
        let arguments: Vec<&str> = ["diff", "--format", "json"].iter().chain(flags).copied().collect();
        let [rows] = self.project.parity(&arguments).ok().json().try_into().unwrap();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let signs = |row: &Value| row["signs"].as_array().unwrap().iter().map(|sign| sign.as_str().unwrap().to_owned()).collect();
        let row = |row: &Value| Difference {
            what: text(row, "what"),
            production: text(row, "production"),
            here: text(row, "here"),
            cause: text(row, "cause"),
            signs: signs(row),
        };
        rows.as_array().unwrap().iter().map(row).collect()
    }

    /// Each difference has its row, and each row its difference.
    #[track_caller]
    fn is_declared(&self, here: &Seen, flags: &[&str]) {
        let unseen: Vec<String> =
            unseen(&compare(&self.production, here), &self.declared(flags)).iter().map(|row| row.what.clone()).collect();
        self.has_a_row(here, flags);
        assert!(unseen.is_empty(), "declared, and not seen: {unseen:?}");
    }

    /// Each difference has its row.
    #[track_caller]
    fn has_a_row(&self, here: &Seen, flags: &[&str]) {
        let (observed, declared) = (compare(&self.production, here), self.declared(flags));
        let undeclared = explain(&observed, &declared).into_iter().filter(|explained| explained.cause.is_none());
        let undeclared: Vec<String> = undeclared.map(|explained| show(explained.observation)).collect();
        assert!(undeclared.is_empty(), "undeclared:\n{}", undeclared.join("\n"));
    }
}

fn show(observation: &Observation) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    format!("{}\n    production: {}\n    here:       {}", observation.place(), value(&observation.production), value(&observation.here))
}

#[test]
fn two_runs_of_production_are_the_same() {
    let told = Told::new();
    let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    let again = seen_at(&Deployed::run(&told.project, &image).url);
    let differing = compare(&told.production, &again);
    assert!(differing.is_empty(), "{}", differing.iter().map(show).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_line_that_a_build_says_has_what_smoke_has() {
    let project = Smoked::copy("fidelity");
    project.write("probe.py", include_str!("../../../images/runtime/parity_runtime/fidelity/probe.py"));
    project.write("parity.yaml", &format!("{}writable: [data, /srv/more]\n", project.read("parity.yaml")));
    project.write(".env", "TOKEN=of-the-file\n");
    let image = OwnImage(format!("localhost/parity-e2e:{}", unique()));
    let deployed = Deployed::run(&project, &image);
    let seen = Browser::at(&deployed.url).get("/").ok().json();
    assert_eq!((&seen["environment"]["TOKEN"], &seen["environment"]["SHAPE"]), (&"of-the-file".into(), &"round".into()));
    for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(seen["process"][name], "0000000000000000", "{name}");
    }
    assert_eq!((&seen["process"]["NoNewPrivs"], &seen["process"]["Uid"]), (&"1".into(), &"33 33 33 33".into()));
    for (path, writable) in [("/", false), ("/app", false), ("/etc/parity", false), ("/run/parity", true), ("/tmp", true)] {
        assert_eq!(seen["mounts"][format!("can be written: {path}")], writable, "{path}");
    }
    let writes = "touch /app/data/x /srv/more/x && { touch /app/x 2>/dev/null || echo read-only; }";
    let command = ["sh", "-c", writes].map(String::from).to_vec();
    let (_, said) = engine::with(async |engine| engine.run_to_the_end(&deployed.id, command, b"").await.unwrap());
    assert_eq!(said, "read-only\n");
}

#[test]
fn up() {
    let told = Told::new();
    let url = told.project.up(&[]);
    told.is_declared(&seen_at(&url), &[]);
}

#[test]
fn up_that_reloads() {
    let told = Told::new();
    for flags in [
        &["--reload-on-changes"][..],
        &["--reload-on-changes", "--no-preload"],
        &["--reload-on-changes", "--no-standby"],
        &["--reload-on-changes", "--sync"],
    ] {
        let (mut session, url) = told.project.foreground(flags);
        // The first processes import the application as production does.
        told.has_a_row(&seen_at(&url), flags);
        // Processes that stood by have imported what the first one did.
        for lines in 1..=3 {
            told.project.write("app.py", &format!("{}\n{}", told.project.read("app.py"), "# saved\n".repeat(lines)));
            session.next(|line| line.contains("app.py → serving in"));
        }
        let here = seen_at(&url);
        session.interrupt();
        session.end().exits(0);
        told.is_declared(&here, flags);
    }
}

#[test]
fn up_behind_a_document_root() {
    let told = Told::with(|project| {
        project.make_directory("htdocs");
        project.write("htdocs/page.txt", "a file");
        project.write("parity.yaml", &format!("{}document-root: htdocs\n", project.read("parity.yaml")));
    });
    let url = told.project.up(&[]);
    told.is_declared(&seen_at(&url), &[]);
    told.project.parity(&["down"]).ok();
    let (session, url) = told.project.foreground(&["--reload-on-changes"]);
    told.has_a_row(&seen_at(&url), &["--reload-on-changes"]);
    session.interrupt();
    session.end().exits(0);
}

#[test]
fn debug() {
    let told = Told::new();
    let mut terminal = told.project.parity(&["debug", "--port", "0"]).patience(BUILD_PATIENCE).in_terminal();
    terminal.shows("http://");
    let url = format!("http://{}", terminal.shows("\n").trim_end());
    terminal.shows("waiting for an exception or a breakpoint");
    let here = seen_at(&url);
    terminal.type_text(CTRL_D);
    terminal.end().exits(0);
    told.is_declared(&here, &["--profile", "debug"]);
}

#[test]
fn smoke() {
    let told = Told::new();
    let settings = told.project.read("parity.yaml");
    told.project.write("parity.yaml", &format!("{settings}smoke: [{{request: {{path: /}}, expect: {{status: 418}}}}]\n"));
    told.project.smoke(&["--no-probes", "--keep-on-failure"]).run().exits(17);
    let [status] = told.project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    let (url, name) = (status["url"].as_str().unwrap(), status["name"].as_str().unwrap());
    told.is_declared(&seen_at(url), &["--profile", "smoke"]);
    told.project.parity(&["down", name]).ok();
}

#[test]
fn coverage() {
    let told = Told::new();
    let (url, done) = (told.project.scratch().join("url"), told.project.scratch().join("done"));
    let script =
        format!("printenv PARITY_URL >{0}.new; mv {0}.new {0}; while [ ! -e {1} ]; do sleep 0.1; done", url.display(), done.display());
    let session = told.project.parity(&["coverage", "--", "sh", "-c", &script]).patience(BUILD_PATIENCE).start();
    let begun = Instant::now();
    while !url.exists() {
        assert!(begun.elapsed() < BUILD_PATIENCE, "no server");
        std::thread::sleep(Duration::from_millis(100));
    }
    let here = seen_at(std::fs::read_to_string(&url).unwrap().trim());
    std::fs::write(&done, "").unwrap();
    session.end().exits(0);
    told.is_declared(&here, &["--profile", "coverage"]);
}
