//! Sessions and tokens of a replay. An answer that gives a value where the recorded answer gave another one, a cookie or the token of
//! a form, makes the later requests have the new one.

use super::body::{self, Nature};
use super::model::{Exchange, values};
use super::names::Names;
use super::redaction::patterns::{ATTRIBUTE, TAG, unescaped, unquoted};

/// A value that is shorter is too common to be looked for.
const SHORTEST: usize = 6;

/// What was recorded and what is sent in its place.
#[derive(Clone, Default)]
pub struct Mapping {
    pairs: Vec<(String, String)>,
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapping").finish_non_exhaustive()
    }
}

impl Mapping {
    /// Learns from an answer and the one that was recorded.
    pub fn learn(&mut self, recorded: &Exchange, now: &Exchange, names: &Names) {
        if gives_the_same(recorded, now) {
            return;
        }
        let given = places(now, names);
        for (place, before) in places(recorded, names) {
            let Some((_, after)) = given.iter().find(|(known, _)| *known == place) else { continue };
            if before != *after && before.len() >= SHORTEST && !after.is_empty() {
                self.pairs.retain(|(known, _)| *known != before);
                self.pairs.push((before, after.clone()));
            }
        }
        // A longer value may have a shorter one in it.
        self.pairs.sort_by_key(|(before, _)| std::cmp::Reverse(before.len()));
    }

    /// A request with the values of this replay.
    pub fn apply(&self, recorded: &Exchange) -> Exchange {
        let mut exchange = recorded.clone();
        if self.pairs.is_empty() {
            return exchange;
        }
        exchange.target = self.text(&exchange.target);
        for (_, value) in &mut exchange.request_headers {
            *value = self.text(value);
        }
        if let Some(content) = &exchange.request_body.content
            && !body::is_packed(&exchange.request_headers)
        {
            // Of what is no text nothing is replaced.
            if let Some(text) = body::text(content) {
                let text = self.text(text);
                exchange.request_body.size = text.len() as u64;
                exchange.request_body.content = Some(text.into_bytes());
            }
        }
        exchange
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (before, after) in &self.pairs {
            if text.contains(before.as_str()) {
                text = text.replace(before.as_str(), after);
            }
            let (before, after) = (encoded(before), encoded(after));
            if text.contains(&before) {
                text = text.replace(&before, &after);
            }
        }
        text
    }
}

/// Nothing is to be learned then, and none of its tags is to be looked at.
fn gives_the_same(recorded: &Exchange, now: &Exchange) -> bool {
    let cookies = |exchange: &Exchange| values(&exchange.response_headers, "set-cookie").map(str::to_owned).collect::<Vec<_>>();
    recorded.response_body.content == now.response_body.content && cookies(recorded) == cookies(now)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Values that an answer gives, each with the name of its place.
fn places(exchange: &Exchange, names: &Names) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for cookie in values(&exchange.response_headers, "set-cookie") {
        if let Some((name, value)) = cookie.split(';').next().and_then(|cookie| cookie.split_once('=')) {
            found.push((format!("cookie {}", name.trim()), value.trim().to_owned()));
        }
    }
    let content = body::content(&exchange.response_body, &exchange.response_headers);
    let Some(text) = content.as_deref().and_then(body::text) else { return found };
    match Nature::of(&exchange.response_headers) {
        Nature::Json => {
            if let Ok(value) = serde_json::from_str(text) {
                json("$", &value, names, &mut found);
            }
        }
        Nature::Markup => fields(text, names, &mut found),
        _ => {}
    }
    found
}

fn json(place: &str, value: &serde_json::Value, names: &Names, found: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let place = format!("{place}.{name}");
                match value.as_str().filter(|_| names.is_secret(name)) {
                    Some(text) => found.push((place, text.to_owned())),
                    None => json(&place, value, names, found),
                }
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| json(&format!("{place}[{at}]"), value, names, found));
        }
        _ => {}
    }
}

/// Hidden fields, and what `<meta>` says.
fn fields(text: &str, names: &Names, found: &mut Vec<(String, String)>) {
    let mut count = 0;
    for tag in TAG.find_iter(text) {
        let attribute = |wanted: &str| {
            let mut all = ATTRIBUTE.captures_iter(tag.as_str());
            all.find(|found| found[1].eq_ignore_ascii_case(wanted)).map(|found| unescaped(unquoted(&found[2])))
        };
        let Some(name) = attribute("name").filter(|name| names.is_secret(name)) else { continue };
        if let Some(value) = attribute("value").or_else(|| attribute("content")) {
            found.push((format!("field {name} {count}"), value));
            count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing;

    #[test]
    fn sessions_and_tokens_are_those_of_the_replay() {
        let page = |session: &str, token: &str| {
            testing::exchange(|exchange| {
                exchange.response_headers =
                    vec![("Set-Cookie".into(), format!("sessionid={session}; Path=/")), ("Content-Type".into(), "text/html".into())];
                exchange.response_body = testing::body(format!("<input name='csrfmiddlewaretoken' value='{token}'>").as_bytes());
            })
        };
        let mut mapping = Mapping::default();
        mapping.learn(&page("recorded1", "token+one"), &page("replayed1", "token+two"), &Names::default());
        // Another page, another token; the session is the same.
        mapping.learn(&page("recorded1", "token+three"), &page("replayed1", "token+four"), &Names::default());
        let post = testing::exchange(|exchange| {
            exchange.request_headers = vec![("Cookie".into(), "a=b; sessionid=recorded1".into())];
            exchange.request_body = testing::body(b"csrfmiddlewaretoken=token%2Bthree&x=token+one");
        });
        let sent = mapping.apply(&post);
        assert_eq!(sent.request_headers[0].1, "a=b; sessionid=replayed1");
        assert_eq!(sent.request_body.content.unwrap(), b"csrfmiddlewaretoken=token%2Bfour&x=token+two");
    }

    #[test]
    fn tokens_in_json() {
        let answer = |token: &str| {
            testing::exchange(|exchange| {
                exchange.response_headers = vec![("Content-Type".into(), "application/json".into())];
                exchange.response_body = testing::body(format!("{{\"data\": [{{\"access_token\": \"{token}\"}}]}}").as_bytes());
            })
        };
        let mut mapping = Mapping::default();
        mapping.learn(&answer("abcdef"), &answer("ghijkl"), &Names::default());
        let next = testing::exchange(|exchange| exchange.request_headers = vec![("Authorization".into(), "Bearer abcdef".into())]);
        assert_eq!(mapping.apply(&next).request_headers[0].1, "Bearer ghijkl");
    }
}
