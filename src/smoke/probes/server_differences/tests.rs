use super::*;
use crate::render::testing;

fn saw(method: &str, path: &str, headers: &[&str]) -> Saw {
    Saw { method: method.into(), path: path.into(), headers: headers.iter().map(|&name| name.to_owned()).collect(), repeated: None }
}

fn tried(trial: Trial, status: u16, saw_of_it: Option<Saw>) -> Tried {
    let plain = Got { status: Some(404), headers: Vec::new(), saw: Some(saw("GET", "/parity-probe", &[])) };
    Tried { trial, asked: "GET /parity-probe".into(), plain, got: Got { status: Some(status), headers: Vec::new(), saw: saw_of_it } }
}

fn as_apache_does() -> Vec<Tried> {
    vec![
        tried(Trial::EncodedSlash, 404, None),
        tried(Trial::DoubleSlash, 404, Some(saw("GET", "/parity-probe/a", &[]))),
        tried(Trial::DotSegments, 404, Some(saw("GET", "/parity-probe/b", &[]))),
        tried(Trial::Authorization, 404, Some(saw("GET", "/parity-probe", &["HTTP_AUTHORIZATION"]))),
        tried(Trial::Underscore, 404, Some(saw("GET", "/parity-probe", &["HTTP_HOST"]))),
        tried(Trial::Repeated, 404, Some(Saw { repeated: Some("1, 2".into()), ..Saw::default() })),
    ]
}

fn as_development_servers_do() -> Vec<Tried> {
    vec![
        tried(Trial::EncodedSlash, 404, Some(saw("GET", "/parity-probe/a/b", &[]))),
        tried(Trial::DoubleSlash, 404, Some(saw("GET", "/parity-probe//a", &[]))),
        tried(Trial::DotSegments, 404, Some(saw("GET", "/parity-probe/a/../b", &[]))),
        tried(Trial::Nul, 500, Some(saw("GET", "/parity-probe/a\0b", &[]))),
        tried(Trial::Trace, 405, Some(saw("TRACE", "/parity-probe", &[]))),
        tried(Trial::Proxy, 404, Some(saw("GET", "/", &["HTTP_PROXY", "HTTP_PROXY_AUTHORIZATION"]))),
        tried(Trial::Repeated, 404, Some(Saw { repeated: Some("1,2".into()), ..Saw::default() })),
        Tried { got: Got { headers: vec!["content-type".into()], status: Some(204), saw: None }, ..tried(Trial::NoContent, 204, None) },
        Tried { got: Got::default(), ..tried(Trial::AfterError, 500, None) },
    ]
}

fn judged(all: &[Tried], done: &[Done]) -> (Vec<String>, Vec<String>) {
    let (wrong, remarks) = judge(all, &testing::flask(), done, false);
    let texts = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.text).collect();
    (texts(wrong), texts(remarks))
}

#[test]
fn differences_are_one_line_unless_more_is_asked_for() {
    let plain = Done { ask: Ask::get("/"), status: Some(200), passed: false };
    let one = "no check meets what this server does differently from development servers (`-v` tells how): \
               `%2F`, `//`, `/../`, repeated headers";
    assert_eq!(judged(&as_apache_does(), std::slice::from_ref(&plain)), (vec![], vec![one.to_owned()]));
    assert_eq!(judge(&as_apache_does(), &testing::flask(), &[plain], true).1.len(), 4);
    assert_eq!(judged(&as_development_servers_do(), &[]), (vec![], vec![]));
}

#[test]
fn what_a_check_meets_is_wrong() {
    let slash = |passed| Done { ask: Ask::get("/files/a%2fb?x=%2F"), status: Some(404), passed };
    assert_eq!(
        judged(&as_apache_does(), &[slash(false)]).0,
        ["GET /files/a%2fb?x=%2F: a path with an encoded slash (%2F) is answered with 404 by Apache, the application never sees it; \
          development servers pass it on as `/`"]
    );
    // Somebody knows, and wrote a check that says so.
    assert_eq!(judged(&as_apache_does(), &[slash(true)]).0, [""; 0]);
    let underscore = Done { ask: Ask::get("/").with("X_Token", "1"), status: Some(200), passed: true };
    assert!(judged(&as_apache_does(), &[underscore]).0[0].contains("`_`"));
    let dots = |path: &str| Done { ask: Ask::get(path), status: Some(404), passed: false };
    assert!(judged(&as_apache_does(), &[dots("/a/../b")]).0[0].contains("resolved, `/b` for `/a/../b`"));
    assert_eq!(judged(&as_apache_does(), &[dots("/a/b..c/.d")]).0, [""; 0]);
    let twice = Done { ask: Ask::get("/").with("X-A", "1").with("x-a", "2"), status: Some(400), passed: false };
    assert!(judged(&as_apache_does(), &[twice]).0[0].contains("\"1, 2\""));
}

#[test]
fn what_the_application_answers_is_not_apaches() {
    // The application raises for what it does not know, and says 401 to whoever has no password.
    let raised = tried(Trial::EncodedSlash, 500, Some(saw("GET", "/parity-probe/a/b", &[])));
    let denied = tried(Trial::Chunked, 401, Some(saw("POST", "/parity-probe", &[])));
    assert_eq!(judged(&[raised, denied], &[]), (vec![], vec![]));
}

#[test]
fn what_never_gets_there_is_not_tried() {
    let denied = |trial, asked: &str| Tried {
        asked: asked.into(),
        plain: Got { status: Some(403), ..Got::default() },
        got: Got::default(),
        ..tried(trial, 0, None)
    };
    let all = [denied(Trial::Chunked, "POST /parity-probe"), denied(Trial::LargeBody, "POST /parity-probe"), denied(Trial::Head, "GET /")];
    assert_eq!(
        judged(&all, &[]).1,
        [
            "POST /parity-probe is answered with 403 by Apache and never reaches the application, so this was not tried: chunked bodies, large bodies",
            "GET / is answered with 403 by Apache and never reaches the application, so this was not tried: HEAD",
        ]
    );
}

#[test]
fn a_trial_differs_from_its_plain_request_in_one_thing() {
    let page = Ask::get("/shop/parity-probe").with("Authorization", "Basic x");
    for trial in TRIALS {
        let (plain, tried) = requests(trial, &page, 10);
        assert_ne!(plain, tried, "{trial:?}");
        let same_method = plain.method == tried.method || matches!(trial, Trial::Head | Trial::Trace);
        let same_path = plain.path.rsplit_once("/parity-probe").unwrap().0 == tried.path.rsplit_once("/parity-probe").unwrap().0;
        assert!(same_method && same_path, "{trial:?}");
    }
    // Whoever wants a password gets one from a check, and is not asked whether it passes on another.
    assert_eq!(requests(Trial::Authorization, &page, 10).0.header("authorization"), None);
}

#[test]
fn pages_are_first_plain_and_then_the_checks() {
    let check = Ask::get("/private?x=1").with("Authorization", "Basic x");
    let all: Vec<_> = pages("/shop", [&check, &check].into_iter()).iter().map(|page| (page.to_string(), page.headers.len())).collect();
    let expected = [("GET /shop/parity-probe", 0), ("GET /shop/parity-probe", 1), ("GET /private", 1)];
    assert_eq!(all, expected.map(|(text, count)| (text.to_owned(), count)));
}
