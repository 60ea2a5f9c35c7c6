//! Python literals.

use std::fmt::Write;

use serde::Serialize;

use super::one_line;
use crate::error::Result;

/// A Python `str` literal, in ASCII whatever it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PythonLiteral(String);

super::written!(PythonLiteral);

impl PythonLiteral {
    /// # Errors
    /// Control characters: Python could hold them, but no name or path that parity writes has a use for them.
    pub fn new(setting: &str, value: &str) -> Result<Self> {
        one_line(setting, value)?;
        let mut quoted = String::with_capacity(value.len() + 2);
        quoted.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                ' '..='~' => quoted.push(c),
                '\u{80}'..='\u{ffff}' | '\0'..='\u{1f}' | '\u{7f}' => write!(quoted, "\\u{:04x}", u32::from(c)).expect("to a String"),
                _ => write!(quoted, "\\U{:08x}", u32::from(c)).expect("to a String"),
            }
        }
        quoted.push('"');
        Ok(Self(quoted))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How Python reads a plain string literal, as far as these escapes go.
    fn read(literal: &str) -> String {
        let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
        let mut out = String::new();
        let mut rest = inner.chars();
        while let Some(c) = rest.next() {
            assert!(c != '"' && c.is_ascii() && c != '\n');
            if c != '\\' {
                out.push(c);
                continue;
            }
            let digits = match rest.next().unwrap() {
                'u' => 4,
                'U' => 8,
                plain => {
                    assert!(plain == '"' || plain == '\\');
                    out.push(plain);
                    continue;
                }
            };
            let code: String = rest.by_ref().take(digits).collect();
            out.push(char::from_u32(u32::from_str_radix(&code, 16).unwrap()).unwrap());
        }
        out
    }

    proptest! {
        #[test]
        fn means_what_was_given_or_is_refused(value in r#"(?s)(\PC|[\n\r\x00\t\\"'{}%]){0,20}"#) {
            match PythonLiteral::new("x", &value) {
                Err(_) => prop_assert!(value.chars().any(char::is_control)),
                Ok(literal) => prop_assert_eq!(read(&literal.0), value),
            }
        }
    }

    #[test]
    fn shows_how_it_looks() {
        assert_eq!(PythonLiteral::new("x", r#"/app/é"\😀"#).unwrap().0, r#""/app/\u00e9\"\\\U0001f600""#);
    }
}
