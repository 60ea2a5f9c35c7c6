//! `${NAME}` and `${NAME:-default}`, in whatever quotes: `variables.py`. A `$NAME` is text.

use super::{Mention, Refused, Surroundings};

/// What the file has said of a name: nothing, that it is there without a value, or its value.
type Own<'a> = dyn Fn(&str) -> Option<Option<&'a str>> + 'a;

/// The value with its variables put in. Names that nothing is known of, and that have no default, are added to `unknown`.
pub(super) fn resolve(
    value: &str,
    line: usize,
    own: &Own<'_>,
    around: &impl Surroundings,
    unknown: &mut Vec<Mention>,
) -> Result<String, Refused> {
    let mut resolved = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        let Some((name, default, after)) = variable(&rest[at + 2..]) else {
            resolved.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        resolved.push_str(&rest[..at]);
        rest = after;
        if let Some(known) = around.over(name) {
            resolved.push_str(known);
        } else if let Some(known) = own(name) {
            resolved.push_str(known.unwrap_or_default());
        } else if let Some(known) = around.under(name) {
            resolved.push_str(known);
        } else if around.is_hidden(name) {
            return Err(Refused {
                line,
                what: format!("`${{{}}}` is a variable of the container, and its value is not known before that runs", name.escape_debug()),
                hint: Some("write the value out, or leave the variable to the container"),
            });
        } else {
            resolved.push_str(default.unwrap_or_default());
            if default.is_none() {
                unknown.push(Mention { name: name.to_owned(), line });
            }
        }
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// Name, default and what follows, of a text that begins behind `${`.
fn variable(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let end = text.find(['}', ':'])?;
    let (name, rest) = text.split_at(end);
    if let Some(after) = rest.strip_prefix('}') {
        return Some((name, None, after));
    }
    let (default, after) = rest.strip_prefix(":-")?.split_once('}')?;
    Some((name, Some(default), after))
}
