//! Requests as a module of tests for pytest, which needs nothing but Python's own library.

use std::collections::BTreeSet;

use super::body;
use super::model::{Redacted, media_type, value};
use super::redaction::STARS;

const HEAD: &str = r#""""Requests that parity has recorded, and what was answered. BASE_URL says where they are asked again."""

import os
import urllib.error
import urllib.request

BASE_URL = os.environ.get("BASE_URL", "http://127.0.0.1:8000")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


opener = urllib.request.build_opener(NoRedirect)


def ask(method, target, headers, body=None):
    request = urllib.request.Request(BASE_URL + target, data=body, headers=headers, method=method)
    try:
        return opener.open(request, timeout=30)
    except urllib.error.HTTPError as answer:
        return answer
"#;

/// Headers that belong to the connection.
const OWN: [&str; 6] = ["host", "content-length", "connection", "transfer-encoding", "accept-encoding", "content-encoding"];

pub fn module(exchanges: &[Redacted]) -> String {
    let mut text = HEAD.to_owned();
    let mut used = BTreeSet::new();
    for exchange in exchanges {
        text += "\n\n";
        text += &test(exchange, &mut used);
    }
    text
}

fn test(exchange: &Redacted, used: &mut BTreeSet<String>) -> String {
    let sent = exchange.request_headers.iter().filter(|(name, _)| !OWN.contains(&name.to_ascii_lowercase().as_str()));
    let headers: Vec<_> = sent.map(|(name, value)| format!("{}: {}", literal(name), literal(value))).collect();
    let mut lines = vec![format!("def {}():", name(exchange, used))];
    let mut arguments = vec![literal(&exchange.method), literal(&exchange.target), format!("{{{}}}", headers.join(", "))];
    if exchange.request_body.size > 0 {
        match exchange.request_body.content.as_deref().and_then(body::text) {
            Some(text) => arguments.push(format!("{}.encode()", literal(text))),
            None => lines.push(format!("    # its body of {} bytes is not here", exchange.request_body.size)),
        }
    }
    lines.push(format!("    answer = ask({})", arguments.join(", ")));
    lines.push(format!("    assert answer.status == {}", exchange.status.unwrap_or(500)));
    let kind = media_type(&exchange.response_headers);
    if let Some(location) = value(&exchange.response_headers, "location") {
        lines.push(format!("    assert answer.headers[\"Location\"] == {}", literal(location)));
    } else if !kind.is_empty() {
        lines.push(format!("    assert answer.headers.get_content_type() == {}", literal(&kind)));
    }
    let text = lines.join("\n") + "\n";
    if text.contains(STARS) { text.replacen("():\n", "():\n    # *** was a secret\n", 1) } else { text }
}

/// `test_post_polls_3_vote`
fn name(exchange: &Redacted, used: &mut BTreeSet<String>) -> String {
    let words = format!("{} {}", exchange.method, exchange.path()).to_lowercase();
    let words: Vec<&str> = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(8).collect();
    let name: String = format!("test_{}", words.join("_")).chars().take(80).collect();
    let mut numbered = name.clone();
    let mut number = 1;
    while !used.insert(numbered.clone()) {
        number += 1;
        numbered = format!("{name}_{number}");
    }
    numbered
}

/// What JSON says is what Python says, too.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{Names, Recorded, Redaction, testing};

    #[test]
    fn a_module() {
        let exchange = testing::exchange(|exchange| {
            exchange.method = "POST".into();
            exchange.request_headers = vec![("Cookie".into(), "a=b".into())];
            exchange.request_body = testing::body("\"ä\"\n".as_bytes());
        });
        let shown = Redaction::new(Names::default()).exchange(&Recorded::new(exchange));
        let module = module(&[shown.clone(), shown]);
        insta::assert_snapshot!(module.strip_prefix(HEAD).unwrap(), @r#"


        def test_post_polls_3():
            # *** was a secret
            answer = ask("POST", "/polls/3/?page=2", {"Cookie": "a=***"}, "\"ä\"\n".encode())
            assert answer.status == 200
            assert answer.headers.get_content_type() == "text/plain"


        def test_post_polls_3_2():
            # *** was a secret
            answer = ask("POST", "/polls/3/?page=2", {"Cookie": "a=***"}, "\"ä\"\n".encode())
            assert answer.status == 200
            assert answer.headers.get_content_type() == "text/plain"
        "#);
    }
}
