//! Arguments of Apache's directives.

use serde::Serialize;

use super::{one_line, refuse};
use crate::error::Result;

/// One argument of a directive, in double quotes.
///
/// How Apache reads it back: the line is split by `ap_getword_conf`, in which `\"` and `\\` are the only escapes;
/// then `${NAME}` in each word is replaced by a `Define` or an environment variable, and there is no escape for it.
/// What it was replaced by is not looked at again, so the dollar itself comes from a variable that the template
/// defines: `Define PARITY_DOLLAR $`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpdArg(String);

super::written!(HttpdArg);

/// What stands for a `$` that is followed by `{`. `templates/httpd.conf` defines it.
const DOLLAR: &str = "${PARITY_DOLLAR}";

impl HttpdArg {
    /// An argument that means exactly `value`.
    ///
    /// # Errors
    /// Control characters, and the empty text, which most directives take for a missing argument.
    pub fn new(setting: &str, value: &str) -> Result<Self> {
        if value.is_empty() {
            return Err(refuse(setting, value, "is empty"));
        }
        Self::maybe_empty(setting, value)
    }

    /// As [`HttpdArg::new`], for the few directives that take an empty argument.
    ///
    /// # Errors
    /// Control characters.
    pub fn maybe_empty(setting: &str, value: &str) -> Result<Self> {
        one_line(setting, value)?;
        let mut quoted = String::with_capacity(value.len() + 2);
        quoted.push('"');
        let mut rest = value.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                '$' if rest.peek() == Some(&'{') => quoted.push_str(DOLLAR),
                _ => quoted.push(c),
            }
        }
        quoted.push('"');
        Ok(Self(quoted))
    }

    /// An argument that the directive reads as an expression (`ErrorDocument`): `%{…}` and `$1` stay text.
    ///
    /// # Errors
    /// Control characters, and the empty text.
    pub fn in_expression(setting: &str, value: &str) -> Result<Self> {
        let mut escaped = String::with_capacity(value.len());
        for c in value.chars() {
            if matches!(c, '\\' | '%' | '$') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        Self::new(setting, &escaped)
    }

    /// The argument of `<Directory>` for exactly this directory and what is below it.
    ///
    /// # Errors
    /// Control characters, and the empty text.
    pub fn directory_section(setting: &str, path: &str) -> Result<Self> {
        section(setting, path, "(/|$)")
    }

    /// The argument of `<Files>` for exactly this name.
    ///
    /// # Errors
    /// Control characters, and the empty text.
    pub fn files_section(setting: &str, name: &str) -> Result<Self> {
        section(setting, name, "$")
    }
}

/// Sections take `*`, `?` and `[` for a pattern, in which a backslash does not help: such a path is written as the
/// regular expression that matches it alone.
fn section(setting: &str, path: &str, end: &str) -> Result<HttpdArg> {
    if !path.contains(['*', '?', '[']) {
        return HttpdArg::new(setting, path);
    }
    let HttpdArg(pattern) = HttpdArg::new(setting, &format!("^{}{end}", regex::escape(path)))?;
    Ok(HttpdArg(format!("~ {pattern}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Apache's `ap_getword_conf` and `ap_resolve_env`, as their source has them: one word, and what is left of the line.
    fn getword(line: &str) -> (String, &str) {
        let bytes = line.as_bytes();
        let quote = bytes[0];
        assert!(quote == b'"');
        let mut end = 1;
        while end < bytes.len() && bytes[end] != quote {
            end += if bytes[end] == b'\\' && bytes.get(end + 1).is_some_and(|&next| next == quote || next == b'\\') { 2 } else { 1 };
        }
        assert!(end < bytes.len(), "the quote is not closed: {line}");
        let mut word = Vec::new();
        let mut at = 1;
        while at < end {
            if bytes[at] == b'\\' && (bytes[at + 1] == b'\\' || bytes[at + 1] == quote) {
                at += 1;
            }
            word.push(bytes[at]);
            at += 1;
        }
        (resolve(&String::from_utf8(word).unwrap()), &line[end + 1..])
    }

    fn resolve(word: &str) -> String {
        let mut out = String::new();
        let mut rest = word;
        while let Some(start) = rest.find('$') {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            match rest.strip_prefix("${").and_then(|inner| inner.split_once('}')) {
                // Every name is taken for a variable that is set: the worst case.
                Some((name, after)) => {
                    out.push_str(if name == "PARITY_DOLLAR" { "$" } else { "LEAKED" });
                    rest = after;
                }
                None => {
                    out.push('$');
                    rest = &rest[1..];
                }
            }
        }
        out + rest
    }

    /// The string part of Apache's expression scanner.
    fn expression(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next() {
                    Some(next) if !next.is_ascii_alphanumeric() => out.push(next),
                    other => panic!("an escape with a meaning: {other:?}"),
                },
                '%' | '$' => panic!("unescaped {c} in {text}"),
                _ => out.push(c),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn means_what_was_given_or_is_refused(value in r#"(?s)(\PC|[\n\r\x00\t\\"'${}%<> ]|PARITY_DOLLAR|\$\{PATH\}){0,20}"#) {
            match HttpdArg::maybe_empty("x", &value) {
                Err(_) => prop_assert!(value.chars().any(char::is_control)),
                Ok(arg) => {
                    let line = format!("{arg} after");
                    prop_assert!(!line.contains(['\n', '\0']));
                    prop_assert_eq!(getword(&line), (value, " after"));
                }
            }
        }

        #[test]
        fn expressions_stay_text(value in r#"([a-z0-9\\"'${}%<> é])*"#) {
            if let Ok(arg) = HttpdArg::in_expression("x", &value) {
                prop_assert_eq!(expression(&getword(&arg.to_string()).0), value);
            } else {
                prop_assert!(value.is_empty());
            }
        }
    }

    #[test]
    fn shows_how_it_looks() {
        assert_eq!(HttpdArg::new("x", r#"a "b" \ ${PATH} $1 $"#).unwrap().0, r#""a \"b\" \\ ${PARITY_DOLLAR}{PATH} $1 $""#);
        assert_eq!(HttpdArg::new("x", r"ends in \").unwrap().0, r#""ends in \\""#);
        assert_eq!(HttpdArg::in_expression("x", "%{HTTP_HOST} $1").unwrap().0, r#""\\%{HTTP_HOST} \\$1""#);
        assert_eq!(HttpdArg::directory_section("x", "/app/a b").unwrap().0, r#""/app/a b""#);
        assert_eq!(HttpdArg::directory_section("x", "/app/[x]*").unwrap().0, r#"~ "^/app/\\[x\\]\\*(/|$)""#);
        assert_eq!(HttpdArg::files_section("x", "a?.txt").unwrap().0, r#"~ "^a\\?\\.txt$""#);
        assert!(HttpdArg::new("x", "").is_err());
        let failure = HttpdArg::new("setenv", "a\nServerRoot /").unwrap_err();
        assert_eq!(
            failure.message,
            r"setenv: `a\nServerRoot /` holds a line break or another control character, which cannot be written there"
        );
    }
}
