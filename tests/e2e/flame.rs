//! A recorded request that was profiled has a flame graph of its own, on the page and for `parity requests show`.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::page::Served;
use crate::common::{BUILD_PATIENCE, Parity};
use crate::http::Browser;
use crate::project::TestProject;

/// 300 ms on a CPU, two thirds of them in one function.
const SLOW: &str = r#"

import time


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def heavy():
    burn(0.2)


def light():
    burn(0.1)


@blueprint.get("/slow/<kind>")
def slow(kind):
    heavy()
    light()
    return kind
"#;

/// Samples of all stacks with this function.
fn samples(graph: &Value, name: &str) -> u64 {
    let list = |name: &str| graph[name].as_array().unwrap();
    let is_it = |call: &&Value| call[1].as_u64().is_some_and(|function| list("functions")[function as usize][0] == name);
    list("calls").iter().filter(is_it).map(|call| call[6].as_u64().unwrap()).sum()
}

#[test]
fn a_request_shows_where_its_time_went() {
    let project = TestProject::copy("flask-factory");
    project.write("parity.yaml", "processes: 2\nthreads: 2\n");
    project.write("shop/catalogue.py", &(project.read("shop/catalogue.py") + SLOW));
    let parity = |arguments: &[&str]| -> Parity {
        project.parity(arguments).env("XDG_STATE_HOME", project.scratch().join("state")).patience(BUILD_PATIENCE)
    };
    let stored = |count: usize| {
        let begun = Instant::now();
        loop {
            let list: Vec<Value> = parity(&["requests", "--format", "json"]).ok().json();
            if list.len() == count {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{list:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let mut up = parity(&["up", "--port", "0", "--record"]).start();
    let url = up.url();
    Browser::at(&url).get("/slow/before").ok();
    let mut profile = parity(&["profile", "--attach"]).start();
    profile.next(|line| line.contains("profiling 2 processes"));
    Browser::at(&url).get("/slow/during").ok();
    Browser::at(&url).get("/").ok();
    // One that is stored much later than the profile ends has no samples.
    stored(3);
    profile.interrupt();
    let ran = profile.end().exits(0);
    assert!(ran.stdout.contains("heavy") && !ran.stderr.contains("not stored"), "{ran}");
    Browser::at(&url).get("/slow/after").ok();

    stored(4);
    let served = Served::by(parity(&["requests", "open", "--no-browser"]));
    let details = |id: u64| served.get(&format!("/api/requests/{id}"));
    let slow = details(2);
    assert_eq!(slow["target"], "/slow/during");
    let (count, graph) = (slow["profile"]["samples"].as_u64().unwrap(), &slow["profile"]["graph"]);
    assert_eq!(slow["profile"]["few"], false, "{slow}");
    assert_eq!(graph["calls"][0][6], count);
    let (heavy, light) = (samples(graph, "heavy"), samples(graph, "light"));
    assert!(heavy > light && light > 0 && heavy + light > count * 8 / 10 && samples(graph, "slow") == heavy + light, "{graph}");
    let of = |name: &str| graph["functions"].as_array().unwrap().iter().find(|function| function[0] == name).cloned().unwrap();
    assert_eq!(of("heavy")[1], "shop/catalogue.py");
    // One that ends at once is told as what it is; those that nobody looked at have none.
    let quick = details(3);
    assert_eq!((&quick["target"], &quick["profile"]["few"]), (&"/".into(), &true.into()), "{quick}");
    assert_eq!([details(1), details(4)].map(|details| details["profile"].clone()), [Value::Null, Value::Null]);
    let shown = |id: &str| parity(&["requests", "show", id]).ok().stdout;
    assert!(shown("2").contains(&format!("profile: {count} samples (`parity requests open`")), "{}", shown("2"));
    assert!(shown("3").contains("too few to say") && !shown("1").contains("profile:"), "{}", shown("3"));
    // It goes with the request.
    parity(&["requests", "clear", "2"]).ok();
    drop(served);
    up.interrupt();
    up.end().exits(0);
    project.nothing_is_left();
}
