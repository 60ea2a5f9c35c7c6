//! What somebody who wrote an unknown name probably meant.

use super::setting::{self, Setting};

/// Where in the file a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Top,
    Image,
    Hooks,
}

impl Level {
    /// The level below a name, if there is one.
    pub fn of(name: &str) -> Option<Level> {
        match name {
            "image" => Some(Level::Image),
            "hooks" => Some(Level::Hooks),
            _ => None,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Level::Top => "",
            Level::Image => "image.",
            Level::Hooks => "hooks.",
        }
    }

    /// The names that may stand there.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let groups: &[&str] = if self == Level::Top { &["image", "hooks"] } else { &[] };
        let settings = setting::all().filter_map(move |setting| setting.key.strip_prefix(self.prefix()));
        groups.iter().copied().chain(settings.filter(|name| !name.contains('.')))
    }
}

/// Names that have a meaning elsewhere, and what to say to who writes them here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["server", "apache", "mod-wsgi-express", "settings"], "settings of the server stand at the top level, without a name above them"),
    (&["user", "group"], "the container runs as your own user, so that files belong to you; there is nothing to set"),
    (&["server-root", "pid-file", "socket-prefix", "lock-file"], "parity decides where Apache's own files are in the container"),
    (
        &[
            "log-to-terminal",
            "startup-log",
            "startup-log-name",
            "log-directory",
            "error-log-name",
            "access-log-name",
            "rotate-logs",
            "max-log-size",
        ],
        "the container always logs to its output: use `parity logs`, and `access-log: true` for the access log",
    ),
    (
        &["https-port", "https-only", "hsts-policy", "ssl-port", "ssl"],
        "parity serves plain HTTP on this machine: TLS ends at a proxy in front of it, which `trust-proxy-header` makes the application believe",
    ),
    (
        &["httpd-executable", "modules-directory", "server-mpm", "shell-executable", "rotatelogs-executable", "with-cgi", "with-php5"],
        "Apache and its modules come with the image; configuration of your own goes into `include-file`",
    ),
    (&["reload", "auto-reload", "reloader", "use-reloader"], "did you mean `reload-on-changes`?"),
    (&["disable-reloading"], "saved code is served after `parity restart` unless `reload-on-changes` is true"),
    (&["no-standby"], "did you mean `standby: false`?"),
    (&["no-preload"], "did you mean `preload: false`?"),
    (&["polling"], "did you mean `watch-polling`?"),
    (
        &["debug-mode", "enable-debugger", "debugger-startup", "enable-coverage", "enable-profiler", "enable-recorder", "enable-gdb"],
        "tools for debugging are chosen by the command, so that they never reach production",
    ),
    (&["entry-point", "application", "entrypoint", "wsgi", "module"], "did you mean `app`?"),
    (&["application-type", "embedded-mode", "isatty", "setup-only", "process-name", "process-group"], "parity decides this itself"),
    (&["environment", "envvars", "envvars-script", "variables"], "did you mean `env`?"),
    (&["workers"], "did you mean `processes`?"),
    (&["bind", "listen", "ports", "address"], "did you mean `port` and `host`?"),
    (
        &["volumes", "volume", "data"],
        "did you mean `writable`? The project itself is mounted anyway; static files of other directories go into `url-alias`",
    ),
    (&["writeable", "write", "smoke-seed"], "did you mean `writable` (and `writable-content`)?"),
    (&["compose", "docker-compose", "depends-on"], "services of a Compose file are found by themselves; `services: start` starts them"),
    (&["from", "dockerfile", "base-image"], "did you mean `image:` with `base:` below it?"),
    (&["apt", "apt-packages", "system-packages"], "did you mean `image:` with `packages:` below it?"),
    (&["migrate", "release"], "did you mean `hooks:` with `release:` below it?"),
    (&["command", "pre-start"], "did you mean `hooks:` with `start:` below it?"),
    (&["python-version"], "did you mean `python`?"),
    (&["lang"], "did you mean `locale`?"),
    (&["dependencies"], "did you mean `requirements`?"),
    (&["<<"], "YAML's merge key is not taken here: write the settings out"),
];

/// Hints for an unknown name in the file.
pub(super) fn unknown_setting(level: Level, name: &str) -> Vec<String> {
    let plain = plain(name);
    if level.names().any(|known| known == plain) {
        return vec![format!("did you mean `{plain}`?")];
    }
    // Right, but somewhere else.
    let dotted = plain.rsplit_once('.').map_or(plain.as_str(), |_| plain.as_str());
    if let Some(setting) = setting::all().find(|setting| setting.key == dotted || setting.key.rsplit('.').next() == Some(&plain)) {
        return vec![whereabouts(setting)];
    }
    let elsewhere = |name: &str| ELSEWHERE.iter().find(|(names, _)| names.contains(&name)).map(|(_, hint)| *hint);
    let known = elsewhere(&plain).or_else(|| plain.starts_with("ssl-").then(|| elsewhere("ssl")).flatten());
    match (known, nearest(&plain, level.names())) {
        (Some(hint), _) => vec![hint.to_owned()],
        (None, Some(near)) => vec![format!("did you mean `{near}`?")],
        (None, None) if level != Level::Top => {
            vec![format!("known here are {}", level.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))]
        }
        (None, None) => match nearest(&plain, setting::all().map(|setting| setting.key)).and_then(setting::find) {
            Some(setting) => vec![whereabouts(setting)],
            None if is_variable(name) => vec!["variables of the application belong below `env:`, indented".to_owned()],
            None => vec!["`parity config` lists every setting".to_owned()],
        },
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn whereabouts(setting: &Setting) -> String {
    match setting.key.split_once('.') {
        Some((group, name)) => format!("`{name}` belongs below `{group}:`"),
        None => format!("`{}` stands at the top level", setting.key),
    }
}

/// Hints for an unknown `PARITY_…` variable.
pub(super) fn unknown_variable(name: &str) -> Vec<String> {
    let variables: Vec<_> = setting::all().map(Setting::variable).collect();
    match nearest(name, variables.iter().map(String::as_str)) {
        Some(near) => vec![format!("did you mean `{near}`?")],
        None => vec![format!("names are `PARITY_` and a setting, as PARITY_PROCESSES; take it away with: unset {name}")],
    }
}

/// `requestTimeout`, `request_timeout` and `REQUEST-TIMEOUT` as settings are written here.
fn plain(name: &str) -> String {
    let name = name.trim_start_matches("--");
    let mut plain = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && after_lower {
            plain.push('-');
        }
        after_lower = c.is_lowercase();
        plain.extend(if matches!(c, '_' | ' ') { '-' } else { c }.to_lowercase());
    }
    plain
}

/// The known name that is most alike.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes the product of the lengths, and no setting is so long.
    if name.len() > 60 {
        return None;
    }
    known
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .filter(|(alike, _)| *alike >= 0.65)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(level: Level, name: &str) -> String {
        unknown_setting(level, name).join("; ")
    }

    #[test]
    fn guesses_what_was_meant() {
        for (written, meant) in [
            ("proccesses", "processes"),
            ("request_timeout", "request-timeout"),
            ("requestTimeout", "request-timeout"),
            ("--url-alias", "url-alias"),
            ("env_file", "env-file"),
            ("treads", "threads"),
            ("hook", "hooks"),
            ("environment", "env"),
            ("workers", "processes"),
            ("reload", "reload-on-changes"),
            ("reload-on-change", "reload-on-changes"),
        ] {
            assert_eq!(hint(Level::Top, written), format!("did you mean `{meant}`?"), "{written}");
        }
        assert_eq!(hint(Level::Image, "package"), "did you mean `packages`?");
    }

    #[test]
    fn knows_where_a_setting_belongs() {
        assert_eq!(hint(Level::Top, "packages"), "`packages` belongs below `image:`");
        assert_eq!(hint(Level::Top, "image.base"), "`base` belongs below `image:`");
        assert_eq!(hint(Level::Image, "processes"), "`processes` stands at the top level");
        assert_eq!(hint(Level::Hooks, "xyzzy"), "known here are `build`, `release`, `start`");
    }

    #[test]
    fn explains_options_that_make_no_sense_in_a_container() {
        assert!(hint(Level::Top, "server").contains("top level"));
        for name in ["ssl-certificate-file", "https-port", "ssl_verify_client"] {
            assert!(hint(Level::Top, name).contains("plain HTTP"), "{name}");
        }
        for name in ["user", "group", "server-root", "log-to-terminal", "startup-log", "log-directory", "pid-file"] {
            assert!(!hint(Level::Top, name).contains("did you mean"), "{name}");
        }
        for (names, _) in ELSEWHERE {
            for name in *names {
                assert!(Level::Top.names().all(|known| known != *name), "{name} is a setting");
            }
        }
    }

    #[test]
    fn a_wild_name_gets_a_general_hint() {
        assert_eq!(hint(Level::Top, &"x".repeat(100_000)), "`parity config` lists every setting");
        assert!(hint(Level::Top, "DJANGO_SECRET_KEY").contains("below `env:`"));
        assert_eq!(unknown_variable("PARITY_PROCESES"), ["did you mean `PARITY_PROCESSES`?"]);
    }
}
