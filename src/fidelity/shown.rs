//! Observations for people and programs: short, without secret values, and without power over the terminal.

use serde_json::Value;

use super::Observation;
use crate::units::{Redactor, Secret, visible};

/// Characters of a value in a table.
const SHORT: usize = 48;
/// Sections in which any value may be a secret.
const SECRET: [&str; 2] = ["environment", "request"];
/// Names in there that say what their values are.
const KNOWN: [&str; 14] = [
    "MOD_WSGI_",
    "PARITY_",
    "mod_wsgi.",
    "wsgi.",
    "apache.",
    "SCRIPT_",
    "SERVER_",
    "GATEWAY_",
    "DOCUMENT_ROOT",
    "CONTEXT_",
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
];

/// How values are shown.
#[derive(Debug)]
pub struct Shown(Redactor);

impl Shown {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self(Redactor::new(secrets))
    }

    pub fn place(&self, observation: &Observation) -> String {
        self.cut(&observation.place())
    }

    /// The value without what is nobody's business.
    pub fn value(&self, observation: &Observation, value: &Value) -> Value {
        let is_known = |name: &str| KNOWN.iter().any(|known| name.starts_with(known));
        if SECRET.contains(&observation.section.as_str()) && !is_known(&observation.name) {
            return "***".into();
        }
        self.clean(value)
    }

    /// The same for a table; nothing where it is not there.
    pub fn short(&self, observation: &Observation, value: Option<&Value>) -> String {
        match value.map(|value| self.value(observation, value)) {
            None => "–".into(),
            Some(Value::Bool(true)) => "yes".into(),
            Some(Value::String(text)) => self.cut(&text),
            Some(value) => self.cut(&value.to_string()),
        }
    }

    fn cut(&self, text: &str) -> String {
        let text = visible(&self.0.clean(text)).replace(['\n', '\t'], " ");
        match text.char_indices().nth(SHORT) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }

    fn clean(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.0.clean(text).into(),
            Value::Array(all) => all.iter().map(|one| self.clean(one)).collect(),
            Value::Object(all) => all.iter().map(|(name, value)| (self.0.clean(name), self.clean(value))).collect(),
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secret_values_and_control_characters_are_not_shown() {
        let shown = Shown::new(&[Secret::new("hush-hush")]);
        let at = |section: &str, name: &str, value: Value| {
            let observation = Observation { section: section.into(), name: name.into(), production: None, here: Some(value.clone()) };
            (shown.short(&observation, Some(&value)), shown.value(&observation, &value))
        };
        let stars = ("***".to_owned(), json!("***"));
        assert_eq!(at("environment", "TOKEN", json!("x")), stars);
        assert_eq!(at("request", "HTTP_COOKIE", json!("x")), stars);
        assert_eq!(at("environment", "MOD_WSGI_EXPRESS", json!("true")).0, "true");
        assert_eq!(at("server", "command line", json!(["-c", "SetEnv a hush-hush"])).1, json!(["-c", "SetEnv a ***"]));
        assert_eq!(at("python", "argv", json!("a\x1b[2Jb\nc")).0, "a\\u{1b}[2Jb c");
        assert_eq!(at("python", "path", json!("x".repeat(100))).0.chars().count(), SHORT + 1);
    }
}
