//! Is an answer the one that was recorded? What changes from answer to answer anyhow, such as times, is not told.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::body::{self, Nature};
use super::har::digest;
use super::model::{Exchange, Headers, Redacted, media_type, values};

/// Headers that say something about the moment, the connection, or the length of what is compared by itself.
const VOLATILE: [&str; 23] = [
    "age",
    "alt-svc",
    "cf-ray",
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "nel",
    "report-to",
    "server",
    "server-timing",
    "traceparent",
    "transfer-encoding",
    "vary",
    "via",
    "x-request-id",
    "x-correlation-id",
    "x-response-time",
    "x-runtime",
];
/// Differences of one kind that are listed.
const MOST: usize = 20;
/// Characters of a line.
const WIDTH: usize = 160;
const DIFF_PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `status`, `header location`, `body`
    pub what: String,
    /// `- recorded`, `+ now`
    pub lines: Vec<String>,
}

/// What differs, of two that are fit to be shown: secrets are stars in both, and so are no differences.
pub fn differences(recorded: &Redacted, now: &Redacted) -> Vec<Difference> {
    let mut all = Vec::new();
    if recorded.status != now.status {
        let status = |exchange: &Exchange| exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        all.push(changed("status", &status(recorded), &status(now)));
    }
    all.extend(headers(recorded, now));
    // What belongs to no body.
    if recorded.method != "HEAD" {
        all.extend(bodies(recorded, now));
    }
    all
}

/// Is the answer the very same? Then nothing of it has to be made fit to be shown, which takes longer than all the rest. `false` says only
/// that [`differences`] has to look.
pub fn is_same(recorded: &Exchange, now: &Exchange) -> bool {
    let (before, after) = (&recorded.response_body.content, &now.response_body.content);
    recorded.status == now.status && before.is_some() && before == after && headers(recorded, now).is_empty()
}

fn changed(what: &str, recorded: &str, now: &str) -> Difference {
    Difference { what: what.into(), lines: vec![format!("- {}", cut(recorded)), format!("+ {}", cut(now))] }
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(WIDTH).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}

/// Those that the application gave. What the server adds is not in what was recorded.
fn headers(recorded: &Exchange, now: &Exchange) -> Vec<Difference> {
    let mut names: Vec<String> = recorded.response_headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| !VOLATILE.contains(&name.as_str()));
    let mut all = Vec::new();
    for name in names {
        let (before, after) = (said(&recorded.response_headers, &name, recorded), said(&now.response_headers, &name, now));
        if before != after {
            all.push(changed(&format!("header {name}"), &before, if after.is_empty() { "(none)" } else { &after }));
        }
    }
    all
}

fn said(headers: &Headers, name: &str, exchange: &Exchange) -> String {
    let one = |value: &str| match name {
        "set-cookie" => {
            let name = value.split('=').next().unwrap_or_default().trim().to_owned();
            // An attribute such as `Expires` is of the moment.
            let kept =
                |part: &&str| !matches!(part.split('=').next().unwrap_or_default().to_ascii_lowercase().as_str(), "expires" | "max-age");
            let attributes: Vec<&str> = value.split(';').skip(1).map(str::trim).filter(kept).collect();
            [&[name.as_str()][..], &attributes].concat().join("; ")
        }
        // Whitespace around a value is not part of it (RFC 9110, 5.5).
        _ => quiet(value.replace(&exchange.origin, "").trim()),
    };
    let all = values(headers, name).map(one).collect::<Vec<_>>().join(", ");
    if !is_set(name) {
        return all;
    }
    let mut members: Vec<&str> = all.split(',').map(str::trim).collect();
    members.sort_unstable();
    members.join(", ")
}

/// Lists of names in which the order means nothing. Applications make them of Python's sets, whose order differs with each process.
fn is_set(name: &str) -> bool {
    matches!(name, "allow" | "vary" | "access-control-allow-headers" | "access-control-allow-methods" | "access-control-expose-headers")
}

fn bodies(recorded: &Exchange, now: &Exchange) -> Option<Difference> {
    let (before, after) = (&recorded.response_body, &now.response_body);
    let Some(content) = &before.content else {
        // Nothing but its size and digest is known, or not even that.
        return match (&before.sha256, &after.sha256) {
            (Some(one), Some(other)) if one != other => {
                Some(changed("body", &format!("{} bytes, sha256 {one}", before.size), &format!("{} bytes, sha256 {other}", after.size)))
            }
            (None, _) if before.size != after.size => {
                Some(changed("body", &format!("{} bytes", before.size), &format!("{} bytes", after.size)))
            }
            _ => None,
        };
    };
    let Some(current) = &after.content else {
        return Some(changed("body", &format!("{} bytes", content.len()), &format!("{} bytes, which are too many to compare", after.size)));
    };
    if content == current {
        return None;
    }
    let nature = Nature::of(&recorded.response_headers);
    match (body::text(content), body::text(current)) {
        (Some(one), Some(other)) if nature != Nature::Binary => {
            let one = one.replace(&recorded.origin, &now.origin);
            if let (Ok(one), Ok(other)) = (serde_json::from_str::<Value>(&one), serde_json::from_str::<Value>(other)) {
                return json(&one, &other);
            }
            text(&one, other)
        }
        _ => {
            let about = |bytes: &[u8], headers: &Headers| {
                format!("{} bytes of {}, sha256 {}", bytes.len(), media_type(headers), &digest(bytes)[..12])
            };
            Some(changed("body", &about(content, &recorded.response_headers), &about(current, &now.response_headers)))
        }
    }
}

fn json(recorded: &Value, now: &Value) -> Option<Difference> {
    let mut lines = Vec::new();
    walk("$", recorded, now, &mut lines);
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("… {more} more"));
    }
    (!lines.is_empty()).then(|| Difference { what: "body".into(), lines })
}

fn walk(place: &str, recorded: &Value, now: &Value, lines: &mut Vec<String>) {
    match (recorded, now) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                let place = format!("{place}.{name}");
                match other.get(name) {
                    Some(now) => walk(&place, value, now, lines),
                    None => lines.push(format!("- {place}: {}", cut(&value.to_string()))),
                }
            }
            for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                lines.push(format!("+ {place}.{name}: {}", cut(&value.to_string())));
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for (at, (value, now)) in one.iter().zip(other).enumerate() {
                walk(&format!("{place}[{at}]"), value, now, lines);
            }
            if one.len() != other.len() {
                lines.push(format!("- {place}: {} items", one.len()));
                lines.push(format!("+ {place}: {} items", other.len()));
            }
        }
        _ if quiet(&recorded.to_string()) == quiet(&now.to_string()) => {}
        _ => {
            lines.push(format!("- {place}: {}", cut(&recorded.to_string())));
            lines.push(format!("+ {place}: {}", cut(&now.to_string())));
        }
    }
}

fn text(recorded: &str, now: &str) -> Option<Difference> {
    let (one, other) = (quiet(recorded), quiet(now));
    if one == other {
        return None;
    }
    let diff = TextDiff::configure().timeout(DIFF_PATIENCE).diff_lines(&one, &other);
    let mut lines = Vec::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        lines.push(format!("{sign} {}", cut(change.value().trim_end())));
    }
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("… {more} more lines"));
    }
    Some(Difference { what: "body".into(), lines })
}

/// What is put in the place of that which is another each time, the most special first.
static NOISE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r#"(?i)\b(nonce)(=["']?|-)[\w+/=-]+"#, "$1$2<nonce>"),
        (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?)?", "<time>"),
        (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? \d{1,2}[ -]\w{3,9}[ -]\d{2,4} \d\d:\d\d:\d\d( [A-Z]{3}| [+-]\d{4})?", "<time>"),
        (
            r"\b(Jan|Feb|March|Mar|April|Apr|May|June|Jun|July|Jul|Aug|Sept|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}, \d{4}(, (\d{1,2}(:\d\d)?( [ap]\.m\.)?|noon|midnight))?",
            "<time>",
        ),
        (r"\b\d\d?:\d\d(:\d\d([.,]\d+)?)?( ?[ap]\.?m\.?)?\b", "<time>"),
        (r"\b1[5-9]\d{8}(\d{3}|\d{6})?(\.\d+)?\b", "<time>"),
        (r"\b\d+([.,]\d+)? ?(ms|µs|milliseconds|seconds|sec)\b", "<duration>"),
        (r"(?i)\b0x[0-9a-f]{6,}\b", "<address>"),
        (r"(?i)\b[0-9a-f]{24,}\b", "<hex>"),
    ]
    .into_iter()
    .filter_map(|(pattern, put)| Some((Regex::new(pattern).ok()?, put)))
    .collect()
});

/// A text without what is another each time.
pub fn quiet(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, put) in NOISE.iter() {
        if pattern.is_match(&text) {
            text = pattern.replace_all(&text, *put).into_owned();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{Names, Recorded, Redaction, testing};

    fn told(kind: &str, recorded: &str, now: &str) -> Vec<String> {
        let answered = |content: &str| {
            Recorded::new(testing::exchange(|exchange| {
                exchange.response_headers = vec![("Content-Type".into(), kind.into())];
                exchange.response_body = testing::body(content.as_bytes());
            }))
        };
        let (one, other) = Redaction::new(Names::default()).pair(&answered(recorded), &answered(now));
        differences(&one, &other).into_iter().flat_map(|difference| difference.lines).collect()
    }

    #[test]
    fn the_same_answer_has_no_differences_and_needs_no_look() {
        let with = |change: fn(&mut Exchange)| testing::exchange(change);
        let shown = |exchange: &Exchange| Redaction::new(Names::default()).exchange(&Recorded::new(exchange.clone()));
        let recorded = with(|_| ());
        let same = with(|exchange| exchange.response_headers.push(("Date".into(), "now".into())));
        assert!(is_same(&recorded, &same) && differences(&shown(&recorded), &shown(&same)).is_empty());
        for other in [
            with(|exchange| exchange.status = Some(500)),
            with(|exchange| exchange.response_body = testing::body(b"other")),
            with(|exchange| exchange.response_body.content = None),
            with(|exchange| exchange.response_headers[0].1 = "text/html".into()),
        ] {
            assert!(!is_same(&recorded, &other) && !differences(&shown(&recorded), &shown(&other)).is_empty());
        }
        let unknown = with(|exchange| exchange.response_body.content = None);
        assert!(!is_same(&unknown, &unknown));
    }

    #[test]
    fn all_patterns_are_patterns() {
        assert_eq!(NOISE.len(), 10);
    }

    #[test]
    fn what_is_another_each_time_is_no_difference() {
        for (one, other) in [
            ("<b>Nov. 27, 2026, 2:07 p.m.</b>", "<b>Nov. 28, 2026, noon</b>"),
            ("at 2026-11-27T14:02:07.123Z", "at 2026-11-28 01:00:00+01:00"),
            ("Fri, 27 Nov 2026 14:02:07 GMT", "Sat, 28 Nov 2026 14:02:08 GMT"),
            ("id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-e89b-12d3-a456-426614174000"),
            ("<script nonce=\"abc\">", "<script nonce=\"xyz\">"),
            ("<input name=csrfmiddlewaretoken value=abcdefgh>", "<input name=csrfmiddlewaretoken value=ijklmnop>"),
            ("in 12 ms", "in 1.5 ms"),
            ("<object at 0x7f3a5c0d1e80>", "<object at 0x7f3a5c0d1f90>"),
            ("t=1790000000", "t=1790000123.5"),
        ] {
            assert_eq!(told("text/html", one, other), Vec::<String>::new());
        }
        assert_eq!(told("application/json", r#"{"a": 1, "at": "2026-11-27"}"#, r#"{"at":"2026-11-28","a":1}"#), Vec::<String>::new());
    }

    #[test]
    fn everything_else_is() {
        assert_eq!(told("text/html", "<p>1</p>\n<p>same</p>", "<p>2</p>\n<p>same</p>"), ["- <p>1</p>", "+ <p>2</p>"]);
        assert_eq!(
            told("application/json", r#"{"a": [1, {"b": "x"}], "c": 1}"#, r#"{"a": [1, {"b": "y"}, 3], "d": 1}"#),
            ["- $.a[1].b: \"x\"", "+ $.a[1].b: \"y\"", "- $.a: 2 items", "+ $.a: 3 items", "- $.c: 1", "+ $.d: 1"]
        );
        assert_eq!(told("image/png", "\0a", "\0b").len(), 2);
        assert_eq!(told("text/plain", "version 3", "version 4").len(), 2);
    }

    #[test]
    fn heads() {
        let with = |status, headers: &[(&str, &str)]| {
            Redaction::new(Names::default()).exchange(&Recorded::new(testing::exchange(|exchange| {
                exchange.status = Some(status);
                exchange.response_headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            })))
        };
        let one =
            with(302, &[("Location", "http://127.0.0.1:8000/a"), ("Set-Cookie", "s=1; Path=/; Expires=x"), ("Date", "1"), ("X", "y")]);
        let other = with(302, &[("Location", "/a"), ("set-cookie", "s=2; Path=/"), ("Server", "Apache"), ("X", "y")]);
        assert_eq!(differences(&one, &other), []);
        let other = with(200, &[("Set-Cookie", "s=2; Path=/; Secure"), ("X", "y")]);
        let told: Vec<_> = differences(&one, &other).into_iter().map(|difference| difference.what).collect();
        assert_eq!(told, ["status", "header location", "header set-cookie"]);
    }

    #[test]
    fn the_order_of_a_set_and_whitespace_around_a_value_are_no_difference() {
        let with = |headers: &[(&str, &str)]| {
            testing::exchange(|exchange| {
                exchange.response_headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            })
        };
        let before = with(&[("Access-Control-Expose-Headers", "Alert, Backoff"), ("Vary", "Cookie"), ("Vary", "Origin"), ("X", "a; ")]);
        let after = with(&[("Access-Control-Expose-Headers", "Backoff,Alert"), ("Vary", "Origin, Cookie"), ("X", "a;")]);
        assert_eq!(headers(&before, &after), []);
        let other = with(&[("Access-Control-Expose-Headers", "Backoff"), ("Vary", "Cookie, Origin"), ("X", "b, a")]);
        let told = headers(&before, &other);
        assert_eq!(told.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["header access-control-expose-headers", "header x"]);
    }
}
