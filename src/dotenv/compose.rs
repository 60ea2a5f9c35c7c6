//! The same files as Docker Compose reads them for `env_file:` and its own `.env`, to tell where that comes to something else.
//!
//! A port of `dotenv/parser.go` and `template/template.go` of compose-go 2
//! (<https://github.com/compose-spec/compose-go>, Apache-2.0). Its rules: between single quotes `\'` alone is an escape; between
//! double quotes those of Go are; `$NAME`, `${NAME}`, `${NAME-default}`, `:-`, `+`, `:+`, `?`, `:?` are put in everywhere but between
//! single quotes, and `$$` is a dollar; `NAME: value` sets a variable, and a bare `NAME` passes one on.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Where a file is refused, in lines counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub line: usize,
}

type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What Compose would make of a file. `environment` is what a shell has, which wins in substitutions.
///
/// # Errors
/// What Compose refuses.
pub fn read(text: &str, environment: &Lookup<'_>) -> Result<HashMap<String, String>, Refused> {
    let mut variables = HashMap::new();
    let mut rest = text;
    while let Some(statement) = start(rest) {
        let line = 1 + text[..text.len() - statement.len()].matches('\n').count();
        let refused = || Refused { line };
        let Name { name, after, inherited } = name(statement).ok_or_else(refused)?;
        if name.contains(' ') {
            return Err(refused());
        }
        if inherited {
            variables.extend(environment(name).map(|value| (name.to_owned(), value)));
            rest = after;
            continue;
        }
        let lookup = |name: &str| environment(name).or_else(|| variables.get(name).cloned());
        let (value, after) = value(after, &lookup).ok_or_else(refused)?;
        variables.insert(name.to_owned(), value);
        rest = after;
    }
    // A name that begins with a digit is left out without a word.
    variables.retain(|name, _| !name.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    Ok(variables)
}

/// The text from the next statement on.
fn start(text: &str) -> Option<&str> {
    let mut text = text.trim_start();
    while text.starts_with('#') {
        text = text[text.find('\n')?..].trim_start();
    }
    (!text.is_empty()).then_some(text)
}

struct Name<'a> {
    name: &'a str,
    after: &'a str,
    /// Without a value.
    inherited: bool,
}

fn name(mut text: &str) -> Option<Name<'_>> {
    if let Some(after) = text.strip_prefix("export")
        && after.starts_with(['\t', '\n', '\u{c}', '\r', ' '])
    {
        text = after.trim_start_matches(is_blank);
    }
    let mut end = None;
    for (at, c) in text.char_indices().filter(|(_, c)| !is_blank(*c)) {
        match c {
            '=' | ':' | '\n' => {
                end = Some((at, c));
                break;
            }
            '_' | '.' | '-' | '[' | ']' => {}
            c if c.is_alphabetic() || c.is_numeric() => {}
            _ => return None,
        }
    }
    if text.is_empty() {
        return None;
    }
    // At the end of a file a bare name is the value of a variable without a name.
    let (name, after) = end.map_or(("", text), |(at, _)| (&text[..at], &text[at + 1..]));
    Some(Name { name: name.trim_end(), after: after.trim_start_matches(is_blank), inherited: end.is_some_and(|(_, c)| c == '\n') })
}

fn value<'a>(text: &'a str, lookup: &Lookup<'_>) -> Option<(String, &'a str)> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        let (value, rest) = text.split_once('\n').unwrap_or((text, ""));
        let value = value.split_once(" #").map_or(value, |(value, _)| value).trim_end();
        return Some((substitute(value, lookup)?, rest));
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            let rest = &text[at + 1..];
            return if quote == '"' { Some((substitute(&unescape(&value), lookup)?, rest)) } else { Some((value, rest)) };
        }
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        if escaped && c != quote {
            value.push('\\');
        }
        escaped = false;
        value.push(c);
    }
    None
}

static ESCAPE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\\(?:[abcfnrtv$"\\]|0[0-9]{0,3})"#));

fn unescape(text: &str) -> String {
    let meant = |found: &Captures<'_>| match &found[0] {
        r"\$" => "$$".to_owned(),
        r"\a" => "\u{7}".to_owned(),
        r"\b" => "\u{8}".to_owned(),
        r"\f" => "\u{c}".to_owned(),
        r"\n" => "\n".to_owned(),
        r"\r" => "\r".to_owned(),
        r"\t" => "\t".to_owned(),
        r"\v" => "\u{b}".to_owned(),
        r"\\" => "\\".to_owned(),
        "\\\"" => "\"".to_owned(),
        other => octal(&other[2..]).unwrap_or_else(|| other.to_owned()),
    };
    ESCAPE.replace_all(text, meant).into_owned()
}

/// Three digits behind `\0`, which Go takes for a byte's value.
fn octal(digits: &str) -> Option<String> {
    let value = u32::from_str_radix(digits, 8).ok().filter(|value| digits.len() == 3 && *value <= 255)?;
    char::from_u32(value).map(String::from)
}

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\$(?i:(?P<escaped>\$)|(?P<named>[_a-z][_a-z0-9]*)|\{(?:(?P<braced>[_a-z][_a-z0-9]*(?::?[-+?](?:.*))?)\}|(?P<invalid>)))")
});

/// `None`: a `$` that means nothing, or a variable that must be there and is not.
fn substitute(text: &str, lookup: &Lookup<'_>) -> Option<String> {
    let mut out = String::new();
    let mut end = 0;
    for found in VARIABLE.find_iter(text) {
        out.push_str(&text[end..found.start()]);
        out.push_str(&replacement(found.as_str(), lookup)?);
        end = found.end();
    }
    out.push_str(&text[end..]);
    Some(out)
}

fn replacement(found: &str, lookup: &Lookup<'_>) -> Option<String> {
    let (variable, rest) = closing(found).map_or((found, ""), |at| found.split_at(at + 1));
    let groups = VARIABLE.captures(variable)?;
    if let Some(dollar) = groups.name("escaped") {
        return Some(dollar.as_str().to_owned());
    }
    if let Some(named) = groups.name("named") {
        return Some(lookup(named.as_str()).unwrap_or_default());
    }
    let braced = groups.name("braced")?.as_str();
    let Some((name, operator, word)) = operation(found, braced) else { return Some(lookup(braced).unwrap_or_default()) };
    let known = lookup(name);
    let counts = known.as_ref().is_some_and(|known| !operator.starts_with(':') || !known.is_empty());
    let value = match operator.trim_start_matches(':') {
        "-" if counts => known?,
        "-" => substitute(word, lookup)?,
        "+" if counts => substitute(word, lookup)?,
        "+" => known.unwrap_or_default(),
        _ if counts => known?,
        _ => return None,
    };
    Some(value + &substitute(rest, lookup)?)
}

/// The operator that comes first decides how the whole is read.
fn operation<'a>(found: &str, braced: &'a str) -> Option<(&'a str, &'static str, &'a str)> {
    const OPERATORS: [&str; 6] = [":?", "?", ":-", "-", ":+", "+"];
    let operator = OPERATORS.into_iter().filter_map(|operator| Some((found.find(operator)?, operator))).min_by_key(|(at, _)| *at)?.1;
    let (name, word) = braced.split_once(operator)?;
    Some((name, operator, word))
}

/// Where the first brace is closed, counted as Compose does: what follows an opening one is not looked at.
fn closing(text: &str) -> Option<usize> {
    let (bytes, mut open, mut at) = (text.as_bytes(), 0_i32, 0);
    while at < bytes.len() {
        if bytes[at] == b'}' {
            open -= 1;
            if open == 0 {
                return Some(at);
            }
        }
        if bytes[at] == b'{' {
            open += 1;
            at += 1;
        }
        at += 1;
    }
    None
}

/// Go's spaces within a line.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are constants, compiled by the tests")
}
