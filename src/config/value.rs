//! Values as the file, the environment and flags give them, and how a setting reads its own.

use std::borrow::Cow;
use std::fmt;

use super::advice;
use crate::units::EntryPoint;

/// A value before its setting has looked at it.
///
/// A scalar of the file is the text as it was written: YAML's own types would make `3.1` of `python: 3.10`
/// and `true` of `setenv: {ANSWER: yes}`. The setting knows better what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Null,
    Text(String),
    List(Vec<Given>),
    /// In the order of the file.
    Map(Vec<(String, Given)>),
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Given::Text(text.to_owned())
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        Given::Text(text)
    }
}

impl From<bool> for Given {
    fn from(flag: bool) -> Self {
        Given::Text(flag.to_string())
    }
}

impl From<Vec<String>> for Given {
    fn from(items: Vec<String>) -> Self {
        Given::List(items.into_iter().map(Given::Text).collect())
    }
}

/// How a setting is written, which decides what `PARITY_*` splits at commas and which values are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One,
    /// A list; the environment separates its items by commas.
    List,
    /// A list of command lines; they contain commas, so the environment gives one.
    Commands,
    /// A map, merged by name; the environment gives `NAME=VALUE,NAME2=VALUE2`.
    Pairs,
    /// A list of maps, each a rule; only files have room for it.
    Rules,
    /// A list of checks and of files with more of them; they are read with their places, not as a [`Given`].
    Checks,
}

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What was expected, in a few words: `a whole number from 1 to 65535`.
    pub expected: Cow<'static, str>,
    pub part: Part,
    /// What was probably meant instead.
    pub meant: Option<String>,
}

/// What of a value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// The item of a list, or the value of a pair, counted from 0.
    Item(usize),
    /// The name of a pair, counted from 0.
    Name(usize),
    /// The value of a pair of an item: the item, then the pair.
    ItemIn(usize, usize),
    /// The name of a pair of an item: the item, then the pair.
    NameIn(usize, usize),
}

impl Mismatch {
    pub fn whole(expected: impl Into<Cow<'static, str>>) -> Self {
        Self { expected: expected.into(), part: Part::Whole, meant: None }
    }

    /// None of the few texts that are possible.
    pub(super) fn one_of(names: &[&str], given: &Given) -> Self {
        let meant = text(given).and_then(|text| advice::nearest(text, names.iter().copied()));
        Self::whole(list(names, "or")).meaning(meant)
    }

    pub(super) fn meaning(self, meant: Option<&str>) -> Self {
        Self { meant: meant.map(str::to_owned), ..self }
    }

    pub(super) fn at(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// The same, of an item of a list.
    pub(super) fn inside(self, item: usize) -> Self {
        let part = match self.part {
            Part::Item(at) => Part::ItemIn(item, at),
            Part::Name(at) => Part::NameIn(item, at),
            _ => Part::Item(item),
        };
        self.at(part)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expected)
    }
}

/// A type that a setting can have.
pub trait Value: Sized {
    const SHAPE: Shape;

    /// Reads a value.
    ///
    /// # Errors
    /// What was expected instead.
    fn read(given: &Given) -> Result<Self, Mismatch>;

    /// As it would be written in `parity.yaml`, on one line.
    fn show(&self) -> String;

    /// This value, said after `below`: it replaces it, but maps are merged by name.
    #[must_use]
    fn over(self, _below: &Self) -> Self {
        self
    }
}

/// A switch with a third position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOffAuto {
    On,
    Off,
    Auto,
}

pub(super) fn text(given: &Given) -> Option<&str> {
    if let Given::Text(text) = given { Some(text) } else { None }
}

/// `a, b or c`
pub(super) fn list(names: &[impl AsRef<str>], word: &str) -> String {
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        match names.len() - at {
            _ if at == 0 => {}
            1 => text += &format!(" {word} "),
            _ => text += ", ",
        }
        text += name.as_ref();
    }
    text
}

macro_rules! whole_number {
    // Apache reads most numbers into a C int or a signed 64-bit integer, so that is the ceiling.
    ($($type:ty, $max:expr;)+) => {$(
        impl Value for $type {
            const SHAPE: Shape = Shape::One;

            fn read(given: &Given) -> Result<Self, Mismatch> {
                text(given)
                    .and_then(|text| text.parse().ok())
                    .filter(|number| *number <= $max)
                    .ok_or_else(|| Mismatch::whole(format!("a whole number from 0 to {}", $max)))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole_number!(u16, u16::MAX; u32, i32::MAX.unsigned_abs(); u64, i64::MAX.unsigned_abs(););

impl Value for bool {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        match text(given).map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "on" | "yes" | "1") => Ok(true),
            Some("false" | "off" | "no" | "0") => Ok(false),
            _ => Err(Mismatch::whole("true or false")),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for OnOffAuto {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        match text(given).map(str::to_ascii_lowercase).as_deref() {
            Some("on" | "true") => Ok(Self::On),
            Some("off" | "false") => Ok(Self::Off),
            Some("auto") => Ok(Self::Auto),
            _ => Err(Mismatch::whole("on, off or auto")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::On => "on".into(),
            Self::Off => "off".into(),
            Self::Auto => "auto".into(),
        }
    }
}

impl Value for EntryPoint {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        let expected = "`module:callable`, `module:factory()` or a script's path in the project";
        let text = text(given).filter(|text| is_line(text)).ok_or_else(|| Mismatch::whole(expected))?;
        text.parse().map_err(|why| Mismatch::whole(format!("{expected} ({why})")))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// A text goes into generated files as one line, so it has no line ends and no other control characters.
impl Value for String {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        match text(given) {
            Some(text) if is_line(text) => Ok(text.to_owned()),
            Some(_) => Err(Mismatch::whole("one line of text, without control characters")),
            None => Err(Mismatch::whole("one line of text")),
        }
    }

    fn show(&self) -> String {
        self.clone()
    }
}

fn is_line(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

impl<T: Value> Value for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        if *given == Given::Null { Ok(None) } else { T::read(given).map(Some) }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "unset".into(), Value::show)
    }
}

impl Value for Vec<String> {
    const SHAPE: Shape = Shape::List;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        match given {
            Given::Null => Ok(Vec::new()),
            Given::Text(_) => Ok(vec![String::read(given)?]),
            Given::List(items) => {
                items.iter().enumerate().map(|(at, item)| String::read(item).map_err(|wrong| wrong.at(Part::Item(at)))).collect()
            }
            Given::Map(_) => Err(Mismatch::whole("a list of texts")),
        }
    }

    fn show(&self) -> String {
        format!("[{}]", self.join(", "))
    }
}

impl Value for Vec<(String, String)> {
    const SHAPE: Shape = Shape::Pairs;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        let line = |text: &str, part| {
            if is_line(text) { Ok(text.to_owned()) } else { Err(Mismatch::whole("one line, without control characters").at(part)) }
        };
        let mut read: Self = Vec::new();
        for (at, (name, value)) in pairs(given)?.into_iter().enumerate() {
            let value = value.ok_or_else(|| Mismatch::whole("one line of text").at(Part::Item(at)))?;
            let name = line(name, Part::Name(at))?;
            if read.iter().any(|(before, _)| *before == name) {
                return Err(Mismatch::whole("a name that is not in it already").at(Part::Name(at)));
            }
            read.push((name, line(value, Part::Item(at))?));
        }
        Ok(read)
    }

    fn show(&self) -> String {
        let pairs: Vec<_> = self.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("{{{}}}", pairs.join(", "))
    }

    fn over(self, below: &Self) -> Self {
        let mut merged = below.clone();
        for (name, value) in self {
            match merged.iter_mut().find(|(before, _)| *before == name) {
                Some(before) => before.1 = value,
                None => merged.push((name, value)),
            }
        }
        merged
    }
}

/// The names and values of a map, or of a list of `NAME=VALUE`. A null value and a bare `NAME` have none.
pub(super) fn pairs(given: &Given) -> Result<Vec<(&str, Option<&str>)>, Mismatch> {
    let pair = |text| match str::split_once(text, '=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    match given {
        Given::Null => Ok(Vec::new()),
        Given::Text(text) => Ok(vec![pair(text)]),
        Given::List(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| text(item).map(pair).ok_or_else(|| Mismatch::whole("`NAME=VALUE`").at(Part::Item(at))))
            .collect(),
        Given::Map(pairs) => pairs
            .iter()
            .enumerate()
            .map(|(at, (name, value))| match value {
                Given::Null => Ok((name.as_str(), None)),
                Given::Text(value) => Ok((name.as_str(), Some(value.as_str()))),
                Given::List(_) | Given::Map(_) => Err(Mismatch::whole("one text").at(Part::Item(at))),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_and_fit() {
        assert_eq!(u16::read(&"65535".into()), Ok(65535));
        assert_eq!(u32::read(&"2147483647".into()), Ok(2_147_483_647));
        for text in ["65536", "-1", "1.0", "1e3", "0x10", "", " 1", "1_000", "NaN"] {
            assert!(u16::read(&text.into()).is_err(), "{text:?}");
        }
        assert!(u32::read(&"4294967295".into()).is_err(), "Apache would read a negative number");
    }

    #[test]
    fn a_text_is_one_line() {
        assert_eq!(String::read(&"a \"b\" ${c} %{d}\\".into()), Ok("a \"b\" ${c} %{d}\\".to_owned()));
        for text in ["a\nb", "a\rb", "a\0b", "\u{7f}", "\u{85}", "\u{2028}"] {
            assert!(String::read(&text.into()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn pairs_are_maps_or_assignments_and_are_merged_by_name() {
        let below = Vec::<(String, String)>::read(&Given::Map(vec![("A".into(), "1".into()), ("B".into(), "2".into())])).unwrap();
        let over = Vec::<(String, String)>::read(&Given::List(vec!["B=x=y".into(), "C=".into()])).unwrap();
        assert_eq!(over.over(&below).show(), "{A: 1, B: x=y, C: }");
        let twice = Given::List(vec!["A=1".into(), "A=2".into()]);
        assert_eq!(Vec::<(String, String)>::read(&twice).unwrap_err().part, Part::Name(1));
    }
}
