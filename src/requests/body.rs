//! Bodies as texts.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::model::{Body, media_type, value};

/// More is not unpacked.
const MOST_UNPACKED: u64 = 16 << 20;

/// What a body is, by its `Content-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    Json,
    Form,
    Multipart,
    /// HTML and XML.
    Markup,
    Text,
    Binary,
}

impl Nature {
    pub fn of(headers: &[(String, String)]) -> Self {
        let kind = media_type(headers);
        let (group, kind_of_group) = kind.split_once('/').unwrap_or((kind.as_str(), ""));
        match (group, kind_of_group) {
            ("application", "x-www-form-urlencoded") => Self::Form,
            ("multipart", _) => Self::Multipart,
            (_, "json") => Self::Json,
            (_, sub) if sub.ends_with("+json") => Self::Json,
            ("text", "html") | (_, "xml" | "xhtml+xml") => Self::Markup,
            (_, sub) if sub.ends_with("+xml") => Self::Markup,
            ("text", _) => Self::Text,
            ("application", "javascript" | "ecmascript" | "x-ndjson" | "graphql" | "yaml" | "x-yaml" | "toml" | "sql") => Self::Text,
            // Without a type, what is in it says.
            ("", _) => Self::Text,
            _ => Self::Binary,
        }
    }
}

/// What is in a body once it is unpacked. `None`: it is not kept, or packed in a way that is not known here.
pub fn content(body: &Body, headers: &[(String, String)]) -> Option<Vec<u8>> {
    unpack(body.content.as_deref()?, value(headers, "content-encoding").unwrap_or_default())
}

fn unpack(bytes: &[u8], encoding: &str) -> Option<Vec<u8>> {
    let read = |mut from: Box<dyn Read + '_>| {
        let mut unpacked = Vec::new();
        // A part of it is more than nothing.
        let _ = from.by_ref().take(MOST_UNPACKED + 1).read_to_end(&mut unpacked);
        (unpacked.len() as u64 <= MOST_UNPACKED && !unpacked.is_empty()).then_some(unpacked)
    };
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Some(bytes.to_vec()),
        _ if bytes.is_empty() => Some(Vec::new()),
        "gzip" | "x-gzip" => read(Box::new(MultiGzDecoder::new(bytes))),
        // Servers have sent both under this name.
        "deflate" => read(Box::new(ZlibDecoder::new(bytes))).or_else(|| read(Box::new(DeflateDecoder::new(bytes)))),
        _ => None,
    }
}

/// Is it packed?
pub fn is_packed(headers: &[(String, String)]) -> bool {
    value(headers, "content-encoding").is_some_and(|encoding| !matches!(encoding.trim(), "" | "identity"))
}

/// A body as text, if it is one.
pub fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn typed(kind: &str) -> Nature {
        Nature::of(&[("content-type".into(), kind.into())])
    }

    #[test]
    fn the_type_says_what_it_is() {
        assert_eq!(typed("application/problem+json; charset=utf-8"), Nature::Json);
        assert_eq!(typed("TEXT/HTML"), Nature::Markup);
        assert_eq!(typed("image/svg+xml"), Nature::Markup);
        assert_eq!(typed("image/png"), Nature::Binary);
        assert_eq!(typed("multipart/form-data; boundary=x"), Nature::Multipart);
        assert_eq!(Nature::of(&[]), Nature::Text);
    }

    #[test]
    fn packed_bodies_are_unpacked_up_to_a_limit() {
        let pack = |data: &[u8]| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            gzip.write_all(data).unwrap();
            gzip.finish().unwrap()
        };
        assert_eq!(unpack(&pack(b"hello"), "gzip").unwrap(), b"hello");
        assert_eq!(unpack(b"hello", "").unwrap(), b"hello");
        assert_eq!(unpack(b"hello", "br"), None);
        assert_eq!(unpack(b"not packed", "gzip"), None);
        let bomb = pack(&vec![0; usize::try_from(MOST_UNPACKED).unwrap() + 1]);
        assert!(bomb.len() < 100_000);
        assert_eq!(unpack(&bomb, "gzip"), None);
    }
}
