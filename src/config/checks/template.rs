//! Texts with `${name}` in them, which stand for what earlier checks captured.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::{Parsed, plain};

/// What was captured, by name.
pub type Values = BTreeMap<String, Value>;

/// A value that no check has captured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` was not captured")]
pub struct Missing(pub String);

/// A text with values to be filled in. `$${` is a `${` that is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(String),
}

impl Template {
    /// A text without values.
    pub fn constant(text: impl Into<String>) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with a `${…}`, in words that complete "must be".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut constant = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if let Some(escaped) = rest[..at].strip_suffix('$') {
                constant.push_str(escaped);
                constant.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            constant.push_str(&rest[..at]);
            let (name, behind) = rest[at + 2..].split_once('}').ok_or("a text whose `${` is closed by `}` (`$${` stands for itself)")?;
            if !is_name(name) {
                return Err("a text with names of letters, digits, `-` and `_` between `${` and `}` (`$${` stands for itself)");
            }
            if !constant.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut constant)));
            }
            pieces.push(Piece::Value(name.to_owned()));
            rest = behind;
        }
        constant.push_str(rest);
        if !constant.is_empty() {
            pieces.push(Piece::Text(constant));
        }
        Ok(Self(pieces))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| if let Piece::Value(name) = piece { Some(name.as_str()) } else { None })
    }

    /// The text with the values in it.
    ///
    /// # Errors
    /// The first value that is missing.
    pub fn fill(&self, values: &Values) -> Result<String, Missing> {
        self.fill_with(values, plain)
    }

    fn fill_with(&self, values: &Values, write: impl Fn(&Value) -> String) -> Result<String, Missing> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => Ok(text.clone()),
            Piece::Value(name) => values.get(name).map(&write).ok_or_else(|| Missing(name.clone())),
        };
        self.0.iter().map(piece).collect()
    }

    /// The name of the value, where the text is nothing else.
    fn sole(&self) -> Option<&str> {
        if let [Piece::Value(name)] = &self.0[..] { Some(name) } else { None }
    }

    /// As far as it is known before anything is captured: up to its first value.
    pub fn beginning(&self) -> &str {
        if let Some(Piece::Text(text)) = self.0.first() { text } else { "" }
    }
}

/// As it was written.
impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Value(name) => write!(f, "${{{name}}}"),
        })
    }
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// JSON with templates for texts. A text that is one `${name}` becomes the value as it was captured: a number stays one.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTemplate {
    /// Null, a number or a flag.
    Constant(Value),
    Text(Template),
    List(Vec<JsonTemplate>),
    Map(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Text(text) => text.names().collect(),
            Self::List(items) => items.iter().flat_map(Self::names).collect(),
            Self::Map(pairs) => pairs.iter().flat_map(|(_, value)| value.names()).collect(),
        }
    }

    /// The value with what was captured in it.
    ///
    /// # Errors
    /// The first value that is missing.
    pub fn fill(&self, values: &Values) -> Result<Value, Missing> {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Text(text) => match text.sole() {
                Some(name) => values.get(name).cloned().ok_or_else(|| Missing(name.to_owned()))?,
                None => Value::String(text.fill(values)?),
            },
            Self::List(items) => Value::Array(items.iter().map(|item| item.fill(values)).collect::<Result<_, _>>()?),
            Self::Map(pairs) => {
                Value::Object(pairs.iter().map(|(name, value)| Ok((name.clone(), value.fill(values)?))).collect::<Result<_, _>>()?)
            }
        })
    }
}

/// A regular expression in which captured values stand for themselves.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    Ready(Parsed<Regex>),
    Open(Template),
}

impl Pattern {
    /// Reads it; one with values is tried with nothing in their places.
    ///
    /// # Errors
    /// What is wrong, in words that complete "must be".
    pub fn parse(text: &str) -> Result<Self, String> {
        let template = Template::parse(text)?;
        let tried = template.fill_with(&template.names().map(|name| (name.to_owned(), Value::Null)).collect(), |_| String::new());
        let tried = tried.unwrap_or_default();
        let value = regex(&tried)?;
        Ok(if template.names().next().is_none() { Self::Ready(Parsed { text: tried, value }) } else { Self::Open(template) })
    }

    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Ready(_) => Vec::new(),
            Self::Open(template) => template.names().collect(),
        }
    }

    /// The expression with the values in it.
    ///
    /// # Errors
    /// The first value that is missing. One that is too large for an expression counts as such.
    pub fn fill(&self, values: &Values) -> Result<Parsed<Regex>, Missing> {
        match self {
            Self::Ready(ready) => Ok(ready.clone()),
            Self::Open(template) => {
                let text = template.fill_with(values, |value| regex::escape(&plain(value)))?;
                let value = Regex::new(&text).map_err(|_| Missing(template.to_string()))?;
                Ok(Parsed { text, value })
            }
        }
    }
}

/// Compiles an expression, or says in words that complete "must be" what is wrong with it.
pub(super) fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|why| {
        // The last line of a syntax error says what it is; those before show the place once more.
        let words = why.to_string();
        let words = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("a regular expression ({words})")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn values() -> Values {
        [("id".to_owned(), json!(7)), ("name".to_owned(), json!("a.b"))].into()
    }

    #[test]
    fn values_are_filled_in() {
        let fill = |text: &str| Template::parse(text).unwrap().fill(&values());
        assert_eq!(fill("/users/${id}/${name}"), Ok("/users/7/a.b".into()));
        assert_eq!(fill("$5 $${id} ${id}$"), Ok("$5 ${id} 7$".into()));
        assert_eq!(fill(""), Ok(String::new()));
        assert_eq!(fill("${other}"), Err(Missing("other".into())));
        for text in ["${", "${id", "${a b}", "${}", "a ${}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_alone_keeps_its_type_in_json() {
        let text = |text| JsonTemplate::Text(Template::parse(text).unwrap());
        let body = JsonTemplate::Map(vec![("a".into(), text("${id}")), ("b".into(), JsonTemplate::List(vec![text("no ${id}")]))]);
        assert_eq!(body.fill(&values()).unwrap(), json!({"a": 7, "b": ["no 7"]}));
    }

    #[test]
    fn a_value_in_a_pattern_stands_for_itself() {
        let pattern = Pattern::parse("^${name}$").unwrap().fill(&values()).unwrap();
        assert!(pattern.value.is_match("a.b") && !pattern.value.is_match("axb"));
        assert!(Pattern::parse("(${name}").unwrap_err().contains("unclosed group"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([$]|[{]|[}]|a|\\PC){0,20}") {
            if let Ok(template) = Template::parse(&text) && template.names().next().is_none() {
                prop_assert_eq!(template.fill(&Values::new()).unwrap(), text.replace("$${", "${"));
            }
        }
    }
}
