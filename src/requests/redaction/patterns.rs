//! How names and values look in texts, and how values are written in them.

use std::sync::LazyLock;

use regex::Regex;
use url::form_urlencoded;

/// `name=`, `filename=` of a part of a form.
pub(in crate::requests) static FIELD_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)content-disposition:[^\r\n]*?[;\s]name=(?:"([^"\r\n]*)"|([^;\s]*))"#));
pub(in crate::requests) static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<(?:input|meta|button|option|param)\b[^>]*>"));
pub(in crate::requests) static ATTRIBUTE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?s)([\w:.-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)"#));
pub(super) static ELEMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<([\w.:-]{2,64})>([^<]*)</"));
/// How values are quoted in texts: in JSON, in JSON within JSON, in HTML.
pub(super) const QUOTES: [&str; 7] = ["\\\"", "\"", "'", "&quot;", "&#34;", "&#39;", "&#x27;"];
/// A quote or none (1), a name (2), how the value is joined to it (3), the value with its quotes (4).
pub(super) static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)
    ( \\?["'] | &quot; | &\#34; | &\#39; | &\#x27; )?
    ( [\w] [\w.\-\[\]]{1,63} )
    ( (?: \\?["'] | &quot; | &\#34; | &\#39; | &\#x27; )? \s* (?: : | => | = ) \s* )
    ( \\" (?s:.*?) (?: \\" | \z )
    | " (?: [^"\\] | \\. )* (?: " | \z )
    | ' (?: [^'\\] | \\. )* (?: ' | \z )
    | &quot; (?s:.*?) (?: &quot; | \z )
    | &\#34; (?s:.*?) (?: &\#34; | \z )
    | &\#39; (?s:.*?) (?: &\#39; | \z )
    | &\#x27; (?s:.*?) (?: &\#x27; | \z )
    | [^\s&;,<>"'{}()\[\]]+
    )"#,
    )
});

/// The patterns are here, and tested.
#[allow(clippy::expect_used, reason = "the texts are constants")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a regular expression")
}

pub(in crate::requests) fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

pub(in crate::requests) fn decoded(text: &str) -> String {
    let text = text.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

/// Of HTML.
pub(in crate::requests) fn unescaped(text: &str) -> String {
    let plain = text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#x27;", "'").replace("&#39;", "'");
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

pub(super) fn split<'b>(bytes: &'b [u8], mark: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let current = rest?;
        match split_once(current, mark) {
            Some((before, behind)) => {
                rest = Some(behind);
                Some(before)
            }
            None => rest.take(),
        }
    })
}

pub(super) fn split_once<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}
