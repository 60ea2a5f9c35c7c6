//! How saved code is served, as flags: `--reload-on-changes --on-error keep --no-standby`.

use clap::{Arg, ArgAction, ArgMatches};

use crate::config::{Flags, find_setting};

/// On alone, or with `=false`.
const SWITCHES: [&str; 3] = ["reload-on-changes", "sync", "watch-polling"];
/// Settings that are on by themselves, and the flags that turn them off.
const OFF: [(&str, &str, &str); 2] = [
    ("standby", "no-standby", "Keep no processes ready: a reload waits for new ones"),
    ("preload", "no-preload", "Import no third-party modules ahead of time"),
];

pub fn args() -> Vec<Arg> {
    let help = |key| find_setting(key).map_or("", |setting| setting.help).trim_end_matches('.');
    let switches = SWITCHES.map(|key| {
        let arg = Arg::new(key).long(key).help(help(key)).value_name("true|false").action(ArgAction::Set);
        arg.num_args(0..=1).require_equals(true).default_missing_value("true").hide_short_help(key != "reload-on-changes")
    });
    let off = OFF.map(|(_, flag, help)| Arg::new(flag).long(flag).help(help).action(ArgAction::SetTrue).hide_short_help(true));
    let on_error = Arg::new("on-error").long("on-error").value_name("show|keep").help(help("on-error")).hide_short_help(true);
    let [on_changes, sync, polling] = switches;
    let [standby, preload] = off;
    [on_changes.visible_alias("watch"), on_error, standby, preload, sync, polling].map(|arg| arg.help_heading("Reload")).into()
}

pub fn read(matches: &ArgMatches, flags: &mut Flags) {
    for key in SWITCHES.into_iter().chain(["on-error"]) {
        if let Some(value) = matches.get_one::<String>(key) {
            flags.push(format!("--{key}"), key, value.as_str());
        }
    }
    for (key, flag, _) in OFF.into_iter().filter(|(_, flag, _)| matches.get_flag(flag)) {
        flags.push(format!("--{flag}"), key, false);
    }
}
