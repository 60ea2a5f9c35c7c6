use super::*;
use crate::compare::Cause;

fn request(target: &str, differences: Vec<Difference>) -> Compared {
    Compared {
        id: None,
        method: "GET".into(),
        target: target.into(),
        name: None,
        first: "200".into(),
        second: if differences.iter().any(|one| one.what == "status") { "500".into() } else { "200".into() },
        differences,
        skipped: None,
        remark: None,
        took: Duration::from_millis(12),
    }
}

fn comparison() -> Comparison {
    let difference = |what: &str, lines: &[&str], cause| Difference {
        what: what.into(),
        lines: lines.iter().map(|line| (*line).into()).collect(),
        paths: Vec::new(),
        cause,
    };
    let server = || difference("header server", &["- Apache", "+ nginx"], Some(Cause::Server));
    Comparison {
        first: "production".into(),
        second: "https://example.com".into(),
        requests: vec![
            request("/", vec![server()]),
            request("/a", vec![]),
            request("/<b>\u{1b}[2J", vec![difference("status", &["- 200", "+ 500"], Some(Cause::Fails)), server()]),
            Compared {
                skipped: Some("it needs `csrf`, which no check captured".into()),
                name: Some("login".into()),
                first: String::new(),
                second: String::new(),
                ..request("/login", vec![])
            },
        ],
        took: Duration::from_millis(1500),
    }
}

#[test]
fn for_people() {
    insta::assert_snapshot!(ReportFormat::Human.render(&comparison()), @r"
    ✗ GET /  200
        header server [1]
    ✓ GET /a  200
    ✗ GET /<b>\u001b[2J  200 / 500
        status: an error on one side
          - 200
          + 500
        header server [1]
    – GET /login (login)
        skipped: it needs `csrf`, which no check captured
    ✗ [1] header server of 2 requests
        the server sends it, not the application
        - Apache
        + nginx
    4 requests, 1 equal, 2 differ, 1 skipped: production and https://example.com
    ");
    let only: Vec<String> = blocks(&comparison(), false).into_iter().map(|block| block.line).collect();
    assert_eq!(only.len(), 4, "{only:?}");
}

#[test]
fn for_programs() {
    let json: serde_json::Value = serde_json::from_str(&ReportFormat::Json.render(&comparison())).unwrap();
    assert_eq!((&json["equal"], &json["differ"], &json["skipped"]), (&1.into(), &2.into(), &1.into()));
    assert_eq!(json["groups"][0]["requests"], serde_json::json!([0, 2]));
    assert_eq!(json["groups"][0]["cause"], "server");
    assert_eq!(json["requests"][2]["differences"][0]["lines"], serde_json::json!(["- 200", "+ 500"]));
    let junit = ReportFormat::Junit.render(&comparison());
    for part in ["tests=\"4\"", "failures=\"2\"", "skipped=\"1\"", "message=\"status, header server\""] {
        assert!(junit.contains(part), "{part} is not in {junit}");
    }
    assert!(!junit.contains('\u{1b}'));
}

#[test]
fn a_page_runs_nothing_of_what_was_answered() {
    let page = ReportFormat::Html.render(&comparison());
    assert!(page.contains("/&lt;b&gt;") && !page.contains("<b>\u{1b}") && !page.contains('\u{1b}'), "{page}");
    assert!(page.contains("default-src 'none'") && !page.contains("<script"));
}
