//! A request as a check of `parity smoke`.

use super::body::{self, Nature};
use super::model::{Redacted, media_type, value};
use super::redaction::STARS;

/// Headers that say what is wanted; all others are the browser's own affair.
const MEANT: [&str; 3] = ["accept", "x-requested-with", "accept-language"];
/// A body that is longer is not written into a file of settings.
const MOST_BODY: usize = 20_000;

/// An item of the list `smoke:` in parity.yaml.
pub fn check(exchange: &Redacted) -> String {
    let mut request = vec![format!("path: {}", text(&exchange.target))];
    if exchange.method != "GET" {
        request.insert(0, format!("method: {}", text(&exchange.method)));
    }
    let mut headers: Vec<_> = exchange
        .request_headers
        .iter()
        .filter(|(name, value)| MEANT.contains(&name.to_ascii_lowercase().as_str()) && value != "*/*")
        .map(|(name, value)| format!("{}: {}", text(&name.to_ascii_lowercase()), text(value)))
        .collect();
    let mut comment = String::new();
    if exchange.request_body.size > 0 {
        match sent(exchange) {
            Some((field, typed)) => {
                headers.extend(typed.map(|kind| format!("content-type: {}", text(kind))));
                request.push(field);
            }
            None => comment = format!("# its body of {} bytes is not here\n", exchange.request_body.size),
        }
    }
    if !headers.is_empty() {
        request.push(format!("headers: {{{}}}", headers.join(", ")));
    }
    let mut expect = vec![format!("status: {}", exchange.status.unwrap_or(500))];
    let kind = media_type(&exchange.response_headers);
    if let Some(location) = value(&exchange.response_headers, "location") {
        expect.push(format!("headers: {{location: {}}}", text(location)));
    } else if !kind.is_empty() {
        expect.push(format!("content-type: {}", text(&kind)));
    }
    let check = format!(
        "- name: {}\n  request: {{{}}}\n  expect: {{{}}}",
        text(&format!("{} {}", exchange.method, exchange.path())),
        request.join(", "),
        expect.join(", ")
    );
    if check.contains(STARS) {
        comment += "# *** was a secret: `capture` takes one from an earlier answer, as `${name}`\n";
    }
    comment + &check
}

/// The field for a body, and its type where that does not follow from the field.
fn sent(exchange: &Redacted) -> Option<(String, Option<&str>)> {
    let content = exchange.request_body.content.as_deref().and_then(body::text).filter(|text| text.len() <= MOST_BODY)?;
    let kind = value(&exchange.request_headers, "content-type");
    Some(match Nature::of(&exchange.request_headers) {
        Nature::Form => {
            let pairs = url::form_urlencoded::parse(content.as_bytes());
            let pairs: Vec<_> = pairs.map(|(name, value)| (name.into_owned(), text(&value))).collect();
            let twice = pairs.iter().enumerate().any(|(at, (name, _))| pairs[..at].iter().any(|(known, _)| known == name));
            if twice {
                (format!("body: {}", text(content)), kind)
            } else {
                let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{}: {value}", text(name))).collect();
                (format!("form: {{{}}}", pairs.join(", ")), None)
            }
        }
        Nature::Json if serde_json::from_str::<serde_json::Value>(content).is_ok() => {
            (format!("json: {}", content.trim().replace("${", "$${").replace(['\r', '\n'], " ")), None)
        }
        _ => (format!("body: {}", text(content)), kind),
    })
}

/// A text of YAML, in JSON's quotes, in which `${` stands for itself.
fn text(text: &str) -> String {
    serde_json::Value::from(text.replace("${", "$${")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{Exchange, Names, Recorded, Redaction, testing};

    fn written(change: impl FnOnce(&mut Exchange)) -> String {
        check(&Redaction::new(Names::default()).exchange(&Recorded::new(testing::exchange(change))))
    }

    #[test]
    fn checks() {
        insta::assert_snapshot!(written(|_| ()), @r#"
        - name: "GET /polls/3/"
          request: {path: "/polls/3/?page=2"}
          expect: {status: 200, content-type: "text/plain"}
        "#);
        let post = written(|exchange| {
            exchange.method = "POST".into();
            exchange.request_headers = vec![("Content-Type".into(), "application/x-www-form-urlencoded".into())];
            exchange.request_body = testing::body(b"choice=1&csrfmiddlewaretoken=abc&x=%24%7By%7D");
            exchange.status = Some(302);
            exchange.response_headers = vec![("Location".into(), "/polls/3/results/".into())];
        });
        insta::assert_snapshot!(post, @r#"
        # *** was a secret: `capture` takes one from an earlier answer, as `${name}`
        - name: "POST /polls/3/"
          request: {method: "POST", path: "/polls/3/?page=2", form: {"choice": "1", "csrfmiddlewaretoken": "***", "x": "$${y}"}}
          expect: {status: 302, headers: {location: "/polls/3/results/"}}
        "#);
    }
}
