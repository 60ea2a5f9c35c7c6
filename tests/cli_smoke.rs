//! `parity smoke --url` against a small server that can misbehave; no engine.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::server::Server;
use common::{Parity, Ran};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A project with checks, and a server to ask.
struct Project {
    dir: TempDir,
    server: Server,
}

impl Project {
    fn new(checks: &str) -> Self {
        Self::at(Server::start(), checks)
    }

    fn at(server: Server, checks: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("parity.yaml"), checks).unwrap();
        Self { dir, server }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn parity(&self, arguments: &[&str]) -> Parity {
        let url = self.server.url.as_str();
        let (mine, command) = match arguments.iter().position(|argument| *argument == "--") {
            Some(at) => arguments.split_at(at),
            None => (arguments, &[][..]),
        };
        Parity::new(self.dir.path(), self.dir.path(), &[&["smoke", "--url", url], mine, command].concat())
            .env("DOCKER_HOST", "unix:///nonexistent")
    }

    /// What became of each check, as the JSON report has it.
    fn outcomes(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.parity(&[&["--format", "json"], arguments].concat()).run();
        let [report] = ran.json().try_into().unwrap_or_else(|_| panic!("one report: {ran}"));
        report["outcomes"].as_array().unwrap().clone()
    }

    /// `passed`, or the texts of the findings, or why it was skipped.
    fn verdicts(&self, arguments: &[&str]) -> Vec<String> {
        let verdict = |outcome: &Value| match outcome["status"].as_str().unwrap() {
            "failed" => outcome["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| finding["text"].as_str().unwrap())
                .collect::<Vec<_>>()
                .join("; "),
            "skipped" => format!("skipped: {}", outcome["reason"].as_str().unwrap()),
            passed => passed.to_owned(),
        };
        self.outcomes(arguments).iter().map(verdict).collect()
    }
}

/// The report without times and ports.
fn steady(text: &str) -> String {
    let mut text = regex::Regex::new(r"\d+(\.\d+)? m?s\b").unwrap().replace_all(text, "T").into_owned();
    text = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap().replace_all(&text, "HOST").into_owned();
    text
}

/// One line for each check of one expectation, asked of one path.
fn expecting(path: &str, expectations: &[&str]) -> String {
    let check = |(at, expect): (usize, &&str)| format!("- {{name: c{at}, request: {{path: {path}}}, expect: {expect}}}\n");
    format!("smoke:\n{}", expectations.iter().enumerate().map(check).collect::<String>())
}

#[test]
fn without_checks_the_front_page_answers_below_500() {
    let project = Project::new("");
    let ran = project.parity(&[]).ok();
    assert_eq!(steady(&ran.stdout), "✓ GET / (T)\n1 passed in T (http://HOST)\n");
    assert_eq!(ran.stderr, "");
    assert_eq!(project.server.asked(), ["GET /"]);
    let url = format!("{}/status", project.server.url);
    // A prefix of the URL stays in front of each path.
    Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", &url]).ok();
    assert_eq!(project.server.asked()[1], "GET /status/");
}

#[test]
fn every_kind_of_expectation_passes_and_fails() {
    let good = [
        "{status: 200}",
        "{status: [404, 2xx]}",
        "{headers: {x-frame-options: DENY, X-Frame-Options: {contains: EN}, set-cookie: {regex: '^b='}, x-none: {exists: false}}}",
        "{content-type: text/html}",
        "{content-type: 'text/html;charset=UTF-8'}",
        "{max-ms: 20000}",
        "{body: [{contains: Hello}, {not-contains: Traceback}, {regex: 'n=\\d+'}]}",
        "{body: [{html-selector: h1.title, text: 'Hello, you'}, {html-selector: li, count: 2}, {html-selector: a, attribute: href, equals: /x}]}",
        "{body: [{html-selector: li, contains: tw}, {html-selector: table, exists: false}, {html-selector: h1}]}",
    ];
    // An attribute is compared by `text` too.
    let good = good.map(|text| text.replace("equals: /x}", "text: /x}"));
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    assert_eq!(Project::new(&expecting("/", &good)).verdicts(&[]), vec!["passed"; good.len()]);
    let bad = [
        ("{status: 302}", "the status is 200 OK, not 302"),
        ("{status: [404, 5xx]}", "the status is 200 OK, not 404 or 5xx"),
        ("{headers: {x-frame-options: SAMEORIGIN}}", "the header `x-frame-options` is `DENY`, not `SAMEORIGIN`"),
        ("{headers: {x-none: {contains: a}}}", "the header `x-none` is not there"),
        ("{headers: {x-frame-options: {exists: false}}}", "the header `x-frame-options` is there: it is `DENY`"),
        ("{content-type: application/json}", "the content type is `text/html; charset=utf-8`, not `application/json`"),
        ("{body: [{contains: Goodbye}]}", "the body does not contain `Goodbye`"),
        ("{body: [{not-contains: Hello}]}", "the body contains `Hello`"),
        ("{body: [{regex: 'n=[a-z]'}]}", "the body does not match `n=[a-z]`"),
        ("{body: [{equals: x}]}", "the body is not as expected"),
        ("{body: [{jsonpath: $.a}]}", "the body is not JSON (expected value at line 1 column 1)"),
        ("{body: [{html-selector: h1, text: Bye}]}", "the element `h1` is `Hello, you`, not `Bye`"),
        ("{body: [{html-selector: li, count: 3}]}", "the element `li` is there 2 times, not 3 times"),
        ("{body: [{html-selector: table}]}", "the element `table` is not there"),
        ("{body: [{html-selector: li, not-contains: two}]}", "the element `li` contains `two`: it is `two`"),
    ];
    let (expectations, texts): (Vec<_>, Vec<_>) = bad.into_iter().unzip();
    assert_eq!(Project::new(&expecting("/", &expectations)).verdicts(&[]), texts);
    let [slow] = Project::new(&expecting("/wait/120", &["{max-ms: 100}"])).verdicts(&[]).try_into().unwrap();
    assert!(slow.starts_with("the answer took 1") && slow.ends_with("ms, not 100 ms at most"), "{slow}");
    assert_eq!(Project::new(&expecting("/status/404", &["{}"])).verdicts(&[]), ["the status is 404 Not Found, not below 400"]);
}

#[test]
fn json_is_compared_as_json() {
    let good = [
        "{jsonpath: $.name, equals: a}",
        "{jsonpath: $.number, equals: 1.5}",
        "{jsonpath: $.one, equals: 1}",
        "{jsonpath: $.list, equals: [1, {a: true}, x]}",
        "{jsonpath: '$.list[*]', count: 3}",
        "{jsonpath: $.list, count: 3}",
        "{jsonpath: $.list, contains: {a: true}}",
        "{jsonpath: $.nothing, equals: null}",
        "{jsonpath: $.nothing, exists: true}",
        "{jsonpath: $.none, exists: false}",
        "{jsonpath: $.name, regex: '^a$'}",
        "{jsonpath: $.name, not-equals: b}",
        "{jsonpath: '$..a'}",
    ];
    let wrap = |test: &&str| format!("{{body: [{test}], content-type: application/json}}");
    let all: Vec<String> = good.iter().map(wrap).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(Project::new(&expecting("/json", &all)).verdicts(&[]), vec!["passed"; good.len()]);
    let bad = [
        ("{jsonpath: $.id, equals: '7'}", "`$.id` is `7`, not `\"7\"`"),
        ("{jsonpath: $.id, equals: 8}", "`$.id` is `7`, not `8`"),
        ("{jsonpath: $.none, equals: 8}", "`$.none` finds nothing"),
        ("{jsonpath: $.none}", "`$.none` finds nothing"),
        ("{jsonpath: $.list, count: 4}", "`$.list` finds 3 values, not 4"),
        ("{jsonpath: $.list, contains: 2}", "`$.list` does not contain `2`: it is `[1,{\"a\":true},\"x\"]`"),
        ("{jsonpath: $.name, exists: false}", "`$.name` is there: it is `\"a\"`"),
        ("{jsonpath: $.name, not-equals: a}", "`$.name` is what it must not be: it is `\"a\"`"),
        ("{jsonpath: $.name, regex: b}", "`$.name` does not match `b`: it is `\"a\"`"),
    ];
    let all: Vec<String> = bad.iter().map(|(test, _)| wrap(test)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(Project::new(&expecting("/json", &all)).verdicts(&[]), bad.map(|(_, text)| text));
}

const LOGIN: &str = r#"
smoke:
- name: not yet
  request: {path: /me}
  expect: {status: 302, headers: {location: {contains: /login/}}}
- name: form
  request: {path: /login/}
  expect: {status: 200}
  capture:
    csrf: {html-selector: 'input[name=csrfmiddlewaretoken]', attribute: value}
- name: login works
  request:
    method: POST
    path: /login/
    form: {csrfmiddlewaretoken: '${csrf}', user: a, password: 'p&ss word'}
  expect: {status: 302, headers: {location: /me?from=login}, max-ms: 5000}
  capture: {next: {header: location}, session: {cookie: sessionid}}
- name: home says who
  request: {path: '${next}'}
  expect: {status: 200, body: [{jsonpath: $.name, equals: a}, {not-contains: Traceback}]}
  capture: {id: {jsonpath: $.id}}
- name: everything arrives
  request:
    method: put
    path: /echo
    query: {q: 'a b&c', tag: [x, y]}
    headers: {X-One: '${session}', Referer: '${url}/'}
    json: {id: '${id}', text: 'no ${id}', list: [1, true, null]}
    cookies: {theme: dark}
  expect:
    body:
    - {jsonpath: $.method, equals: PUT}
    - {jsonpath: $.path, equals: '/echo?q=a+b%26c&tag=x&tag=y'}
    - {jsonpath: "$.headers['x-one']", equals: s3ss}
    - {jsonpath: $.headers.referer, equals: '${url}/'}
    - {jsonpath: $.headers.cookie, contains: theme=dark}
    - {jsonpath: $.headers.cookie, contains: sessionid=s3ss}
    - {jsonpath: "$.headers['content-type']", equals: application/json}
    - {jsonpath: $.body, equals: {id: 7, text: no 7, list: [1, true, null]}}
"#;

#[test]
fn a_login_with_csrf_cookie_and_redirect() {
    let project = Project::new(LOGIN);
    assert_eq!(project.verdicts(&["--jobs", "8"]), vec!["passed"; 5]);
    // The same followed: one check instead of two.
    let followed = "
smoke:
- {name: form, request: {path: /login/}, capture: {csrf: {regex: 'value=(\\w+)'}}}
- name: login
  request: {path: /login/, follow: true, form: {csrfmiddlewaretoken: '${csrf}', password: 'p&ss word'}}
  expect: {status: 200, body: [{jsonpath: $.name, equals: a}]}
";
    assert_eq!(Project::new(followed).verdicts(&[]), ["passed", "passed"]);
}

#[test]
fn what_needs_a_value_that_was_not_captured_is_skipped() {
    let project = Project::new(&LOGIN.replace("input[name=csrfmiddlewaretoken]", "input[name=other]"));
    assert_eq!(
        project.verdicts(&[]),
        [
            "passed",
            "no value for `csrf`: no element `input[name=other]` has the attribute `value`",
            "skipped: it needs `csrf`, which the check `form` did not capture",
            "skipped: it needs `next`, which the check `login works` did not capture",
            "skipped: it needs `id`, which the check `home says who` did not capture",
        ]
    );
    assert_eq!(project.parity(&[]).run().exits(17).stderr.lines().next().unwrap(), "error: 1 of 5 checks failed");
}

#[test]
fn redirects() {
    let checks = "
smoke:
- {request: {path: /redirect/10, follow: true}, expect: {body: [{equals: the end}]}}
- {request: {path: /redirect/11, follow: true}}
- {request: {path: /redirect/1}, expect: {status: 302}}
";
    let verdicts = Project::new(checks).verdicts(&[]);
    assert_eq!((verdicts[0].as_str(), verdicts[2].as_str()), ("passed", "passed"));
    assert!(verdicts[1].starts_with("more than 10 redirects, the last to http://127.0.0.1:"), "{verdicts:?}");
}

#[test]
fn a_server_that_misbehaves_fails_the_check_and_nothing_else() {
    let checks = "
smoke:
- {request: {path: /garbage}}
- {request: {path: /close}}
- {request: {path: /cut}}
- {request: {path: /big}, expect: {body: [{regex: '^x+$'}]}}
- {request: {path: /}}
- {name: outside, request: {path: '/ä b/../x'}, expect: {status: 404}}
";
    let project = Project::new(checks);
    let verdicts = project.verdicts(&[]);
    assert!(verdicts[0].starts_with("the answer is not HTTP: "), "{verdicts:?}");
    assert_eq!(
        verdicts[1..],
        [
            "the server closed the connection without an answer",
            "the server closed the connection in the middle of the answer, after 10 bytes of the body",
            "passed",
            "passed",
            "passed"
        ]
    );
    assert_eq!(project.server.asked().last().unwrap(), "GET /%C3%A4%20b/../x", "nothing is normalised");
}

#[test]
fn a_server_that_hangs() {
    let project = Project::new("smoke:\n- {request: {path: /hang}}\n- {request: {path: /drip}}\n");
    let begun = Instant::now();
    let verdicts = project.verdicts(&["--jobs", "2"]);
    assert_eq!(verdicts, ["no answer within 30 s", "the answer did not end within 30 s; 10 bytes of the body came"]);
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn a_server_that_is_not_there_or_dies_in_the_middle() {
    let checks: String = (0..30).map(|n| format!("- {{name: c{n}, request: {{path: /wait/{n}}}}}\n")).collect();
    let project = Project::at(Server::dying_after(10), &format!("smoke:\n{checks}"));
    let verdicts = project.verdicts(&[]);
    assert_eq!(verdicts[..10], vec!["passed"; 10]);
    for verdict in &verdicts[10..] {
        assert!(verdict.starts_with("nothing listens at 127.0.0.1:") || verdict.contains("closed the connection"), "{verdict}");
    }
    let gone = project.parity(&["--only", "c3"]).run().exits(17);
    assert!(gone.stdout.contains(": the connection was refused"), "{gone}");
    for (url, part) in [("https://127.0.0.1:1", "nothing listens at 127.0.0.1:1"), ("http://no-such-host.invalid", "cannot be reached")] {
        let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", url, "--only", "c1"]).run().exits(17);
        assert!(ran.stdout.contains(part), "{ran}");
    }
    let plain = Server::start();
    let url = plain.url.replace("http:", "https:");
    let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", &url, "--only", "c1"]).run().exits(17);
    assert!(ran.stdout.contains("no encrypted connection to 127.0.0.1:"), "{ran}");
    for url in ["localhost:8000", "ftp://x", "nonsense"] {
        let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", url]).run().exits(2);
        assert!(ran.stderr.contains("cannot be asked"), "{ran}");
    }
}

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
fn a_log_is_not_at_hand_elsewhere() {
    let project = Project::new("smoke:\n- {request: {path: /}, log: {absent: [Traceback]}}\n");
    assert_eq!(project.verdicts(&[]), ["skipped: it looks into the server's log, which is not at hand with --url"]);
    let ran = project.parity(&[]).ok();
    ran.says(&["nothing was checked"]);
}

#[test]
fn people_see_what_was_expected() {
    let checks = "
smoke:
- {name: fine, request: {path: /}}
- name: the lines
  request: {path: /lines}
  expect:
    status: 201
    body: [{contains: line 500}, {not-contains: line 150}]
- {name: not done, request: {path: /}}
";
    let project = Project::new(checks);
    let ran = project.parity(&["--skip", "not done"]).run().exits(17);
    insta::assert_snapshot!(steady(&ran.stdout), @r"
    ✓ fine (T)
    ✗ the lines (T)
        GET /lines → 200 OK, 1.7 kB  parity.yaml:4
        ! the status is 200 OK, not 201
        ! the body does not contain `line 500`
        │ line 0
        │ line 1
        │ line 2
        │ line 3
        │ line 4
        │ line 5
        │ line 6
        │ line 7
        │ … 192 more lines
        ! the body contains `line 150`
        │ … 148 lines above
        │ line 148
        │ line 149
        │ line 150
        │ line 151
        │ line 152
        │ line 153
        │ line 154
        │ line 155
        │ … 44 more lines
    – not done (skipped: turned off by --skip)
    1 passed, 1 failed, 1 skipped in T (http://HOST)
    ");
    assert_eq!(ran.stderr, "error: 1 of 3 checks failed\nhint: one alone is done with `--only 'the lines'`\n");
}

const MIXED: &str = "
env: {TOKEN: s3cr3t-value}
smoke:
- {name: 'fine # 1', request: {path: /}}
- {name: hostile, request: {path: '/hostile?t=s3cr3t-value'}, expect: {status: 200, body: [{contains: '<x>'}]}}
- {name: unknown, request: {path: /none}, expect: {status: 404}}
";

/// Pipes text through another program.
fn read_by(program: &str, arguments: &[&str], text: &str) -> String {
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

#[test]
fn reports_are_read_by_other_programs_and_hold_no_secret() {
    let project = Project::new(MIXED);
    let reports = ["human", "json", "tap", "junit", "github"];
    let files: Vec<String> = reports.iter().map(|name| format!("{name}=out/report.{name}")).collect();
    let flags: Vec<&str> = files.iter().flat_map(|file| ["--report", file.as_str()]).collect();
    let ran = project.parity(&[&["--skip", "unknown"], &flags[..]].concat()).run().exits(17);
    let ran = ran.says(&["wrote out/report.junit"]);
    let read = |name: &str| std::fs::read_to_string(project.path("out").join(format!("report.{name}"))).unwrap();
    for text in reports.map(read).iter().chain([&ran.stdout, &ran.stderr]) {
        assert!(!text.contains("s3cr3t"), "{text}");
        assert!(!text.contains('\x1b') && !text.lines().any(|line| line.trim_start().starts_with("::error::")), "{text}");
    }
    assert_eq!(read("human"), ran.stdout.clone());

    let script = "
import sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
assert root.tag == 'testsuites' and root.get('tests') == '3' and root.get('failures') == '1', root.attrib
cases = root.findall('./testsuite/testcase')
print([case.get('name') for case in cases], cases[1].find('failure').get('message'), cases[2].find('skipped').get('message'))
";
    assert_eq!(
        read_by("python3", &["-c", script], &read("junit")),
        "['fine # 1', 'hostile', 'unknown'] the status is 500 Internal Server Error, not 200 (and 1 more) turned off by --skip"
    );
    assert_eq!(read_by("jq", &["-r", ".outcomes[] | .status"], &read("json")), "passed\nfailed\nskipped");
    let proved = Command::new("prove").args(["-v", "--exec", "cat", "out/report.tap"]).current_dir(project.dir.path()).output().unwrap();
    let proved = String::from_utf8_lossy(&proved.stdout).into_owned();
    assert!(proved.contains("Failed 1/3 subtests") && proved.contains("1 skipped") && !proved.contains("Parse errors"), "{proved}");
    let github = read("github");
    assert!(github.starts_with("::error file=parity.yaml,line=5,title=hostile::the status is 500"), "{github}");
    assert_eq!(github.lines().filter(|line| line.starts_with("::")).count(), 2, "{github}");

    // The formats on stdout are the same, and nothing else is there.
    for name in ["json", "tap", "junit", "github"] {
        let ran = project.parity(&["--skip", "unknown", "--format", name]).run().exits(17);
        let first = |text: &str| text.chars().take(12).collect::<String>();
        assert_eq!(first(&ran.stdout), first(&read(name)), "{name}");
    }
}

#[test]
fn annotations_are_made_where_github_reads_them() {
    let project = Project::new(MIXED);
    let workspace = project.dir.path().parent().unwrap();
    let on_github = |arguments: &[&str]| {
        project.parity(arguments).env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", workspace.to_str().unwrap()).run().exits(17)
    };
    let ran = on_github(&["--format", "json", "--quiet"]);
    let inside = project.dir.path().file_name().unwrap().to_str().unwrap();
    ran.says(&[&format!("::error file={inside}/parity.yaml,line=5,title=hostile::")]);
}

#[test]
fn passwords_in_the_url_are_sent_and_not_told() {
    let project = Project::new("smoke:\n- {request: {path: /echo}, expect: {body: [{jsonpath: $.headers.authorization, equals: x}]}}\n");
    let url = project.server.url.replace("://", "://me:hush-hush@");
    let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", &url]).run().exits(17);
    assert!(ran.stdout.contains("`$.headers.authorization` is `\"Basic ***\"`"), "{ran}");
    assert!(!ran.to_string().replace(&url, "").contains("hush-hush"), "{ran}");
}

#[test]
fn the_projects_own_tests() {
    let project = Project::new("");
    let ran = project.parity(&["--", "sh", "-c", "echo asking $PARITY_URL"]).ok();
    assert_eq!(
        steady(&ran.stdout),
        "✓ GET / (T)\nasking http://HOST\n✓ tests sh -c 'echo asking $PARITY_URL' (T)\n2 passed in T (http://HOST)\n"
    );
    let ran = project.parity(&["--format", "tap", "--", "sh", "-c", "echo hello; exit 3"]).run().exits(17);
    assert!(ran.stdout.starts_with("TAP version 13\n1..2\n") && !ran.stdout.starts_with("hello"), "{ran}");
    assert!(ran.stdout.contains("it ended with exit code 3") && ran.stderr.contains("hello\n"), "{ran}");
    let ran = project.parity(&["--", "no-such-program"]).run().exits(17);
    assert!(ran.stdout.contains("`no-such-program` cannot be run"), "{ran}");
    assert_eq!(project.verdicts(&["--", "sh", "-c", "kill -9 $$"])[1], "it was ended by signal 9");
    let bad = Project::new("smoke:\n- {request: {path: /status/500}}\n");
    assert_eq!(bad.verdicts(&["--fail-fast", "--", "true"])[1], "skipped: an earlier check failed (--fail-fast)");
}

#[test]
fn ctrl_c_in_the_middle() {
    let project = Project::new("smoke:\n- {request: {path: /}}\n- {request: {path: /hang}}\n- {name: last, request: {path: /json}}\n");
    let mut session = project.parity(&["--report", "json=report.json"]).start();
    session.stdout_until(|text| text.contains("GET /").then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    session.signal(Signal::INT);
    let ran: Ran = session.end().exits(130);
    assert!(ran.stdout.contains("– last (skipped: interrupted)") && ran.stdout.contains("1 passed, 2 skipped"), "{ran}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(project.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["skipped"], 2);

    // The tests end with their children.
    let project = Project::new("");
    let mut session = project.parity(&["--", "sh", "-c", "sleep 300 & echo child $!; wait"]).start();
    let child = session.stdout_until(|text| text.split("child ").nth(1)?.split('\n').next()?.parse::<i32>().ok());
    session.signal(Signal::INT);
    let ran = session.end().exits(130);
    assert!(ran.stdout.contains("(skipped: interrupted)"), "{ran}");
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let zombie = || std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| stat.contains(") Z "));
        kill_process(Pid::from_raw(child).unwrap(), Signal::CONT).is_err() || zombie()
    });
    assert!(gone, "the child of the tests runs on");
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let project = Project::new("smoke:\n- {request: {path: /}, expect: {statsu: 200}}\n");
    project.parity(&[]).run().exits(3).says(&["parity.yaml:2:33: unknown name `statsu` in `expect`", "did you mean `status`?"]);
    assert_eq!(project.server.asked(), Vec::<String>::new());
    for (arguments, part) in [
        (&["--report", "xml=a"][..], "human, json, tap, junit, github"),
        (&["--report", "junit"], "FORMAT=FILE"),
        (&["--jobs", "0"], "--jobs"),
        (&["--against", "up"], "cannot be used with"),
    ] {
        project.parity(arguments).run().exits(2).says(&[part]);
    }
    let ran = Parity::new(project.dir.path(), project.dir.path(), &["status", "--format", "tap"]).run().exits(2);
    ran.says(&["for `parity smoke` only"]);
}

#[test]
fn init_writes_a_workflow_and_overwrites_none() {
    let project = Project::new("");
    let init = |ci: &str| Parity::new(project.dir.path(), project.dir.path(), &["init", "--ci", ci]);
    for (ci, name) in [("github", ".github/workflows/parity.yml"), ("gitlab", ".gitlab-ci.yml")] {
        init(ci).ok().says(&[&format!("wrote {name}")]);
        let text = std::fs::read_to_string(project.path(name)).unwrap();
        assert!(text.contains("parity smoke --jobs 4 --report junit="), "{text}");
        init(ci).run().exits(2).says(&[&format!("there is a {name} already"), "--force"]);
    }
    assert!(Path::new(&project.path("parity.yaml")).exists());
}
