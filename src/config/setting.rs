//! What is known of a setting beside its type: its name, its help, and what its texts must look like.

use super::project::PROJECT_SETTINGS;
use super::rule::Rule;
use super::server::SETTINGS;
use super::value::{self, Given, Mismatch, Part, Shape};

/// One setting, for messages and documentation.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// As written in `parity.yaml`: `request-timeout`; a nested one has a dot, `image.base`.
    pub key: &'static str,
    pub help: &'static str,
    pub shape: Shape,
    /// What each text must look like: the scalar, each item of a list, the value of each pair.
    pub rule: Option<&'static Rule>,
    /// What the name of each pair must look like.
    pub names: Option<&'static Rule>,
}

/// The settings of the server and of the project.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    PROJECT_SETTINGS.iter().chain(SETTINGS)
}

/// The setting of that name.
pub fn find(key: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.key == key)
}

impl Setting {
    pub(super) const FREE: Setting = Setting { key: "", help: "", shape: Shape::One, rule: None, names: None };

    pub(super) const fn ruled(self, rule: &'static Rule) -> Self {
        Setting { rule: Some(rule), ..self }
    }

    pub(super) const fn named(self, names: &'static Rule) -> Self {
        Setting { names: Some(names), ..self }
    }

    /// The name of its variable in the environment: `PARITY_REQUEST_TIMEOUT`, `PARITY_IMAGE_BASE`.
    pub fn variable(&self) -> String {
        format!("PARITY_{}", self.key.replace(['-', '.'], "_").to_ascii_uppercase())
    }

    /// May its values not be shown?
    pub fn is_secret(&self) -> bool {
        matches!(self.key, "env" | "build-env")
    }

    /// Says what was expected as the rule does, which knows more than the type.
    pub(super) fn explain(&self, wrong: Mismatch) -> Mismatch {
        match self.rule {
            Some(rule) if self.shape == Shape::One => Mismatch::whole(rule.expected),
            _ => wrong,
        }
    }

    /// Checks each text of a value. The value's type has its own say when it is read.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn check(&self, given: &Given) -> Result<(), Mismatch> {
        let test = |rule: Option<&'static Rule>, text: &str, part| match rule {
            Some(rule) if !(rule.holds)(text) => Err(Mismatch::whole(rule.expected).at(part)),
            _ => Ok(()),
        };
        match (self.shape, given) {
            // A rule has texts of several kinds: its reader looks at each.
            (_, Given::Null) | (Shape::Rules | Shape::Checks, _) => Ok(()),
            (Shape::Pairs, _) => value::pairs(given)?.iter().enumerate().try_for_each(|(at, (name, value))| {
                test(self.names, name, Part::Name(at))?;
                test(self.rule, value.unwrap_or_default(), Part::Item(at))
            }),
            (_, Given::Text(text)) => test(self.rule, text, Part::Whole),
            (Shape::One, Given::List(_) | Given::Map(_)) => match self.rule {
                Some(rule) => Err(Mismatch::whole(rule.expected)),
                None => Ok(()),
            },
            (Shape::List | Shape::Commands, Given::List(items)) => items.iter().enumerate().try_for_each(|(at, item)| match item {
                Given::Text(text) => test(self.rule, text, Part::Item(at)),
                // A command with more to say of it: its reader looks at each part.
                Given::Map(_) if self.shape == Shape::Commands => Ok(()),
                _ => Err(Mismatch::whole(self.rule.map_or("one line of text", |rule| rule.expected)).at(Part::Item(at))),
            }),
            (Shape::List | Shape::Commands, Given::Map(_)) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_settings_and_variables_are_unique() {
        let keys: BTreeSet<_> = all().map(|setting| setting.key).collect();
        let variables: BTreeSet<_> = all().map(Setting::variable).collect();
        assert_eq!((keys.len(), variables.len()), (all().count(), all().count()));
        assert!(variables.contains("PARITY_IMAGE_BUILD_PACKAGES"));
        assert!(variables.contains("PARITY_REQUEST_TIMEOUT"));
    }

    #[test]
    fn control_characters_are_refused_everywhere() {
        // A check may send and expect any text.
        for setting in all().filter(|setting| !setting.is_secret() && setting.shape != Shape::Checks) {
            for hostile in ["x\ny", "x\ry", "x\0", "\u{1b}[31m", "x\u{7f}", "x\u{85}y"] {
                let givens = match setting.shape {
                    Shape::One | Shape::Checks => vec![Given::from(hostile)],
                    Shape::List | Shape::Commands => vec![Given::from(hostile), Given::List(vec![hostile.into()])],
                    Shape::Rules => ["path", "action", "command", hostile]
                        .map(|name| {
                            let mut rule = vec![("path", "*.x"), ("action", "exec"), ("command", "make")];
                            rule.retain(|(known, _)| *known != name);
                            rule.push((name, hostile));
                            Given::List(vec![Given::Map(rule.into_iter().map(|(name, text)| (name.into(), text.into())).collect())])
                        })
                        .into(),
                    Shape::Pairs => vec![
                        Given::Map(vec![(hostile.into(), "/x".into())]),
                        Given::Map(vec![("/x".into(), hostile.into())]),
                        Given::Map(vec![("X".into(), hostile.into())]),
                        Given::Map(vec![("404".into(), hostile.into())]),
                        Given::List(vec![format!("/x={hostile}").into()]),
                    ],
                };
                for given in givens {
                    let mut config = crate::config::Config::default();
                    assert!(config.set(setting.key, &given).is_err(), "{} took {given:?}", setting.key);
                }
            }
        }
    }
}
