//! From text to statements: `parser.py`.

use super::Refused;

/// `NAME=value`, or a bare `NAME`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub name: String,
    pub value: Option<String>,
    pub line: usize,
}

/// A text whose lines end with `\n`, and how far it has been read.
pub(super) struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

const FORM: &str = "a line must be `NAME=value`";
const AFTER_QUOTE: &str = "something follows the closing quote";
const ESCAPE: &str = "write `\\` before a quote that belongs to the value, or put the value between the other kind of quotes";
const NOT_CLOSED: &str = "a quote is not closed";
const CLOSE: &str = "a value that begins with a quote goes on to the next one like it, over the ends of lines";

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// The next statement, behind blank lines and comments. `None`: there is none.
    pub(super) fn statement(&mut self) -> Result<Option<Statement>, Refused> {
        loop {
            self.take_while(is_space);
            if self.rest.is_empty() {
                return Ok(None);
            }
            let line = self.line;
            let read = self.binding().map_err(|(what, hint)| Refused { line, what: what.to_owned(), hint })?;
            if let Some((name, value)) = read {
                return Ok(Some(Statement { name, value, line }));
            }
        }
    }

    /// `None`: a comment.
    fn binding(&mut self) -> Result<Option<(String, Option<String>)>, Wrong> {
        if let Some(after) = self.rest.strip_prefix("export")
            && after.starts_with(is_blank)
        {
            self.rest = after;
            self.take_while(is_blank);
        }
        let name = self.name()?;
        self.take_while(is_blank);
        let (value, otherwise) = if self.take("=") {
            let spaced = !self.take_while(is_blank).is_empty();
            let is_quoted = self.rest.starts_with(['\'', '"']);
            // `A= # comment` is empty, `A=#x` is not.
            let value = if spaced && self.rest.starts_with('#') { String::new() } else { self.value()? };
            (Some(value), if is_quoted { (AFTER_QUOTE, Some(ESCAPE)) } else { (FORM, None) })
        } else {
            (None, (FORM, None))
        };
        self.take_while(is_blank);
        if self.rest.starts_with('#') {
            self.take_while(|c| c != '\n');
        }
        if !self.rest.is_empty() && !self.take("\n") {
            return Err(otherwise);
        }
        Ok(name.map(|name| (name, value)))
    }

    fn name(&mut self) -> Result<Option<String>, Wrong> {
        if self.rest.starts_with('#') {
            return Ok(None);
        }
        let name = if self.take("'") {
            let name = self.take_while(|c| c != '\'');
            if !self.take("'") {
                return Err((NOT_CLOSED, None));
            }
            name
        } else {
            self.take_while(|c| c != '=' && c != '#' && !is_space(c))
        };
        if name.is_empty() { Err((FORM, None)) } else { Ok(Some(name.to_owned())) }
    }

    fn value(&mut self) -> Result<String, Wrong> {
        match self.rest.chars().next() {
            Some('\'') => self.quoted('\'', |c| matches!(c, '\\' | '\'').then_some(c)),
            Some('"') => self.quoted('"', |c| {
                Some(match c {
                    '\\' | '\'' | '"' => c,
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\u{b}',
                    _ => return None,
                })
            }),
            _ => Ok(unquoted(self.take_while(|c| c != '\n')).to_owned()),
        }
    }

    /// What is between two quotes. `escape` is what a character stands for behind a backslash, if for anything else than both.
    fn quoted(&mut self, quote: char, escape: fn(char) -> Option<char>) -> Result<String, Wrong> {
        let mut value = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        let end = loop {
            match chars.next().ok_or((NOT_CLOSED, Some(CLOSE)))? {
                (at, c) if c == quote => break at + 1,
                (_, '\\') => {
                    let (_, c) = chars.next().ok_or((NOT_CLOSED, Some(CLOSE)))?;
                    match escape(c) {
                        Some(meant) => value.push(meant),
                        None => value.extend(['\\', c]),
                    }
                }
                (_, c) => value.push(c),
            }
        };
        self.advance(end);
        Ok(value)
    }

    fn take(&mut self, text: &str) -> bool {
        let is_there = self.rest.starts_with(text);
        if is_there {
            self.advance(text.len());
        }
        is_there
    }

    fn take_while(&mut self, wanted: fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let taken = &self.rest[..end];
        self.advance(end);
        taken
    }

    fn advance(&mut self, bytes: usize) {
        let (read, rest) = self.rest.split_at(bytes);
        self.line += read.matches('\n').count();
        self.rest = rest;
    }
}

/// What is wrong, and what to do about it.
type Wrong = (&'static str, Option<&'static str>);

/// A `#` behind a blank begins a comment.
fn unquoted(text: &str) -> &str {
    let comment = text.match_indices('#').find(|(at, _)| text[..*at].ends_with(is_space));
    comment.map_or(text, |(at, _)| &text[..at]).trim_end_matches(is_space)
}

/// Python's idea of it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn is_blank(c: char) -> bool {
    is_space(c) && c != '\n' && c != '\r'
}
