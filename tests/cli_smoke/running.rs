//! Which checks are done, in which order, how often, and how many at once.

use std::time::Duration;
use std::time::Instant;

use super::Project;

#[test]
fn five_hundred_checks_several_at_once_and_in_order() {
    let checks: String = (0..500).map(|n| format!("- {{name: check {n}, request: {{path: '/wait/{}?{n}'}}}}\n", n * 7 % 11)).collect();
    let project = Project::new("smoke: [many.yaml]\n");
    std::fs::write(project.path("many.yaml"), checks).unwrap();
    let outcomes = project.outcomes(&["--jobs", "8"]);
    let names: Vec<_> = outcomes.iter().map(|outcome| outcome["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, (0..500).map(|n| format!("check {n}")).collect::<Vec<_>>());
    assert!(outcomes.iter().all(|outcome| outcome["status"] == "passed"));
    assert_eq!(outcomes[41]["file"], "many.yaml");
    assert_eq!(outcomes[41]["line"], 42);
    let most = project.server.most_at_once();
    assert!((5..=8).contains(&most), "{most} at once");
}

#[test]
fn what_writes_is_a_barrier() {
    let reads = |from: usize| (from..from + 6).map(|n| format!("- {{request: {{path: '/wait/30?{n}'}}}}\n")).collect::<String>();
    let project = Project::new(&format!("smoke:\n{}- {{request: {{method: POST, path: /write}}}}\n{}", reads(0), reads(6)));
    assert_eq!(project.verdicts(&["--jobs", "4"]), vec!["passed"; 13]);
    let asked = project.server.asked();
    assert_eq!(asked[6], "POST /write");
    assert!(project.server.most_at_once() > 1);
}

#[test]
fn which_checks_are_done() {
    let checks = "
smoke-skip: [two]
smoke:
- {name: one, request: {path: /status/500}}
- {name: two, request: {path: /}}
- {name: three, request: {path: /json}, capture: {id: {jsonpath: $.id}}}
- {name: four, request: {path: '/echo?${id}'}}
";
    let project = Project::new(checks);
    let failed = "the status is 500 Internal Server Error, not below 400";
    assert_eq!(project.verdicts(&[]), [failed, "skipped: turned off by `smoke-skip` (parity.yaml:2)", "passed", "passed"]);
    assert_eq!(project.verdicts(&["--fail-fast"])[1..], vec!["skipped: an earlier check failed (--fail-fast)"; 3]);
    assert_eq!(project.verdicts(&["--skip", "one"])[0], "skipped: turned off by --skip");
    let only: Vec<_> = project.outcomes(&["--only", "four"]).iter().map(|outcome| outcome["name"].clone()).collect();
    assert_eq!(only, ["three", "four"], "what it needs is done too");
    assert_eq!(project.verdicts(&["--only", "load"]), ["skipped: it needs a server that parity runs: without --url it starts one"]);
    project.parity(&["--only", "fuor"]).run().exits(2).says(&["there is no check or probe named `fuor`", "did you mean `four`?"]);
    project.parity(&["--skip", "x"]).run().exits(2).says(&["wsgi-compliance, concurrency"]);
    let ran = project.parity(&[]).env("PARITY_SMOKE_SKIP", "on").run().exits(3);
    ran.says(&["`smoke-skip` ($PARITY_SMOKE_SKIP): there is no check or probe named `on`"]);
    project.parity(&[]).env("PARITY_SMOKE", "x").run().exits(3).says(&["`smoke` is a list of checks"]);
}

#[test]
fn a_failing_check_is_repeated_for_a_while() {
    let project = Project::new("smoke:\n- {request: {path: /flaky}}\n");
    assert_eq!(project.verdicts(&["--retry-timeout", "20"]), ["passed"]);
    assert_eq!(project.server.asked().len(), 4);
    let project = Project::new("smoke:\n- {request: {path: /status/503}}\n");
    let begun = Instant::now();
    project.parity(&["--retry-timeout", "1"]).run().exits(17);
    assert!((Duration::from_millis(700)..Duration::from_secs(10)).contains(&begun.elapsed()));
}

#[test]
fn all_of_a_check_but_its_log_is_done_elsewhere() {
    let check =
        |status: u16| format!("smoke:\n- {{request: {{path: /status/{status}}}, expect: {{status: 200}}, log: {{absent: [Traceback]}}}}\n");
    let project = Project::new(&check(200));
    assert_eq!(project.verdicts(&[]), ["passed"]);
    let outcomes = project.outcomes(&[]);
    assert_eq!(outcomes[0]["findings"][0]["text"], "its `log` was not looked at: there is no log with --url");
    assert_eq!(project.server.asked().len(), 2);
    assert_eq!(Project::new(&check(500)).verdicts(&[]), ["the status is 500 Internal Server Error, not 200"]);
}
