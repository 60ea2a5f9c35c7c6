//! Names and versions of Python, Debian and Apache things, and paths.

use super::{Rule, word};
use crate::units::path;

pub const PATH: Rule = Rule {
    expected: "a path that does not start with `-`",
    holds: |text| !text.trim().is_empty() && !text.starts_with('-') && !text.contains(char::is_control),
};

/// A path that leads out of the project nowhere.
pub const INSIDE: Rule = Rule {
    expected: "a path inside the project",
    holds: |text| (PATH.holds)(text) && !text.starts_with('/') && text.split('/').all(|part| part != ".."),
};

pub const ABSOLUTE: Rule =
    Rule { expected: "an absolute path in the container", holds: |text| text.starts_with('/') && !text.contains(char::is_control) };

/// Directories of the system and of parity in every container. What is below them stays as the image has it.
const TAKEN: [&str; 16] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/opt/parity",
    "/opt/venv",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/var/lib/extrausers",
    "/var/lib/parity",
];

/// A directory that is mounted, and named in a Dockerfile, where `$` and `\` mean something.
pub const WRITABLE: Rule = Rule {
    expected: "a directory inside the project, or an absolute one that is not the system's (/tmp can always be written)",
    holds: |text| {
        let parts = || text.split('/').filter(|part| !part.is_empty() && *part != ".");
        let path = format!("/{}", parts().collect::<Vec<_>>().join("/"));
        let is_taken = |taken: &str| path::is_at_or_below(&path, taken) || path::is_at_or_below(taken, &path);
        (PATH.holds)(text)
            && !text.contains(['$', '\\', '"', ':', ','])
            && parts().all(|part| part != "..")
            && !(text.starts_with('/') && (path == "/" || TAKEN.into_iter().any(is_taken)))
    },
};

pub const COMMAND: Rule =
    Rule { expected: "a command on one line", holds: |text| !text.trim().is_empty() && !text.contains(char::is_control) };

pub const PATTERN: Rule = Rule {
    expected: "a pattern as in .gitignore, for instance `*.md` or `/data/`",
    holds: |text| {
        let mut builder = ignore::gitignore::GitignoreBuilder::new("");
        // What a line of .gitignore takes back or leaves as a comment matches nothing by itself.
        !text.starts_with(['!', '#'])
            && !text.contains(char::is_control)
            && builder.add_line(None, text).is_ok()
            && builder.build().is_ok_and(|built| built.num_ignores() == 1)
    },
};

pub const SOME_TEXT: Rule = Rule { expected: "a text that is not empty", holds: |text| !text.trim().is_empty() };

pub const FILE_NAME: Rule = Rule {
    expected: "a file's name without `/`, spaces and quotes",
    holds: |text| word(text, "._-+@") && !text.starts_with('-') && text != "." && text != "..",
};

pub const ENV_NAME: Rule = Rule {
    expected: "the name of an environment variable: letters, digits and `_`",
    holds: |text| word(text, "_") && !text.starts_with(|c: char| c.is_ascii_digit()),
};

pub const ENVIRON_NAME: Rule = Rule {
    expected: "a name in the WSGI environ: letters, digits, `_` and `.`",
    holds: |text| text.split('.').all(|part| word(part, "_")) && !text.starts_with(|c: char| c.is_ascii_digit()),
};

pub const PYTHON_NAME: Rule = Rule {
    expected: "a Python name",
    holds: |text| text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(|c| c.is_alphanumeric() || c == '_'),
};

pub const PYTHON_VERSION: Rule = Rule {
    expected: "a version of Python 3, as `3.13` or `3.13.2` (for a range use `requires-python` of pyproject.toml)",
    holds: |text| {
        let is_number = |part: &str| part.len() <= 3 && !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        let parts: Vec<_> = text.split('.').collect();
        parts[0] == "3" && (2..=3).contains(&parts.len()) && parts.iter().all(|part| is_number(part))
    },
};

pub const MOD_WSGI_VERSION: Rule = Rule {
    expected: "a version of mod_wsgi, as `6.1.1`",
    holds: |text| word(text, ".") && text.contains('.') && text.parse::<pep440_rs::Version>().is_ok(),
};

/// Names of extras and dependency groups.
pub const GROUP: Rule = Rule {
    expected: "the name of an extra or dependency group",
    holds: |text| {
        let ends = |c: char| c.is_ascii_alphanumeric();
        word(text, "._-") && text.starts_with(ends) && text.ends_with(ends)
    },
};

pub const PACKAGE: Rule = Rule {
    expected: "the name of a Debian package, as `libpq5` or `libpq5=17.5-1`",
    holds: |text| {
        let (name, version) = text.split_once('=').map_or((text, None), |(name, version)| (name, Some(version)));
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        name.len() >= 2
            && name.starts_with(lower)
            && name.chars().all(|c| lower(c) || "+.-".contains(c))
            // apt takes a name with one of these behind it for "remove it" or "install it".
            && !name.ends_with('-')
            && version.is_none_or(|version| word(version, ".+~:-") && !version.starts_with('-'))
    },
};

pub const APPLICATION_GROUP: Rule =
    Rule { expected: "`%{GLOBAL}` or a name of letters, digits, `.`, `_` and `-`", holds: |text| text == "%{GLOBAL}" || word(text, "._-") };

pub const USER_GROUP: Rule = Rule { expected: "the name of a group, without spaces and quotes", holds: |text| word(text, "._@-") };

pub const AUTH_TYPE: Rule = Rule { expected: "`Basic` or `Digest`", holds: |text| matches!(text, "Basic" | "Digest") };

pub const LOCALE: Rule = Rule { expected: "a locale, as `C.UTF-8` or `de_DE.UTF-8`", holds: |text| word(text, "_.@-") };

pub const LOG_LEVEL: Rule = Rule {
    expected: "one of Apache's levels (emerg, alert, crit, error, warn, notice, info, debug, trace1 to trace8), \
               or a list as `info wsgi:debug`",
    holds: |text| {
        let is_level = |level: &str| {
            matches!(level, "emerg" | "alert" | "crit" | "error" | "warn" | "notice" | "info" | "debug")
                || level.strip_prefix("trace").is_some_and(|depth| matches!(depth, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8"))
        };
        let mut words = text.split(' ').peekable();
        words.peek().is_some()
            && words.all(|item| match item.split_once(':') {
                Some((module, level)) => word(module, "_") && is_level(level),
                None => is_level(item),
            })
    },
};

pub const OVERRIDE: Rule = Rule {
    expected: "one of All, None, AuthConfig, FileInfo, Indexes, Limit, Options",
    holds: |text| {
        matches!(text, "All" | "None" | "AuthConfig" | "FileInfo" | "Indexes" | "Limit" | "Options")
            || text.strip_prefix("Options=").is_some_and(|options| word(options, ","))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(rule: Rule, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!((rule.holds)(text), "{text:?} is {}", rule.expected);
        }
        for text in bad.iter().chain(&["", "a\nb", "\0"]) {
            assert!(!(rule.holds)(text), "{text:?} is not {}", rule.expected);
        }
    }

    #[test]
    fn versions() {
        holds(PYTHON_VERSION, &["3.10", "3.13.2"], &["3", "2.7", "3.13.", ">=3.10", "3.x", "3.1.2.3", "3.13 "]);
        holds(MOD_WSGI_VERSION, &["6.1.1", "6.1.1rc1", "5.0.2.dev1"], &["6", "6.1.1; x", "==6.1", "6.1.1+x", "latest"]);
    }

    #[test]
    fn packages() {
        holds(PACKAGE, &["libpq5", "g++", "libstdc++6", "libpq5=17.5-1~deb12"], &["-y", "a", "Libpq", "a b", "libpq5-", "a;b", "ab=-x"]);
        holds(GROUP, &["dev", "my-extra.x"], &["-x", "a b", "a]"]);
    }

    #[test]
    fn of_apache() {
        holds(LOG_LEVEL, &["warn", "info wsgi:debug", "trace8"], &["loud", "trace9", "info  debug", "wsgi:", "info,debug", "trace"]);
        holds(APPLICATION_GROUP, &["%{GLOBAL}", "site-1"], &["%{ENV:X}", "a b", "%{global}"]);
        holds(OVERRIDE, &["All", "Options=Indexes,MultiViews"], &["all", "Options=", "Everything"]);
        holds(LOCALE, &["C.UTF-8", "ca_ES@valencia"], &["a b", "a;b"]);
    }

    #[test]
    fn names() {
        holds(ENV_NAME, &["A", "_a1"], &["1A", "A-B", "A.B", "A B", "Ä"]);
        holds(ENVIRON_NAME, &["A", "trac.env_path"], &["1A", "A-B", ".a", "a..b", "a.", "A B"]);
        holds(PYTHON_NAME, &["application", "_x1"], &["1x", "a.b", "a-b"]);
        holds(FILE_NAME, &["index.html"], &["..", "a/b", "-x", "a b"]);
        holds(PATH, &["a b/ü", "../x"], &["-r x", " "]);
        holds(PATTERN, &["*.md", "/data/", "a b/**/*.{txt,md}", "\\!x", "[x"], &["!*.md", "# x", " ", "{a", "[b-a]"]);
        holds(
            WRITABLE,
            &[".", "media", "./var/data/", "/var/lib/shop", "/app/media", "/opt/shop", "a b/ü"],
            &["..", "a/../../b", "/", "/usr/local/x", "/opt", "/tmp/x", "/run", "//etc/", "$HOME", "a:b", "a\\b", "-x"],
        );
        holds(COMMAND, &["python manage.py migrate --noinput && echo '\"$x'"], &[" "]);
    }
}
