//! `env-file:`, or a `.env` that happens to be there.

use std::path::Path;

use super::entry::{Entry, Place};
use super::load::put_env;
use super::project::Saying as _;
use super::source::{Source, Spot};
use super::value::Given;
use super::{Config, file, rule};
use crate::dotenv::{self, Mention, Surroundings, compose};
use crate::error::{Failure, Kind, Result};
use crate::units::{Secret, Sourced, layout};

type Variables = Vec<(String, Sourced<Secret>)>;

/// Adds the files' variables to those of `env:`, which win.
pub(super) fn load(config: &mut Config, root: &Path, settings: &[Entry<'_>]) -> Result<()> {
    let mut variables = Variables::new();
    match config.env_file.clone() {
        Some(named) => {
            for name in &named.value {
                let source = file::read(root, Path::new(name))?.ok_or_else(|| missing(name, settings))?;
                read(config, &mut variables, &source)?;
            }
        }
        // A virtual environment may have that name.
        None if root.join(".env").is_dir() => {}
        None => {
            if let Some(source) = file::read(root, Path::new(".env"))? {
                let read = read(config, &mut variables, &source);
                read.map_err(|failure| failure.hint("with `env-file: []` in parity.yaml it is not read"))?;
                config.env_file = Some(Sourced::detected(vec![".env".to_owned()], ".env"));
            }
        }
    }
    for (name, value) in std::mem::take(&mut config.env) {
        put_env(&mut variables, name, value.value.expose(), value.origin);
    }
    config.env = variables;
    Ok(())
}

/// The failure for a file that `env-file` names, pointing at the name.
fn missing(name: &str, settings: &[Entry<'_>]) -> Failure {
    let what = format!("there is no file `{}`", name.escape_debug());
    let hint = "paths are relative to the project's directory";
    let Some(entry) = settings.iter().rfind(|entry| entry.setting.key == "env-file") else {
        return Failure::new(Kind::BadFile, what).hint(hint);
    };
    let failure = match &entry.place {
        Place::File { source, spot, node } => {
            let at = match &entry.given {
                Given::List(items) => items.iter().position(|item| *item == Given::from(name)),
                _ => None,
            };
            source.failure(at.and_then(|at| node.part(at)).map_or(*spot, |part| part.value), &what)
        }
        Place::Variable(_) | Place::Flag(_) => Failure::new(Kind::BadFile, format!("{}: {what}", entry.origin())),
    };
    failure.hint(hint)
}

/// Reads one file over what those before it said.
fn read(config: &mut Config, before: &mut Variables, source: &Source) -> Result<()> {
    let around = Around { env: &config.env, before, locale: &config.server.locale.value };
    let contents = dotenv::read(&source.text, &around).map_err(|why| {
        // Not the line: what a mistake made of a secret is still one.
        let failure = Failure::new(Kind::BadFile, format!("{}:{}: {}", source.path.display(), why.line, why.what));
        why.hint.into_iter().fold(failure, |failure, hint| failure.hint(hint))
    })?;
    let remarks = remarks(source, &contents, &around);
    config.remarks.extend(remarks);
    for variable in contents.variables {
        let origin = source.origin(Spot { line: variable.line, column: 1, width: 1 });
        put_env(before, variable.name, &variable.value, origin);
    }
    Ok(())
}

/// What the application has in its environment beside a file.
struct Around<'a> {
    env: &'a [(String, Sourced<Secret>)],
    before: &'a [(String, Sourced<Secret>)],
    locale: &'a str,
}

impl Surroundings for Around<'_> {
    fn over(&self, name: &str) -> Option<&str> {
        find(self.env, name)
    }

    fn under(&self, name: &str) -> Option<&str> {
        find(self.before, name).or(match name {
            "HOME" => Some(layout::HOME),
            "LANG" | "LC_ALL" => Some(self.locale),
            _ => None,
        })
    }

    fn is_hidden(&self, name: &str) -> bool {
        let of_image = ["PYTHON", "MOD_WSGI_", "GPG_KEY"];
        matches!(name, "PATH" | "HOSTNAME" | "PWD" | "OLDPWD" | "SHLVL" | "_") || of_image.iter().any(|prefix| name.starts_with(prefix))
    }
}

fn find<'a>(variables: &'a [(String, Sourced<Secret>)], name: &str) -> Option<&'a str> {
    variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose())
}

/// What may not be what was meant, without a value.
fn remarks(source: &Source, contents: &dotenv::Contents, around: &Around<'_>) -> Vec<String> {
    let file = source.path.display();
    let mut remarks = Vec::new();
    if !contents.bare.is_empty() {
        let first = contents.bare.iter().find(|bare| is_usual(&bare.name)).map_or("NAME", |bare| &bare.name);
        remarks.push(format!(
            "{file} has no value for {}, so that nothing is set: `env: {{{first}: }}` in parity.yaml passes it on from your environment",
            listed(&doubtful(&contents.bare)),
        ));
    }
    if !contents.unknown.is_empty() {
        remarks.push(format!(
            "{file} puts in {}, which nothing sets for the application, so that it is empty there: set it above in the file, or under `env:` in parity.yaml",
            listed(&doubtful(&contents.unknown))
        ));
    }
    let odd: Vec<Mention> = contents
        .variables
        .iter()
        .filter(|variable| !(rule::ENV_NAME.holds)(&variable.name))
        .map(|variable| Mention { name: variable.name.clone(), line: variable.line })
        .collect();
    if !odd.is_empty() {
        remarks.push(format!("{file} sets {}, which no shell can have: the application has it, and hooks do not", listed(&odd)));
    }
    remarks.extend(compose_remark(source, contents, around));
    remarks
}

/// Where Compose reads something else than python-dotenv.
fn compose_remark(source: &Source, contents: &dotenv::Contents, around: &Around<'_>) -> Option<String> {
    let file = source.path.display();
    let is_own = |name: &str| contents.variables.iter().any(|variable| variable.name == name);
    let before = |name: &str| find(around.before, name).filter(|_| !is_own(name));
    let lookup = |name: &str| around.over(name).or_else(|| before(name)).map(str::to_owned);
    let theirs = match compose::read(&source.text, &lookup) {
        Ok(theirs) => theirs,
        Err(refused) => return Some(format!("Compose refuses {file} at line {}, which python-dotenv and parity read", refused.line)),
    };
    let differing: Vec<Mention> = contents
        .variables
        .iter()
        .filter(|variable| theirs.get(&variable.name) != Some(&variable.value))
        .map(|variable| Mention { name: variable.name.clone(), line: variable.line })
        .collect();
    (!differing.is_empty()).then(|| {
        format!(
            "Compose reads {file} differently: {}; the application has what python-dotenv reads. Between single quotes and without `\\` and `${{` a \
             value is the same to both",
            listed(&differing)
        )
    })
}

/// What stands where a name should, and may be a piece of a secret: only what looks like a name is shown.
fn doubtful(mentions: &[Mention]) -> Vec<Mention> {
    let shown = |name: &str| if is_usual(name) { name.to_owned() } else { "…".to_owned() };
    mentions.iter().map(|mention| Mention { name: shown(&mention.name), line: mention.line }).collect()
}

fn is_usual(name: &str) -> bool {
    (rule::ENV_NAME.holds)(name) && !name.contains(|c: char| c.is_ascii_lowercase())
}

/// `A (line 1), B (line 3) and 4 more`
fn listed(mentions: &[Mention]) -> String {
    const SHOWN: usize = 5;
    let mut texts: Vec<String> =
        mentions.iter().take(SHOWN).map(|mention| format!("{} (line {})", mention.name.escape_debug(), mention.line)).collect();
    if mentions.len() > SHOWN {
        texts.push(format!("{} more", mentions.len() - SHOWN));
    }
    match texts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".env"), text).unwrap();
        let mut config = Config { env: vec![("STAGE".into(), Sourced::default(Secret::new("test")))], ..Config::default() };
        super::load(&mut config, directory.path(), &[]).map(|()| config)
    }

    fn remarks(text: &str) -> Vec<String> {
        load(text).unwrap().remarks
    }

    fn value(text: &str) -> String {
        find(&load(text).unwrap().env, "A").unwrap().to_owned()
    }

    #[test]
    fn knows_what_the_application_has_beside_the_file() {
        assert_eq!(value("A=${HOME}/x-${LANG}-${STAGE}"), "/tmp/x-C.UTF-8-test");
        assert_eq!(value("HOME=/srv\nSTAGE=other\nA=${HOME} ${STAGE}"), "/srv test");
        let failure = load("\nA='/x:${PATH}'").unwrap_err();
        assert_eq!(failure.message, ".env:2: `${PATH}` is a variable of the container, and its value is not known before that runs");
        assert_eq!(value("PATH=/x\nA=${PATH}"), "/x");
    }

    #[test]
    fn tells_what_sets_nothing() {
        assert_eq!(remarks("A=1\nB='x y'\n"), [] as [&str; 0]);
        assert_eq!(
            remarks("TOKEN\nB=\n"),
            [
                ".env has no value for TOKEN (line 1), so that nothing is set: `env: {TOKEN: }` in parity.yaml passes it on from your environment"
            ]
        );
        assert!(
            remarks("A=${NOPE}${ALSO:-}")[0].starts_with(".env puts in NOPE (line 1), which nothing sets"),
            "{:?}",
            remarks("A=${NOPE}")
        );
        assert!(!remarks("hush\nA=${hush}").iter().any(|remark| remark.contains("hush")));
        assert!(remarks("a.b=1\n")[0].starts_with(".env sets a.b (line 1), which no shell can have"));
    }

    #[test]
    fn tells_where_compose_reads_another_value_without_the_value() {
        let said = remarks("KEY=hush$hush\nB='hush'\nC=\"hush\\d\"\n");
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("Compose reads .env differently: KEY (line 1); "), "{said:?}");
        assert!(!said[0].contains("hush"));
        assert_eq!(remarks("B=1\n%=1\n")[1], "Compose refuses .env at line 2, which python-dotenv and parity read");
        assert!(remarks("B=${N:?hush}\n").iter().all(|remark| !remark.contains("hush")));
    }
}
