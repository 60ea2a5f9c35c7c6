//! Which checks and probes are done: `--only`, `--skip` and `smoke-skip`.

use std::collections::BTreeSet;

use super::PROBES;
use super::check::Check;
use crate::config;
use crate::error::{Failure, Kind, Result};

/// What was chosen by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Nothing else is done; empty: everything.
    only: BTreeSet<String>,
    /// The names, each with what turned it off.
    off: Vec<(String, String)>,
}

/// What becomes of a check or probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Done,
    /// It is in the report, with the reason.
    Skipped(String),
    /// Nobody asked for it.
    LeftOut,
}

impl Selection {
    /// Names that are no check's and no probe's are refused. Checks that capture something for one that was chosen
    /// are chosen too.
    ///
    /// # Errors
    /// [`Kind::Usage`] or, for `smoke-skip`, [`Kind::BadFile`].
    pub fn new(checks: &[Check], only: &[String], skip: &[String], off: &[(String, String)]) -> Result<Self> {
        let known = || checks.iter().map(|check| check.name.as_str()).chain(PROBES);
        let find = |name: &String, said: &str, kind| {
            if known().any(|known| known == name) {
                return Ok(());
            }
            let failure = Failure::new(kind, format!("{said}: there is no check or probe named `{}`", name.escape_debug()));
            Err(match config::nearest(name, known()) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(format!("the checks are in `smoke:` in parity.yaml; the probes are {}", PROBES.join(", "))),
            })
        };
        only.iter().try_for_each(|name| find(name, "--only", Kind::Usage))?;
        skip.iter().try_for_each(|name| find(name, "--skip", Kind::Usage))?;
        off.iter().try_for_each(|(name, origin)| find(name, &format!("`smoke-skip` ({origin})"), Kind::BadFile))?;
        let off = off.iter().map(|(name, origin)| (name.clone(), format!("turned off by `smoke-skip` ({origin})")));
        let off = skip.iter().map(|name| (name.clone(), "turned off by --skip".to_owned())).chain(off).collect();
        Ok(Self { only: with_needed(checks, only), off })
    }

    pub fn choice(&self, name: &str) -> Choice {
        if !self.only.is_empty() && !self.only.contains(name) {
            return Choice::LeftOut;
        }
        match self.off.iter().find(|(known, _)| known == name) {
            Some((_, reason)) => Choice::Skipped(reason.clone()),
            None => Choice::Done,
        }
    }
}

fn with_needed(checks: &[Check], only: &[String]) -> BTreeSet<String> {
    let mut chosen: BTreeSet<String> = only.iter().cloned().collect();
    for (at, check) in checks.iter().enumerate().rev() {
        if !chosen.contains(&check.name) {
            continue;
        }
        for value in check.uses() {
            // The last one above is the one whose value it sees.
            let captures = |check: &&Check| check.capture.iter().any(|(name, _)| name == value);
            chosen.extend(checks[..at].iter().rev().find(captures).map(|check| check.name.clone()));
        }
    }
    chosen
}
