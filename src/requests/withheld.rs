//! What a replay cannot send, of a request that was stored without its secrets (`record-secrets: false`).

use std::collections::BTreeMap;

use super::body::{self, Nature};
use super::model::{Exchange, values};
use super::redaction::STARS;
use super::redaction::patterns::{FIELD_NAME, decoded};

/// Cookies that answers have given since, by name: a server knows them as well as those that are missing.
#[derive(Default)]
pub struct Given(BTreeMap<String, String>);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}

impl Given {
    pub fn learn(&mut self, answer: &Exchange) {
        let said = values(&answer.response_headers, "set-cookie").filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        self.0.extend(said.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
    }

    /// A cookie as it can be sent.
    fn cookie(&self, cookie: &str) -> Option<String> {
        match (cookie.contains(STARS), cookie.split_once('=')) {
            (false, _) => Some(cookie.to_owned()),
            (true, Some((name, _))) => self.0.get(name.trim()).map(|value| format!("{}={value}", name.trim())),
            (true, None) => None,
        }
    }
}

/// A header as it can be sent; `None`: nothing is left of it.
pub fn header(name: &str, value: &str, given: &Given) -> Option<String> {
    if !value.contains(STARS) {
        return Some(value.to_owned());
    }
    if !name.eq_ignore_ascii_case("cookie") {
        return None;
    }
    let left: Vec<String> = value.split(';').map(str::trim).filter_map(|cookie| given.cookie(cookie)).collect();
    (!left.is_empty()).then(|| left.join("; "))
}

/// Says what is missing; `None`: nothing is.
pub fn told(exchange: &Exchange, given: &Given) -> Option<String> {
    if !exchange.without_secrets {
        return None;
    }
    let (mut left_out, mut starred) = (Vec::new(), Vec::new());
    for (name, value) in exchange.request_headers.iter().filter(|(_, value)| value.contains(STARS)) {
        if name.eq_ignore_ascii_case("cookie") {
            let hidden = value.split(';').filter(|cookie| given.cookie(cookie).is_none());
            left_out.extend(hidden.map(|cookie| format!("the cookie {}", cookie.split('=').next().unwrap_or_default().trim())));
        } else {
            left_out.push(format!("the header {name}"));
        }
    }
    let (path, query) = exchange.target.split_once('?').unwrap_or((&exchange.target, ""));
    if path.contains(STARS) {
        starred.push("a part of the path".to_owned());
    }
    starred.extend(fields(query));
    in_body(exchange, &mut starred);
    starred.dedup();
    let mut parts = Vec::new();
    if !left_out.is_empty() {
        parts.push(format!("sent without {}", left_out.join(", ")));
    }
    if !starred.is_empty() {
        parts.push(format!("sent with {STARS} as {}", starred.join(", ")));
    }
    (!parts.is_empty()).then(|| format!("{}: secrets are not stored (record-secrets: false)", parts.join("; ")))
}

fn fields(query: &str) -> Vec<String> {
    let hidden = query.split('&').filter_map(|part| part.split_once('=')).filter(|(_, value)| value.contains(STARS));
    hidden.map(|(name, _)| format!("the field {}", decoded(name))).collect()
}

fn in_body(exchange: &Exchange, starred: &mut Vec<String>) {
    let content = body::content(&exchange.request_body, &exchange.request_headers).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    if !text.contains(STARS) {
        return;
    }
    let before = starred.len();
    match Nature::of(&exchange.request_headers) {
        Nature::Form => starred.extend(fields(&text)),
        Nature::Json => {
            if let Ok(value) = serde_json::from_str(&text) {
                in_json(&value, starred);
            }
        }
        Nature::Multipart => {
            let hidden = text.split("\r\n--").filter(|part| part.ends_with(&format!("\r\n\r\n{STARS}")));
            let name = |part| FIELD_NAME.captures(part).and_then(|found| found.get(1).or(found.get(2)));
            starred.extend(hidden.filter_map(name).map(|name| format!("the field {}", name.as_str())));
        }
        _ => {}
    }
    if starred.len() == before {
        starred.push("a part of the body".into());
    }
}

fn in_json(value: &serde_json::Value, starred: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if text.contains(STARS) => starred.push(format!("the field {name}")),
                    _ => in_json(value, starred),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| in_json(item, starred)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing;

    #[test]
    fn what_is_missing_is_told_by_its_name() {
        let missing = |kind: &str, body: &str, is_stored_so: bool| {
            let exchange = testing::exchange(|exchange| {
                exchange.without_secrets = is_stored_so;
                exchange.target = "/a?token=***&b=1".into();
                exchange.request_headers = [("Cookie", "a=1; sessionid=***"), ("Authorization", "Bearer ***"), ("Content-Type", kind)]
                    .map(|(name, value)| (name.into(), value.into()))
                    .to_vec();
                exchange.request_body = testing::body(body.as_bytes());
            });
            told(&exchange, &Given::default())
        };
        let form = "application/x-www-form-urlencoded";
        insta::assert_snapshot!(missing(form, "user=ada&user%5Bpassword%5D=***", true).unwrap(), @"sent without the cookie sessionid, the header Authorization; sent with *** as the field token, the field user[password]: secrets are not stored (record-secrets: false)");
        let part = |kind, body| missing(kind, body, true).unwrap().split("the field token").nth(1).unwrap().to_owned();
        assert!(part("application/json", r#"{"a": [{"pin": "***"}]}"#).starts_with(", the field pin:"));
        let parts = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n***\r\n--b--\r\n";
        assert!(part("multipart/form-data; boundary=b", parts).starts_with(", the field key:"));
        assert!(part("text/plain", "x ***").starts_with(", a part of the body:"));
        assert_eq!(missing(form, "a=***", false), None);
    }

    #[test]
    fn headers_without_what_is_missing() {
        let mut given = Given::default();
        assert_eq!(header("Cookie", "a=1; s=***; b=2", &given).as_deref(), Some("a=1; b=2"));
        assert_eq!(header("Cookie", "s=***", &given), None);
        assert_eq!(header("X-Token", "***", &given), None);
        assert_eq!(header("Accept", "*/*", &given).as_deref(), Some("*/*"));
        given.learn(&testing::exchange(|exchange| exchange.response_headers = vec![("Set-Cookie".into(), "s=new; Path=/".into())]));
        assert_eq!(header("Cookie", "a=1; s=***; t=***", &given).as_deref(), Some("a=1; s=new"));
        let post = testing::exchange(|exchange| {
            exchange.without_secrets = true;
            exchange.request_headers = vec![("Cookie".into(), "s=***".into())];
        });
        assert_eq!(told(&post, &given), None);
    }
}
