//! `--record`

use clap::{Arg, ArgAction, ArgMatches};

use crate::config::{Flags, find_setting};

const KEY: &str = "record";

pub fn arg() -> Arg {
    let help = find_setting(KEY).map_or("", |setting| setting.help).trim_end_matches('.');
    let arg = Arg::new(KEY).long(KEY).help(help).value_name("true|false").action(ArgAction::Set);
    arg.num_args(0..=1).require_equals(true).default_missing_value("true").help_heading("Requests")
}

pub fn read(matches: &ArgMatches, flags: &mut Flags) {
    if let Some(value) = matches.get_one::<String>(KEY) {
        flags.push(format!("--{KEY}"), KEY, value.as_str());
    }
}
