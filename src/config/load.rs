//! Everything that was said, put together: files, then the environment, then flags.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::entry::{Entry, Place};
use super::project::{self, Saying as _};
use super::source::Source;
use super::value::{Given, Shape};
use super::{Config, checks, document, env_file, file, rule, setting, variables, yaml};
use crate::error::{Failure, Kind, Result};
use crate::units::{Origin, Secret, Sourced};

/// Where configuration comes from.
#[derive(Clone)]
pub struct Sources<'a> {
    /// The project's directory.
    pub root: &'a Path,
    /// The whole environment of the command: `PARITY_*`, and what `env:` passes through.
    pub environment: &'a BTreeMap<String, String>,
    pub flags: Flags,
}

impl fmt::Debug for Sources<'_> {
    /// Without the values of the environment and of flags, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("root", &self.root).field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// Settings on the command line.
#[derive(Clone, Default)]
pub struct Flags(Vec<(String, String, Given)>);

impl Flags {
    /// Adds a setting: the flag as typed, the setting's key, and its value.
    ///
    /// ```
    /// let mut flags = parity::config::Flags::default();
    /// flags.push("--processes", "processes", "2");
    /// flags.push("--url-alias", "url-alias", vec!["/media/=media".to_owned()]);
    /// ```
    pub fn push(&mut self, flag: impl Into<String>, key: impl Into<String>, given: impl Into<Given>) {
        self.0.push((flag.into(), key.into(), given.into()));
    }

    /// All but those about some settings.
    #[must_use]
    pub fn without(&self, keys: &[&str]) -> Self {
        Self(self.0.iter().filter(|(_, key, _)| !keys.contains(&key.as_str())).cloned().collect())
    }

    /// What was said last about a setting.
    pub fn get(&self, key: &str) -> Option<&Given> {
        self.0.iter().rfind(|(_, said, _)| said == key).map(|(_, _, given)| given)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(flag, _, _)| flag)).finish()
    }
}

/// Reads all of a project's configuration. A project without any is fine.
///
/// # Errors
/// [`Kind::BadFile`] with the place, the line and what to write instead; [`Kind::Usage`] for a flag.
pub fn load(sources: &Sources<'_>) -> Result<Config> {
    let base = either(sources.root, "parity")?;
    let own = either(sources.root, "parity.override")?;

    let mut entries = Vec::new();
    for source in [&base, &own].into_iter().flatten() {
        entries.extend(document::entries(source, yaml::parse(source)?)?);
    }
    entries.extend(variables::entries(sources.environment)?);
    entries.extend(flags(&sources.flags)?);

    let mut config = Config { file: base.as_ref().map(|source| source.path.clone()), ..Config::default() };
    let (env, settings): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.setting.is_secret());
    for entry in &settings {
        if entry.setting.shape == Shape::Checks {
            config.smoke = checks::load(sources.root, entry)?;
            continue;
        }
        config.apply(entry.setting.key, entry).map_err(|wrong| entry.refuse(&wrong))?;
    }
    for entry in &env {
        say_env(&mut config, entry, sources.environment)?;
    }
    env_file::load(&mut config, sources.root, &settings)?;
    config.absent.retain(|absent| !config.env.iter().chain(&config.build_env).any(|(name, _)| *name == absent.value));
    for (name, value) in &config.env {
        check_env(name, value)?;
    }
    Ok(config)
}

/// `NAME.yaml` or `NAME.yml`, not both.
fn either(root: &Path, name: &str) -> Result<Option<Source>> {
    let (yaml, yml) = (format!("{name}.yaml"), format!("{name}.yml"));
    match (file::read(root, Path::new(&yaml))?, file::read(root, Path::new(&yml))?) {
        (Some(_), Some(_)) => Err(Failure::new(Kind::BadFile, format!("there are both {yaml} and {yml}"))
            .hint(format!("keep one of them: {yaml} is the usual name"))),
        (one, other) => Ok(one.or(other)),
    }
}

fn flags(flags: &Flags) -> Result<Vec<Entry<'static>>> {
    let entry = |(flag, key, given): &(String, String, Given)| match setting::find(key) {
        Some(setting) => Ok(Entry { setting, given: given.clone(), place: Place::Flag(flag.clone()) }),
        None => Err(Failure::new(Kind::Usage, format!("{flag} sets an unknown setting `{key}`"))),
    };
    flags.0.iter().map(entry).collect()
}

/// Takes in one `env:` or `build-env:`. A name without a value takes it from the command's environment, if it is there.
fn say_env(config: &mut Config, entry: &Entry<'_>, environment: &BTreeMap<String, String>) -> Result<()> {
    let pairs = project::environment(&entry.given).map_err(|wrong| entry.refuse(&wrong))?;
    let said = if entry.setting.key == "env" { &mut config.env } else { &mut config.build_env };
    for (at, (name, value)) in pairs.into_iter().enumerate() {
        match (value, environment.get(name)) {
            (Some(value), _) => put_env(said, name.to_owned(), value, entry.origin_of(at)),
            (None, Some(value)) => put_env(said, name.to_owned(), value, Origin::Env(name.to_owned())),
            (None, None) => config.absent.push(Sourced::new(name.to_owned(), entry.origin_of(at))),
        }
    }
    Ok(())
}

/// Variables that the server reads as well: what it cannot use is refused, so that the application has what commands in the
/// container have.
fn check_env(name: &str, value: &Sourced<Secret>) -> Result<()> {
    let (rule, hint) = match name {
        "LANG" | "LC_ALL" => (&rule::LOCALE, "without it both are what `locale` says, C.UTF-8 by default"),
        "HOME" => (&rule::ABSOLUTE, "without it HOME is /tmp, which can be written everywhere"),
        _ => return Ok(()),
    };
    if (rule.holds)(value.expose()) {
        return Ok(());
    }
    Err(Failure::new(Kind::BadFile, format!("{}: {name} in the application's environment must be {}", value.origin, rule.expected))
        .hint(hint))
}

/// The last value of a name wins.
pub(super) fn put_env(env: &mut Vec<(String, Sourced<Secret>)>, name: String, value: &str, origin: Origin) {
    let value = Sourced::new(Secret::new(value), origin);
    match env.iter_mut().find(|(before, _)| *before == name) {
        Some((_, before)) => *before = value,
        None => env.push((name, value)),
    }
}

#[cfg(test)]
mod tests;
