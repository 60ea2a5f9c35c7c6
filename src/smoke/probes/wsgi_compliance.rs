//! `wsgi-compliance`: what the validator between the server and the application said while the checks ran.

use crate::logs;
use crate::smoke::outcome::Finding;

/// What to change, by the validator's kinds.
const CHANGES: &[(&str, &str)] = &[
    ("body-not-bytes", "encode it: `text.encode()`"),
    ("body", "return a list of bytes, or a generator of them: `return [body]`"),
    ("start-response-missing", "call `start_response(status, headers)` before the first part of the body"),
    ("start-response-again", "call it once; with `exc_info=sys.exc_info()` where an error page replaces an answer that has begun"),
    ("start-response-arguments", "write `start_response(status, headers)`"),
    ("exc-info", "pass what `sys.exc_info()` returns"),
    ("status", "write it as text: `\"200 OK\"`"),
    ("status-reason", "write it with a reason: `\"200 OK\"`; other servers refuse the bare number"),
    ("headers", "pass a list of tuples: `[(\"Content-Type\", \"text/html\")]`"),
    ("header-name", "header names are letters, digits and `-`"),
    ("header-value", "pass text without line breaks: `str(value)`, and `urllib.parse.quote` for anything beyond latin-1"),
    ("hop-by-hop", "leave it to the server"),
    ("content-length", "pass the number of bytes as text, or leave it to the server"),
    ("body-too-long", "count bytes, not characters, or leave Content-Length to the server"),
    ("body-too-short", "count bytes, not characters, or leave Content-Length to the server"),
    ("body-broken", "do what may fail before the first part of the body, or announce Content-Length, so that clients see what is missing"),
    ("no-body", "answer with 200, or with an empty body"),
    ("no-body-length", "leave Content-Length out, or answer with 200"),
    ("write", "pass bytes: `write(text.encode())`"),
    ("close", "let `close()` of the body raise nothing"),
    ("input-arguments", "write `environ[\"wsgi.input\"].read(length)`"),
    ("input-size", "read as many bytes as `CONTENT_LENGTH` says"),
    ("input-close", "leave `wsgi.input` open"),
    ("errors-write", "write one text"),
    ("errors-close", "leave `wsgi.errors` open"),
];

/// What is wrong, and what most servers get along with. Each kind is told once for a path, whichever process met it.
pub fn judge(said: &[logs::Finding]) -> (Vec<Finding>, Vec<Finding>) {
    let mut told: Vec<(&str, &str)> = Vec::new();
    let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
    for finding in said {
        let key = (finding.kind.as_str(), finding.path.as_str());
        if told.contains(&key) {
            continue;
        }
        told.push(key);
        let told = Finding::new(format!("{} {}: {}", finding.method, finding.path, finding.text)).details(&finding.place);
        let change = CHANGES.iter().find(|(kind, _)| *kind == finding.kind);
        let told = match change {
            Some((_, change)) => told.hint(*change),
            None => told,
        };
        if finding.note { remarks.push(told) } else { wrong.push(told) }
    }
    (wrong, remarks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, path: &str, note: bool, pid: u32) -> logs::Finding {
        logs::Finding {
            kind: kind.into(),
            note,
            method: "GET".into(),
            path: path.into(),
            text: "the body has str in it".into(),
            place: Some("/home/ada/app.py:3".into()),
            pid,
        }
    }

    #[test]
    fn each_kind_once_for_a_path() {
        let all =
            [said("body", "/", false, 1), said("body", "/", false, 2), said("body", "/a", false, 1), said("input-size", "/", true, 1)];
        let (wrong, remarks) = judge(&all);
        assert_eq!((wrong.len(), remarks.len()), (2, 1));
        assert_eq!(wrong[0].text, "GET /: the body has str in it");
        assert_eq!(wrong[0].details, ["/home/ada/app.py:3"]);
        assert!(wrong[0].hint.as_ref().unwrap().contains("return [body]"));
    }
}
