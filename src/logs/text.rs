//! Text that is safe to show: Apache's escapes undone, control characters made visible, colours kept.

use std::borrow::Cow;
use std::fmt::Write;

use crate::units::terminal::colour;

/// Undoes `ap_escape_errorlog_item`: Apache writes what is not printable ASCII as `\xc3\xa9`, `\t`, `\\`.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let (decoded, taken) = match (byte, tail) {
            (b'\\', [b'x', high, low, ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (byte, 1),
            },
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'b', ..]) => (8, 2),
            (b'\\', [b'v', ..]) => (11, 2),
            _ => (byte, 1),
        };
        bytes.push(decoded);
        rest = &rest[taken..];
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Makes control characters visible (`\x1b`, `\x07`) except tabs and colours, so that no log line can move the cursor,
/// set the title or answer for the terminal. Colours that are left on are turned off at the end.
pub fn neutralise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut coloured = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(sequence) = colour(rest) {
            coloured = !matches!(sequence, "\x1b[m" | "\x1b[0m");
            out.push_str(sequence);
            rest = &rest[sequence.len()..];
            continue;
        }
        match character {
            '\t' => out.push('\t'),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            // Writing to a String cannot fail.
            c if c.is_control() && c.is_ascii() => _ = write!(out, "\\x{:02x}", u32::from(c)),
            c if c.is_control() => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
        rest = &rest[character.len_utf8()..];
    }
    if coloured {
        out.push_str("\x1b[0m");
    }
    out
}

/// Takes colours out.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('\x1b') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let taken = match colour(rest) {
            Some(sequence) => sequence.len(),
            None => {
                out.push(character);
                character.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoes_what_apache_escapes() {
        assert_eq!(unescape(r#"h\xc3\xa9llo \x1b[32m a\\b \t"q""#), "héllo \x1b[32m a\\b \t\"q\"");
        assert_eq!(unescape(r"\xzz \q \xc3 end\"), "\\xzz \\q \u{fffd} end\\");
    }

    #[test]
    fn only_colours_survive() {
        assert_eq!(neutralise("\x1b[1;32mok\x1b[0m\ttab"), "\x1b[1;32mok\x1b[0m\ttab");
        assert_eq!(neutralise("\x1b]0;title\x07\x1b[2J\x1b[5A\u{9b}31m\x7f"), "\\x1b]0;title\\x07\\x1b[2J\\x1b[5A\\u009b31m\\x7f");
        assert_eq!(neutralise("\x1b[31mleft on"), "\x1b[31mleft on\x1b[0m");
        assert_eq!(neutralise("10%\r20%"), "10%\\r20%");
    }

    #[test]
    fn colours_can_be_taken_out() {
        assert_eq!(plain("\x1b[35mFile\x1b[0m é"), "File é");
    }
}
