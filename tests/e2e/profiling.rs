//! Programs whose shares are known, on the real server: what `parity profile` makes of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::{BUILD_PATIENCE, Parity};
use crate::project::TestProject;

/// Of 50 ms on a CPU: 60, 30 and 10 percent; then 20 ms of waiting. Who waits for the GIL longer than others depends on where it is given
/// up, so each process writes down how long its functions really took.
const BUSY: &str = r#"

import json
import os
import threading
import time

told = {"first": 0.0, "second": 0.0, "third": 0.0}
telling = threading.Lock()
written = [0.0]


def timed(function):
    def call():
        began = time.perf_counter()
        function()
        took = time.perf_counter() - began
        with telling:
            told[function.__name__] += took
    return call


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@timed
def first():
    burn(0.030)


@timed
def second():
    burn(0.015)


@timed
def third():
    burn(0.005)


def nap():
    time.sleep(0.02)


@blueprint.get("/busy/<kind>")
def busy(kind):
    first()
    second()
    third()
    nap()
    # Seldom: whoever writes waits for the disk.
    if time.monotonic() > written[-1] + 0.5:
        written.append(time.monotonic())
        with open(f"told-{os.getpid()}.json", "w") as file:
            json.dump(told, file)
    return kind
"#;

fn profile(project: &TestProject, arguments: &[&str]) -> Parity {
    let parity = project.parity(&[&["profile"], arguments].concat());
    parity.env("XDG_STATE_HOME", project.scratch().join("state")).patience(BUILD_PATIENCE)
}

/// Microseconds on a CPU, waiting, for the GIL and for a CPU, of all stacks with this function; of all at all without one.
fn of(profile: &Value, function: Option<&str>) -> [f64; 4] {
    let list = |name: &str| profile[name].as_array().unwrap().clone();
    let (functions, nodes) = (list("functions"), list("nodes"));
    let has = |mut node: usize| {
        while node != 0 {
            if functions[nodes[node]["function"].as_u64().unwrap() as usize]["name"] == function.unwrap() {
                return true;
            }
            node = nodes[node]["parent"].as_u64().unwrap() as usize;
        }
        false
    };
    let mut sum = [0.0; 4];
    for count in list("counts").iter().filter(|count| function.is_none() || has(count[0]["node"].as_u64().unwrap() as usize)) {
        for (sum, kind) in sum.iter_mut().zip(["cpu", "wait", "gil", "queue"]) {
            *sum += count[1][kind].as_f64().unwrap();
        }
    }
    sum
}

/// What the processes have written down: how long their functions took.
fn told(project: &TestProject) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for entry in std::fs::read_dir(&project.root).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("told-") {
            let told: BTreeMap<String, f64> = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
            told.into_iter().for_each(|(name, took)| *sums.entry(name).or_default() += took);
        }
    }
    sums
}

#[test]
fn shares_are_true_with_two_processes_of_four_threads() {
    let project = TestProject::copy("flask-factory");
    project.write("parity.yaml", "processes: 2\nthreads: 4\n");
    project.write("shop/catalogue.py", &(project.read("shop/catalogue.py") + BUSY));
    let file = project.scratch().join("before.json");
    let name = file.to_str().unwrap();
    let arguments = ["--duration", "7", "--jobs", "8", "--as", "json", "--output", name, "--", "/busy/a", "/busy/b"];
    profile(&project, &arguments).ok().says(&["profiling 2 processes", "samples of 2 processes"]);
    let seen: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(seen["routes"], serde_json::json!(["/busy/<kind>"]));
    assert!(seen["processes"].as_array().unwrap().iter().all(|process| process["requests"].as_u64() > Some(5)), "{}", seen["processes"]);
    let samples: u64 = seen["counts"].as_array().unwrap().iter().map(|count| count[1]["samples"].as_u64().unwrap()).sum();
    let wall = |name: &str| of(&seen, Some(name)).iter().sum::<f64>();
    let busy: f64 = ["first", "second", "third"].map(wall).iter().sum();
    // Busy threads that wait for the GIL alone are seen as they are under any load; a slow machine takes fewer samples.
    let within = if samples >= 2_000 { 3.0 } else { 5.0 };
    let told = told(&project);
    let all: f64 = told.values().sum();
    for (name, took) in &told {
        let share = took * 100.0 / all;
        let found = wall(name) * 100.0 / busy;
        assert!((found - share).abs() < within, "{name} has {found:.1} % of {samples} samples, and took {share:.1} %");
    }
    // Nothing but the nap waits.
    let [_, waiting, gil, _] = of(&seen, None);
    assert!(of(&seen, Some("nap"))[1] > waiting * 0.9 && gil > waiting);

    // A request that sleeps longer takes longer, and nothing else does.
    project.write("shop/catalogue.py", &project.read("shop/catalogue.py").replace("sleep(0.02)", "sleep(0.12)"));
    let arguments = ["-n", "40", "--jobs", "4", "--compare", name, "--fail-over", "20%", "--", "/busy/a"];
    let ran = profile(&project, &arguments).run().exits(2).says(&["a request takes ", "flame graph: "]);
    assert!(ran.stdout.lines().nth(1).is_some_and(|line| line.contains("nap") && line.contains("shop/catalogue.py")), "{ran}");
    project.nothing_is_left();
}

#[test]
fn what_up_runs_is_profiled_without_a_restart() {
    let project = TestProject::copy("django");
    let start = project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).ok();
    let ran = profile(&project, &["--attach", "-n", "60", "--jobs", "3", "--by", "route", "--", "/", "/boom/"]).ok();
    let ran = ran.says(&["60 requests: 30 × 200, 30 × 500", "profiling 1 process of "]);
    assert!(ran.stdout.contains("  /\n") || ran.stdout.ends_with("  /"), "{ran}");
    assert!(!ran.stderr.contains("does not say which threads wait"), "{ran}");
    // Once more, with what is in its processes now; and an application that imports something is told.
    profile(&project, &["--attach", "-n", "30", "--as", "collapsed", "--", "/"]).ok();
    assert!(project.parity(&["status"]).ok().stdout.contains(start.line()));
    let imports = profile(&project, &["--startup"]).ok().stdout;
    assert!(imports.lines().any(|line| line.contains("django.core.wsgi") && line.ends_with("mysite/wsgi.py:3")), "{imports}");
    project.parity(&["down"]).ok();
    project.nothing_is_left();
}
