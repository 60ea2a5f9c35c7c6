//! What is told of it, to people and to programs.

use std::process::Command;
use std::process::Stdio;

use super::Project;
use super::steady;
use crate::common::Parity;

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
