//! What is asked, expected and captured.

use super::Project;
use super::expecting;
use super::steady;
use crate::common::Parity;

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
fn a_front_page_that_turns_everybody_away_says_so() {
    let project = Project::new("");
    let url = format!("{}/status/401", project.server.url);
    let ran = Parity::new(project.dir.path(), project.dir.path(), &["smoke", "--url", &url]).ok();
    assert!(ran.stdout.starts_with("✓ GET / "), "{ran}");
    for part in ["`/` is answered with 401: nothing else was checked\n", "hint: below `smoke:` in parity.yaml"] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran}");
    }
    // Whoever wrote a check knows.
    let project = Project::new("smoke: [{request: {path: /status/401}, expect: {status: 401}}]\n");
    assert_eq!(project.parity(&[]).ok().stdout.lines().count(), 2);
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
