//! What looks like a secret in files that go into an image. Nothing here shows the secret itself.

use std::path::Path;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::{Contents, rules};
use crate::units::{Secret, files};

/// Larger files are data, which nobody wrote a password into.
const MAX_BYTES: u64 = 1 << 20;
/// In so many bytes at the beginning a binary file has a zero.
const BEGINNING: usize = 8 * 1024;
/// Shorter values are in files by chance.
const SHORTEST_VALUE: usize = 8;
/// A value without a telling name is a secret if it is so long and as mixed.
const SURELY_RANDOM: usize = 20;

/// Something that others might read in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// Relative to the project.
    pub path: String,
    /// Counted from 1; `None`: the file as a whole.
    pub line: Option<usize>,
    /// `a private key`
    pub what: String,
    /// Nothing but a secret looks so.
    pub certain: bool,
}

impl std::fmt::Display for Suspicion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line} has {}", self.path, self.what),
            None => write!(f, "{} {}", self.path, self.what),
        }
    }
}

struct Sign {
    what: &'static str,
    pattern: Regex,
    certain: bool,
}

static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let sign = |what, certain, pattern: &str| {
        let pattern = RegexBuilder::new(pattern).unicode(false).build().expect("patterns that the tests have compiled");
        Sign { what, pattern, certain }
    };
    vec![
        sign("a private key", true, "-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
        sign("an AWS access key", true, r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
        sign("a GitHub token", true, r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50})"),
        sign("a GitLab token", true, r"\bglpat-[A-Za-z0-9_-]{20}"),
        sign("a Slack token", true, r"\bxox[abprs]-[A-Za-z0-9-]{10}"),
        sign("a Stripe key", true, r"\b[rs]k_live_[A-Za-z0-9]{16}"),
        sign("a Google API key", true, r"\bAIza[0-9A-Za-z_-]{35}"),
        sign("a PyPI token", true, r"\bpypi-AgEI[A-Za-z0-9_-]{50}"),
        sign("a URL with a password", false, r#"[a-z][a-z0-9+.-]*://[^\s/:@"'<>{}$()]+:([^\s/@"'<>{}$()]{3,})@[A-Za-z0-9]"#),
        sign(
            "a secret written out",
            false,
            r#"(?i)\b[a-z_]*(?:secret|secret_?key|api_?key|password|passwd|token)["']?\s*[:=]\s*["']([^"'\s{}$<>]{8,})["']"#,
        ),
    ]
});

/// Endings of files in which settings are written.
const SETTINGS: [&str; 11] = ["py", "json", "yaml", "yml", "toml", "ini", "cfg", "conf", "env", "properties", "local"];
/// Values that stand for one.
const PLACEHOLDERS: [&str; 8] = ["pass", "passwd", "password", "secret", "changeme", "example", "xxx", "your"];

/// Looks through the files. `secrets` is the application's environment, of which no value belongs in an image.
pub fn look(contents: &Contents, secrets: &[(String, Secret)]) -> Vec<Suspicion> {
    let secrets: Vec<_> = secrets.iter().filter(|(name, value)| is_telling(name, value.expose())).collect();
    let mut found = Vec::new();
    for (entry, bytes) in contents.files() {
        let path = entry.path.to_string_lossy().into_owned();
        found.extend(by_name(&path));
        if bytes == 0 || bytes > MAX_BYTES {
            continue;
        }
        let Ok(text) = files::read(&contents.root.join(&entry.path), MAX_BYTES) else { continue };
        let values = secrets.iter().filter_map(|(name, value)| Some((name, at(&text, value.expose().as_bytes())?)));
        found.extend(values.map(|(name, at)| Suspicion {
            path: path.clone(),
            line: Some(line(&text, at)),
            what: format!("the value of {name}"),
            certain: true,
        }));
        if !text[..text.len().min(BEGINNING)].contains(&0) {
            found.extend(in_text(&path, &text));
        }
    }
    found
}

fn by_name(path: &str) -> Option<Suspicion> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let for_people = ["example", "sample", "template", "dist"].iter().any(|word| name.to_ascii_lowercase().contains(word));
    let what = if for_people { None } else { rules::named_as_secret(name) }?;
    Some(Suspicion { path: path.to_owned(), line: None, what: what.to_owned(), certain: false })
}

fn in_text(path: &str, text: &[u8]) -> Vec<Suspicion> {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_settings = SETTINGS.contains(&ending);
    let of_sign = |sign: &Sign| {
        let mut all = sign.pattern.captures_iter(text);
        let real = all.find(|captures| captures.get(1).is_none_or(|value| !is_placeholder(value.as_bytes())))?;
        let at = real.get(0)?.start();
        Some(Suspicion { path: path.to_owned(), line: Some(line(text, at)), what: sign.what.to_owned(), certain: sign.certain })
    };
    SIGNS.iter().filter(|sign| sign.certain || is_settings).filter_map(of_sign).collect()
}

/// Words and examples are no secrets: those have digits in them.
fn is_placeholder(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value).to_lowercase();
    PLACEHOLDERS.iter().any(|word| text.starts_with(word)) || !text.chars().any(|c| c.is_ascii_digit())
}

/// Is a value of the environment one that must not be found anywhere else?
fn is_telling(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let named =
        ["SECRET", "KEY", "TOKEN", "PASS", "PWD", "CREDENTIAL", "DSN", "SALT", "DATABASE_URL"].iter().any(|word| name.contains(word));
    let mixed = |value: &str| value.chars().any(|c| c.is_ascii_digit()) && value.chars().any(char::is_alphabetic);
    let random = value.len() >= SURELY_RANDOM && mixed(value) && !value.contains(['/', '.', ' ', ':']);
    value.len() >= SHORTEST_VALUE && (named || random)
}

fn at(text: &[u8], value: &[u8]) -> Option<usize> {
    let first = *value.first()?;
    let mut from = 0;
    while let Some(offset) = text.get(from..)?.iter().position(|byte| *byte == first) {
        from += offset;
        if text[from..].starts_with(value) {
            return Some(from);
        }
        from += 1;
    }
    None
}

fn line(text: &[u8], at: usize) -> usize {
    text[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::contents::{Selection, survey};
    use crate::project::testing::project;

    fn found(files: &[(&str, &str)], secrets: &[(&str, &str)]) -> Vec<String> {
        let project = project(files);
        let contents = survey(project.path(), &Selection { include: vec!["*.pem".into()], ..Selection::default() }).unwrap();
        let secrets: Vec<_> = secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        look(&contents, &secrets).iter().map(Suspicion::to_string).collect()
    }

    #[test]
    fn what_only_secrets_look_like() {
        let key = format!("-----BEGIN OPENSSH {} KEY-----\n", "PRIVATE");
        let aws = format!("\n\naws = '{}{}'\n", "AKIA", "Z".repeat(16));
        let said = found(&[("a.txt", &key), ("deploy/b.py", &aws)], &[]);
        assert_eq!(said, ["a.txt:1 has a private key", "deploy/b.py:3 has an AWS access key"]);
    }

    #[test]
    fn values_of_the_environment_are_in_no_file() {
        let files = [("app.js", "x\nlet key = 'abcdefgh'\n"), ("site.py", "mysite.settings\n")];
        let secrets = [("API_KEY", "abcdefgh"), ("DJANGO_SETTINGS_MODULE", "mysite.settings"), ("PASSWORD", "x")];
        assert_eq!(found(&files, &secrets), ["app.js:2 has the value of API_KEY"]);
    }

    #[test]
    fn what_is_written_out_in_settings() {
        let settings = "SECRET_KEY = 'django-insecure-1x)9'\nPASSWORD = os.environ['PASSWORD']\nurl = 'postgres://ann:hunter22@db/x'\n";
        let said = found(&[("settings.py", settings)], &[]);
        assert_eq!(said, ["settings.py:3 has a URL with a password", "settings.py:1 has a secret written out"]);
        let harmless = "PASSWORD_RESET_URL = 'accounts/reset2'\npassword: 'Passwort'\nurl = 'postgres://user:password@db/'\ntoken = '{csrf-1234567}'\n";
        assert_eq!(found(&[("settings.py", harmless), ("README.md", settings)], &[]), [""; 0]);
    }

    #[test]
    fn names_of_what_is_usually_secret() {
        let said = found(&[("tls/server.pem", "x"), (".env.production", "A=b"), (".env.example", "A="), ("local_settings.py", "")], &[]);
        assert_eq!(
            said,
            [
                ".env.production is named as local settings are",
                "local_settings.py is named as local settings are",
                "tls/server.pem is named as a key is"
            ]
        );
    }
}
