//! One thing that was said: a setting, its value, and where it was said.

use super::project::Saying;
use super::setting::Setting;
use super::source::{Source, Spot};
use super::value::{Given, Mismatch, Part, Shape, list};
use super::yaml::{Node, quoted};
use crate::error::{Failure, Kind};
use crate::units::Origin;

pub(super) struct Entry<'a> {
    pub setting: &'static Setting,
    pub given: Given,
    pub place: Place<'a>,
}

/// Where it was said.
pub(super) enum Place<'a> {
    File {
        source: &'a Source,
        spot: Spot,
        /// The value itself, for the places in it.
        node: Node,
    },
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
            Place::File { source, node, .. } => node.part(at).map_or_else(|| self.origin(), |part| source.origin(part.name)),
            _ => self.origin(),
        }
    }
}

impl Entry<'_> {
    /// The failure for a value that its setting did not take.
    pub fn refuse(&self, wrong: &Mismatch) -> Failure {
        let got = if self.setting.is_secret() { String::new() } else { self.got(wrong.part) };
        let what = format!("{} must be {}{got}", self.subject(wrong.part), wrong.expected);
        let failure = match &self.place {
            Place::Variable(_) => Failure::new(Kind::BadFile, what),
            Place::Flag(_) => Failure::new(Kind::Usage, what),
            Place::File { source, spot, node } => {
                let spot = spot_of(wrong.part, node).unwrap_or(*spot);
                if self.setting.is_secret() { source.secret_failure(spot, &what) } else { source.failure(spot, &what) }
            }
        };
        match &wrong.meant {
            Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
            None => failure,
        }
    }

    /// What is wrong, in words.
    fn subject(&self, part: Part) -> String {
        let key = self.setting.key;
        match (&self.place, part, self.pair(part)) {
            (Place::Variable(name), ..) => format!("${name}"),
            (Place::Flag(flag), ..) => flag.clone(),
            (_, Part::Whole, _) => format!("`{key}`"),
            (_, Part::Name(_) | Part::NameIn(..), _) => format!("a name in `{key}`"),
            (_, _, Some((name, _))) if matches!(self.setting.shape, Shape::Rules | Shape::Commands) => format!("`{name}` in `{key}`"),
            (_, _, Some(_)) => format!("a value of `{key}`"),
            (_, _, None) => format!("an item of `{key}`"),
        }
    }

    /// What was given instead, in words.
    fn got(&self, part: Part) -> String {
        let given = match (part, &self.given) {
            (Part::Name(_) | Part::NameIn(..), Given::Map(_) | Given::List(_)) if let Some((name, _)) = self.pair(part) => {
                return format!(", not {}", quoted(name));
            }
            (Part::Item(at) | Part::Name(at), Given::List(items)) => items.get(at),
            (Part::Whole, given) => Some(given),
            _ => self.pair(part).map(|(_, given)| given),
        };
        match given {
            Some(Given::Text(text)) if text.is_empty() => ", not an empty text".into(),
            Some(Given::Text(text)) => format!(", not {}", quoted(text)),
            Some(Given::Null) => ", not nothing".into(),
            // A list may be right, and what is in it wrong.
            Some(Given::List(_)) if self.setting.shape == Shape::Commands => String::new(),
            Some(Given::List(_)) => ", not a list".into(),
            // What it lacks is seen from what it has.
            Some(Given::Map(pairs)) if self.setting.shape == Shape::Rules && !pairs.is_empty() => {
                let names: Vec<_> = pairs.iter().map(|(name, _)| quoted(name)).collect();
                format!(", not one with {} only", list(&names, "and"))
            }
            Some(Given::Map(_)) => ", not a map".into(),
            None => String::new(),
        }
    }

    /// The pair that a part is of, if it is one of a map.
    fn pair(&self, part: Part) -> Option<(&str, &Given)> {
        let (map, at) = match (part, &self.given) {
            (Part::Item(at) | Part::Name(at), given) => (given, at),
            (Part::ItemIn(item, at) | Part::NameIn(item, at), Given::List(items)) => (items.get(item)?, at),
            _ => return None,
        };
        let Given::Map(pairs) = map else { return None };
        pairs.get(at).map(|(name, given)| (name.as_str(), given))
    }
}

fn spot_of(part: Part, node: &Node) -> Option<Spot> {
    match part {
        Part::Whole => None,
        Part::Item(at) => node.part(at).map(|part| part.value),
        Part::Name(at) => node.part(at).map(|part| part.name),
        Part::ItemIn(item, at) => spot_of(Part::Item(at), node.part(item)?.node),
        Part::NameIn(item, at) => spot_of(Part::Name(at), node.part(item)?.node),
    }
}
