//! Text for a terminal. What comes from elsewhere (a file's name, a log, an answer) must not move the cursor, set the title or the
//! clipboard, or show characters in another order than they are in.
//!
//! Characters that would are written as `\u001b`: readable, and what JSON has for them.

use std::borrow::Cow;
use std::fmt::Write;

/// Does a terminal do something else with it than to show it? Newlines and tabs are among those.
pub fn is_active(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line: a name, a title, a URL.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, "\t", false)
}

/// Lines. No further one begins where a message of parity's own does, so that none can be taken for one.
pub fn text(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    let is_flush = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']);
    if !text.split('\n').skip(1).any(is_flush) {
        return text;
    }
    let mut lines = text.split('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push_str(if is_flush(line) { "\n  " } else { "\n" });
        out.push_str(line);
    }
    Cow::Owned(out)
}

/// Lines where nothing of parity's own is beside them: a page, a clipboard.
pub fn plain(text: &str) -> Cow<'_, str> {
    match text.contains("\r\n") {
        true => Cow::Owned(escaped(&text.replace("\r\n", "\n"), "\t\n", false).into_owned()),
        false => escaped(text, "\t\n", false),
    }
}

/// One line with its colours, which are turned off at its end.
pub fn coloured_line(text: &str) -> Cow<'_, str> {
    escaped(text, "\t", true)
}

/// The same for all that is written.
pub fn coloured(text: &str) -> Cow<'_, str> {
    escaped(text, "\t\n", true)
}

fn escaped<'t>(text: &'t str, kept: &str, colours: bool) -> Cow<'t, str> {
    if !text.contains(|c| is_active(c) && !kept.contains(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut is_on = false;
    while let Some(c) = rest.chars().next() {
        if let Some(sequence) = colour(rest) {
            if colours {
                is_on = !matches!(sequence, "\x1b[m" | "\x1b[0m");
                out.push_str(sequence);
            }
            rest = &rest[sequence.len()..];
            continue;
        }
        if is_active(c) && !kept.contains(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    if is_on {
        out.push_str("\x1b[0m");
    }
    Cow::Owned(out)
}

/// The "select graphic rendition" sequence at the beginning of `text`.
pub fn colour(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let length = parameters.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')).count();
    parameters[length..].starts_with('m').then(|| &text[..length + 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        let name = "m\x1b]0;X\x07\n\u{9b}2J\u{202e}\x1b[31m.py";
        assert_eq!(line(name), r"m\u001b]0;X\u0007\u000a\u009b2J\u202e.py");
        assert_eq!(coloured_line("\x1b[1;32mok\x1b[0m\t\r\x1b[5A"), "\x1b[1;32mok\x1b[0m\t\\u000d\\u001b[5A");
        assert_eq!(coloured_line("\x1b[31mleft on"), "\x1b[31mleft on\x1b[0m");
        assert_eq!(text("a\nerror: forged\n  b\n\n"), "a\n  error: forged\n  b\n\n");
        assert_eq!(text("plain é → ↻"), "plain é → ↻");
    }
}
