//! From a check's request and what was captured to what is sent.

use url::form_urlencoded;

use super::check::{Body, Missing, Request, Template, Values};

/// A request as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    pub method: String,
    /// With the query, as it goes over the wire: nothing is normalised. A whole URL is taken as well.
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// Beside those of the jar.
    pub cookies: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Follow redirects.
    pub follow: bool,
}

impl Question {
    /// A GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET".into(), path: path.into(), ..Self::default() }
    }

    /// Fills a check's request in.
    ///
    /// # Errors
    /// A value that no check has captured.
    pub fn of(request: &Request, values: &Values) -> Result<Self, Missing> {
        let fill = |pairs: &[(String, Template)]| -> Result<Vec<(String, String)>, Missing> {
            pairs.iter().map(|(name, value)| Ok((name.clone(), value.fill(values)?))).collect()
        };
        let mut path = encoded(&request.path.fill(values)?);
        if !request.query.is_empty() {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&urlencoded(&fill(&request.query)?));
        }
        let (body, kind) = match &request.body {
            Body::None => (String::new(), None),
            Body::Text(text) => (text.fill(values)?, None),
            Body::Json(json) => (json.fill(values)?.to_string(), Some("application/json")),
            Body::Form(fields) => (urlencoded(&fill(fields)?), Some("application/x-www-form-urlencoded")),
        };
        let mut headers = fill(&request.headers)?;
        let named = |name: &str| request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some(kind) = kind.filter(|_| !named("content-type")) {
            headers.push(("content-type".into(), kind.into()));
        }
        Ok(Self {
            method: request.method.clone(),
            path,
            headers,
            cookies: fill(&request.cookies)?,
            body: body.into_bytes(),
            follow: request.follow,
        })
    }
}

fn urlencoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Escapes what no URL may have; everything else is sent as it was written, `//`, `..` and `%2f` too.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'!' | b'#'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'|' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_goes_over_the_wire_as_it_was_written() {
        for path in ["/a//b/../c%2Fd;x=1?q=[1]&r=a|b~!'()*,@:$+", "https://example.com/x"] {
            assert_eq!(encoded(path), path);
        }
        assert_eq!(encoded("/ä b\"<>\\^`{}"), "/%C3%A4%20b%22%3C%3E%5C%5E%60%7B%7D");
    }

    proptest! {
        #[test]
        fn any_path_can_be_sent(path in "/\\PC{0,40}") {
            let url = format!("http://localhost{}", encoded(&path));
            prop_assert!(url.parse::<hyper::Uri>().is_ok(), "{}", url);
        }
    }
}
