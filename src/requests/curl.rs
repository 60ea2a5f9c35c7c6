//! A request as a command line of curl.

use super::body;
use super::model::Redacted;

/// Headers that curl makes itself.
const OWN: [&str; 5] = ["host", "content-length", "connection", "transfer-encoding", "accept-encoding"];

/// One command, on several lines.
pub fn command(exchange: &Redacted) -> String {
    let quoted = |text: &str| shlex::try_quote(text).map_or_else(|_| "''".to_owned(), |quoted| quoted.into_owned());
    let mut parts = vec![match (exchange.method.as_str(), exchange.request_body.size) {
        ("GET", 0) | ("POST", 1..) => "curl".to_owned(),
        ("HEAD", _) => "curl --head".to_owned(),
        (method, _) => format!("curl -X {}", quoted(method)),
    }];
    parts[0] += &format!(" {}", quoted(&exchange.url()));
    let encoded = exchange.request_headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
    parts.extend(encoded.then(|| "--compressed".to_owned()));
    // The body is unpacked here.
    let is_own = |name: &str| OWN.contains(&name) || name == "content-encoding";
    for (name, value) in exchange.request_headers.iter().filter(|(name, _)| !is_own(&name.to_ascii_lowercase())) {
        parts.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
    }
    let mut comment = String::new();
    if exchange.request_body.size > 0 {
        match exchange.request_body.content.as_deref().and_then(body::text) {
            Some(text) => parts.push(format!("--data-binary {}", quoted(text))),
            None => {
                parts.push("--data-binary @BODY".into());
                comment = format!("# BODY: a file with {} bytes, which are not shown here\n", exchange.request_body.size);
            }
        }
    }
    comment + &parts.join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{Names, Recorded, Redaction, testing};

    #[test]
    fn a_post() {
        let exchange = testing::exchange(|exchange| {
            exchange.method = "PUT".into();
            exchange.target = "/a?b=it's&token=x".into();
            exchange.request_headers = [("Host", "h"), ("Content-Type", "text/plain"), ("Cookie", "a=b"), ("Accept-Encoding", "gzip")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
            exchange.request_body = testing::body(b"one\ntwo $HOME");
        });
        let command = command(&Redaction::new(Names::default()).exchange(&Recorded::new(exchange)));
        insta::assert_snapshot!(command, @r#"
        curl -X PUT "http://127.0.0.1:8000/a?b=it's&token=***" \
          --compressed \
          -H 'Content-Type: text/plain' \
          -H 'Cookie: a=***' \
          --data-binary 'one
        two $HOME'
        "#);
    }
}
