use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;

use super::*;
use crate::config::{Flags, Sources, load};
use crate::error::Result;

fn read_files(files: &[(&str, &str)]) -> Result<Vec<Check>> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    load(&Sources { root: dir.path(), environment: &BTreeMap::new(), flags: Flags::default() }).map(|config| config.smoke)
}

fn read(text: &str) -> Result<Vec<Check>> {
    read_files(&[("parity.yaml", text)])
}

fn shown(files: &[(&str, &str)]) -> String {
    let Err(failure) = read_files(files) else { return "it was taken".into() };
    [&[failure.message][..], &failure.details, &failure.hints].concat().join("\n")
}

/// The first line of the failure for one check.
fn wrong(check: &str) -> String {
    shown(&[("parity.yaml", &format!("smoke:\n- {check}\n"))])
}

const EVERYTHING: &str = r#"
smoke:
- name: form
  request: {path: /login/}
  capture:
    csrf: {html-selector: "input[name=csrf]", attribute: value}
    session: {cookie: sessionid}
    place: {header: location}
    id: {jsonpath: "$.id"}
    n: {regex: "n=(\\d+)"}
- name: login works
  request:
    method: post
    path: /login/${id}?next=/
    headers: {X-CSRF: "${csrf}", accept: [text/html, "*/*"]}
    query: {tag: [a, b]}
    form: {user: a, password: b}
    cookies: {theme: dark}
    follow: yes
  expect:
    status: [302, 2xx]
    headers: {location: /, x-frame: {contains: DENY}, server: {exists: false}, set-cookie: {regex: "^s="}}
    content-type: text/html
    max-ms: 500
    body:
    - contains: Hello
    - not-contains: Traceback
    - regex: "(?i)hello ${n}"
    - equals: all
    - {jsonpath: "$.name", equals: a}
    - {jsonpath: "$.number", equals: 1.5}
    - {jsonpath: "$.text", equals: "1.5"}
    - {jsonpath: "$.list", equals: [true, null, {a: 1}]}
    - {jsonpath: "$.list", count: 3}
    - {jsonpath: "$.x", exists: false}
    - {jsonpath: "$.y"}
    - {html-selector: "h1.title", text: Hi}
    - {html-selector: "li", count: 2}
    - {html-selector: "a", attribute: href, contains: /x}
  log: {absent: ["Traceback", "ERROR"], present: saved}
- request: {path: /api, json: {id: "${id}", ok: true, text: "true"}}
"#;

#[test]
fn everything_that_can_be_said() {
    let checks = read(EVERYTHING).unwrap();
    assert_eq!(checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["form", "login works", "POST /api"]);
    let login = &checks[1];
    assert_eq!(login.place, Some(("parity.yaml".into(), 11)));
    assert_eq!(login.request.method, "POST");
    assert_eq!((login.request.headers.len(), login.request.query.len()), (3, 2));
    assert_eq!(login.expect.status.iter().map(ToString::to_string).collect::<Vec<_>>(), ["302", "2xx"]);
    assert_eq!(login.expect.headers[2].1, TextTest::Exists(false));
    assert_eq!(login.uses(), ["n", "id", "csrf"]);
    let json = |at: usize| match &login.expect.body[at] {
        BodyTest::Json { test: JsonTest::Equals(value), .. } => value.fill(&Values::new()).unwrap().to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!([json(5), json(6), json(7)], ["1.5", "\"1.5\"", "[true,null,{\"a\":1}]"]);
    let Body::Json(body) = &checks[2].request.body else { panic!("a JSON body") };
    let values = Values::from([("id".into(), Value::from(7))]);
    assert_eq!(body.fill(&values).unwrap().to_string(), r#"{"id":7,"ok":true,"text":"true"}"#);
    assert!(!checks[0].only_reads() && !login.only_reads());
    assert_eq!(read("smoke:\n").unwrap(), []);
    assert_eq!(read("app: x:y\n").unwrap(), []);
}

#[test]
fn files_are_read_in_their_place() {
    let checks = read_files(&[
        ("parity.yaml", "smoke:\n- {request: {path: /first}}\n- more.yaml\n- {request: {path: '/${id}'}}\n"),
        ("more.yaml", "- request: {path: /second}\n  capture: {id: {header: x}}\n"),
    ]);
    let checks = checks.unwrap();
    assert_eq!(checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["GET /first", "GET /second", "GET /${id}"]);
    assert_eq!(checks[1].place, Some(("more.yaml".into(), 1)));
    assert_eq!(read_files(&[("parity.yaml", "smoke: more.yaml"), ("more.yaml", "")]).unwrap(), []);

    let one = "smoke: [more.yaml]\n";
    insta::assert_snapshot!(shown(&[("parity.yaml", one)]), @r"
    parity.yaml:1:9: there is no file `more.yaml`
    1 | smoke: [more.yaml]
      |         ^^^^^^^^^
    paths are relative to the project's directory
    ");
    insta::assert_snapshot!(shown(&[("parity.yaml", one), ("more.yaml", "- request: {path: /}\n  expect: {statos: 200}\n")]), @r"
    more.yaml:2:12: unknown name `statos` in `expect`
    2 |   expect: {statos: 200}
      |            ^^^^^^
    did you mean `status`?
    ");
    insta::assert_snapshot!(shown(&[("parity.yaml", one), ("more.yaml", "smoke:\n- request: {path: /}\n")]), @r"
    more.yaml:1:1: `more.yaml` must be a list of checks, not a map
    1 | smoke:
      | ^
    begin each check with a dash: `- name: …`
    ");
    insta::assert_snapshot!(shown(&[("parity.yaml", one), ("more.yaml", "- other.yaml\n")]), @r"
    more.yaml:1:3: a file of checks names no other files
    1 | - other.yaml
      |   ^^^^^^^^^^
    write the name into `smoke:` in parity.yaml
    ");
    for name in ["../x.yaml", "/etc/passwd", "''"] {
        assert!(shown(&[("parity.yaml", &format!("smoke: [{name}]"))]).contains("is in the project"), "{name}");
    }
    assert!(shown(&[("parity.yaml", one), ("more.yaml", "- [\n")]).starts_with("more.yaml:1:"));
}

#[test]
fn each_mistake_has_its_place_and_says_what_is_expected() {
    insta::assert_snapshot!(wrong("request: {path: /}\n  expect: {status: 2yy}"), @r"
    parity.yaml:3:20: `status` must be a status from 100 to 599, or `2xx`, not `2yy`
    3 |   expect: {status: 2yy}
      |                    ^^^
    ");
    insta::assert_snapshot!(wrong("request: {path: /}\n  expect: {body: [{jsonpath: '$.a['}]}"), @r"
    parity.yaml:3:30: `jsonpath` must be a JSONPath such as `$.items[0].name` (parser error at character 4), not `$.a[`
    3 |   expect: {body: [{jsonpath: '$.a['}]}
      |                              ^^^^^^
    ");
    insta::assert_snapshot!(wrong("request: {path: /}\n  expect: {body: [{regex: '(a'}]}"), @r"
    parity.yaml:3:27: `regex` must be a regular expression (unclosed group), not `(a`
    3 |   expect: {body: [{regex: '(a'}]}
      |                           ^^^^
    ");
    insta::assert_snapshot!(wrong("request: {path: '/${tokn}'}"), @r#"
    parity.yaml:2:19: no check above captures `tokn`
    2 | - request: {path: '/${tokn}'}
      |                   ^^^^^^^^^^
    an earlier check captures a value with `capture: {tokn: {jsonpath: "$.tokn"}}`; a `$${` stands for itself
    "#);
    insta::assert_snapshot!(wrong("request: {path: '/${id}'}\n- request: {path: /x}\n  capture: {id: {header: x}}"), @r"
    parity.yaml:2:19: no check above captures `id`
    2 | - request: {path: '/${id}'}
      |                   ^^^^^^^^
    the check at parity.yaml:4 does: it must come first
    ");
    insta::assert_snapshot!(wrong("request: {path: /}\n- request: {path: /}"), @r"
    parity.yaml:3:3: there are two checks named `GET /`, first at parity.yaml:2
    3 | - request: {path: /}
      |   ^
    give each a `name:` of its own
    ");
}

#[test]
fn what_is_refused() {
    for (check, part) in [
        ("status: 200\n  request: {path: /}", "`status` belongs below `expect:`"),
        ("path: /", "`path` belongs below `request:`"),
        ("name: x", "a check needs a `request`"),
        ("requst: {path: /}", "did you mean `request`?"),
        ("request: {url: /}", "did you mean `path`?"),
        ("request: {path: x}", "a path that begins with `/`, not `x`"),
        ("request: {path: 'http://localhost/'}", "parity smoke --url"),
        ("request: {method: PSOT}", "a method such as GET or POST"),
        ("request: {path: /, follow: maybe}", "`follow` must be true or false"),
        ("request: {json: {}, form: {}}", "one body only"),
        ("request: {headers: [a]}", "`headers` must be a map of names and values"),
        ("request: {headers: {'a b': c}}", "cannot be the name of a header"),
        ("request: {headers: {a: \"b\\nc\"}}", "one line of text"),
        ("request: {form: {a: {b: c}}}", "must be a text, not a map"),
        ("request: []", "a map with `method`"),
        ("name: ''\n  request: {}", "`name` must be one line of text, not an empty text"),
        ("name: load\n  request: {}", "the name of a built-in probe"),
        ("request: {}\n  expect: {max-ms: 0}", "a whole number from 1"),
        ("request: {}\n  expect: {status: [200, 99]}", "an item of `status` must be a status"),
        ("request: {}\n  expect: {body: hello}", "a map such as `{contains: text}`, not `hello`"),
        ("request: {}\n  expect: {body: [{contains: a, equals: b}]}", "has both `contains` and `equals`"),
        ("request: {}\n  expect: {body: [{contain: a}]}", "did you mean `contains`?"),
        ("request: {}\n  expect: {body: [{jsonpath: $.a, text: b}]}", "unknown name `text`"),
        ("request: {}\n  expect: {body: [{html-selector: 'a[', count: 1}]}", "a CSS selector"),
        ("request: {}\n  expect: {body: [{}]}", "needs one of `contains`"),
        ("request: {}\n  expect: {headers: {x: {count: 1}}}", "unknown name `count`"),
        ("request: {}\n  capture: {url: {header: x}}", "the address of what is checked"),
        ("request: {}\n  capture: {'a b': {header: x}}", "must be of letters"),
        ("request: {}\n  capture: {a: {header: x, attribute: y}}", "goes with `html-selector`"),
        ("request: {}\n  capture: {a: {}}", "needs one of `jsonpath`"),
        ("request: {}\n  log: {absent: ['[']}", "a regular expression"),
        ("request: {body: '${a'}", "is closed by `}`"),
        ("", "a check must be a map"),
        ("[a]", "a check must be a map"),
    ] {
        let said = wrong(check);
        assert!(said.contains(part), "{check}: {said}");
        assert!(said.starts_with("parity.yaml:"), "{said}");
    }
    assert!(shown(&[("parity.yaml", "smoke: {request: {path: /}}")]).contains("must be a list of checks"));
}

#[test]
fn a_hostile_file_is_refused_at_once() {
    let begun = std::time::Instant::now();
    for text in [
        format!("smoke:\n- request: {{json: {}}}", "[".repeat(100_000)),
        format!("smoke:\n- request: {{body: \"{}\"}}", "${".repeat(400_000)),
        format!("smoke:\n- request: {{}}\n  expect: {{body: [{{regex: '{}'}}]}}", "(a{1000}){1000}".repeat(100)),
        format!("smoke:\n- request: {{}}\n  expect: {{body: [{{html-selector: '{}'}}]}}", ":not(".repeat(100_000)),
        format!("smoke:\n- request: {{}}\n  expect: {{body: [{{jsonpath: '${}'}}]}}", "[?(".repeat(100_000)),
    ] {
        let refused = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || read(&text).is_err()).unwrap().join();
        assert!(refused.unwrap());
    }
    assert!(begun.elapsed().as_secs() < 30);
}

proptest! {
    #[test]
    fn anything_is_read_or_refused_with_its_place(text in "([-:,\\[\\]{}'\"$% \n]|\n- |\n  |request: |expect: |capture: |log: |body: |json: |path: /|status: |regex: |jsonpath: |[a-c0-2]|\\$\\{a\\}){0,40}") {
        if let Err(failure) = read(&format!("smoke:\n- {text}")) {
            prop_assert!(failure.message.starts_with("parity.yaml:"), "{}", failure.message);
        }
    }
}
