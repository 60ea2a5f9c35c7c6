//! `server-differences`: requests that development servers and Apache treat differently, and what this one does with them.

use std::time::Duration;

use serde::Deserialize;

use super::Done;
use super::ask::{Answer, Ask, Lost};
use crate::plan::Plan;
use crate::smoke::outcome::Finding;

const PATIENCE: Duration = Duration::from_secs(10);
/// A path that no application has: what matters is what gets there.
const NOWHERE: &str = "/parity-probe";

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    EncodedSlash,
    DoubleSlash,
    Chunked,
    Authorization,
    LargeBody,
    Head,
    Underscore,
}

const TRIALS: [Trial; 7] =
    [Trial::EncodedSlash, Trial::DoubleSlash, Trial::Chunked, Trial::Authorization, Trial::LargeBody, Trial::Head, Trial::Underscore];

/// What the application says that it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Saw {
    method: String,
    path: String,
    headers: Vec<String>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    trial: Trial,
    status: Option<u16>,
    /// `None`: it never got to the application.
    saw: Option<Saw>,
}

/// Makes each kind of request once.
pub async fn look(address: &str, plan: &Plan, done: &[Done]) -> Vec<Seen> {
    let limit = *plan.server.limit_request_body;
    let mut all = Vec::new();
    for trial in TRIALS {
        if trial == Trial::LargeBody && limit == 0 {
            continue;
        }
        let ask = request(trial, &mount(plan), limit, done);
        all.push(seen(trial, ask.with("Parity-Probe", "see").send(address, PATIENCE).await));
    }
    all
}

fn mount(plan: &Plan) -> String {
    plan.server.mount_point.trim_end_matches('/').to_owned()
}

fn request(trial: Trial, mount: &str, limit: u64, done: &[Done]) -> Ask {
    let get = |path: String| Ask::get(format!("{mount}{path}"));
    match trial {
        Trial::EncodedSlash => get(format!("{NOWHERE}/a%2Fb")),
        Trial::DoubleSlash => get(format!("{NOWHERE}//a")),
        Trial::Chunked => Ask { method: "POST".into(), body: b"1\r\nx\r\n0\r\n\r\n".to_vec(), ..get(NOWHERE.into()) }
            .with("Transfer-Encoding", "chunked")
            .with("Content-Type", "text/plain"),
        Trial::Authorization => get(NOWHERE.into()).with("Authorization", "Bearer parity-probe"),
        // Refused by its head, or not at all: no such body is ever sent.
        Trial::LargeBody => Ask { method: "POST".into(), ..get(NOWHERE.into()) }
            .with("Content-Length", (limit + 1).to_string())
            .with("Expect", "100-continue"),
        Trial::Head => {
            let page = done.iter().find(|done| done.ask.method == "GET" && done.status.is_some_and(|status| status < 300));
            Ask { method: "HEAD".into(), ..page.map_or_else(|| get("/".into()), |page| page.ask.clone()) }
        }
        Trial::Underscore => get(NOWHERE.into()).with("Parity_Underscore", "1"),
    }
}

fn seen(trial: Trial, got: Result<Answer, Lost>) -> Seen {
    let answer = got.ok();
    let saw = answer.as_ref().and_then(|answer| serde_json::from_str(answer.header("parity-saw")?).ok());
    Seen { trial, status: answer.map(|answer| answer.status), saw }
}

/// What keeps checks from being answered by the application, and what this server does differently from others.
pub fn judge(all: &[Seen], plan: &Plan, done: &[Done]) -> (Vec<Finding>, Vec<Finding>) {
    let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
    for seen in all {
        let Some((text, hint)) = words(seen, plan) else { continue };
        for done in done.iter().filter(|done| concerns(seen.trial, done, plan)) {
            wrong.push(Finding::new(format!("{}: {text}", done.ask)).hint(&hint));
        }
        remarks.push(Finding::new(text).hint(hint));
    }
    if !wrong.is_empty() {
        return (wrong, Vec::new());
    }
    (wrong, remarks)
}

/// What happens to such requests, if it is not what a development server does, and what changes that.
fn words(Seen { trial, status, saw }: &Seen, plan: &Plan) -> Option<(String, String)> {
    let refused = || match status {
        Some(status) => format!("answered with {status} by Apache, the application never sees it"),
        None => "not answered".into(),
    };
    let found = match (trial, saw) {
        (Trial::EncodedSlash, None) => (
            format!("a path with an encoded slash (%2F) is {}", refused()),
            "a file named by `include-file` with `AllowEncodedSlashes NoDecode` lets it through; or pass such values in the query"
                .to_owned(),
        ),
        (Trial::EncodedSlash, Some(saw)) if !saw.path.contains("a/b") => {
            (format!("a path with an encoded slash (%2F) reaches the application as {}", saw.path), "pass such values in the query".into())
        }
        (Trial::DoubleSlash, Some(saw)) if !saw.path.contains("//a") => (
            "a path with `//` reaches the application with one slash".into(),
            "a file named by `include-file` with `MergeSlashes Off` keeps both; or pass such values in the query".into(),
        ),
        (Trial::DoubleSlash, None) => (format!("a path with `//` is {}", refused()), "write one slash".into()),
        (Trial::Chunked, None) => {
            (format!("a chunked body, which has no Content-Length, is {}", refused()), "`chunked-request: true` lets it through".into())
        }
        (Trial::Authorization, None) => (
            format!("a request with `Authorization` is {}", refused()),
            "`auth-user-script` asks for a password first; leave it out if the application does that itself".into(),
        ),
        (Trial::Authorization, Some(saw)) if !saw.headers.iter().any(|name| name == "HTTP_AUTHORIZATION") => (
            "the header `Authorization` does not reach the application".into(),
            "`WSGIPassAuthorization On` in a file named by `include-file` passes it on".into(),
        ),
        (Trial::LargeBody, None) => (
            format!("a body of more than {} bytes is {}", *plan.server.limit_request_body, refused()),
            "`limit-request-body` is the most that is taken".into(),
        ),
        (Trial::Head, Some(saw)) if saw.method != "HEAD" => (
            "HEAD reaches the application as GET, and the body is left out on the way back".into(),
            "`map-head-to-get: Off` passes it on as it is".into(),
        ),
        (Trial::Underscore, Some(saw)) if !saw.headers.iter().any(|name| name == "HTTP_PARITY_UNDERSCORE") => (
            "a header with `_` in its name does not reach the application".into(),
            "write `-`: in the environment of WSGI the two are the same, so servers drop the one that could be forged".into(),
        ),
        _ => return None,
    };
    Some(found)
}

/// Is this a request of a check which meets that, and was not answered as it should be?
fn concerns(trial: Trial, done: &Done, plan: &Plan) -> bool {
    let path = done.ask.path.split('?').next().unwrap_or_default();
    let header = |name: &str| done.ask.header(name).is_some();
    match trial {
        // What only changes on the way may well be what a check expects.
        Trial::EncodedSlash => !done.passed && path.to_ascii_lowercase().contains("%2f"),
        Trial::DoubleSlash => !done.passed && path.contains("//"),
        Trial::Chunked => !done.passed && header("transfer-encoding"),
        Trial::Authorization => !done.passed && header("authorization"),
        Trial::LargeBody => !done.passed && done.ask.body.len() as u64 > *plan.server.limit_request_body,
        Trial::Head => !done.passed && done.ask.method == "HEAD",
        // Whoever writes such a header means it.
        Trial::Underscore => done.ask.headers.iter().any(|(name, _)| name.contains('_')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing;

    fn saw(method: &str, path: &str, headers: &[&str]) -> Option<Saw> {
        Some(Saw { method: method.into(), path: path.into(), headers: headers.iter().map(|&name| name.to_owned()).collect() })
    }

    fn as_apache_does() -> Vec<Seen> {
        vec![
            Seen { trial: Trial::EncodedSlash, status: Some(404), saw: None },
            Seen { trial: Trial::DoubleSlash, status: Some(404), saw: saw("GET", "/parity-probe/a", &[]) },
            Seen { trial: Trial::Authorization, status: Some(404), saw: saw("GET", "/parity-probe", &["HTTP_AUTHORIZATION"]) },
            Seen { trial: Trial::Underscore, status: Some(404), saw: saw("GET", "/parity-probe", &["HTTP_HOST"]) },
        ]
    }

    fn judged(done: &[Done]) -> (Vec<String>, usize) {
        let (wrong, remarks) = judge(&as_apache_does(), &testing::flask(), done);
        (wrong.into_iter().map(|finding| finding.text).collect(), remarks.len())
    }

    #[test]
    fn differences_are_remarks() {
        let plain = Done { ask: Ask::get("/"), status: Some(200), passed: false };
        assert_eq!(judged(&[plain]), (vec![], 3));
    }

    #[test]
    fn what_a_check_meets_is_wrong() {
        let slash = |passed| Done { ask: Ask::get("/files/a%2fb?x=%2F"), status: Some(404), passed };
        assert_eq!(
            judged(&[slash(false)]).0,
            ["GET /files/a%2fb?x=%2F: a path with an encoded slash (%2F) is answered with 404 by Apache, the application never sees it"]
        );
        // Somebody knows, and wrote a check that says so.
        assert_eq!(judged(&[slash(true)]).0, [""; 0]);
        let underscore = Done { ask: Ask::get("/").with("X_Token", "1"), status: Some(200), passed: true };
        assert!(judged(&[underscore]).0[0].contains("`_`"));
    }
}
