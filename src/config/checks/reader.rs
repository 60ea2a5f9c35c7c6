//! Reads the parts of a check out of a file's tree. Each mistake has its line, its column and what was expected.

use serde_json::Value as Json;
use serde_json_path::JsonPath;

use super::template::regex;
use super::{JsonTemplate, Parsed, Pattern, Template};
use crate::config::advice;
use crate::config::source::{Source, Spot};
use crate::config::value::{Given, Value as _, list};
use crate::config::yaml::{Content, Key, Node, quoted};
use crate::error::{Failure, Result};

/// A value, where it is, and what to call it in a message.
#[derive(Clone)]
pub struct Field<'n> {
    /// `` `status` ``, `an item of `status``
    pub subject: String,
    pub spot: Spot,
    pub node: &'n Node,
}

impl<'n> Field<'n> {
    pub fn of(key: &Key, node: &'n Node) -> Self {
        Self { subject: quoted(&key.name), spot: node.spot_below(key), node }
    }

    fn text(&self) -> Option<&'n str> {
        if let Content::Text(text) = &self.node.value { Some(text) } else { None }
    }

    pub fn is_text(&self) -> bool {
        self.text().is_some()
    }

    /// The items of a list; one that is none is its own only item.
    pub fn items(&self) -> Vec<Field<'n>> {
        let item = |node| Field { subject: format!("an item of {}", self.subject), spot: node_spot(node, self.spot), node };
        match &self.node.value {
            Content::List(items) => items.iter().map(item).collect(),
            _ => vec![self.clone()],
        }
    }
}

fn node_spot(node: &Node, otherwise: Spot) -> Spot {
    if matches!(node.value, Content::Null) { otherwise } else { node.spot }
}

/// Some pairs of a map.
pub struct Fields<'n>(Vec<(&'n Key, Field<'n>)>);

impl<'n> Fields<'n> {
    pub fn get(&self, name: &str) -> Option<&Field<'n>> {
        self.0.iter().find(|(key, _)| key.name == name).map(|(_, field)| field)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'n Key, &Field<'n>)> {
        self.0.iter().map(|(key, field)| (*key, field))
    }

    /// Reads a value, if it is there.
    pub fn read<T>(&self, name: &str, read: impl Fn(&Field<'n>) -> Result<T>) -> Result<Option<T>> {
        self.get(name).map(read).transpose()
    }
}

/// The captured values that a check may use.
#[derive(Debug, Default)]
pub struct Scope {
    /// Captured by the checks above.
    pub known: Vec<String>,
    /// Every capture of all checks, and where.
    pub all: Vec<(String, String)>,
}

/// Reads one file.
pub struct Reader<'a> {
    pub source: &'a Source,
    pub scope: &'a Scope,
}

impl Reader<'_> {
    /// `SUBJECT must be EXPECTED, not what it is`
    pub fn must(&self, field: &Field<'_>, expected: &str) -> Failure {
        let got = match &field.node.value {
            Content::Null => "nothing".into(),
            Content::Text(text) if text.is_empty() => "an empty text".into(),
            Content::Text(text) => quoted(text),
            Content::List(_) => "a list".into(),
            Content::Map(_) => "a map".into(),
        };
        self.source.failure(field.spot, &format!("{} must be {expected}, not {got}", field.subject))
    }

    /// The pairs of a map that takes only these names.
    pub fn fields<'n>(&self, field: &Field<'n>, names: &[&str]) -> Result<Fields<'n>> {
        let Content::Map(pairs) = &field.node.value else {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            return Err(self.must(field, &format!("a map with {}", list(&names, "or"))));
        };
        if let Some((key, _)) = pairs.iter().find(|(key, _)| !names.contains(&key.name.as_str())) {
            return Err(self.unknown(field, key, names));
        }
        Ok(Fields(pairs.iter().map(|(key, node)| (key, Field::of(key, node))).collect()))
    }

    /// The pairs of a map that takes any name.
    pub fn pairs<'n>(&self, field: &Field<'n>) -> Result<Fields<'n>> {
        match &field.node.value {
            Content::Null => Ok(Fields(Vec::new())),
            Content::Map(pairs) => Ok(Fields(pairs.iter().map(|(key, node)| (key, Field::of(key, node))).collect())),
            _ => Err(self.must(field, "a map of names and values")),
        }
    }

    fn unknown(&self, field: &Field<'_>, key: &Key, names: &[&str]) -> Failure {
        let failure = self.source.failure(key.spot, &format!("unknown name {} in {}", quoted(&key.name), field.subject));
        let meant = match key.name.to_ascii_lowercase().replace('_', "-").as_str() {
            "url" | "uri" => Some("path").filter(|name| names.contains(name)),
            "max-time" | "timeout" | "duration" => Some("max-ms").filter(|name| names.contains(name)),
            "xpath" | "css" => Some("html-selector").filter(|name| names.contains(name)),
            "data" => Some("body").filter(|name| names.contains(name)),
            plain => advice::nearest(plain, names.iter().copied()),
        };
        match meant {
            Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
            None => failure.hint(format!("known here are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        }
    }

    /// Any text; it may have several lines.
    pub fn text(&self, field: &Field<'_>) -> Result<String> {
        field.text().map(str::to_owned).ok_or_else(|| self.must(field, "a text"))
    }

    /// One line of text that is not empty.
    pub fn line(&self, field: &Field<'_>) -> Result<String> {
        let line = field.text().filter(|text| !text.trim().is_empty() && !text.contains(char::is_control));
        line.map(str::to_owned).ok_or_else(|| self.must(field, "one line of text"))
    }

    pub fn flag(&self, field: &Field<'_>) -> Result<bool> {
        let given = field.text().map_or(Given::Null, Given::from);
        bool::read(&given).map_err(|wrong| self.must(field, &wrong.expected))
    }

    pub fn number(&self, field: &Field<'_>, least: u32, most: u32) -> Result<u32> {
        let number = field.text().and_then(|text| text.parse().ok()).filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.must(field, &format!("a whole number from {least} to {most}")))
    }

    /// A text in which captured values may be.
    pub fn template(&self, field: &Field<'_>) -> Result<Template> {
        let template = Template::parse(&self.text(field)?).map_err(|expected| self.must(field, expected))?;
        self.are_known(field, template.names())?;
        Ok(template)
    }

    /// The same, on one line.
    pub fn line_template(&self, field: &Field<'_>) -> Result<Template> {
        match field.text() {
            Some(text) if text.contains(char::is_control) => Err(self.must(field, "one line of text")),
            _ => self.template(field),
        }
    }

    /// Names with texts, as headers are; a list of texts stands for the same name several times.
    pub fn templates(&self, field: &Field<'_>, read: impl Fn(&Field<'_>) -> Result<Template>) -> Result<Vec<(String, Template)>> {
        let mut templates = Vec::new();
        for (key, field) in self.pairs(field)?.iter() {
            for item in field.items() {
                templates.push((key.name.clone(), read(&item)?));
            }
        }
        Ok(templates)
    }

    /// Any value, as JSON has it. Numbers and flags are what they look like, unless they are quoted.
    pub fn json(&self, field: &Field<'_>) -> Result<JsonTemplate> {
        Ok(match &field.node.value {
            Content::Null => JsonTemplate::Constant(Json::Null),
            Content::Text(text) => match constant(text).filter(|_| field.node.bare) {
                Some(value) => JsonTemplate::Constant(value),
                None => JsonTemplate::Text(self.template(field)?),
            },
            Content::List(_) => JsonTemplate::List(field.items().iter().map(|item| self.json(item)).collect::<Result<_>>()?),
            Content::Map(_) => {
                let pair = |(key, field): (&Key, &Field<'_>)| Ok((key.name.clone(), self.json(field)?));
                JsonTemplate::Map(self.pairs(field)?.iter().map(pair).collect::<Result<_>>()?)
            }
        })
    }

    pub fn pattern(&self, field: &Field<'_>) -> Result<Pattern> {
        let pattern = Pattern::parse(&self.text(field)?).map_err(|expected| self.must(field, &expected))?;
        self.are_known(field, pattern.names().into_iter())?;
        Ok(pattern)
    }

    pub fn regex(&self, field: &Field<'_>) -> Result<Parsed<regex::Regex>> {
        let text = self.text(field)?;
        let value = regex(&text).map_err(|expected| self.must(field, &expected))?;
        Ok(Parsed { text, value })
    }

    pub fn json_path(&self, field: &Field<'_>) -> Result<Parsed<JsonPath>> {
        let text = self.text(field)?;
        let value = JsonPath::parse(&text).map_err(|why| {
            let at = why.position();
            self.must(field, &format!("a JSONPath such as `$.items[0].name` ({} at character {})", why.message(), at + 1))
        })?;
        Ok(Parsed { text, value })
    }

    pub fn selector(&self, field: &Field<'_>) -> Result<Parsed<scraper::Selector>> {
        let text = self.text(field)?;
        let value =
            scraper::Selector::parse(&text).map_err(|_| self.must(field, "a CSS selector such as `form#login input[name=user]`"))?;
        Ok(Parsed { text, value })
    }

    fn are_known<'t>(&self, field: &Field<'_>, mut names: impl Iterator<Item = &'t str>) -> Result<()> {
        let Some(name) = names.find(|name| *name != BASE_URL && !self.scope.known.iter().any(|known| known == name)) else {
            return Ok(());
        };
        let failure = self.source.failure(field.spot, &format!("no check above captures `{name}`"));
        let elsewhere = self.scope.all.iter().find(|(known, _)| known == name);
        let known = || self.scope.known.iter().map(String::as_str).chain([BASE_URL]);
        Err(match (elsewhere, advice::nearest(name, known())) {
            (Some((_, place)), _) => failure.hint(format!("the check at {place} does: it must come first")),
            (None, Some(near)) => failure.hint(format!("did you mean `${{{near}}}`?")),
            (None, None) => failure.hint(format!(
                "an earlier check captures a value with `capture: {{{name}: {{jsonpath: \"$.{name}\"}}}}`; a `$${{` stands for itself"
            )),
        })
    }
}

/// `${url}` is there without a capture: the address of what is checked.
pub const BASE_URL: &str = "url";

fn constant(text: &str) -> Option<Json> {
    match text {
        "true" | "True" | "TRUE" => Some(Json::Bool(true)),
        "false" | "False" | "FALSE" => Some(Json::Bool(false)),
        _ => serde_json::from_str::<Json>(text).ok().filter(Json::is_number),
    }
}
