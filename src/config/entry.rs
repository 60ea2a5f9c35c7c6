//! One thing that was said: a setting, its value, and where it was said.

use super::project::Saying;
use super::setting::Setting;
use super::source::{Source, Spot};
use super::value::{Given, Mismatch, Part};
use super::yaml::quoted;
use crate::error::{Failure, Kind};
use crate::units::Origin;

pub(super) struct Entry<'a> {
    pub setting: &'static Setting,
    pub given: Given,
    pub place: Place<'a>,
}

/// Where it was said.
pub(super) enum Place<'a> {
    /// `parts` are the places of a list's items, or of a map's names and values.
    File { source: &'a Source, spot: Spot, parts: Vec<(Spot, Spot)> },
    /// A variable of the environment.
    Variable(String),
    /// A flag, as typed.
    Flag(String),
}

impl Saying for Entry<'_> {
    fn given(&self) -> &Given {
        &self.given
    }

    fn origin(&self) -> Origin {
        match &self.place {
            Place::File { source, spot, .. } => source.origin(*spot),
            Place::Variable(name) => Origin::Env(name.clone()),
            Place::Flag(flag) => Origin::Flag(flag.clone()),
        }
    }

    fn origin_of(&self, at: usize) -> Origin {
        match &self.place {
            Place::File { source, parts, .. } => parts.get(at).map_or_else(|| self.origin(), |(spot, _)| source.origin(*spot)),
            _ => self.origin(),
        }
    }
}

impl Entry<'_> {
    /// The failure for a value that its setting did not take.
    pub fn refuse(&self, wrong: &Mismatch) -> Failure {
        let subject = match (&self.place, wrong.part) {
            (Place::Variable(name), _) => format!("${name}"),
            (Place::Flag(flag), _) => flag.clone(),
            (_, Part::Whole) => format!("`{}`", self.setting.key),
            (_, Part::Item(_)) if matches!(self.given, Given::Map(_)) => format!("a value of `{}`", self.setting.key),
            (_, Part::Item(_)) => format!("an item of `{}`", self.setting.key),
            (_, Part::Name(_)) => format!("a name in `{}`", self.setting.key),
        };
        let got = if self.setting.is_secret() { String::new() } else { self.got(wrong.part) };
        let what = format!("{subject} must be {}{got}", wrong.expected);
        match &self.place {
            Place::Variable(_) => Failure::new(Kind::BadFile, what),
            Place::Flag(_) => Failure::new(Kind::Usage, what),
            Place::File { source, spot, parts } => {
                let spot = match wrong.part {
                    Part::Whole => *spot,
                    Part::Item(at) => parts.get(at).map_or(*spot, |(_, value)| *value),
                    Part::Name(at) => parts.get(at).map_or(*spot, |(name, _)| *name),
                };
                if self.setting.is_secret() { source.secret_failure(spot, &what) } else { source.failure(spot, &what) }
            }
        }
    }

    /// What was given instead, in words.
    fn got(&self, part: Part) -> String {
        let given = match (part, &self.given) {
            (Part::Item(at), Given::List(items)) | (Part::Name(at), Given::List(items)) => items.get(at),
            (Part::Item(at), Given::Map(pairs)) => pairs.get(at).map(|(_, value)| value),
            (Part::Name(at), Given::Map(pairs)) => {
                return pairs.get(at).map(|(name, _)| format!(", not {}", quoted(name))).unwrap_or_default();
            }
            (_, given) => Some(given),
        };
        match given {
            Some(Given::Text(text)) if text.is_empty() => ", not an empty text".into(),
            Some(Given::Text(text)) => format!(", not {}", quoted(text)),
            Some(Given::Null) => ", not nothing".into(),
            Some(Given::List(_)) => ", not a list".into(),
            Some(Given::Map(_)) => ", not a map".into(),
            None => String::new(),
        }
    }
}
