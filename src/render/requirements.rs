//! How each kind of requirements is installed into the virtual environment, by the tool it belongs to.

use super::quote::{ShellWord, refuse};
use crate::error::Result;
use crate::project::Requirements;

/// The steps, which run in a directory that holds the project's requirement files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Install {
    /// What pip installs beside the virtual environment first.
    pub tools: &'static str,
    /// Shell commands, quoted.
    pub commands: Vec<String>,
    /// Files of parity's own in that directory.
    pub files: Vec<(String, String)>,
}

/// Where the requirements of a `pyproject.toml` without a lock are put for pip.
const PYPROJECT_LINES: &str = "parity-requirements.txt";
/// Where the tools of other lock files export to.
const EXPORTED: &str = "/tmp/requirements.txt";

// All is compiled at the end, with fixed times.
const PIP: &str = "/opt/tools/bin/pip --python /opt/venv/bin/python install --disable-pip-version-check --no-compile";
const UV: &str = "env UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy";

/// # Errors
/// Names that the commands cannot hold.
pub fn install(requirements: Option<&Requirements>) -> Result<Install> {
    let exported = |tools, export: String| Install { tools, commands: vec![export, format!("{PIP} -r {EXPORTED}")], files: Vec::new() };
    Ok(match requirements {
        None => Install::default(),
        Some(Requirements::Files { paths, .. }) => {
            Install { commands: vec![format!("{PIP}{}", options("requirements", "-r", paths)?)], ..Install::default() }
        }
        Some(Requirements::PyProject { dependencies }) if dependencies.is_empty() => Install::default(),
        Some(Requirements::PyProject { dependencies }) => Install {
            commands: vec![format!("{PIP} -r {PYPROJECT_LINES}")],
            files: vec![(PYPROJECT_LINES.into(), lines(dependencies)?)],
            ..Install::default()
        },
        Some(Requirements::UvLock { groups, extras }) => Install {
            tools: "uv",
            // `--inexact`: mod_wsgi, which the lock does not know, stays.
            commands: vec![format!(
                "{UV} UV_PROJECT_ENVIRONMENT=/opt/venv /opt/tools/bin/uv sync --frozen --inexact --no-install-project --no-dev --python /opt/venv/bin/python{}{}",
                options("groups", "--group", groups)?,
                options("groups", "--extra", extras)?
            )],
            files: Vec::new(),
        },
        Some(Requirements::PyLock { path }) => Install {
            tools: "uv",
            commands: vec![format!(
                "{UV} /opt/tools/bin/uv pip install --preview --python /opt/venv/bin/python -r {}",
                ShellWord::new("requirements", path)?
            )],
            files: Vec::new(),
        },
        Some(Requirements::PoetryLock { groups, extras }) => exported(
            "poetry poetry-plugin-export",
            format!(
                "/opt/tools/bin/poetry export --format requirements.txt --output {EXPORTED}{}{}",
                options("groups", "--with", groups)?,
                options("groups", "--extras", extras)?
            ),
        ),
        Some(Requirements::PipfileLock { groups }) => {
            let categories = ["packages".to_owned()].into_iter().chain(groups.iter().cloned()).collect::<Vec<_>>().join(" ");
            let categories = ShellWord::new("groups", &categories)?;
            exported("pipenv", format!("/opt/tools/bin/pipenv requirements --categories {categories} >{EXPORTED}"))
        }
    })
}

fn options(setting: &str, option: &str, values: &[String]) -> Result<String> {
    values
        .iter()
        .map(|value| Ok(format!(" {option} {}", one_line(setting, value).and_then(|value| ShellWord::new(setting, value))?)))
        .collect()
}

/// A Dockerfile's command is one line, and a name that starts with `-` would be an option.
fn one_line<'a>(setting: &str, value: &'a str) -> Result<&'a str> {
    if value.chars().any(char::is_control) || value.starts_with('-') || value.is_empty() {
        return Err(refuse(setting, value, "is not a usable name"));
    }
    Ok(value)
}

/// A line of a requirement file for each, none of which may be an option of pip.
fn lines(dependencies: &[String]) -> Result<String> {
    dependencies.iter().map(|dependency| Ok(format!("{}\n", one_line("pyproject.toml", dependency)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(requirements: Requirements) -> String {
        install(Some(&requirements)).unwrap().commands.join("\n")
    }

    #[test]
    fn each_tool_is_called_as_it_wants() {
        let (groups, extras) = (vec!["prod".to_owned()], vec!["pg".to_owned()]);
        let files = Requirements::Files { paths: vec!["requirements.txt".into(), "it's.txt".into()], includes: vec![] };
        assert!(commands(files).ends_with(r" -r 'requirements.txt' -r 'it'\''s.txt'"));
        assert!(
            commands(Requirements::UvLock { groups: groups.clone(), extras: extras.clone() }).ends_with(" --group 'prod' --extra 'pg'")
        );
        assert!(commands(Requirements::PyLock { path: "pylock.toml".into() }).ends_with(" -r 'pylock.toml'"));
        assert!(commands(Requirements::PoetryLock { groups: groups.clone(), extras }).contains(" --with 'prod' --extras 'pg'\n"));
        assert!(commands(Requirements::PipfileLock { groups }).contains(" --categories 'packages prod' >"));
        assert_eq!(install(None).unwrap(), Install::default());
    }

    #[test]
    fn names_are_no_options_and_no_lines() {
        for bad in ["--index-url=x", "a\nRUN b", ""] {
            assert!(install(Some(&Requirements::Files { paths: vec![bad.into()], includes: vec![] })).is_err(), "{bad:?}");
            assert!(install(Some(&Requirements::PyProject { dependencies: vec![bad.into()] })).is_err(), "{bad:?}");
        }
    }
}
