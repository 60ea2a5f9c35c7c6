//! The server's settings as flags: `--processes 2 --url-alias /media/ media`, mod_wsgi-express' names.
//!
//! They are made from the table of settings, so that a new setting has its flag at once.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::record_flags;
use super::reload_flags;
use crate::config::{Flags, Given, SETTINGS, Server, Setting, Shape, Value};

/// What was said about the server on the command line.
#[derive(Debug, Clone, Default)]
pub struct ServerFlags {
    flags: Flags,
}

/// Shown in `--help` as well as in `-h`; the others only in `--help`.
const COMMON: &[&str] = &["port", "processes", "threads"];

impl ServerFlags {
    pub fn given(&self) -> Flags {
        self.flags.clone()
    }

    /// All but those about some settings.
    pub fn without(&self, keys: &[&str]) -> Self {
        Self { flags: self.flags.without(keys) }
    }

    /// Adds a setting as if it had been typed after the others.
    pub fn push(&mut self, flag: &str, key: &str, given: impl Into<Given>) {
        self.flags.push(flag, key, given);
    }

    /// Is a setting switched on here?
    pub fn switches_on(&self, key: &str) -> bool {
        self.flags.get(key).is_some_and(|given| bool::read(given) == Ok(true))
    }
}

/// The settings that are on or off, which a flag alone switches on.
fn switches() -> Vec<&'static str> {
    let defaults = Server::default().list();
    defaults.into_iter().filter(|(_, value, _)| value == "true" || value == "false").map(|(key, ..)| key).collect()
}

fn arg(setting: &Setting, switch: bool) -> Arg {
    let arg = Arg::new(setting.key)
        .long(setting.key)
        .help(setting.help.trim().trim_end_matches('.'))
        .help_heading("Server settings")
        .hide_short_help(!COMMON.contains(&setting.key));
    match setting.shape {
        Shape::One if switch => {
            arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_name("true|false").action(ArgAction::Set)
        }
        Shape::One => arg.value_name("VALUE").action(ArgAction::Set),
        Shape::List | Shape::Commands | Shape::Rules | Shape::Checks => arg.value_name("VALUE").action(ArgAction::Append),
        Shape::Pairs => arg.num_args(2).value_names(["NAME", "VALUE"]).action(ArgAction::Append),
    }
    .allow_hyphen_values(setting.shape != Shape::One || !switch)
}

impl clap::Args for ServerFlags {
    fn augment_args(command: Command) -> Command {
        let switches = switches();
        command
            .args(SETTINGS.iter().map(|setting| arg(setting, switches.contains(&setting.key))))
            .args(reload_flags::args())
            .arg(no_request_log())
            .arg(record_flags::arg())
            .args(SECONDS.map(|(key, help)| Arg::new(key).long(key).value_name("SECONDS").help(help).action(ArgAction::Set)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

const NO_REQUEST_LOG: &str = "no-request-log";

fn no_request_log() -> Arg {
    let arg = Arg::new(NO_REQUEST_LOG).long(NO_REQUEST_LOG).help("Show no line for each request").action(ArgAction::SetTrue);
    arg.hide_short_help(true)
}

/// How long parity itself waits.
const SECONDS: [(&str, &str); 2] = [
    ("timeout", "Seconds to wait for the first answer"),
    ("hook-timeout", "Seconds that each command of `hooks` may take before that; 0 for any time"),
];

impl clap::FromArgMatches for ServerFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let text = |value: &String| Given::Text(value.clone());
        for setting in SETTINGS {
            let given = match setting.shape {
                Shape::One => matches.get_one::<String>(setting.key).map(text),
                Shape::List | Shape::Commands | Shape::Rules | Shape::Checks => {
                    matches.get_many::<String>(setting.key).map(|values| Given::List(values.map(text).collect()))
                }
                Shape::Pairs => matches.get_occurrences::<String>(setting.key).map(|pairs| Given::Map(pairs.filter_map(pair_of).collect())),
            };
            if let Some(given) = given {
                self.flags.push(format!("--{}", setting.key), setting.key, given);
            }
        }
        for (key, _) in SECONDS {
            if let Some(seconds) = matches.get_one::<String>(key) {
                self.flags.push(format!("--{key}"), key, seconds.as_str());
            }
        }
        if matches.get_flag(NO_REQUEST_LOG) {
            self.flags.push(format!("--{NO_REQUEST_LOG}"), "request-log", false);
        }
        reload_flags::read(matches, &mut self.flags);
        record_flags::read(matches, &mut self.flags);
        Ok(())
    }
}

fn pair_of<'a>(mut values: impl Iterator<Item = &'a String>) -> Option<(String, Given)> {
    Some((values.next()?.clone(), Given::Text(values.next()?.clone())))
}
