//! A body as lines that can be compared: of JSON one for each value with its path, of a page one for each text and attribute with
//! the element that it is in, of any other text its own.

use scraper::{ElementRef, Html, Node};
use serde_json::Value;

use super::ignore::Ignore;
use super::moments::{Shape, shape};
use crate::requests::body::Nature;

/// Of one body. A larger one is compared as far as this.
const MOST_LINES: usize = 50_000;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is compared.
    pub shape: Shape,
    /// What is shown.
    pub shown: String,
    /// The path of a field of JSON, without the numbers of items.
    pub place: Option<String>,
}

impl Line {
    pub fn new(place: &str, shown_place: &str, value: &str) -> Self {
        let mut shape = shape(value);
        if !place.is_empty() {
            shape.text = format!("{place}: {}", shape.text);
        }
        let shown = if shown_place.is_empty() { value.to_owned() } else { format!("{shown_place}: {value}") };
        Self { shape, shown, place: place.starts_with('$').then(|| place.to_owned()) }
    }

    /// Any text.
    pub fn plain(text: &str) -> Self {
        Self::new("", "", text)
    }
}

/// The lines of a body. `origin`: that of the server that gave it, which another one does not have.
pub fn of_body(text: &str, nature: Nature, origin: &str, ignore: &Ignore) -> Vec<Line> {
    let text = without_origin(text, origin);
    let mut lines = Vec::new();
    let json = matches!(nature, Nature::Json | Nature::Text).then(|| serde_json::from_str::<Value>(&text).ok()).flatten();
    match json {
        Some(value @ (Value::Object(_) | Value::Array(_))) => json_lines(("$", "$"), &value, ignore, &mut lines),
        _ if nature == Nature::Markup => {
            let page = Html::parse_document(&text);
            element(page.root_element(), &mut Vec::new(), ignore, &mut lines);
        }
        _ => lines.extend(text.lines().map(|line| Line::plain(line.trim_end()))),
    }
    lines.truncate(MOST_LINES);
    lines
}

/// A text in which the server does not say where it is.
pub fn without_origin(text: &str, origin: &str) -> String {
    if origin.is_empty() {
        return text.to_owned();
    }
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    let text = text.replace(origin, "<origin>");
    // `localhost` alone may be meant as a word.
    if authority.contains(':') { text.replace(authority, "<host>") } else { text }
}

/// `places`: the path without the numbers of items, by which it is compared, and with them, as it is shown.
fn json_lines(places: (&str, &str), value: &Value, ignore: &Ignore, lines: &mut Vec<Line>) {
    let (place, shown) = places;
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            for name in names {
                let (place, shown) = (format!("{place}.{name}"), format!("{shown}.{name}"));
                if ignore.has_field(name, &shown) {
                    continue;
                }
                match &fields[name] {
                    // It is another in each answer by definition.
                    Value::String(_) if name.eq_ignore_ascii_case("nonce") => lines.push(Line::new(&place, &shown, "<nonce>")),
                    value => json_lines((&place, &shown), value, ignore, lines),
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                json_lines((&format!("{place}[]"), &format!("{shown}[{at}]")), item, ignore, lines);
            }
        }
        _ => lines.push(Line::new(place, shown, &value.to_string())),
    }
}

/// Elements that are in every page, and say nothing about where something is.
const EVERYWHERE: [&str; 2] = ["html", "body"];

fn element(element: ElementRef<'_>, above: &mut Vec<String>, ignore: &Ignore, lines: &mut Vec<Line>) {
    let name = element.value().name();
    let named = |attribute: &str| element.value().attr(attribute);
    if lines.len() >= MOST_LINES || ["id", "name"].iter().any(|attribute| named(attribute).is_some_and(|name| ignore.has(name))) {
        return;
    }
    if !EVERYWHERE.contains(&name) {
        above.push(name.to_owned());
    }
    let place = if above.is_empty() { name.to_owned() } else { above.join(" > ") };
    let before = lines.len();
    let mut attributes: Vec<(&str, &str)> = element.value().attrs().filter(|(name, _)| !ignore.has(name)).collect();
    attributes.sort_unstable();
    for (name, value) in attributes {
        // It is another in each answer by definition.
        let value = if name == "nonce" { "<nonce>" } else { value };
        let place = format!("{place} @{name}");
        lines.push(Line::new(&place, &place, value));
    }
    let is_code = matches!(name, "script" | "style" | "pre" | "textarea");
    for child in element.children() {
        match child.value() {
            Node::Text(text) if is_code => {
                lines.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| Line::new(&place, &place, line)));
            }
            Node::Text(text) => {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                if !text.is_empty() {
                    lines.push(Line::new(&place, &place, &text));
                }
            }
            Node::Comment(comment) => {
                let place = format!("{place} <!--");
                lines.extend(comment.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| Line::new(&place, &place, line)));
            }
            Node::Element(_) => {
                if let Some(child) = ElementRef::wrap(child) {
                    self::element(child, above, ignore, lines);
                }
            }
            _ => {}
        }
    }
    // An empty one is worth a line, unless it is in every page.
    if lines.len() == before && !matches!(name, "html" | "head" | "body") {
        lines.push(Line { shape: Shape { text: place.clone(), moments: Vec::new() }, shown: place, place: None });
    }
    if !EVERYWHERE.contains(&name) {
        above.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, nature: Nature, ignored: &[&str]) -> Vec<String> {
        let ignore = Ignore::new(ignored.iter().map(|name| (*name).to_owned()));
        of_body(text, nature, "http://127.0.0.1:8000", &ignore).into_iter().map(|line| line.shown).collect()
    }

    #[test]
    fn json_by_path() {
        let text = r#"{"b": [{"c": 1}, {}], "a": "http://127.0.0.1:8000/x", "at": 5}"#;
        assert_eq!(shown(text, Nature::Json, &["at"]), ["$.a: \"<origin>/x\"", "$.b[0].c: 1", "$.b[1]: {}"]);
        assert_eq!(shown(text, Nature::Json, &["$.b[*].c", "a", "at"]), ["$.b[1]: {}"]);
        assert_eq!(shown("{broken", Nature::Json, &[]), ["{broken"]);
    }

    #[test]
    fn pages_by_node() {
        let page = "<!doctype html><title>Shop</title><p class=b id=x>Hello,\n  you</p><hr><script nonce=abc>a();\n  b();</script><p id=gone>x</p>";
        assert_eq!(
            shown(page, Nature::Markup, &["gone"]),
            [
                "head > title: Shop",
                "p @class: b",
                "p @id: x",
                "p: Hello, you",
                "hr",
                "script @nonce: <nonce>",
                "script: a();",
                "script: b();"
            ]
        );
    }

    #[test]
    fn texts_by_line() {
        assert_eq!(shown("a \nb 127.0.0.1:8000\n", Nature::Text, &[]), ["a", "b <host>"]);
    }
}
