//! A recorded request as text that people edit, and back: its first line, its headers, an empty line, its body.

use super::Exchange;
use super::body;

/// Headers that follow from the rest, or belong to a connection.
const OWN: [&str; 4] = ["host", "content-length", "connection", "transfer-encoding"];

/// The request as text, with a line end added to its body.
///
/// # Errors
/// Why it cannot be edited.
pub fn text(exchange: &Exchange) -> Result<String, &'static str> {
    let body = match &exchange.request_body.content {
        Some(content) => body::text(content).ok_or("its body is not text")?,
        None if exchange.request_body.size == 0 => "",
        None => return Err("its body was not kept: it is larger than record-body-limit"),
    };
    let headers = exchange.request_headers.iter().filter(|(name, _)| !OWN.contains(&name.to_ascii_lowercase().as_str()));
    let headers: String = headers.map(|(name, value)| format!("{name}: {value}\n")).collect();
    Ok(format!("{} {}\n{headers}\n{body}\n", exchange.method, exchange.target))
}

/// Parses the text.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str, recorded: &Exchange) -> Result<Exchange, String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_once(' ').ok_or_else(|| format!("the first line must be a method and a path: `{first}`"))?;
    let target = target.trim();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Err(format!("invalid HTTP method: `{method}`"));
    }
    if !target.starts_with('/') || target.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("invalid path: `{target}` (it must begin with / and have no spaces)"));
    }
    let header = |line: &str| {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("invalid header: `{line}` (write `Name: value`)"))?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if is_name { Ok((name.to_owned(), value.trim().to_owned())) } else { Err(format!("invalid header name: `{name}`")) }
    };
    let request_headers = lines.map(header).collect::<Result<_, _>>()?;
    let body = body.strip_suffix('\n').unwrap_or(body).as_bytes().to_vec();
    let request_body = super::Body { size: body.len() as u64, content: Some(body), ..super::Body::default() };
    Ok(Exchange { method: method.into(), target: target.into(), request_headers, request_body, ..recorded.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing;

    fn exchange() -> Exchange {
        testing::exchange(|exchange| {
            exchange.method = "POST".into();
            exchange.target = "/polls/3/vote/?next=%2F".into();
            exchange.request_headers =
                [("Host", "h"), ("X-A", "b: c"), ("Content-Length", "9")].map(|(name, value)| (name.into(), value.into())).to_vec();
            exchange.request_body = crate::requests::Body { size: 9, content: Some(b"a=1\n\nb=2\n".to_vec()), ..Default::default() };
        })
    }

    #[test]
    fn what_is_not_edited_is_the_same() {
        let text = text(&exchange()).unwrap();
        assert_eq!(text, "POST /polls/3/vote/?next=%2F\nX-A: b: c\n\na=1\n\nb=2\n\n");
        let again = read(&text, &exchange()).unwrap();
        assert_eq!(again.request_body.content, exchange().request_body.content);
        assert_eq!((again.method, again.target), (exchange().method, exchange().target));
        assert_eq!(again.request_headers, [("X-A".to_owned(), "b: c".to_owned())]);
    }

    #[test]
    fn what_is_edited_is_taken() {
        let read = |text: &str| read(text, &exchange());
        let got = read("GET /\n").unwrap();
        assert_eq!((got.method.as_str(), got.target.as_str(), got.request_headers.len(), got.request_body.size), ("GET", "/", 0, 0));
        assert_eq!(read("PUT /x\nA: b\n\n{}").unwrap().request_body.content.unwrap(), b"{}");
        for (wrong, why) in [
            ("", "a method and a path"),
            ("get /", "invalid HTTP method"),
            ("GET x", "invalid path"),
            ("GET /a b", "invalid path"),
            ("GET /\nno header", "invalid header"),
            ("GET /\na b: c", "invalid header name"),
        ] {
            assert!(read(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_text_cannot_be_edited() {
        let mut binary = exchange();
        binary.request_body.content = Some(vec![0xff, 0, 1]);
        assert!(text(&binary).is_err());
        binary.request_body.content = None;
        assert!(text(&binary).unwrap_err().contains("record-body-limit"));
    }
}
