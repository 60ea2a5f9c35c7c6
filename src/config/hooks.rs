//! Build hooks: command lines, each with what it reads of the project if that is not all of it.

use super::project::Saying;
use super::rule::{self, Rule};
use super::value::{Given, Mismatch, Part, Value, list, text};
use crate::units::Sourced;

/// A step of the image build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildHook {
    /// A shell command line.
    pub run: String,
    /// The files and directories of the project that it sees, relative to it; `None`: all of it.
    pub reads: Option<Vec<String>>,
}

impl std::fmt::Display for BuildHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.run)?;
        match &self.reads {
            None => Ok(()),
            Some(reads) => write!(f, " (reads [{}])", reads.join(", ")),
        }
    }
}

impl From<&str> for BuildHook {
    fn from(run: &str) -> Self {
        Self { run: run.to_owned(), reads: None }
    }
}

/// Reads `hooks: build:`: a list of commands and of maps, or one alone.
pub(super) fn build(said: &impl Saying) -> Result<Vec<Sourced<BuildHook>>, Mismatch> {
    match said.given() {
        Given::List(items) => {
            let one = |(at, item)| Ok(Sourced::new(hook(item).map_err(|wrong| wrong.inside(at))?, said.origin_of(at)));
            items.iter().enumerate().map(one).collect()
        }
        Given::Null => Ok(Vec::new()),
        one => Ok(vec![Sourced::new(hook(one)?, said.origin())]),
    }
}

fn hook(given: &Given) -> Result<BuildHook, Mismatch> {
    const NAMES: [&str; 2] = ["run", "reads"];
    let Given::Map(pairs) = given else { return Ok(BuildHook { run: ruled(given, &rule::COMMAND)?, reads: None }) };
    let mut hook = BuildHook { run: String::new(), reads: None };
    for (at, (name, value)) in pairs.iter().enumerate() {
        let read = match name.as_str() {
            "run" => ruled(value, &rule::COMMAND).map(|run| hook.run = run),
            "reads" => paths(value).map(|reads| hook.reads = Some(reads)),
            _ => return Err(Mismatch::one_of(&NAMES, &name.as_str().into()).at(Part::Name(at))),
        };
        read.map_err(|wrong| wrong.at(Part::Item(at)))?;
    }
    match hook.run.is_empty() {
        true => Err(Mismatch::whole(format!("a command, or a map with {}", list(&["`run`", "`reads`"], "and")))),
        false => Ok(hook),
    }
}

fn paths(given: &Given) -> Result<Vec<String>, Mismatch> {
    let paths = Vec::<String>::read(given)?;
    match paths.iter().all(|path| (rule::INSIDE.holds)(path)) {
        true => Ok(paths),
        false => Err(Mismatch::whole("a list of paths inside the project")),
    }
}

fn ruled(given: &Given, rule: &Rule) -> Result<String, Mismatch> {
    match text(given) {
        Some(text) if (rule.holds)(text) => String::read(given),
        _ => Err(Mismatch::whole(rule.expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: Given) -> Result<BuildHook, Mismatch> {
        hook(&given)
    }

    fn map(pairs: &[(&str, Given)]) -> Given {
        Given::Map(pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    #[test]
    fn a_hook_is_a_command_or_says_what_it_reads() {
        assert_eq!(read("make it".into()).unwrap(), BuildHook::from("make it"));
        let reads = |given: Given| read(map(&[("run", "cp a b".into()), ("reads", given)])).map(|hook| hook.reads.unwrap());
        assert_eq!(reads(Given::List(vec!["a".into(), "b/c".into()])).unwrap(), ["a", "b/c"]);
        assert_eq!((reads("a".into()).unwrap().len(), reads(Given::List(vec![])).unwrap().len()), (1, 0));
        for outside in ["../x", "/etc/passwd", "a/../../b", ""] {
            assert!(reads(outside.into()).is_err(), "{outside}");
        }
        assert!(read(map(&[("reads", "a".into())])).unwrap_err().expected.contains("`run`"));
        assert_eq!(read(map(&[("run", "x".into()), ("read", "a".into())])).unwrap_err().meant.as_deref(), Some("reads"));
        assert!(read("a\nb".into()).is_err() && read(map(&[("run", "a\nb".into())])).is_err());
    }
}
