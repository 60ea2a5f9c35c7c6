//! What is said about a trial: what this server does, what development servers do, and what to do about it.

use super::trial::Trial;
use super::{Saw, Tried};
use crate::plan::Plan;
use crate::smoke::probes::Done;

/// What happens to such requests and what changes that; `None` where it is what development servers do, or is not known.
pub fn words(tried: &Tried, plan: &Plan) -> Option<(String, String)> {
    tried.plain.saw.as_ref()?;
    let got = &tried.got;
    let refused = || format!("{}, the application never sees it", got.by_apache());
    let has = |saw: &Saw, name: &str| saw.headers.iter().any(|have| have == name);
    let found = match (tried.trial, &got.saw) {
        (Trial::EncodedSlash, None) => (
            format!("a path with an encoded slash (%2F) {}; development servers pass it on as `/`", refused()),
            "a file named by `include-file` with `AllowEncodedSlashes NoDecode` lets it through; or pass such values in the query".into(),
        ),
        (Trial::EncodedSlash, Some(saw)) if !saw.path.ends_with("/a/b") => (
            format!("a path with an encoded slash (%2F) reaches the application as {}; development servers pass it on as `/`", saw.path),
            "pass such values in the query".into(),
        ),
        (Trial::DoubleSlash, None) => (format!("a path with `//` {}; development servers pass it on", refused()), "write one slash".into()),
        (Trial::DoubleSlash, Some(saw)) if !saw.path.ends_with("//a") => (
            "a path with `//` reaches the application with one slash; development servers keep both".into(),
            "a file named by `include-file` with `MergeSlashes Off` keeps both; or pass such values in the query".into(),
        ),
        (Trial::DotSegments, saw) => dots("/../", &refused, saw.as_ref())?,
        (Trial::EncodedDots, saw) => dots("/%2e%2e/", &refused, saw.as_ref())?,
        (Trial::Nul, None) => (
            format!("a path with %00 {}; development servers pass it on", refused()),
            "pass such values in the query, where they arrive".into(),
        ),
        (Trial::Chunked, None) => (
            format!(
                "a chunked body, which has no Content-Length, {}; development servers pass it on, Werkzeug's with the body, others without",
                refused()
            ),
            "`chunked-request: true` lets it through, with the body".into(),
        ),
        (Trial::LargeBody, None) => (
            format!("a body of more than {} bytes {}; development servers take any", *plan.server.limit_request_body, refused()),
            "`limit-request-body` is the most that is taken".into(),
        ),
        (Trial::Head, None) => (format!("HEAD {}; development servers pass it on", refused()), "see what the log says of it".into()),
        (Trial::Head, Some(saw)) if saw.method != "HEAD" => (
            "HEAD reaches the application as GET, and the body is left out on the way back; development servers pass it on as it is".into(),
            "`map-head-to-get: off` passes it on as it is".into(),
        ),
        (Trial::Trace, None) => (
            format!("TRACE {}; development servers pass it on", refused()),
            "no setting passes it on; `trace-enable: true` has Apache send the request back".into(),
        ),
        (Trial::Authorization, None) => (
            format!("a request with `Authorization` {}; development servers pass it on", refused()),
            "`auth-user-script` asks for a password first; leave it out if the application does that itself".into(),
        ),
        (Trial::Authorization, Some(saw)) if !has(saw, "HTTP_AUTHORIZATION") => (
            "the header `Authorization` does not reach the application; development servers pass it on".into(),
            "`WSGIPassAuthorization On` in a file named by `include-file` passes it on".into(),
        ),
        (Trial::Proxy, Some(saw)) => {
            let all = [("HTTP_PROXY", "`Proxy`"), ("HTTP_PROXY_AUTHORIZATION", "`Proxy-Authorization`")];
            let lost: Vec<_> = all.iter().filter(|(name, _)| !has(saw, name)).map(|(_, name)| *name).collect();
            if lost.is_empty() {
                return None;
            }
            (
                format!("the application never gets {}; development servers pass on both", lost.join(" and ")),
                "send another header: as HTTP_PROXY a client could choose the proxy that programs use, and credentials for a proxy are not the application's".into(),
            )
        }
        (Trial::Underscore, Some(saw)) if !has(saw, "HTTP_PARITY_UNDERSCORE") => (
            "a header with `_` in its name does not reach the application; only wsgiref passes it on, `flask run` and `runserver` do not"
                .into(),
            "write `-`: in the environment of WSGI the two are the same, so servers drop the one that could be forged".into(),
        ),
        (Trial::Repeated, Some(Saw { repeated: Some(value), .. })) if value != "1,2" => (
            format!(
                "a header that is sent twice reaches the application as one, {value:?}; development servers join without the space, \"1,2\""
            ),
            "split at the comma and strip what is left".into(),
        ),
        (Trial::NoContent, _) if got.status == Some(204) && !got.headers.iter().any(|name| name == "content-type") => (
            "an answer with 204 is sent without its Content-Type; development servers send it".into(),
            "nothing: there is no body for it to describe. A test that looks for it expects too much".into(),
        ),
        (Trial::NotModified, _) if got.status == Some(304) && !got.headers.iter().any(|name| name == "content-type") => (
            "an answer with 304 is sent with what a cache needs only, not with Content-Type; development servers send all headers".into(),
            "nothing: clients take the other headers from what they have. A test that looks for one expects too much".into(),
        ),
        (Trial::AfterError, _) if got.status == Some(500) => (
            "the connection is closed after an answer with 500; `runserver` keeps it, wsgiref and `flask run` close each".into(),
            "nothing, if clients connect again as HTTP asks of them; else answer what is not an error of the server with 4xx".into(),
        ),
        _ => return None,
    };
    Some(found)
}

fn dots(written: &str, refused: &dyn Fn() -> String, saw: Option<&Saw>) -> Option<(String, String)> {
    let hint = "pass such values in the query".to_owned();
    match saw {
        None => Some((format!("a path with `{written}` {}; development servers pass it on", refused()), hint)),
        Some(saw) if saw.path.ends_with("/a/../b") => None,
        Some(_) => Some((
            format!("a path with `{written}` reaches the application resolved, `/b` for `/a{written}b`; development servers keep it"),
            hint,
        )),
    }
}

/// Is this a request of a check which meets that, and was not answered as it should be?
pub fn concerns(trial: Trial, done: &Done, plan: &Plan) -> bool {
    let path = done.ask.path.split('?').next().unwrap_or_default().to_ascii_lowercase();
    let header = |name: &str| done.ask.header(name).is_some();
    // Whoever writes such a header means it.
    if trial == Trial::Underscore {
        return done.ask.headers.iter().any(|(name, _)| name.contains('_'));
    }
    // What only changes on the way may well be what a check expects.
    !done.passed
        && match trial {
            Trial::EncodedSlash => path.contains("%2f"),
            Trial::DoubleSlash => path.contains("//"),
            Trial::DotSegments => path.split('/').any(|part| matches!(part, "." | "..")),
            Trial::EncodedDots => path.split('/').any(|part| part.contains("%2e") && part.replace("%2e", ".").trim_matches('.').is_empty()),
            Trial::Nul => path.contains("%00"),
            Trial::Chunked => header("transfer-encoding"),
            Trial::LargeBody => done.ask.body.len() as u64 > *plan.server.limit_request_body,
            Trial::Head | Trial::Trace => done.ask.method == trial.name(),
            Trial::Authorization => header("authorization"),
            Trial::Proxy => header("proxy") || header("proxy-authorization"),
            Trial::Repeated => {
                let names: Vec<_> = done.ask.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
                names.iter().enumerate().any(|(at, name)| names[..at].contains(name))
            }
            // What a check expects of them is not known here.
            Trial::NoContent | Trial::NotModified | Trial::AfterError | Trial::Underscore => false,
        }
}
