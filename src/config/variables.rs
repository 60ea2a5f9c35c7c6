//! `PARITY_*` in the environment.

use std::collections::BTreeMap;

use super::advice;
use super::entry::{Entry, Place};
use super::setting::{self, Setting};
use super::value::{Given, Shape, Value};
use crate::error::{Failure, Kind, Result};

/// Variables that other parts of parity read or set: not settings, and no mistake.
pub const RESERVED_VARIABLES: &[&str] = &["PARITY_URL", "PARITY_PROJECT", "PARITY_FORMAT", "PARITY_LOG", "PARITY_QUIET", "PARITY_VERBOSE"];

/// Names that begin so are for parity's own tests.
const RESERVED_PREFIX: &str = "PARITY_TEST_";

/// The settings in the environment. An empty variable is as good as none.
pub(super) fn entries(environment: &BTreeMap<String, String>) -> Result<Vec<Entry<'static>>> {
    environment
        .iter()
        .filter(|(name, value)| is_ours(name) && !value.is_empty())
        .map(|(name, value)| match setting::all().find(|setting| setting.variable() == *name) {
            Some(Setting { shape: Shape::Rules | Shape::Checks, key, .. }) => Err(has_no_variable(name, key, value)),
            Some(setting) => Ok(Entry { setting, given: given(setting, value), place: Place::Variable(name.clone()) }),
            None => {
                let failure = Failure::new(Kind::BadFile, format!("unknown variable ${}", name.escape_debug()));
                Err(advice::unknown_variable(name).into_iter().fold(failure, Failure::hint))
            }
        })
        .collect()
}

/// Rules have commas, colons and spaces of their own.
fn has_no_variable(name: &str, key: &str, value: &str) -> Failure {
    let of = if key == "smoke" { "checks" } else { "rules" };
    let failure = Failure::new(Kind::BadFile, format!("${name} is not taken: `{key}` is a list of {of}"));
    match bool::read(&value.into()) {
        Ok(_) if key == "watch" => failure.hint("did you mean `PARITY_RELOAD_ON_CHANGES`?"),
        _ => failure.hint(format!("write `{key}:` in parity.yaml, or in parity.override.yaml for your own machine")),
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("PARITY_") && !RESERVED_VARIABLES.contains(&name) && !name.starts_with(RESERVED_PREFIX)
}

/// Lists and pairs are separated by commas.
fn given(setting: &Setting, value: &str) -> Given {
    match setting.shape {
        Shape::One | Shape::Commands | Shape::Rules | Shape::Checks => value.into(),
        Shape::List | Shape::Pairs => {
            Given::List(value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Given::from).collect())
        }
    }
}
